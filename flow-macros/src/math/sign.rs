//! The first sign change of a polynomial on the positive axis.
//!
//! Intervals are halved until Descartes' rule, applied to the polynomial transformed to `(0, ∞)`, tells whether there
//! is one (Collins and Akritas 1976). Integers only, so no rounding decides.

use super::round::nearest_fixed;
use num_bigint::{BigInt, Sign};
use num_traits::{One, Zero};

/// Halvings after which roots too close to be told apart count as one.
const DEPTH: u32 = 96;
/// Bits of a position.
const BITS: u32 = 160;

/// Where a polynomial (constant term first, neither end zero) first changes sign for `x > 0`; `None` if it never does.
///
/// A root of even multiplicity is no sign change. It is taken for one of a cluster narrower than `2^-96` of the
/// largest root, unless the polynomial is square-free, for which the answer is exact.
pub(crate) fn first_change(coefficients: &[BigInt]) -> Option<f64> {
    if coefficients.len() < 2 || variations(coefficients) == 0 {
        return None;
    }
    let scale = root_bound(coefficients);
    // x = 2^scale u, u in (0, 1)
    let degree = coefficients.len() - 1;
    let shift = |k: usize| if scale >= 0 { k as i64 * scale } else { (degree - k) as i64 * -scale };
    let unit: Vec<BigInt> = coefficients.iter().enumerate().map(|(k, c)| c << shift(k)).collect();
    let position = search(&unit, &unit, BigInt::zero(), 0)?;
    Some(nearest_fixed(&position, BITS) * 2f64.powi(scale as i32))
}

/// The exponent of a power of two above every positive root (Cauchy).
fn root_bound(coefficients: &[BigInt]) -> i64 {
    let leading = coefficients.last().map_or(0, BigInt::bits) as i64;
    let degree = coefficients.len() - 1;
    let exponent = |k: usize, c: &BigInt| {
        let distance = (degree - k) as i64;
        (c.bits() as i64 - leading + 1).div_euclid(distance) + 2
    };
    coefficients[..degree]
        .iter()
        .enumerate()
        .filter(|(_, c)| !c.is_zero())
        .map(|(k, c)| exponent(k, c))
        .max()
        .unwrap_or(0)
}

/// Looks in `(from, from + 2^-depth)`, which `local` maps to `(0, 1)`.
fn search(unit: &[BigInt], local: &[BigInt], from: BigInt, depth: u32) -> Option<BigInt> {
    let mut reversed: Vec<BigInt> = local.iter().rev().cloned().collect();
    taylor_shift(&mut reversed);
    let end = &from + (BigInt::one() << (BITS - depth));
    match variations(&reversed) {
        0 => None,
        1 => Some(bisect(unit, sign_at_start(local), from, end)),
        _ if depth == DEPTH => {
            let end_sign = local.iter().sum::<BigInt>().sign();
            (end_sign != Sign::NoSign && end_sign != sign_at_start(local)).then_some(from)
        }
        _ => {
            // left(u) = 2^n local(u/2), right(u) = left(u + 1)
            let degree = local.len() - 1;
            let left: Vec<BigInt> = local.iter().enumerate().map(|(k, c)| c << (degree - k)).collect();
            let mut right = left.clone();
            taylor_shift(&mut right);
            let middle = &from + (BigInt::one() << (BITS - depth - 1));
            if let Some(found) = search(unit, &left, from, depth + 1) {
                return Some(found);
            }
            // A root in the middle belongs to neither half.
            let multiplicity = right.iter().take_while(|c| c.is_zero()).count();
            if multiplicity % 2 == 1 {
                return Some(middle);
            }
            search(unit, &right[multiplicity..], middle, depth + 1)
        }
    }
}

/// `p(x) ← p(x + 1)`
fn taylor_shift(coefficients: &mut [BigInt]) {
    let n = coefficients.len();
    for i in 0..n.saturating_sub(1) {
        for k in (i..n - 1).rev() {
            let (low, high) = coefficients.split_at_mut(k + 1);
            low[k] += &high[0];
        }
    }
}

/// Number of sign changes from one coefficient to the next, zeros left out.
fn variations(coefficients: &[BigInt]) -> usize {
    let signs: Vec<_> = coefficients.iter().map(BigInt::sign).filter(|sign| *sign != Sign::NoSign).collect();
    signs.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

fn sign_at_start(local: &[BigInt]) -> Sign {
    local.iter().map(BigInt::sign).find(|sign| *sign != Sign::NoSign).unwrap_or(Sign::NoSign)
}

/// The one simple root between two positions; right of the first the sign is `start`, as it is not at a second root
/// that may lie on the other.
fn bisect(unit: &[BigInt], start: Sign, mut low: BigInt, mut high: BigInt) -> BigInt {
    while (&high - &low).bits() > 1 && high.bits().saturating_sub((&high - &low).bits()) < 60 {
        let middle: BigInt = (&low + &high) >> 1;
        match sign_at(unit, &middle) {
            Sign::NoSign => return middle,
            sign if sign == start => low = middle,
            _ => high = middle,
        }
    }
    (low + high) >> 1
}

/// Sign of the polynomial at `position / 2^BITS`.
fn sign_at(unit: &[BigInt], position: &BigInt) -> Sign {
    let mut value = BigInt::zero();
    for (k, c) in unit.iter().rev().enumerate() {
        value = value * position + (c << (BITS * k as u32));
    }
    value.sign()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(coefficients: &[i64]) -> Option<f64> {
        first_change(&coefficients.iter().map(|c| BigInt::from(*c)).collect::<Vec<_>>())
    }

    #[test]
    fn simple_roots() {
        assert_eq!(first(&[-2, 1]), Some(2.0));
        assert_eq!(first(&[-2, 0, 1]), Some(2f64.sqrt()));
        assert_eq!(first(&[2, 1]), None);
        assert_eq!(first(&[1, 0, 1]), None);
        assert_eq!(first(&[6, -5, 1]), Some(2.0));
        assert_eq!(first(&[-1, 1_000_000_000]), Some(1e-9));
        assert_eq!(first(&[-1_000_000_000, 1]), Some(1e9));
        // Complex pair near the axis: (x − 1)² + 10⁻⁶
        assert_eq!(first(&[1_000_001, -2_000_000, 1_000_000]), None);
        // (x − 1)(x − 1.000001)
        assert_eq!(first(&[1_000_001, -2_000_001, 1_000_000]), Some(1.0));
    }

    #[test]
    fn roots_of_even_multiplicity_are_no_change() {
        // (x − 1)² (x − 3): touches at 1, crosses at 3.
        assert_eq!(first(&[-3, 7, -5, 1]), Some(3.0));
        // (x² − 2)²
        assert_eq!(first(&[4, 0, -4, 0, 1]), None);
        // (3x − 1)² (x − 5)
        assert_eq!(first(&[-5, 31, -51, 9]), Some(5.0));
        // (3x − 1)³
        assert_eq!(first(&[-1, 9, -27, 27]), Some(1.0 / 3.0));
    }
}
