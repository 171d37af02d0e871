//! `layer_norm` and `rms_norm` over the last axis, and their pullbacks.

use super::{Kernel, softmax::line};
use crate::engine::cpu::{
    frame::Lines,
    math::Math,
    plan::{self, Step},
};
use pulp::{Simd, WithSimd};

/// `out = (x − mean) / sqrt(var + eps) · weight + bias`, as far as these are there.
pub(super) struct Norm<'a, T>(pub(super) Kernel<'a, T>);

/// `out = (g − mean(g) − n mean(g n)) / sqrt(var + eps)` with `g = dy weight` and the normalised `n`; where nothing is
/// centred, without `mean(g)`.
pub(super) struct Pullback<'a, T>(pub(super) Kernel<'a, T>);

/// What normalises a line: `(x − mean) · scale`.
#[derive(Clone, Copy)]
struct Moments<T> {
    mean: T,
    scale: T,
}

/// Two passes, so that a mean that is far from zero costs no digits. What does not fill a register is summed in `f64`.
#[inline(always)]
unsafe fn moments<T: Math, S: Simd>(simd: S, norm: plan::Norm, x: Lines<T>) -> Moments<T> {
    let lanes = T::lanes::<S>();
    let whole = x.width / lanes * lanes;
    let count = x.width.max(1) as f64;
    let zero = T::splat(simd, T::default());
    // SAFETY: all indices are within the line.
    unsafe {
        let mut mean = T::default();
        if norm.centred {
            let mut sum = zero;
            for at in (0..whole).step_by(lanes) {
                sum = T::add(simd, sum, T::load(simd, x.at.add(at)));
            }
            let rest: f64 = (whole..x.width).map(|at| (*x.at.add(at)).to_f64()).sum();
            mean = T::from_f64((T::sum(simd, sum).to_f64() + rest) / count);
        }
        let centre = T::splat(simd, mean);
        let mut sum = zero;
        for at in (0..whole).step_by(lanes) {
            let away = T::sub(simd, T::load(simd, x.at.add(at)), centre);
            sum = T::fma(simd, away, away, sum);
        }
        let rest: f64 = (whole..x.width).map(|at| ((*x.at.add(at)).to_f64() - mean.to_f64()).powi(2)).sum();
        let square = (T::sum(simd, sum).to_f64() + rest) / count;
        Moments { mean, scale: T::from_f64(1.0 / (square + norm.eps).sqrt()) }
    }
}

impl<T: Math> WithSimd for Norm<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::Norm { norm, x, weight, bias, out } = step else { return };
        let lanes = T::lanes::<S>();
        let weight = weight.map(|at| context.parameter(at));
        let bias = bias.map(|at| context.parameter(at));
        // SAFETY: the frame has the memory of the plan's views; parameters are as wide as the lines.
        unsafe {
            let (xs, outs) = (context.lines(x), context.lines(out));
            for i in 0..outs.count {
                let (x, out) = (line(xs, i), line(outs, i));
                let Moments { mean, scale } = moments(simd, norm, x);
                let (mean, scale) = (T::splat(simd, mean), T::splat(simd, scale));
                for at in (0..x.width).step_by(lanes) {
                    let part = T::part(simd, lanes.min(x.width - at));
                    let mut y = T::mul(simd, T::sub(simd, T::load_part(simd, part, x.at.add(at)), mean), scale);
                    if let Some(weight) = weight {
                        let weight = T::load_part(simd, part, weight.add(at));
                        y = match bias {
                            Some(bias) => T::fma(simd, y, weight, T::load_part(simd, part, bias.add(at))),
                            None => T::mul(simd, y, weight),
                        };
                    }
                    T::store_part(simd, part, out.at.add(at), y);
                }
            }
        }
    }
}

impl<T: Math> WithSimd for Pullback<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::NormPullback { norm, x, dy, weight, out } = step else { return };
        let lanes = T::lanes::<S>();
        let weight = context.parameter(weight);
        let zero = T::splat(simd, T::default());
        // SAFETY: as above. Lanes past the end of a line are zero in `dy`, and so in every sum.
        unsafe {
            let (xs, dys, outs) = (context.lines(x), context.lines(dy), context.lines(out));
            for i in 0..outs.count {
                let (x, dy, out) = (line(xs, i), line(dys, i), line(outs, i));
                let Moments { mean, scale } = moments(simd, norm, x);
                let (mean, scale) = (T::splat(simd, mean), T::splat(simd, scale));
                let (mut sum, mut product) = (zero, zero);
                for at in (0..x.width).step_by(lanes) {
                    let part = T::part(simd, lanes.min(x.width - at));
                    let n = T::mul(simd, T::sub(simd, T::load_part(simd, part, x.at.add(at)), mean), scale);
                    let dy = T::load_part(simd, part, dy.at.add(at));
                    let g = T::mul(simd, dy, T::load_part(simd, part, weight.add(at)));
                    sum = T::add(simd, sum, g);
                    product = T::fma(simd, g, n, product);
                }
                let share = 1.0 / x.width.max(1) as f64;
                let common = if norm.centred { T::sum(simd, sum).to_f64() * share } else { 0.0 };
                let common = T::constant(simd, common);
                let along = T::constant(simd, T::sum(simd, product).to_f64() * share);
                for at in (0..x.width).step_by(lanes) {
                    let part = T::part(simd, lanes.min(x.width - at));
                    let n = T::mul(simd, T::sub(simd, T::load_part(simd, part, x.at.add(at)), mean), scale);
                    let dy = T::load_part(simd, part, dy.at.add(at));
                    let g = T::mul(simd, dy, T::load_part(simd, part, weight.add(at)));
                    let rest = T::sub(simd, T::sub(simd, g, common), T::mul(simd, n, along));
                    T::store_part(simd, part, out.at.add(at), T::mul(simd, rest, scale));
                }
            }
        }
    }
}
