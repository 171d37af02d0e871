//! Sums, differences, products, affine maps, copies, and sums over a batch.

use super::{Kernel, Pair, Unary, pair, row_of, unary};
use crate::engine::cpu::{
    frame::Lines,
    math::Math,
    plan::{self, Step},
};
use pulp::{Simd, WithSimd};

/// `out = a ∘ b`.
pub(super) struct Binary<'a, T>(pub(super) Kernel<'a, T>);

/// `out = factor x + term`.
pub(super) struct Affine<'a, T>(pub(super) Kernel<'a, T>);

/// `out = x`.
pub(super) struct Copy<'a, T>(pub(super) Kernel<'a, T>);

/// `gradient += Σ x`.
pub(super) struct Sum<'a, T>(pub(super) Kernel<'a, T>);

struct Add;
struct Sub;
struct Mul;
struct Scaled<T> {
    factor: T,
    term: T,
}
struct Same;

impl<T: Math> Pair<T> for Add {
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, a: T::V<S>, b: T::V<S>) -> T::V<S> {
        T::add(simd, a, b)
    }
}

impl<T: Math> Pair<T> for Sub {
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, a: T::V<S>, b: T::V<S>) -> T::V<S> {
        T::sub(simd, a, b)
    }
}

impl<T: Math> Pair<T> for Mul {
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, a: T::V<S>, b: T::V<S>) -> T::V<S> {
        T::mul(simd, a, b)
    }
}

impl<T: Math> Unary<T> for Scaled<T> {
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, x: T::V<S>) -> T::V<S> {
        T::fma(simd, x, T::splat(simd, self.factor), T::splat(simd, self.term))
    }
}

impl<T: Math> Unary<T> for Same {
    #[inline(always)]
    fn apply<S: Simd>(&self, _: S, x: T::V<S>) -> T::V<S> {
        x
    }
}

impl<T: Math> WithSimd for Binary<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::Binary { f, a, b, out } = step else { return };
        let rows = context.frame.rows;
        // SAFETY: the frame has the memory of the plan's views.
        unsafe {
            let lines = (context.lines(a), context.lines(b), context.lines(out));
            let together = a.is_broadcast() == out.is_broadcast() && b.is_broadcast() == out.is_broadcast();
            for row in 0..if together { 1 } else { rows } {
                let (a, b, out) = if together {
                    lines
                } else {
                    (row_of(lines.0, a, row), row_of(lines.1, b, row), row_of(lines.2, out, row))
                };
                match f {
                    plan::Binary::Add => pair(simd, &Add, a, b, out),
                    plan::Binary::Sub => pair(simd, &Sub, a, b, out),
                    plan::Binary::Mul => pair(simd, &Mul, a, b, out),
                }
            }
        }
    }
}

impl<T: Math> WithSimd for Affine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::Affine { factor, term, x, out } = step else { return };
        let f = Scaled { factor: T::from_f64(factor), term: T::from_f64(term) };
        // SAFETY: as above.
        unsafe { unary(simd, &f, context.lines(x), context.lines(out)) }
    }
}

impl<T: Math> WithSimd for Copy<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::Copy { x, out } = step else { return };
        // SAFETY: as above.
        unsafe {
            let (from, to) = (context.lines(x), context.lines(out));
            if x.is_broadcast() == out.is_broadcast() {
                return copy(simd, from, to);
            }
            for row in 0..context.frame.rows {
                copy(simd, row_of(from, x, row), row_of(to, out, row));
            }
        }
    }
}

/// # Safety
/// As [`unary`].
#[inline(always)]
unsafe fn copy<T: Math, S: Simd>(simd: S, x: Lines<T>, out: Lines<T>) {
    // A register per line would be mostly empty.
    if x.width < T::lanes::<S>() {
        for line in 0..out.count {
            for i in 0..x.width {
                // SAFETY: within the lines.
                unsafe { *out.at.add(line * out.stride + i) = *x.at.add(line * x.stride + i) };
            }
        }
        return;
    }
    // SAFETY: the caller's promise.
    unsafe { unary(simd, &Same, x, out) }
}

impl<T: Math> WithSimd for Sum<'_, T> {
    type Output = ();

    /// Column by column of registers, each a sum in the order of the lines.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::Sum { x, to, first } = step else { return };
        let lanes = T::lanes::<S>();
        // SAFETY: as above; the gradient has a place for every parameter.
        unsafe {
            let x = context.lines(x);
            let to = context.frame.gradient.add(to);
            let mut at = 0;
            while at < x.width {
                let count = lanes.min(x.width - at);
                let part = T::part(simd, count);
                let fresh = first && context.frame.fresh;
                let zero = T::splat(simd, T::default());
                let mut sum = if fresh { zero } else { T::load_part(simd, part, to.add(at)) };
                for line in 0..x.count {
                    let from = x.at.add(line * x.stride + at);
                    let value = if count == lanes { T::load(simd, from) } else { T::load_part(simd, part, from) };
                    sum = T::add(simd, sum, value);
                }
                T::store_part(simd, part, to.add(at), sum);
                at += lanes;
            }
        }
    }
}
