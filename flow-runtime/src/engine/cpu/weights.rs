//! The weights as the kernels read them.

use super::{
    plan::{Pack, Plan},
    product::{Right, panel_registers},
    simd::Element,
};
use pulp::{Arch, Simd, WithSimd};
use std::{cell::UnsafeCell, marker::PhantomData};

/// Rows of a block that is transposed at a time.
const BLOCK: usize = 16;

/// The parameters in the engine's type, and the right sides of products in panels.
pub(super) struct Prepared<T> {
    parameters: Box<[UnsafeCell<T>]>,
    packed: Box<[UnsafeCell<T>]>,
    /// Frequencies of time embeddings.
    pub(super) constants: Vec<T>,
    /// Where each pack begins.
    places: Vec<usize>,
    jobs: Vec<(usize, usize)>,
    /// Numbers in a panel, and in a register.
    panel: usize,
    lanes: usize,
}

// SAFETY: what writes through `&self` is unsafe, and asks that nobody else reads or writes there.
unsafe impl<T: Sync> Sync for Prepared<T> {}

struct Width<T>(PhantomData<T>);

impl<T: Element> WithSimd for Width<T> {
    type Output = (usize, usize);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        (panel_registers::<S>() * T::lanes::<S>(), T::lanes::<S>())
    }
}

impl<T: Element> Prepared<T> {
    /// Memory for the weights of a plan.
    pub(super) fn new(arch: Arch, plan: &Plan, parameters: usize) -> Self {
        let (panel, lanes) = arch.dispatch(Width::<T>(PhantomData));
        let mut places = Vec::with_capacity(plan.packs.len());
        let (mut len, mut jobs) = (0, Vec::new());
        for (i, pack) in plan.packs.iter().enumerate() {
            places.push(len);
            if !pack.as_it_lies() {
                jobs.extend((0..pack.columns).step_by(panel).map(|column| (i, column)));
                len += pack.depth * pack.columns.next_multiple_of(lanes);
            }
        }
        let zeros = |len: usize| (0..len).map(|_| UnsafeCell::new(T::default())).collect();
        let constants = plan.constants.iter().map(|w| T::from_f64(*w)).collect();
        // Kernels may read a register past the end.
        Self {
            parameters: zeros(parameters + panel),
            packed: zeros(len + panel),
            constants,
            places,
            jobs,
            panel,
            lanes,
        }
    }

    /// Takes over new weights.
    pub(super) fn load(&mut self, plan: &Plan, weights: &[f32]) {
        // SAFETY: nobody else can use what is borrowed mutably.
        unsafe {
            self.take(0, weights);
            self.jobs.iter().for_each(|job| self.pack(plan, *job));
        }
    }

    /// Takes over the weights from `start` on, without laying them out.
    ///
    /// # Safety
    /// Nobody reads or writes these weights meanwhile.
    pub(super) unsafe fn take(&self, start: usize, weights: &[f32]) {
        for (to, from) in self.parameters[start..].iter().zip(weights) {
            // SAFETY: the caller's promise.
            unsafe { *to.get() = T::from_f32(*from) };
        }
    }

    /// Panels of all packs, as `(pack, first column)`.
    pub(super) fn jobs(&self) -> &[(usize, usize)] {
        &self.jobs
    }

    /// Lays out a panel of [`jobs`](Self::jobs) anew.
    ///
    /// # Safety
    /// Nobody writes its weights, or reads or writes the panel, meanwhile.
    pub(super) unsafe fn pack(&self, plan: &Plan, (i, column): (usize, usize)) {
        let pack = &plan.packs[i];
        let width = self.panel.min(pack.columns - column);
        let len = pack.depth * width.next_multiple_of(self.lanes);
        let to = &self.packed[self.places[i] + column * pack.depth..][..len];
        // SAFETY: the caller's promise; cells have the layout of what they hold.
        let (to, from) = unsafe {
            (
                std::slice::from_raw_parts_mut(UnsafeCell::raw_get(to.as_ptr()), len),
                std::slice::from_raw_parts(self.parameters(), self.parameters.len()),
            )
        };
        write_panel(pack, from, column, width, to);
    }

    /// The parameters, as they lie in the weights.
    pub(super) fn parameters(&self) -> *const T {
        UnsafeCell::raw_get(self.parameters.as_ptr()).cast_const()
    }

    /// The parameter values from `at` on.
    pub(super) fn parameter(&self, at: usize) -> *const T {
        UnsafeCell::raw_get(self.parameters[at..].as_ptr()).cast_const()
    }

    /// The right side of products with pack `i`.
    pub(super) fn right(&self, plan: &Plan, i: usize) -> Right<T> {
        let pack = &plan.packs[i];
        if pack.as_it_lies() {
            return Right::Rows { values: self.parameter(pack.offset), row: pack.depth_stride };
        }
        Right::Packed(UnsafeCell::raw_get(self.packed[self.places[i]..].as_ptr()).cast_const())
    }
}

/// `to[k][j] = from[j][k]` for one panel; rows of `from` have no gaps.
fn transpose<T: Element>(pack: &Pack, from: &[T], width: usize, row: usize, to: &mut [T]) {
    let stride = pack.column_stride;
    let (deep, wide) = (pack.depth / BLOCK * BLOCK, width / BLOCK * BLOCK);
    // Block by block, through a square of its own, so that neither side is walked in long strides.
    let mut square = [[T::default(); BLOCK]; BLOCK];
    for j in (0..wide).step_by(BLOCK) {
        for k in (0..deep).step_by(BLOCK) {
            for (i, line) in square.iter_mut().enumerate() {
                line.copy_from_slice(&from[(j + i) * stride + k..][..BLOCK]);
            }
            for i in 0..BLOCK {
                let to = &mut to[(k + i) * row + j..][..BLOCK];
                for (to, line) in to.iter_mut().zip(&square) {
                    *to = line[i];
                }
            }
        }
    }
    for k in 0..pack.depth {
        for j in if k < deep { wide } else { 0 }..width {
            to[k * row + j] = from[j * stride + k];
        }
    }
}

/// A panel, `[depth, width]` with the width rounded up to whole registers; what is added is zero.
fn write_panel<T: Element>(pack: &Pack, parameters: &[T], column: usize, width: usize, to: &mut [T]) {
    let from = &parameters[pack.offset + column * pack.column_stride..];
    let row = to.len() / pack.depth.max(1);
    if width < row {
        to.fill(T::default());
    }
    transpose(pack, from, width, row, to);
}
