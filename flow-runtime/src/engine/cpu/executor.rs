//! A plan with its weights, and the memory that the threads run it in.

use super::{
    frame::{ConditionRows, Frame},
    kernel::Run,
    math::Math,
    plan::{Plan, Step, Use},
    product::ROWS as PRODUCT_ROWS,
    weights::Prepared,
};
use crate::{data::ConditionValues, program::Program};
use pulp::Arch;

/// Bytes of a tile's buffers that leave room for the weights in a second-level cache.
const TILE_BYTES: usize = 384 << 10;
/// Rows of a tile: few would repeat the way of the weights through the cache too often.
const FEWEST_ROWS: usize = 64;
const MOST_ROWS: usize = 192;
/// As many where the weights do not fit in a second-level cache: they come from further away.
const FEWEST_ROWS_OF_WIDE: usize = 128;
const WIDE: usize = 1 << 20;
/// Rows are a multiple of this, so that buffers are aligned.
const ROWS: usize = 16;
/// Values that a kernel may read past the end of a buffer: the largest panel.
pub(super) const SLACK: usize = 64;

/// A plan, its weights, and how to run it.
pub(super) struct Executor<T> {
    pub(super) arch: Arch,
    pub(super) plan: Plan,
    pub(super) weights: Prepared<T>,
    /// Rows of a tile.
    pub(super) tile: usize,
}

impl<T: Math> Executor<T> {
    pub(super) fn new(program: &Program, shares: &[(usize, usize)], usage: Use) -> Self {
        let arch = Arch::new();
        let plan = Plan::of(program, shares, usage);
        let weights = Prepared::new(arch, &plan, program.parameter_count());
        let bytes = (plan.arena_row() + 2 * program.state_dim()).max(1) * size_of::<T>();
        let wide = program.parameter_count() * size_of::<T>() > WIDE;
        let fewest = if wide { FEWEST_ROWS_OF_WIDE } else { FEWEST_ROWS };
        let tile = (TILE_BYTES / bytes / ROWS * ROWS).clamp(fewest, MOST_ROWS);
        Self { arch, plan, weights, tile }
    }

    /// Takes over new weights.
    pub(super) fn load(&mut self, weights: &[f32]) {
        self.weights.load(&self.plan, weights);
    }

    /// Runs some steps of the plan.
    ///
    /// # Safety
    /// The frame has the memory that the views of these steps name.
    pub(super) unsafe fn run(&self, steps: &[Step], frame: &Frame<'_, T>) {
        self.arch.dispatch(Run { plan: &self.plan, steps, weights: &self.weights, frame });
    }

    /// Rows of a tile for a batch of `rows` on `members` threads: so many that every thread has the same share, if there are
    /// enough.
    pub(super) fn tile_of(&self, rows: usize, members: usize) -> usize {
        let share = rows.div_ceil(members);
        share.div_ceil(share.div_ceil(self.tile).max(1)).next_multiple_of(PRODUCT_ROWS).clamp(1, share.max(1))
    }

    /// Memory for the buffers of `rows` rows.
    pub(super) fn arena(&self, rows: usize) -> Vec<T> {
        vec![T::default(); self.plan.arena_row() * rows + SLACK]
    }
}

/// The conditions of a batch in the engine's type.
pub(super) struct Bound<'a, T> {
    columns: Vec<Column<'a, T>>,
}

enum Column<'a, T> {
    Labels(&'a [u32]),
    Borrowed { dim: usize, values: &'a [T] },
    Converted { dim: usize, values: Vec<T> },
}

impl<'a, T: Math> Bound<'a, T> {
    /// Values that are checked, as `Program::bind_conditions` gives them.
    pub(super) fn new(conditions: &[&'a ConditionValues]) -> Self {
        let column = |values: &&'a ConditionValues| match values {
            ConditionValues::Class(labels) => Column::Labels(labels),
            ConditionValues::Vector { dim, values } => match T::same(values) {
                Some(values) => Column::Borrowed { dim: *dim, values },
                None => Column::Converted { dim: *dim, values: values.iter().map(|x| T::from_f32(*x)).collect() },
            },
        };
        Self { columns: conditions.iter().map(column).collect() }
    }

    /// The conditions of the rows from `first` on.
    pub(super) fn rows(&self, first: usize, out: &mut Vec<ConditionRows<T>>) {
        out.clear();
        out.extend(self.columns.iter().map(|column| match column {
            Column::Labels(labels) => ConditionRows::Labels(labels[first..].as_ptr()),
            Column::Borrowed { dim, values } => ConditionRows::Values(values[first * dim..].as_ptr()),
            Column::Converted { dim, values } => ConditionRows::Values(values[first * dim..].as_ptr()),
        }));
    }
}

/// A pointer that threads share, each for places of its own.
#[derive(Clone, Copy)]
pub(super) struct Shared<T>(pub(super) *mut T);

// SAFETY: whoever dereferences it keeps to places that no other thread touches.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// The place `at`.
    ///
    /// # Safety
    /// It is within the memory that the pointer was made from.
    pub(super) unsafe fn at(&self, at: usize) -> *mut T {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(at) }
    }
}
