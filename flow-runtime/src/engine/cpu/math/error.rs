//! The error function and its complement.

use super::{Math, exponential, polynomial, sign_of, table::ERFC_CENTRE};
use pulp::Simd;

/// `erfc |x|`.
#[inline(always)]
fn erfc_of_magnitude<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let table = E::TABLE;
    let x = E::at_most(simd, E::abs(simd, x), table.erfc_high);
    let pole = E::splat(simd, table.erfc_pole);
    let w = E::add(simd, x, pole);
    let t = E::div(simd, pole, w);
    let centred = E::sub(simd, t, E::constant(simd, ERFC_CENTRE));
    let q = E::mul(simd, t, polynomial::<E, S>(simd, centred, table.erfc));
    let minus = E::neg(simd, x);
    let square = E::mul(simd, minus, x);
    let square_low = E::fused(simd, minus, x, E::neg(simd, square));
    // What rounding did to w and t, as a relative error of t, and so of the product with q, to first order.
    let w_low = E::sub(simd, x, E::sub(simd, w, pole));
    let rest = E::fused(simd, t, E::neg(simd, w), pole);
    let rest = E::fma(simd, t, E::neg(simd, w_low), rest);
    let [slope_0, slope_1] = table.erfc_slope.map(|c| E::splat(simd, c));
    let low = E::fma(simd, rest, E::fma(simd, t, slope_1, slope_0), square_low);
    // All rounding errors of the argument go where they weigh nothing: into the reduced exponent.
    let (y, s) = exponential::exp_parts::<E, S>(simd, square, Some(low));
    E::mul(simd, E::mul(simd, E::fused(simd, y, q, q), s), s)
}

#[inline(always)]
pub(super) fn erfc<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let y = erfc_of_magnitude::<E, S>(simd, x);
    let is_negative = E::less(simd, x, E::constant(simd, 0.0));
    E::select(simd, is_negative, E::sub(simd, E::constant(simd, 2.0), y), y)
}

#[inline(always)]
pub(super) fn erf<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let one = E::constant(simd, 1.0);
    let u = E::mul(simd, x, x);
    let near = E::fma(simd, x, polynomial::<E, S>(simd, u, E::TABLE.erf), x);
    let far = E::sub(simd, one, erfc_of_magnitude::<E, S>(simd, x));
    let far = E::bits_or(simd, far, sign_of::<E, S>(simd, x));
    E::select(simd, E::less(simd, E::abs(simd, x), one), near, far)
}
