//! The exponential and what is made of it.

use super::{Math, polynomial, sign_of};
use pulp::Simd;
use std::f64::consts::{LN_2, LOG2_E};

/// `(y, s)` with `e^(x + low) = (1 + y) s²`, `1 + y` in about `[1/2, 2]` and `s` a power of two.
///
/// Two factors reach every exponent, the subnormal ones and overflow included, for the price of one degree more.
#[inline(always)]
pub(super) fn exp_parts<E: Math, S: Simd>(simd: S, x: E::V<S>, low: Option<E::V<S>>) -> (E::V<S>, E::V<S>) {
    let table = E::TABLE;
    let x = E::at_most(simd, E::at_least(simd, x, table.exp_low), table.exp_high);
    let magic = E::constant(simd, table.round.to_f64() + table.bias.to_f64());
    let bits = E::fma(simd, x, E::constant(simd, 0.5 * LOG2_E), magic);
    let n = E::sub(simd, bits, magic);
    let [ln2, ln2_low] = table.ln2.map(|word| E::constant(simd, -2.0 * word.to_f64()));
    let r = E::fma(simd, n, ln2_low, E::fma(simd, n, ln2, x));
    let r = low.map_or(r, |low| E::add(simd, r, low));
    let q = polynomial::<E, S>(simd, r, table.exp_wide);
    let y = E::fma(simd, E::mul(simd, r, r), q, r);
    (y, E::bits_to_exponent(simd, bits))
}

#[inline(always)]
pub(super) fn exp<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let (y, s) = exp_parts::<E, S>(simd, x, None);
    E::mul(simd, E::fma(simd, y, s, s), s)
}

#[inline(always)]
pub(super) fn exp_m1_of_negative<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let table = E::TABLE;
    let x = E::at_least(simd, x, table.exp_m1_low);
    let magic = E::constant(simd, table.round.to_f64() + table.bias.to_f64());
    let bits = E::fma(simd, x, E::constant(simd, LOG2_E), magic);
    let n = E::sub(simd, bits, magic);
    // The error of ln 2 enters as n 2^n times it, so one word of ln 2 is enough.
    let r = E::fma(simd, n, E::constant(simd, -LN_2), x);
    let y = exp_m1_of_reduced::<E, S>(simd, r);
    let s = E::bits_to_exponent(simd, bits);
    E::fma(simd, s, y, E::sub(simd, s, E::constant(simd, 1.0)))
}

#[inline(always)]
pub(super) fn exp_m1<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let table = E::TABLE;
    let x = E::at_most(simd, E::at_least(simd, x, table.exp_m1_low), table.exp_high);
    // Half the power of two, for the largest one is not a number of the type.
    let magic = E::constant(simd, table.round.to_f64() + table.bias.to_f64() - 1.0);
    let bits = E::fma(simd, x, E::constant(simd, LOG2_E), magic);
    let n = E::sub(simd, bits, magic);
    let [ln2, ln2_low] = table.ln2.map(|word| E::constant(simd, -word.to_f64()));
    let r = E::fma(simd, n, ln2_low, E::fma(simd, n, ln2, x));
    let y = exp_m1_of_reduced::<E, S>(simd, r);
    let s = E::bits_to_exponent(simd, bits);
    let half = E::fma(simd, s, y, E::sub(simd, s, E::constant(simd, 0.5)));
    // The sum above loses the sign of -0.
    E::bits_or(simd, E::add(simd, half, half), sign_of::<E, S>(simd, x))
}

/// `e^r - 1` for `|r| <= ln(2) / 2`.
#[inline(always)]
fn exp_m1_of_reduced<E: Math, S: Simd>(simd: S, r: E::V<S>) -> E::V<S> {
    let q = polynomial::<E, S>(simd, r, E::TABLE.exp_m1);
    E::fma(simd, E::mul(simd, r, r), q, r)
}

#[inline(always)]
pub(super) fn tanh<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    // With m = e^(-2 |x|) - 1: tanh |x| = -m / (2 + m), where nothing overflows.
    let y = E::bits_or(simd, x, E::constant(simd, -0.0));
    let m = exp_m1_of_negative::<E, S>(simd, E::add(simd, y, y));
    let ratio = E::div(simd, m, E::add(simd, m, E::constant(simd, 2.0)));
    E::bits_or(simd, E::abs(simd, ratio), sign_of::<E, S>(simd, x))
}

#[inline(always)]
pub(super) fn sigmoid<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let table = E::TABLE;
    let lowest = E::from_f64(-table.exp_high.to_f64());
    let x = E::at_most(simd, E::at_least(simd, x, lowest), table.sigmoid_high);
    let magic = E::constant(simd, table.round.to_f64() + table.bias.to_f64());
    let bits = E::fma(simd, x, E::constant(simd, -LOG2_E), magic);
    let n = E::sub(simd, bits, magic);
    let [ln2, ln2_low] = table.ln2.map(|word| E::splat(simd, word));
    let r = E::fma(simd, n, ln2_low, E::fma(simd, n, ln2, x));
    let p = polynomial::<E, S>(simd, r, table.exp_of_minus);
    let one = E::constant(simd, 1.0);
    E::div(simd, one, E::fma(simd, p, E::bits_to_exponent(simd, bits), one))
}
