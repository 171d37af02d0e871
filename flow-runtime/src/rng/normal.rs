//! Normal numbers of 32 bits: the arithmetic of Box & Muller without a branch or a call, so that the compiler can
//! make many at a time.
//!
//! Nothing but IEEE additions, products, quotients and roots in `f64`, none of them fused: the same bits on every machine and in
//! a register of any width. The error is some units in the last place of `f64`, which rounding to `f32` hides.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, TAU};

/// The middle of one of the `2^32` cells of `(0, 1)`.
#[inline(always)]
pub(super) const fn middle(bits: u32) -> f64 {
    (bits as f64 + 0.5) * (1.0 / (1u64 << 32) as f64)
}

/// `sqrt(−2 ln u) (cos 2π v, sin 2π v)` at the middles of the cells.
#[inline(always)]
pub(super) fn pair(u: u32, v: u32) -> [f32; 2] {
    let radius = (-2.0 * ln(middle(u))).sqrt();
    let (sin, cos) = sin_cos_of_turns(middle(v));
    [(radius * cos) as f32, (radius * sin) as f32]
}

/// `ln u = e ln 2 + 2 artanh((m − 1) / (m + 1))` with `u = 2^e m` and `m` between `sqrt(1/2)` and `sqrt(2)`, for a normal
/// `u`. The series of the inverse hyperbolic tangent ends where its terms are below `2^-56`.
#[inline(always)]
fn ln(u: f64) -> f64 {
    let bits = u.to_bits();
    let exponent = (bits >> 52) as i32 - 1022;
    // In [1/2, 1).
    let half = f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3fe0_0000_0000_0000);
    let low = half < FRAC_1_SQRT_2;
    let m = if low { half + half } else { half };
    let e = f64::from(exponent) - if low { 1.0 } else { 0.0 };
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let mut series = 1.0 / 21.0;
    for k in (0..10).rev() {
        series = series * z + RECIPROCALS[k];
    }
    e * LN_2 + (s + s) * series
}

/// `1 / (2 k + 1)`.
const RECIPROCALS: [f64; 10] =
    [1.0, 1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0, 1.0 / 17.0, 1.0 / 19.0];

/// Sine and cosine of `2π v` for `v` in `(0, 1)`: Taylor's series within an eighth of a turn of a multiple of a quarter, until
/// the terms are below `2^-56`.
#[inline(always)]
fn sin_cos_of_turns(v: f64) -> (f64, f64) {
    // Rounds to a whole number of quarters: exact, for `v` is a multiple of `2^-33`.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let quarters = v * 4.0 + ROUND;
    let turns = v - (quarters - ROUND) * 0.25;
    let quadrant = quarters.to_bits();
    let a = TAU * turns;
    let z = a * a;
    let mut sin = SIN[7];
    let mut cos = COS[8];
    for k in (0..7).rev() {
        sin = sin * z + SIN[k];
    }
    for k in (0..8).rev() {
        cos = cos * z + COS[k];
    }
    let sin = sin * a;
    let swap = quadrant & 1 == 1;
    let (s, c) = if swap { (cos, sin) } else { (sin, cos) };
    let s = if quadrant & 2 == 2 { -s } else { s };
    let c = if (quadrant + 1) & 2 == 2 { -c } else { c };
    (s, c)
}

/// `(−1)^k / (2 k + 1)!`.
const SIN: [f64; 8] = [
    1.0,
    -1.0 / 6.0,
    1.0 / 120.0,
    -1.0 / 5_040.0,
    1.0 / 362_880.0,
    -1.0 / 39_916_800.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 1_307_674_368_000.0,
];

/// `(−1)^k / (2 k)!`.
const COS: [f64; 9] = [
    1.0,
    -1.0 / 2.0,
    1.0 / 24.0,
    -1.0 / 720.0,
    1.0 / 40_320.0,
    -1.0 / 3_628_800.0,
    1.0 / 479_001_600.0,
    -1.0 / 87_178_291_200.0,
    1.0 / 20_922_789_888_000.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Within a few units in the last place of the library's functions, over the whole range.
    #[test]
    fn the_functions_are_right() {
        let mut words: Vec<u32> = (0..1u32 << 16).map(|i| i.wrapping_mul(2_654_435_761)).collect();
        words.extend([0, 1, 2, u32::MAX, u32::MAX - 1, 1 << 29, (1 << 29) - 1, 1 << 30, 3 << 30, 5 << 29, 1 << 31]);
        for bits in words {
            let u = middle(bits);
            let (value, expected) = (ln(u), libm::log(u));
            assert!((value - expected).abs() <= 4e-16 * expected.abs().max(1e-10), "ln {u}: {value} {expected}");
            let ((sin, cos), (s, c)) = (sin_cos_of_turns(u), libm::sincos(TAU * u));
            // The reference rounds the angle, by up to 2^-50.
            assert!((sin - s).abs() < 2e-15 && (cos - c).abs() < 2e-15, "{u}: {sin} {s} {cos} {c}");
        }
    }

    /// The numbers of the library's functions, rounded, but for one in a million at most.
    #[test]
    fn pairs_are_those_of_the_library() {
        let (mut different, mut count) = (0, 0);
        for i in 0..200_000u32 {
            let (u, v) = (i.wrapping_mul(2_246_822_519).wrapping_add(7), i.wrapping_mul(3_266_489_917));
            let radius = libm::sqrt(-2.0 * libm::log(middle(u)));
            let (sin, cos) = libm::sincos(TAU * middle(v));
            let got = pair(u, v);
            for (got, expected) in got.into_iter().zip([(radius * cos) as f32, (radius * sin) as f32]) {
                different += usize::from(got != expected);
                count += 1;
                assert!((got - expected).abs() <= f32::EPSILON * expected.abs().max(1e-6));
            }
        }
        assert!(different * 1_000_000 <= count, "{different} of {count}");
    }
}
