//! Where the values of a list of launches lie.

use crate::engine::plan::{Base, Plan, View};

/// Memory of the device, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// A buffer of the plan.
    Buffer(usize),
    /// What the batch shares, at all times: a row for each.
    Table,
    /// The row of that table for the present step, at one of the step's times.
    Row(usize),
    Parameters,
    /// The points that are carried.
    Point,
    /// Where a stage evaluates the model.
    Stage,
    /// The velocity of a stage, or of the one evaluation there is.
    Slope(usize),
    /// A time for each row.
    Time,
    /// One of the times of the present step.
    Moment(usize),
    Condition(usize),
    Cotangent,
}

impl Space {
    /// Whether its place depends on the step.
    pub(super) fn moves(self) -> bool {
        matches!(self, Space::Row(_) | Space::Moment(_))
    }
}

/// As a [`View`], in memory of the device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) space: Space,
    pub(super) offset: usize,
    pub(super) width: usize,
    pub(super) line: usize,
    pub(super) lines: usize,
    /// From one sample to the next; 0 if all share the value.
    pub(super) row: usize,
}

/// What the bases of a plan's views are in one list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spaces {
    pub(super) state: Space,
    pub(super) time: Space,
    pub(super) shared: Space,
    pub(super) output: Space,
}

impl Spaces {
    /// Where a value lies. In the table a sample is a time: what is shared by all samples of a stage has a row for each.
    pub(super) fn place(&self, view: View, plan: &Plan) -> Place {
        let space = match view.base {
            Base::Buffer(b) => Space::Buffer(b),
            Base::Shared => self.shared,
            Base::Parameters => Space::Parameters,
            Base::State => self.state,
            Base::Time => self.time,
            Base::Condition(i) => Space::Condition(i),
            Base::Cotangent => Space::Cotangent,
            Base::Output => self.output,
        };
        let View { offset, width, line, lines, row, .. } = view;
        let row = match space {
            Space::Table => plan.shared_len,
            Space::Time => 1,
            _ => row,
        };
        Place { space, offset, width, line, lines, row }
    }
}

impl Place {
    pub(super) fn is_broadcast(&self) -> bool {
        self.row == 0
    }

    /// Numbers of a sample.
    pub(super) fn size(&self) -> usize {
        self.lines * self.width
    }

    /// Distance of the lines of all samples, one after the other, where they are equally far apart.
    pub(super) fn stride(&self) -> usize {
        if self.lines == 1 { self.row } else { self.line }
    }

    /// Whether the lines of all samples are equally far apart, as they are but for values of several lines in the table.
    pub(super) fn is_even(&self) -> bool {
        self.lines == 1 || self.is_broadcast() || self.row == self.lines * self.line
    }

    /// Whether both are the very same numbers of memory, in the same order.
    pub(super) fn is(&self, other: &Self, plan: &Plan) -> bool {
        let same_memory = match (self.space, other.space) {
            (Space::Buffer(a), Space::Buffer(b)) => plan.buffers[a] == plan.buffers[b],
            (a, b) => a == b,
        };
        same_memory && Self { space: other.space, ..*self } == *other
    }

    /// Whether a number may be in both.
    pub(super) fn meets(&self, other: &Self, plan: &Plan) -> bool {
        match (self.space, other.space) {
            (Space::Buffer(a), Space::Buffer(b)) if a != b => {
                let (a, b) = (plan.buffers[a], plan.buffers[b]);
                a.place < b.place + b.size && b.place < a.place + a.size
            }
            (a, b) if a == b => {
                let columns = |place: &Self| place.offset + place.width <= place.line;
                let alike = self.line == other.line && self.row == other.row && columns(self) && columns(other);
                !alike || (self.offset < other.offset + other.width && other.offset < self.offset + self.width)
            }
            _ => false,
        }
    }

    /// The first column of `part` in this, if it is some columns of this.
    pub(super) fn column_of(&self, part: &Self) -> Option<usize> {
        let alike = self.space == part.space
            && (self.lines, self.row) == (part.lines, part.row)
            && (self.lines == 1 || self.line == part.line);
        (alike && self.offset <= part.offset && part.offset + part.width <= self.offset + self.width)
            .then(|| part.offset - self.offset)
    }
}
