//! Elementary functions of a register of `f32` or `f64`: no branch, no table, no call on the common path.

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
/// The maximum error is given for each function in units in the last place (ulp) of the true result.
pub(crate) trait Math: Element {
    /// Constants of the number type.
    const TABLE: &'static Table<Self>;

    /// Writes `sin` of the lanes through the library, for arguments too large for the reduction here.
    fn library_sin(self) -> Self;
    /// `cos` of the library.
    fn library_cos(self) -> Self;

    /// `e^x`.
    #[inline(always)]
    fn exp<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        exponential::exp::<Self, S>(simd, x)
    }
    /// `e^x - 1`, accurate near 0.
    #[inline(always)]
    fn exp_m1<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        exponential::exp_m1::<Self, S>(simd, x)
    }
    /// `e^x - 1` for `x <= 0`; above it, some value.
    #[inline(always)]
    fn exp_m1_of_negative<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        exponential::exp_m1_of_negative::<Self, S>(simd, x)
    }
    /// `tanh x`.
    #[inline(always)]
    fn tanh<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        exponential::tanh::<Self, S>(simd, x)
    }
    /// `1 / (1 + e^-x)`.
    #[inline(always)]
    fn sigmoid<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        exponential::sigmoid::<Self, S>(simd, x)
    }
    /// `sin x` and `cos x`.
    #[inline(always)]
    fn sin_cos<S: Simd>(simd: S, x: Self::V<S>) -> (Self::V<S>, Self::V<S>) {
        (Self::sin(simd, x), Self::cos(simd, x))
    }
    /// `sin x`.
    #[inline(always)]
    fn sin<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        trigonometric::sin::<Self, S>(simd, x)
    }
    /// `cos x`.
    #[inline(always)]
    fn cos<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        trigonometric::cos::<Self, S>(simd, x)
    }
    /// `erfc x = 1 - erf x`, relatively accurate in the tail.
    #[inline(always)]
    fn erfc<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        error::erfc::<Self, S>(simd, x)
    }
    /// `erf x`.
    #[inline(always)]
    fn erf<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        error::erf::<Self, S>(simd, x)
    }
    /// `ln(1 + e^x)`.
    #[inline(always)]
    fn softplus<S: Simd>(simd: S, x: Self::V<S>) -> Self::V<S> {
        logarithm::softplus::<Self, S>(simd, x)
    }
    /// `ln(1 + z)` for `z` in `[0, 1]`.
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
