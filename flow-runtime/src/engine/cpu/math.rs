//! Elementary functions of a register of `f32` or `f64`: no table and, but for one case, no branch and no call.

// Not every function has a kernel that uses it.
#![allow(dead_code)]

mod error;
mod exponential;
mod logarithm;
mod table;
#[cfg(test)]
mod tests;
mod trigonometric;

use super::simd::Element;
use pulp::Simd;
use table::Table;

/// Elementary functions, one register at a time.
///
/// The error given for each is the largest one in units in the last place (ulp) of the true result, over the whole range of
/// arguments; the tests assert it. "Seen" is what all `f32` patterns gave (`sin`, `cos`, `erf`: one in 1,021), and `f64` at tens of thousands of places, where
/// products with sums are fused. NaN gives NaN, infinities give the limits, and every function keeps the sign of zero that it
/// has in IEEE 754, except where it says so.
pub(crate) trait Math: Element {
    /// Constants of the number type.
    const TABLE: &'static Table<Self>;

    /// `sin` of one number, by the library.
    fn library_sin(self) -> Self;
    /// `cos` of one number, by the library.
    fn library_cos(self) -> Self;

    /// `e^x`, within 1.75 ulp; underflow is gradual. Seen: 1.62 and 1.30.
    #[inline(always)]
    fn exp<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        exponential::exp::<Self, S>(simd, x)
    }
    /// `e^x - 1`, accurate near 0 too, within 2 ulp. Seen: 1.55 and 1.71.
    #[inline(always)]
    fn exp_m1<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        exponential::exp_m1::<Self, S>(simd, x)
    }
    /// `e^x - 1` for `x <= 0`, within 1.25 ulp, in 13 instructions; above 0, some value. Seen: 0.95 and 1.08.
    ///
    /// -0 gives +0.
    #[inline(always)]
    fn exp_m1_of_negative<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        exponential::exp_m1_of_negative::<Self, S>(simd, x)
    }
    /// `tanh x`, within 3 ulp. Seen: 2.50 and 2.47.
    #[inline(always)]
    fn tanh<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        exponential::tanh::<Self, S>(simd, x)
    }
    /// `1 / (1 + e^-x)`, within 2.5 ulp; results below the smallest normal number may be 0. Seen: 2.49 and 2.13.
    #[inline(always)]
    fn sigmoid<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        exponential::sigmoid::<Self, S>(simd, x)
    }
    /// `sin x` and `cos x`, as below.
    #[inline(always)]
    fn sin_cos<S: Simd>(simd: S, x: Self::V<S>) -> (Self::V<S>, Self::V<S>) {
        (Self::sin(simd, x), Self::cos(simd, x))
    }
    /// `sin x`, within 2 ulp; not above 1 in magnitude where products with sums are fused. Seen: 1.73 and 1.57.
    ///
    /// Arguments up to 2^17 (`f64`: 2^28) are reduced with three words of `pi`; a register that has a larger one takes the
    /// library's values for it.
    #[inline(always)]
    fn sin<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        trigonometric::sin::<Self, S>(simd, x)
    }
    /// `cos x`, within 2 ulp, as [`sin`](Math::sin). Seen: 1.72 and 1.54.
    #[inline(always)]
    fn cos<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        trigonometric::cos::<Self, S>(simd, x)
    }
    /// `erfc x = 1 - erf x`, relatively accurate down to underflow, within 3.75 ulp; 4.25 without fused
    /// products. Seen: 3.52 and 2.73.
    #[inline(always)]
    fn erfc<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        error::erfc::<Self, S>(simd, x)
    }
    /// `erf x`, within 1.25 ulp; 1.5 without fused products. Seen: 0.88 and 0.89.
    #[inline(always)]
    fn erf<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        error::erf::<Self, S>(simd, x)
    }
    /// `ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|)`, within 2.5 ulp. Seen: 2.38 and 2.02.
    #[inline(always)]
    fn softplus<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        logarithm::softplus::<Self, S>(simd, x)
    }
    /// `ln(1 + z)` for `z` in `[0, 1]`, within 1.25 ulp; 1.5 without fused products. Seen: 1.08 and 1.04.
    #[inline(always)]
    fn ln_1p_of_unit<S: Simd>(simd: S, z: Self::V<S>) -> Self::V<S> {
        logarithm::ln_1p_of_unit::<Self, S>(simd, z)
    }
}

impl Math for f32 {
    const TABLE: &'static Table<f32> = &table::F32;

    fn library_sin(self) -> f32 {
        libm::sinf(self)
    }
    fn library_cos(self) -> f32 {
        libm::cosf(self)
    }
}

impl Math for f64 {
    const TABLE: &'static Table<f64> = &table::F64;

    fn library_sin(self) -> f64 {
        libm::sin(self)
    }
    fn library_cos(self) -> f64 {
        libm::cos(self)
    }
}

/// `c[0] + c[1] x + c[2] x² + …` by Horner's rule, which takes the fewest instructions; other registers fill the latency.
#[inline(always)]
fn polynomial<E: Element, S: Simd>(simd: S, x: E::V<S>, c: &[E]) -> E::V<S> {
    let mut sum = E::splat(simd, c[c.len() - 1]);
    for &c in c[..c.len() - 1].iter().rev() {
        sum = E::fma(simd, sum, x, E::splat(simd, c));
    }
    sum
}

/// The sign bit of `x`.
#[inline(always)]
fn sign_of<E: Element, S: Simd>(simd: S, x: E::V<S>) -> E::V<S> {
    E::bits_and(simd, x, E::constant(simd, -0.0))
}
