//! The weights as the kernels read them.

use super::{
    plan::{Pack, Plan},
    product::panel_registers,
    simd::Element,
};
use pulp::{Arch, Simd, WithSimd};

/// Rows of a block that is transposed at a time.
const BLOCK: usize = 16;

/// The parameters in the engine's type, and the right sides of products in panels.
#[derive(Debug)]
pub(super) struct Prepared<T> {
    pub(super) parameters: Vec<T>,
    /// Frequencies of time embeddings.
    pub(super) constants: Vec<T>,
    packed: Vec<T>,
    /// Where each pack begins.
    places: Vec<usize>,
    /// Numbers in a panel, and in a register.
    panel: usize,
    lanes: usize,
}

struct Width<T>(std::marker::PhantomData<T>);

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
        let (panel, lanes) = arch.dispatch(Width::<T>(std::marker::PhantomData));
        let mut places = Vec::with_capacity(plan.packs.len());
        let mut len = 0;
        for pack in &plan.packs {
            places.push(len);
            len += pack.depth * pack.columns.next_multiple_of(lanes);
        }
        // A product with few columns reads a register past the end at most.
        let constants = plan.constants.iter().map(|w| T::from_f64(*w)).collect();
        let parameters = vec![T::default(); parameters];
        Self { parameters, constants, packed: vec![T::default(); len + panel], places, panel, lanes }
    }

    /// Takes over new weights.
    pub(super) fn load(&mut self, plan: &Plan, weights: &[f32]) {
        for (to, from) in self.parameters.iter_mut().zip(weights) {
            *to = T::from_f32(*from);
        }
        for i in 0..plan.packs.len() {
            self.pack(plan, i);
        }
    }

    /// Lays out pack `i` anew.
    pub(super) fn pack(&mut self, plan: &Plan, i: usize) {
        let pack = &plan.packs[i];
        let len = pack.depth * pack.columns.next_multiple_of(self.lanes);
        let to = &mut self.packed[self.places[i]..self.places[i] + len];
        write_panels(pack, &self.parameters, self.panel, self.lanes, to);
    }

    /// Splits into what `pack` needs, so that threads can lay out packs side by side: each with its memory.
    pub(super) fn pack_jobs(&mut self, plan: &Plan) -> (&mut [T], Vec<PackJob<T>>) {
        let mut jobs = Vec::with_capacity(plan.packs.len());
        for (pack, &place) in plan.packs.iter().zip(&self.places) {
            let len = pack.depth * pack.columns.next_multiple_of(self.lanes);
            let to = self.packed[place..place + len].as_mut_ptr();
            jobs.push(PackJob { pack: *pack, to, len, panel: self.panel, lanes: self.lanes });
        }
        (&mut self.parameters, jobs)
    }

    /// The panels of pack `i`.
    pub(super) fn panels(&self, i: usize) -> *const T {
        self.packed[self.places[i]..].as_ptr()
    }
}

/// One pack to lay out, by whichever thread.
pub(super) struct PackJob<T> {
    pack: Pack,
    to: *mut T,
    len: usize,
    panel: usize,
    lanes: usize,
}

// SAFETY: jobs point to memory of their own.
unsafe impl<T: Send> Send for PackJob<T> {}
// SAFETY: as above; `run` is called by one thread at a time for a job.
unsafe impl<T: Sync> Sync for PackJob<T> {}

impl<T: Element> PackJob<T> {
    /// # Safety
    /// No other thread runs this job or reads the panels, and the `Prepared` that it came from is alive.
    pub(super) unsafe fn run(&self, parameters: &[T]) {
        // SAFETY: the memory was taken from a slice of that length.
        let to = unsafe { std::slice::from_raw_parts_mut(self.to, self.len) };
        write_panels(&self.pack, parameters, self.panel, self.lanes, to);
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
