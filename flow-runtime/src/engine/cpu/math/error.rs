//! The error function and its complement.

use super::{Math, exponential, polynomial, with_sign_of};
use pulp::Simd;

/// `erfc |x|`.
#[inline(always)]
fn erfc_of_magnitude<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let table = E::TABLE;
    let a = E::at_most(simd, E::abs(simd, x), table.erfc_high);
    let one = E::constant(simd, 1.0);
    let t = E::div(simd, one, E::fma(simd, a, E::splat(simd, table.erfc_scale), one));
    let q = E::mul(simd, t, polynomial::<E, S>(simd, t, table.erfc));
    // The square in two words, for its error is one of the exponent.
    let minus = E::neg(simd, a);
    let square = E::mul(simd, minus, a);
    let low = E::fused(simd, minus, a, E::neg(simd, square));
    let (p, s) = exponential::exp_parts::<E, S>(simd, square, Some(low));
    E::mul(simd, E::mul(simd, E::mul(simd, p, q), s), s)
}

#[inline(always)]
pub(super) fn erfc<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let y = erfc_of_magnitude::<E, S>(simd, x);
    let negative = E::less(simd, x, E::constant(simd, 0.0));
    E::select(simd, negative, E::sub(simd, E::constant(simd, 2.0), y), y)
}

#[inline(always)]
pub(super) fn erf<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let one = E::constant(simd, 1.0);
    let u = E::mul(simd, x, x);
    let near = E::fma(simd, x, polynomial::<E, S>(simd, u, E::TABLE.erf), x);
    let far = E::sub(simd, one, erfc_of_magnitude::<E, S>(simd, x));
    let is_near = E::less(simd, E::abs(simd, x), one);
    E::select(simd, is_near, near, with_sign_of::<E, S>(simd, far, x))
}
