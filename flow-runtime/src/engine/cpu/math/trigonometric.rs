//! `sin` and `cos`.

use super::{Math, polynomial, sign_of};
use pulp::Simd;

#[inline(always)]
pub(super) fn sin<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let table = E::TABLE;
    let magic = E::splat(simd, table.round);
    // Of the magnitude, so that -0 keeps its sign.
    let magnitude = E::abs(simd, x);
    let bits = E::fma(simd, magnitude, E::constant(simd, std::f64::consts::FRAC_1_PI), magic);
    let n = E::sub(simd, bits, magic);
    let y = sin_of_reduced::<E, S>(simd, magnitude, n, bits);
    let y = E::bits_xor(simd, y, sign_of::<E, S>(simd, x));
    beyond_bound::<E, S>(simd, x, y, E::library_sin)
}

#[inline(always)]
pub(super) fn cos<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let table = E::TABLE;
    // cos x = (-1)^(n + 1) sin(x - (n + 1/2) pi): the rounding constant is odd.
    let magic = E::splat(simd, E::from_f64(table.round.to_f64() + 1.0));
    let minus_half = E::constant(simd, -0.5);
    let turns = E::fma(simd, x, E::constant(simd, std::f64::consts::FRAC_1_PI), minus_half);
    let bits = E::add(simd, turns, magic);
    let n = E::sub(simd, E::sub(simd, bits, magic), minus_half);
    let y = sin_of_reduced::<E, S>(simd, x, n, bits);
    beyond_bound::<E, S>(simd, x, y, E::library_cos)
}

/// `sin(x - n pi)`, negated where the lowest bit of `bits` is set.
#[inline(always)]
fn sin_of_reduced<E: Math, S: Simd>(simd: S, x: E::V<S>, n: E::V<S>, bits: E::V<S>) -> E::V<S> {
    let table = E::TABLE;
    let minus_pi = table.pi.map(|word| E::constant(simd, -word.to_f64()));
    let r = E::fused(simd, n, minus_pi[0], x);
    let r = E::fused(simd, n, minus_pi[1], r);
    let r = E::fma(simd, n, minus_pi[2], r);
    let u = E::mul(simd, r, r);
    let q = polynomial::<E, S>(simd, u, table.sin);
    let y = E::fma(simd, E::mul(simd, r, u), q, r);
    E::bits_xor(simd, y, E::bits_to_sign(simd, bits))
}

/// `y`, with the lanes of an `x` too large for the reduction replaced by the library's values.
#[inline(always)]
fn beyond_bound<E: Math, S: Simd>(simd: S, x: E::V<S>, y: E::V<S>, library: fn(E) -> E) -> E::V<S> {
    let bound = E::TABLE.sin_bound;
    if !E::any(simd, E::less(simd, E::splat(simd, bound), E::abs(simd, x))) {
        return y;
    }
    // The widest register has 16 lanes.
    let (mut xs, mut ys) = ([E::default(); 16], [E::default(); 16]);
    // SAFETY: both arrays hold at least the lanes of a register.
    unsafe {
        E::store(simd, xs.as_mut_ptr(), x);
        E::store(simd, ys.as_mut_ptr(), y);
    }
    replace_large(&xs[..E::lanes::<S>()], &mut ys, bound, library);
    // SAFETY: as above.
    unsafe { E::load(simd, ys.as_ptr()) }
}

#[cold]
#[inline(never)]
fn replace_large<E: Math>(xs: &[E], ys: &mut [E], bound: E, library: fn(E) -> E) {
    for (y, &x) in ys.iter_mut().zip(xs) {
        if x.to_f64().abs() > bound.to_f64() {
            *y = library(x);
        }
    }
}
