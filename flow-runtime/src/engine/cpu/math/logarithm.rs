//! `ln(1 + z)` and softplus.

use super::{Math, exponential, polynomial};
use pulp::Simd;

#[inline(always)]
pub(super) fn ln_1p_of_unit<E: Math, S: Simd>(simd: S, z: E::V<S>) -> E::V<S> {
    // With s = z / (2 + z): ln(1 + z) = 2 artanh s = 2 s + s R(s²), and 2 s = z - s z.
    let s = E::div(simd, z, E::add(simd, z, E::constant(simd, 2.0)));
    let u = E::mul(simd, s, s);
    let r = E::mul(simd, u, polynomial::<E, S>(simd, u, E::TABLE.artanh));
    E::fma(simd, s, E::sub(simd, r, z), z)
}

#[inline(always)]
pub(super) fn softplus<E: Math, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    let e = exponential::exp::<E, S>(simd, E::bits_or(simd, x, E::constant(simd, -0.0)));
    let positive = E::max(simd, x, E::constant(simd, 0.0));
    E::add(simd, positive, ln_1p_of_unit::<E, S>(simd, e))
}
