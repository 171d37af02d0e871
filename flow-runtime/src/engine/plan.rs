//! What an engine does for a program: steps over rows, with every value's place in memory.
//!
//! A plan is made from a program (or its gradient) once. Values are rows, one per sample; a step computes a value for some rows.
//! Where a batch shares its time, nodes that depend on the time alone are computed once per stage ([`Plan::shared`]),
//! and nodes that depend on conditions alone once per tile ([`Plan::prologue`]), instead of once per sample and stage.

mod arena;
mod fuse;
mod lower;
#[cfg(test)]
mod tests;

use crate::program::{Activation, Program};

/// Where a value is read from or written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Base {
    /// A buffer of the tile; its place is known once the number of rows is.
    Buffer(usize),
    /// The row that a batch shares at one time.
    Shared,
    /// The parameters, as they lie in the weights.
    Parameters,
    /// The state.
    State,
    /// The time: one per row, or one for all where it is shared.
    Time,
    /// A condition, by its place among the program's conditions.
    Condition(usize),
    /// The cotangent of the velocity.
    Cotangent,
    /// The velocity.
    Output,
}

/// Where the value of a node lies: for sample `r` and line `l` (what comes before the last axis), `width` numbers at
/// `offset + r · row + l · line`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct View {
    pub(super) base: Base,
    pub(super) offset: usize,
    /// Numbers in a line.
    pub(super) width: usize,
    pub(super) line: usize,
    /// Lines of one sample.
    pub(super) lines: usize,
    /// From one sample to the next; 0 if all share the value.
    pub(super) row: usize,
}

impl View {
    /// Lines of `width` numbers without gaps.
    pub(super) fn dense(base: Base, lines: usize, width: usize) -> Self {
        Self { base, offset: 0, width, line: width, lines, row: lines * width }
    }

    /// The same for all samples.
    pub(super) fn broadcast(self) -> Self {
        Self { row: 0, ..self }
    }

    pub(super) fn is_broadcast(&self) -> bool {
        self.row == 0
    }

    /// Whether all numbers of all rows follow one another.
    pub(super) fn is_dense(&self) -> bool {
        self.line == self.width && self.row == self.lines * self.width
    }

    /// Some columns.
    pub(super) fn columns(self, start: usize, width: usize) -> Self {
        Self { offset: self.offset + start, width, ..self }
    }

    /// Numbers of a sample.
    pub(super) fn size(&self) -> usize {
        self.lines * self.width
    }
}

/// Sum, difference or product of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Sub,
    Mul,
}

/// `layer_norm` or `rms_norm`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Norm {
    /// The mean is taken off.
    pub(super) centred: bool,
    pub(super) eps: f64,
}

/// One operation on the rows of a tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// `out = start + x · packed`.
    Product {
        x: View,
        pack: usize,
        /// A row for all, a matrix (which may be `out` itself), or zero.
        start: Option<View>,
        out: View,
    },
    Map {
        f: Activation,
        x: View,
        out: View,
    },
    /// `out = dy f'`, from the activation's result or argument.
    Pullback {
        f: Activation,
        source: View,
        dy: View,
        out: View,
    },
    Binary {
        f: Binary,
        a: View,
        b: View,
        out: View,
    },
    /// `out = factor x + term`.
    Affine {
        factor: f64,
        term: f64,
        x: View,
        out: View,
    },
    Copy {
        x: View,
        out: View,
    },
    Softmax {
        x: View,
        out: View,
    },
    SoftmaxPullback {
        y: View,
        dy: View,
        out: View,
    },
    Norm {
        norm: Norm,
        x: View,
        /// Places of the parameters; `rms_norm` has no bias, and the bare normalisation neither.
        weight: Option<usize>,
        bias: Option<usize>,
        out: View,
    },
    NormPullback {
        norm: Norm,
        x: View,
        dy: View,
        weight: usize,
        out: View,
    },
    /// Sines and cosines of `factor · frequency · t`.
    Embedding {
        frequencies: Frequencies,
        t: View,
        out: View,
    },
    /// Rows of a table.
    Lookup {
        condition: usize,
        table: usize,
        out: View,
    },
    Dropout {
        p: f64,
        ordinal: u64,
        x: View,
        out: View,
    },
    /// `gradient[to..] += dyᵀ x`, over all rows and lines; `first` if nothing was added there before.
    Outer {
        dy: View,
        x: View,
        to: usize,
        first: bool,
    },
    /// `gradient[to..] += Σ x`, over all rows and lines.
    Sum {
        x: View,
        to: usize,
        first: bool,
    },
    /// `gradient[to + label · width ..] += dy`, row by row, in a table of so many rows.
    Scatter {
        condition: usize,
        dy: View,
        to: usize,
        classes: usize,
        first: bool,
    },
}

/// Where the angular frequencies of a time embedding come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Frequencies {
    /// Place in [`Plan::constants`].
    Constants(usize),
    /// Place of a parameter, in turns.
    Parameter(usize),
}

/// Weights in the order in which the product kernel reads them.
///
/// Right side of a product: `B[k][j]` is `weights[offset + k · depth_stride + j · column_stride]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pack {
    pub(super) offset: usize,
    pub(super) depth: usize,
    pub(super) columns: usize,
    pub(super) depth_stride: usize,
    pub(super) column_stride: usize,
}

