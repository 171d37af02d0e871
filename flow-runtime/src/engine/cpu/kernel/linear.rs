//! `linear`: the three products.

use super::Kernel;
use crate::engine::cpu::{
    math::Math,
    plan::Step,
    product::{Left, NARROW, Right, Sizes, Start, narrow, product},
};
use pulp::{Simd, WithSimd};

/// `out = start + x · packed`.
pub(super) struct Product<'a, T>(pub(super) Kernel<'a, T>);

/// `gradient += dyᵀ x`.
pub(super) struct Outer<'a, T>(pub(super) Kernel<'a, T>);

impl<T: Math> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::Product { x, pack, start, out: to } = step else { return };
        // SAFETY: the frame has the memory of the plan's views, and a pack is as large as its sizes say.
        unsafe {
            let (lines, out) = (context.lines(x), context.lines(to));
            let sizes = Sizes { rows: out.count, columns: out.width, depth: x.width };
            let start = match start {
                None => Start::Zero,
                Some(view) if view == to => Start::Kept,
                Some(view) if view.is_broadcast() => Start::Row(context.lines(view).at.cast_const()),
                Some(view) => {
                    let rows = context.lines(view);
                    Start::Rows { values: rows.at.cast_const(), row: rows.stride }
                }
            };
            let weights = &context.plan.packs[pack];
            if out.width <= NARROW && weights.depth_stride == 1 && x.width >= T::lanes::<S>() {
                let b = (context.parameter(weights.offset), weights.column_stride);
                let a = (lines.at.cast_const(), lines.stride);
                return narrow(simd, sizes, a, b, start, out.at, out.stride);
            }
            let a = Left { values: lines.at.cast_const(), row: lines.stride, depth: 1 };
            product(simd, sizes, a, context.weights.right(context.plan, pack), start, out.at, out.stride);
        }
    }
}

impl<T: Math> WithSimd for Outer<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::Outer { dy, x, to, first } = step else { return };
        // SAFETY: as above; the gradient has a place for every parameter. Registers are read past the end of a row of `x`
        // into the next one, and at the last row into the slack at the end of the arena.
        unsafe {
            let (dy, x) = (context.lines(dy), context.lines(x));
            let sizes = Sizes { rows: dy.width, columns: x.width, depth: dy.count };
            let a = Left { values: dy.at.cast_const(), row: 1, depth: dy.stride };
            let b = Right::Rows { values: x.at.cast_const(), row: x.stride };
            let start = if first && context.frame.fresh { Start::Zero } else { Start::Kept };
            product(simd, sizes, a, b, start, context.frame.gradient.add(to), x.width);
        }
    }
}
