//! Rationals to the nearest `f64`.

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};

/// Bits of a significand, the first one included.
const DIGITS: i64 = 53;
/// Exponent of the last bit of a subnormal number.
const SMALLEST: i64 = -1074;

/// The nearest `f64`, ties to even; infinite past the largest.
pub(crate) fn nearest(value: &BigRational) -> f64 {
    let magnitude = nearest_magnitude(value.numer().magnitude(), value.denom().magnitude());
    if value.numer().sign() == Sign::Minus { -magnitude } else { magnitude }
}

/// The nearest `f64` to `mantissa · 2^-bits`.
pub(crate) fn nearest_fixed(mantissa: &BigInt, bits: u32) -> f64 {
    let magnitude = nearest_magnitude(mantissa.magnitude(), &(BigUint::one() << bits));
    if mantissa.sign() == Sign::Minus { -magnitude } else { magnitude }
}

fn nearest_magnitude(numerator: &BigUint, denominator: &BigUint) -> f64 {
    if numerator.is_zero() {
        return 0.0;
    }
    // Two or three bits more than a significand has, and whether anything follows them.
    let shift = DIGITS + 2 - (numerator.bits() as i64 - denominator.bits() as i64);
    let (quotient, remainder) = if shift >= 0 {
        (numerator << shift as u64).div_rem(denominator)
    } else {
        numerator.div_rem(&(denominator << (-shift) as u64))
    };
    let mut exponent = -shift;
    let drop = (quotient.bits() as i64 - DIGITS).max(SMALLEST - exponent);
    exponent += drop;
    let Some(quotient) = quotient.to_u64() else { return f64::INFINITY };
    // Bits of the quotient fit in a word; so does what is dropped, or nothing is kept.
    if drop > 63 {
        return 0.0;
    }
    let (kept, rest, half) = (quotient >> drop, quotient & ((1 << drop) - 1), 1_u64 << (drop - 1));
    let up = rest > half || (rest == half && (!remainder.is_zero() || kept & 1 == 1));
    scale((kept + u64::from(up)) as f64, exponent)
}

/// `value · 2^exponent`, exact where the result is representable.
fn scale(value: f64, exponent: i64) -> f64 {
    if exponent > 1023 {
        return f64::INFINITY;
    }
    let power = |e: i64| f64::from_bits(((1023 + e) as u64) << 52);
    let half = exponent / 2;
    value * power(half) * power(exponent - half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(mantissa: i64, exponent: i32) -> BigRational {
        let power = BigRational::from_integer(BigInt::from(10).pow(exponent.unsigned_abs()));
        let mantissa = BigRational::from_integer(mantissa.into());
        if exponent < 0 { mantissa / power } else { mantissa * power }
    }

    #[test]
    fn edges() {
        assert_eq!(nearest(&decimal(0, 0)), 0.0);
        assert_eq!(nearest(&decimal(-1, 0)), -1.0);
        assert_eq!(nearest(&decimal(1, 400)), f64::INFINITY);
        assert_eq!(nearest(&decimal(1, -400)), 0.0);
        assert_eq!(nearest(&decimal(5, -324)), f64::from_bits(1));
        assert_eq!(nearest(&decimal(2, -324)), 0.0);
        assert_eq!(nearest(&decimal(3, -324)), f64::from_bits(1));
        assert_eq!(nearest(&decimal(22_250_738_585_072_011, -324)), 2.225_073_858_507_201e-308);
        // Halfway between two neighbours: the even one.
        let tie = |odd: u64| BigRational::from_integer(BigInt::from(2 * odd + 1)) / BigRational::from_integer(2.into());
        assert_eq!(nearest(&tie(1 << 52)), (1_u64 << 52) as f64);
        assert_eq!(nearest(&tie((1 << 52) + 1)), ((1_u64 << 52) + 2) as f64);
        assert_eq!(nearest_fixed(&BigInt::from(-3), 1), -1.5);
    }

    proptest! {
        #[test]
        fn as_the_standard_library_reads_it(mantissa in any::<i64>(), exponent in -340_i32..300) {
            let expected: f64 = format!("{mantissa}e{exponent}").parse().unwrap_or(f64::NAN);
            prop_assert_eq!(nearest(&decimal(mantissa, exponent)), expected);
        }

        #[test]
        fn doubles_come_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            if let Some(exact) = BigRational::from_float(value) {
                prop_assert_eq!(nearest(&exact), value);
            }
        }
    }
}