impl Pack {
    /// The weights have rows of neighbours already: the kernel reads them where they are. Copied into panels they would be
    /// read a little faster, which the copy costs, and more, where weights change with every batch.
    pub(super) fn as_it_lies(&self) -> bool {
        self.column_stride == 1
    }
}

/// How a plan is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// One time for all rows: integration.
    SharedTime,
    /// A time for every row.
    TimePerRow,
    /// As `TimePerRow`, on a gradient. The parameters' shares are summed as soon as they are known.
    Training,
    /// As `Training`, but a product that a pullback alone reads is never stored: the pullback stands right after it, and takes its
    /// numbers as they come.
    TrainingFused,
    /// As `Training`, but all operands of the sums are kept for the end, where they are summed over the whole batch at once.
    TrainingDeferred,
}

/// The steps, and what memory they need.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Once per time, on one row, into the shared row.
    pub(super) shared: Vec<Step>,
    /// Numbers in the shared row.
    pub(super) shared_len: usize,
    /// Once per tile.
    pub(super) prologue: Vec<Step>,
    /// Once per tile and evaluation.
    pub(super) body: Vec<Step>,
    /// Steps of the body from which on the cotangent is needed.
    pub(super) forward: usize,
    /// Sums over the whole batch, after the body, sorted by the place that they are added to.
    pub(super) sums: Vec<Step>,
    /// Runs of the sums that are added to one place, which must be one thread's.
    pub(super) sum_jobs: Vec<std::ops::Range<usize>>,
    pub(super) packs: Vec<Pack>,
    /// Frequencies of time embeddings.
    pub(super) constants: Vec<f64>,
    pub(super) buffers: Vec<arena::Buffer>,
}

impl Plan {
    pub(super) fn of(program: &Program, shares: &[(usize, usize)], usage: Use) -> Self {
        let mut plan = lower::lower(program, shares, usage);
        plan.group_sums();
        if usage == Use::TrainingFused {
            plan.fuse_pullbacks();
        }
        plan.buffers = arena::buffers(&plan, usage == Use::TrainingDeferred);
        plan
    }

    fn group_sums(&mut self) {
        // Stable: what is added to one place keeps its order.
        self.sums.sort_by_key(Step::target);
        let mut first = 0;
        for group in self.sums.chunk_by(|a, b| a.target() == b.target()) {
            self.sum_jobs.push(first..first + group.len());
            first += group.len();
        }
    }

    /// Numbers that the buffers hold for a row.
    pub(super) fn arena_row(&self) -> usize {
        self.buffers.iter().map(|buffer| buffer.place + buffer.size).max().unwrap_or(0)
    }

    /// The steps of a tile, in order.
    fn steps(&self) -> impl Iterator<Item = &Step> {
        self.prologue.iter().chain(&self.body).chain(&self.sums)
    }
}

impl Step {
    /// Where in the gradient it adds, if it does. A parameter's gradient is divided alike by all that add to it.
    pub(super) fn target(&self) -> Option<usize> {
        match *self {
            Step::Outer { to, .. } | Step::Sum { to, .. } | Step::Scatter { to, .. } => Some(to),
            _ => None,
        }
    }

    /// What is read.
    pub(super) fn operands(&self) -> impl Iterator<Item = View> {
        let (a, b, c) = match *self {
            Step::Product { x, start, .. } => (Some(x), start, None),
            Step::Map { x, .. }
            | Step::Affine { x, .. }
            | Step::Copy { x, .. }
            | Step::Softmax { x, .. }
            | Step::Norm { x, .. }
            | Step::Dropout { x, .. }
            | Step::Sum { x, .. } => (Some(x), None, None),
            Step::Pullback { source, dy, .. } => (Some(source), Some(dy), None),
            Step::Binary { a, b, .. } => (Some(a), Some(b), None),
            Step::SoftmaxPullback { y, dy, .. } => (Some(y), Some(dy), None),
            Step::NormPullback { x, dy, .. } | Step::Outer { dy, x, .. } => (Some(x), Some(dy), None),
            Step::Embedding { t, .. } => (Some(t), None, None),
            Step::Lookup { .. } => (None, None, None),
            Step::Scatter { dy, .. } => (Some(dy), None, None),
        };
        [a, b, c].into_iter().flatten()
    }

    /// What is written, if it is a value.
    pub(super) fn result(&self) -> Option<View> {
        match *self {
            Step::Product { out, .. }
            | Step::Map { out, .. }
            | Step::Pullback { out, .. }
            | Step::Binary { out, .. }
            | Step::Affine { out, .. }
            | Step::Copy { out, .. }
            | Step::Softmax { out, .. }
            | Step::SoftmaxPullback { out, .. }
            | Step::Norm { out, .. }
            | Step::NormPullback { out, .. }
            | Step::Embedding { out, .. }
            | Step::Lookup { out, .. }
            | Step::Dropout { out, .. } => Some(out),
            Step::Outer { .. } | Step::Sum { .. } | Step::Scatter { .. } => None,
        }
    }

    /// Whether the result may be written over an operand: number by number, each read before it is written.
    pub(super) fn in_place(&self) -> bool {
        matches!(
            self,
            Step::Map { .. } | Step::Pullback { .. } | Step::Binary { .. } | Step::Affine { .. } | Step::Dropout { .. }
        )
    }
}
