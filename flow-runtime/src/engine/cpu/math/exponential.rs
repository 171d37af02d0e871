//! `exp` and what is made of it.

use super::{Math, polynomial, with_sign_of};
use pulp::Simd;

/// `(p, s)` with `e^(x + low) = p s²`, `p` in about `[1/2, 2]`, `s` a power of two.
///
/// Two factors reach every exponent, the subnormal ones and overflow included, for the price of one degree more.
#[inline(always)]
pub(super) fn exp_parts<E: Math, S: Simd>(simd: S, x: E::V<S>, low: Option<E::V<S>>) -> (E::V<S>, E::V<S>) {
    let table = E::TABLE;
    let x = E::at_most(simd, E::at_least(simd, x, table.exp_low), table.exp_high);
    let magic = E::splat(simd, table.round_biased);
    let bits = E::fma(simd, x, E::constant(simd, 0.5 * std::f64::consts::LOG2_E), magic);
    let n = E::sub(simd, bits, magic);
    let r = E::fused(simd, n, E::splat(simd, table.minus_ln4[0]), x);
    let r = E::fma(simd, n, E::splat(simd, table.minus_ln4[1]), r);
    let r = low.map_or(r, |low| E::add(simd, r, low));
    let p = polynomial::<E, S>(simd, r, table.exp);
    (p, E::bits_to_exponent(simd, bits))
}

#[inline(always)]
pub(super) fn exp<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let (p, s) = exp_parts::<E, S>(simd, x, None);
    E::mul(simd, E::mul(simd, p, s), s)
}

#[inline(always)]
pub(super) fn exp_m1_of_negative<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let table = E::TABLE;
    let x = E::at_least(simd, x, table.exp_m1_low);
    let magic = E::splat(simd, table.round_biased);
    let bits = E::fma(simd, x, E::constant(simd, std::f64::consts::LOG2_E), magic);
    let n = E::sub(simd, bits, magic);
    // The error of ln 2 enters as n 2^n times it, so one word of ln 2 is enough.
    let r = E::fma(simd, n, E::constant(simd, -std::f64::consts::LN_2), x);
    let p = exp_m1_reduced::<E, S>(simd, r);
    let s = E::bits_to_exponent(simd, bits);
    E::fma(simd, s, p, E::sub(simd, s, E::constant(simd, 1.0)))
}

/// `e^r - 1` for `|r| <= ln(2) / 2`.
#[inline(always)]
fn exp_m1_reduced<E: Math, S: Simd>(simd: S, r: E::V<S>) -> E::V<S> {
    let q = polynomial::<E, S>(simd, r, E::TABLE.exp_m1);
    E::fma(simd, E::mul(simd, r, r), q, r)
}

#[inline(always)]
pub(super) fn exp_m1<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let table = E::TABLE;
    let x = E::at_most(simd, E::at_least(simd, x, table.exp_m1_low), table.exp_high);
    let magic = E::splat(simd, table.round_biased_half);
    let bits = E::fma(simd, x, E::constant(simd, std::f64::consts::LOG2_E), magic);
    let n = E::sub(simd, bits, magic);
    let r = E::fused(simd, n, E::splat(simd, table.minus_ln2[0]), x);
    let r = E::fma(simd, n, E::splat(simd, table.minus_ln2[1]), r);
    let p = exp_m1_reduced::<E, S>(simd, r);
    // Half the power of two, for the largest one is not a number of the type.
    let s = E::bits_to_exponent(simd, bits);
    let half = E::fma(simd, s, p, E::sub(simd, s, E::constant(simd, 0.5)));
    let sum = E::add(simd, half, half);
    // -0 comes out as +0.
    E::bits_or(simd, sum, E::bits_and(simd, x, E::constant(simd, -0.0)))
}

#[inline(always)]
pub(super) fn tanh<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let y = E::bits_or(simd, x, E::constant(simd, -0.0));
    let m = exp_m1_of_negative::<E, S>(simd, E::add(simd, y, y));
    let ratio = E::div(simd, m, E::add(simd, m, E::constant(simd, 2.0)));
    with_sign_of::<E, S>(simd, E::abs(simd, ratio), x)
}

#[inline(always)]
pub(super) fn sigmoid<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let (p, s) = exp_parts::<E, S>(simd, E::neg(simd, x), None);
    let one = E::constant(simd, 1.0);
    E::div(simd, one, E::fma(simd, E::mul(simd, p, s), s, one))
}
