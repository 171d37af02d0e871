//! `softmax` over the last axis, and its pullback.

use super::{Kernel, Pair, Unary, pair, unary};
use crate::engine::cpu::{frame::Lines, math::Math, plan::Step};
use pulp::{Simd, WithSimd};

/// `out = exp(x − max) / Σ exp(x − max)`.
pub(super) struct Softmax<'a, T>(pub(super) Kernel<'a, T>);

/// `out = y (dy − Σ y dy)`.
pub(super) struct Pullback<'a, T>(pub(super) Kernel<'a, T>);

struct ShiftedExp<T> {
    shift: T,
}

struct Scaled<T> {
    factor: T,
}

struct Weighted<T> {
    mean: T,
}

impl<T: Math> Unary<T> for ShiftedExp<T> {
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, x: T::V<S>) -> T::V<S> {
        T::exp(simd, T::sub(simd, x, T::splat(simd, self.shift)))
    }
}

impl<T: Math> Unary<T> for Scaled<T> {
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, x: T::V<S>) -> T::V<S> {
        T::mul(simd, x, T::splat(simd, self.factor))
    }
}

impl<T: Math> Pair<T> for Weighted<T> {
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, y: T::V<S>, dy: T::V<S>) -> T::V<S> {
        T::mul(simd, y, T::sub(simd, dy, T::splat(simd, self.mean)))
    }
}

/// One of the lines.
///
/// # Safety
/// There is such a line.
#[inline(always)]
pub(super) unsafe fn line<T>(lines: Lines<T>, i: usize) -> Lines<T> {
    // SAFETY: the caller's promise.
    Lines { at: unsafe { lines.at.add(i * lines.stride) }, count: 1, ..lines }
}

/// Sum over a line of `f(a, b)`: registers are summed in their order, then the lanes.
///
/// # Safety
/// Both lines have memory.
#[inline(always)]
pub(super) unsafe fn sum_of<T: Math, S: Simd>(simd: S, a: Lines<T>, b: Lines<T>, f: &impl Pair<T>) -> T {
    let lanes = T::lanes::<S>();
    let mut sum = T::splat(simd, T::default());
    let mut at = 0;
    while at < a.width {
        let part = T::part(simd, lanes.min(a.width - at));
        // SAFETY: the part is within the line. Lanes outside of it are zero in both operands, and `f` of zeros is zero.
        let (a, b) = unsafe { (T::load_part(simd, part, a.at.add(at)), T::load_part(simd, part, b.at.add(at))) };
        sum = T::add(simd, sum, f.apply(simd, a, b));
        at += lanes;
    }
    T::sum(simd, sum)
}

/// `a b`.
pub(super) struct Product;

impl<T: Math> Pair<T> for Product {
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, a: T::V<S>, b: T::V<S>) -> T::V<S> {
        T::mul(simd, a, b)
    }
}

/// `a`.
pub(super) struct First;

impl<T: Math> Pair<T> for First {
    #[inline(always)]
    fn apply<S: Simd>(&self, _: S, a: T::V<S>, _: T::V<S>) -> T::V<S> {
        a
    }
}

impl<T: Math> WithSimd for Softmax<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::Softmax { x, out } = step else { return };
        // SAFETY: the frame has the memory of the plan's views.
        unsafe {
            let (xs, outs) = (context.lines(x), context.lines(out));
            for i in 0..outs.count {
                let (x, out) = (line(xs, i), line(outs, i));
                let mut shift = *x.at;
                for j in 1..x.width {
                    let value = *x.at.add(j);
                    shift = if shift < value { value } else { shift };
                }
                unary(simd, &ShiftedExp { shift }, x, out);
                let sum = sum_of(simd, out, out, &First);
                unary(simd, &Scaled { factor: T::from_f64(1.0 / sum.to_f64()) }, out, out);
            }
        }
    }
}

impl<T: Math> WithSimd for Pullback<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::SoftmaxPullback { y, dy, out } = step else { return };
        // SAFETY: as above.
        unsafe {
            let (ys, dys, outs) = (context.lines(y), context.lines(dy), context.lines(out));
            for i in 0..outs.count {
                let (y, dy, out) = (line(ys, i), line(dys, i), line(outs, i));
                let mean = sum_of(simd, y, dy, &Product);
                pair(simd, &Weighted { mean }, y, dy, out);
            }
        }
    }
}
