//! Where a plan's values are while it runs.

use super::{
    plan::{Base, View},
    simd::Element,
};

/// A condition of the rows of a tile.
#[derive(Clone, Copy)]
pub(super) enum ConditionRows<T> {
    Labels(*const u32),
    Values(*const T),
}

/// Dropout while training: the masks are functions of these and of the sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Masks {
    pub(super) seed: u64,
    pub(super) step: u64,
}

/// The memory of one run over some rows. All pointers but those of the buffers are at the first of these rows.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a, T> {
    pub(super) rows: usize,
    /// Row of the buffers at which these rows begin.
    pub(super) buffer_row: usize,
    /// Rows that the buffers have room for.
    pub(super) capacity: usize,
    pub(super) arena: *mut T,
    pub(super) shared: *mut T,
    pub(super) state: *const T,
    pub(super) time: *const T,
    pub(super) cotangent: *const T,
    pub(super) output: *mut T,
    pub(super) conditions: &'a [ConditionRows<T>],
    pub(super) gradient: *mut T,
    /// The gradient holds nothing yet: the first sum into a place writes it.
    pub(super) fresh: bool,
    pub(super) masks: Option<Masks>,
    /// Number of the first of these rows in its batch.
    pub(super) sample: usize,
}

/// Lines of numbers at a fixed distance.
#[derive(Clone, Copy)]
pub(super) struct Lines<T> {
    pub(super) at: *mut T,
    pub(super) count: usize,
    pub(super) width: usize,
    pub(super) stride: usize,
}

impl<T> Lines<T> {
    /// As one line, if there are no gaps.
    #[inline(always)]
    pub(super) fn joined(self) -> Self {
        if self.stride == self.width {
            Self { count: 1, width: self.count * self.width, stride: self.count * self.width, ..self }
        } else {
            self
        }
    }

    /// Both as one line, if neither has gaps.
    #[inline(always)]
    pub(super) fn joined_pair(self, other: Self) -> (Self, Self) {
        if self.stride == self.width && other.stride == other.width {
            (self.joined(), other.joined())
        } else {
            (self, other)
        }
    }
}

impl<'a, T: Element> Frame<'a, T> {
    /// A frame of no rows, to be filled in.
    pub(super) fn empty() -> Self {
        Self {
            rows: 0,
            buffer_row: 0,
            capacity: 0,
            arena: std::ptr::null_mut(),
            shared: std::ptr::null_mut(),
            state: std::ptr::null(),
            time: std::ptr::null(),
            cotangent: std::ptr::null(),
            output: std::ptr::null_mut(),
            conditions: &[],
            gradient: std::ptr::null_mut(),
            fresh: false,
            masks: None,
            sample: 0,
        }
    }

    /// The lines of a value over all rows; of one row if all rows share it.
    ///
    /// # Safety
    /// The frame has the memory that the plan of the view asks for; `parameters` and the buffers' places are the plan's.
    #[inline(always)]
    pub(super) unsafe fn lines(&self, view: View, parameters: *const T, place: impl Fn(usize) -> usize) -> Lines<T> {
        let base = match view.base {
            // SAFETY: the arena has `capacity` rows of every buffer, of which `buffer_row + rows` are used at most.
            Base::Buffer(b) => unsafe { self.arena.add(place(b) * self.capacity + self.buffer_row * view.row) },
            Base::Shared => self.shared,
            Base::Parameters => parameters.cast_mut(),
            Base::State => self.state.cast_mut(),
            Base::Time => self.time.cast_mut(),
            Base::Condition(i) => match self.conditions[i] {
                ConditionRows::Values(values) => values.cast_mut(),
                ConditionRows::Labels(labels) => labels.cast_mut().cast(),
            },
            Base::Cotangent => self.cotangent.cast_mut(),
            Base::Output => self.output,
        };
        let rows = if view.is_broadcast() { 1 } else { self.rows };
        // SAFETY: the offset stays in the value's memory.
        Lines { at: unsafe { base.add(view.offset) }, count: rows * view.lines, width: view.width, stride: view.line }
    }
}
