//! SplitMix64 as a counter-based generator: every number is a function of a seed and an index.
//!
//! Generated data and the directions of metrics come from here, so that they can be made again bit for bit in any
//! language from a few lines of integer arithmetic. (Training and sampling use Philox, see [`crate::rng`].)
//!
//! ```text
//! u64(seed, i)     = mix(seed + (i + 1) · 0x9E3779B97F4A7C15)        (mod 2^64)
//! uniform(seed, i) = ⌊u64(seed, i) / 2^40⌋ · 2^-24                   in [0, 1)
//! normal(seed, i)  = √(−2 ln(1 − uniform(seed, 2i))) · cos(2π uniform(seed, 2i + 1))
//! ```
//!
//! `mix` is the finaliser of Steele, Lea & Flood, *Fast splittable pseudorandom number generators* (OOPSLA 2014), with
//! the constants of Stafford's variant 13. The functions of real numbers are those of `libm`, the same on every system.

use std::f64::consts::PI;

/// The `i`-th 64-bit number of a seed.
///
/// ```
/// assert_eq!(flow_runtime::data::splitmix::u64(1, 0), 0x910a2dec89025cc1);
/// ```
#[must_use]
pub fn u64(seed: u64, i: u64) -> u64 {
    let mut z = seed.wrapping_add(i.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The `i`-th uniform number of a seed, in `[0, 1)`, a multiple of `2^-24`.
///
/// ```
/// use flow_runtime::data::splitmix;
/// let u = splitmix::uniform(7, 3);
/// assert!((0.0..1.0).contains(&u) && (u * 2f64.powi(24)).fract() == 0.0);
/// ```
#[must_use]
pub fn uniform(seed: u64, i: u64) -> f64 {
    (u64(seed, i) >> 40) as f64 * (1.0 / 16_777_216.0)
}

/// The `i`-th normal number of a seed, by the cosine half of Box and Muller's transform.
///
/// ```
/// use flow_runtime::data::splitmix;
/// let mean = (0..10_000).map(|i| splitmix::normal(7, i)).sum::<f64>() / 1e4;
/// assert!(mean.abs() < 0.05);
/// ```
#[must_use]
pub fn normal(seed: u64, i: u64) -> f64 {
    let (radius, angle) = (uniform(seed, i.wrapping_mul(2)), uniform(seed, i.wrapping_mul(2).wrapping_add(1)));
    libm::sqrt(-2.0 * libm::log1p(-radius)) * libm::cos(2.0 * PI * angle)
}

/// A permutation of `0..n` by Fisher and Yates, with the first numbers of a seed.
///
/// ```
/// let mut order = flow_runtime::data::splitmix::permutation(7, 100);
/// order.sort_unstable();
/// assert!(order.into_iter().eq(0..100));
/// ```
#[must_use]
pub fn permutation(seed: u64, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        // The high half of a 128-bit product maps 64 random bits onto 0..=last with a bias below n / 2^64.
        let pick = (u128::from(u64(seed, last as u64)) * (last as u128 + 1)) >> 64;
        order.swap(last, pick as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors that the reference implementation in Python prints.
    #[test]
    fn agrees_with_the_reference() {
        let integers: Vec<u64> = (0..3).map(|i| u64(1, i)).collect();
        assert_eq!(integers, [0x910a2dec89025cc1, 0xbeeb8da1658eec67, 0xf893a2eefb32555e]);
        for (i, expected) in [0.56656152, 0.74578172, 0.971002698].into_iter().enumerate() {
            assert!((uniform(1, i as u64) - expected).abs() < 5e-9);
        }
        for (i, expected) in [-0.150789368, 1.235966825, -0.457846895].into_iter().enumerate() {
            assert!((normal(3, i as u64) - expected).abs() < 5e-10);
        }
    }

    #[test]
    fn a_permutation_holds_every_index_once() {
        for n in [0, 1, 2, 17, 1000] {
            let mut order = permutation(9, n);
            if n > 2 {
                assert_ne!(order, (0..n).collect::<Vec<_>>());
                assert_ne!(order, permutation(10, n));
            }
            order.sort_unstable();
            assert_eq!(order, (0..n).collect::<Vec<_>>());
        }
    }
}
