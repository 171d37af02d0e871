//! The weights as the kernels read them.

use super::{
    plan::{Pack, Plan},
    product::panel_registers,
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
        let mut len = 0;
        for pack in &plan.packs {
            places.push(len);
            len += pack.depth * pack.columns.next_multiple_of(lanes);
        }
        let zeros = |len: usize| (0..len).map(|_| UnsafeCell::new(T::default())).collect();
        let constants = plan.constants.iter().map(|w| T::from_f64(*w)).collect();
        // Kernels may read a register past the end.
        Self { parameters: zeros(parameters + panel), packed: zeros(len + panel), constants, places, panel, lanes }
    }

    /// Takes over new weights.
    pub(super) fn load(&mut self, plan: &Plan, weights: &[f32]) {
        // SAFETY: nobody else can use what is borrowed mutably.
        unsafe {
            self.take(0, weights);
            (0..plan.packs.len()).for_each(|i| self.pack(plan, i));
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

    /// Lays out pack `i` anew.
    ///
    /// # Safety
    /// Nobody writes its weights, or reads or writes its panels, meanwhile.
    pub(super) unsafe fn pack(&self, plan: &Plan, i: usize) {
        let pack = &plan.packs[i];
        let len = pack.depth * pack.columns.next_multiple_of(self.lanes);
        let to = &self.packed[self.places[i]..][..len];
        // SAFETY: the caller's promise; cells have the layout of what they hold.
        let (to, from) = unsafe {
            (
                std::slice::from_raw_parts_mut(UnsafeCell::raw_get(to.as_ptr()), len),
                std::slice::from_raw_parts(self.parameters(), self.parameters.len()),
            )
        };
        write_panels(pack, from, self.panel, self.lanes, to);
    }

    /// The parameters, as they lie in the weights.
    pub(super) fn parameters(&self) -> *const T {
        UnsafeCell::raw_get(self.parameters.as_ptr()).cast_const()
    }

    /// The parameter values from `at` on.
    pub(super) fn parameter(&self, at: usize) -> *const T {
        UnsafeCell::raw_get(self.parameters[at..].as_ptr()).cast_const()
    }

    /// The panels of pack `i`.
    pub(super) fn panels(&self, i: usize) -> *const T {
        UnsafeCell::raw_get(self.packed[self.places[i]..].as_ptr()).cast_const()
    }
}

/// Panel after panel, each `[depth, width]` with the width rounded up to whole registers; what is added is zero.
fn write_panels<T: Element>(pack: &Pack, parameters: &[T], panel: usize, lanes: usize, to: &mut [T]) {
    let from = &parameters[pack.offset..];
    let mut column = 0;
    while column < pack.columns {
        let width = panel.min(pack.columns - column);
        let row = width.next_multiple_of(lanes);
        let to = &mut to[column * pack.depth..][..row * pack.depth];
        if pack.column_stride == 1 {
            for (k, to) in to.chunks_exact_mut(row).enumerate() {
                to[..width].copy_from_slice(&from[k * pack.depth_stride + column..][..width]);
                to[width..].fill(T::default());
            }
        } else {
            if width < row {
                to.fill(T::default());
            }
            // Block by block, so that neither side is walked in long strides.
            for first in (0..pack.depth).step_by(BLOCK) {
                let last = (first + BLOCK).min(pack.depth);
                for j in 0..width {
                    let from = &from[(column + j) * pack.column_stride..];
                    for k in first..last {
                        to[k * row + j] = from[k * pack.depth_stride];
                    }
                }
            }
        }
        column += width;
    }
}
