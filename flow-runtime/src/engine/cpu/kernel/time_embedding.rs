//! `sinusoidal` and `fourier`: sines, then cosines.

use super::Kernel;
use crate::engine::cpu::{
    math::Math,
    plan::{Frequencies, Step},
};
use pulp::{Simd, WithSimd};
use std::f64::consts::TAU;

/// `[sin(w t), cos(w t)]`.
pub(super) struct Embedding<'a, T>(pub(super) Kernel<'a, T>);

impl<T: Math> WithSimd for Embedding<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::Embedding { frequencies, t, out } = step else { return };
        let lanes = T::lanes::<S>();
        // Angles are formed as `(factor · w) · t`, each rounded once more, as the other engines do.
        let (frequencies, factor) = match frequencies {
            Frequencies::Constants(at) => (context.weights.constants[at..].as_ptr(), T::from_f64(1.0)),
            Frequencies::Parameter(at) => (context.parameter(at), T::from_f64(TAU)),
        };
        let half = out.width / 2;
        // SAFETY: the frame has the memory of the plan's views; there are `half` frequencies.
        unsafe {
            let (ts, outs) = (context.lines(t), context.lines(out));
            let factor = T::splat(simd, factor);
            for line in 0..outs.count {
                let t = T::splat(simd, *ts.at.add(line * ts.stride));
                let out = outs.at.add(line * outs.stride);
                for at in (0..half).step_by(lanes) {
                    let part = T::part(simd, lanes.min(half - at));
                    let w = T::mul(simd, T::load_part(simd, part, frequencies.add(at)), factor);
                    let (sin, cos) = T::sin_cos(simd, T::mul(simd, w, t));
                    T::store_part(simd, part, out.add(at), sin);
                    T::store_part(simd, part, out.add(half + at), cos);
                }
            }
        }
    }
}
