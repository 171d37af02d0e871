//! Polynomials over one quadratic field.

use super::number::Number;
use num_bigint::BigInt;
use std::cmp::Ordering;

/// Coefficients, constant term first; the last one is not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Polynomial(Vec<Number>);

impl Polynomial {
    pub(crate) fn new(mut coefficients: Vec<Number>) -> Self {
        while coefficients.last().is_some_and(Number::is_zero) {
            coefficients.pop();
        }
        Self(coefficients)
    }

    pub(crate) fn coefficients(&self) -> &[Number] {
        &self.0
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// 0 for constants, zero among them.
    pub(crate) fn degree(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// Sign of the leading coefficient.
    pub(crate) fn leading_sign(&self) -> Ordering {
        self.0.last().map_or(Ordering::Equal, Number::signum)
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        self.zip(other, |l, r| l + r)
    }

    pub(crate) fn sub(&self, other: &Self) -> Self {
        self.zip(other, |l, r| l - r)
    }

    fn zip(&self, other: &Self, f: impl Fn(&Number, &Number) -> Number) -> Self {
        let zero = Number::zero();
        let at = |p: &Self, k: usize| p.0.get(k).cloned().unwrap_or_else(|| zero.clone());
        Self::new((0..self.0.len().max(other.0.len())).map(|k| f(&at(self, k), &at(other, k))).collect())
    }

    pub(crate) fn mul(&self, other: &Self) -> Self {
        let mut product = vec![Number::zero(); (self.0.len() + other.0.len()).saturating_sub(1)];
        for (i, l) in self.0.iter().enumerate() {
            for (j, r) in other.0.iter().enumerate() {
                product[i + j] = &product[i + j] + &(l * r);
            }
        }
        Self::new(product)
    }

    pub(crate) fn derivative(&self) -> Self {
        Self::new(self.0.iter().enumerate().skip(1).map(|(k, c)| &Number::integer(k as i64) * c).collect())
    }

    /// `p(−x)`
    pub(crate) fn reflect(&self) -> Self {
        Self::new(self.0.iter().enumerate().map(|(k, c)| if k % 2 == 1 { -c } else { c.clone() }).collect())
    }

    /// Quotient and remainder; the quotient by zero is zero.
    pub(crate) fn div_rem(&self, divisor: &Self) -> (Self, Self) {
        let Some(leading) = divisor.0.last().and_then(Number::recip) else {
            return (Self(Vec::new()), self.clone());
        };
        let mut remainder = self.0.clone();
        let mut quotient = Vec::new();
        while remainder.len() >= divisor.0.len() {
            let factor = remainder.last().map_or_else(Number::zero, |last| last * &leading);
            let offset = remainder.len() - divisor.0.len();
            for (k, c) in divisor.0.iter().enumerate() {
                remainder[offset + k] = &remainder[offset + k] - &(&factor * c);
            }
            // The leading term cancels exactly.
            remainder.pop();
            quotient.push(factor);
        }
        quotient.reverse();
        (Self::new(quotient), Self::new(remainder))
    }

    /// The greatest common divisor with leading coefficient 1.
    pub(crate) fn gcd(&self, other: &Self) -> Self {
        let (mut a, mut b) = (self.monic(), other.monic());
        while !b.is_zero() {
            let (_, remainder) = a.div_rem(&b);
            a = b;
            b = remainder.monic();
        }
        a
    }

    fn monic(&self) -> Self {
        match self.0.last().and_then(Number::recip) {
            Some(factor) => Self::new(self.0.iter().map(|c| c * &factor).collect()),
            None => self.clone(),
        }
    }

    /// The product of the factors of odd multiplicity, with the sign of `self`: it has simple roots only, and changes
    /// sign where `self` does.
    pub(crate) fn odd_part(&self) -> Self {
        let repeated = self.gcd(&self.derivative());
        if repeated.degree() == 0 {
            return self.clone();
        }
        // Yun's square-free factorisation.
        let mut odd = Self::new(vec![Number::integer(if self.leading_sign() == Ordering::Less { -1 } else { 1 })]);
        let mut b = self.div_rem(&repeated).0;
        let mut d = self.derivative().div_rem(&repeated).0.sub(&b.derivative());
        let mut multiplicity = 1;
        while b.degree() > 0 {
            let factor = b.gcd(&d);
            if multiplicity % 2 == 1 {
                odd = odd.mul(&factor);
            }
            b = b.div_rem(&factor).0;
            d = d.div_rem(&factor).0.sub(&b.derivative());
            multiplicity += 1;
        }
        odd
    }

    /// The coefficients in fixed point.
    pub(crate) fn to_fixed(&self, bits: u32) -> Vec<BigInt> {
        self.0.iter().map(|c| c.to_fixed(bits)).collect()
    }

    /// All roots have negative real parts (Routh).
    pub(crate) fn is_hurwitz(&self) -> bool {
        let flip = self.leading_sign() == Ordering::Less;
        let descending: Vec<_> = self.0.iter().rev().map(|c| if flip { -c } else { c.clone() }).collect();
        let mut upper: Vec<_> = descending.iter().step_by(2).cloned().collect();
        let mut lower: Vec<_> = descending.iter().skip(1).step_by(2).cloned().collect();
        while let Some(pivot) = lower.first() {
            if pivot.signum() != Ordering::Greater {
                return false;
            }
            let Some(inverse) = pivot.recip() else { return false };
            let factor = &upper[0] * &inverse;
            let zero = Number::zero();
            let next = (1..upper.len()).map(|k| &upper[k] - &(&factor * lower.get(k).unwrap_or(&zero))).collect();
            upper = std::mem::replace(&mut lower, next);
        }
        !self.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polynomial(coefficients: &[i64]) -> Polynomial {
        Polynomial::new(coefficients.iter().map(|c| Number::integer(*c)).collect())
    }

    #[test]
    fn division() {
        // x³ − 1 = (x − 1)(x² + x + 1)
        let (quotient, remainder) = polynomial(&[-1, 0, 0, 1]).div_rem(&polynomial(&[-1, 1]));
        assert_eq!(quotient, polynomial(&[1, 1, 1]));
        assert!(remainder.is_zero());
        assert_eq!(polynomial(&[-1, 0, 1]).gcd(&polynomial(&[2, 4, 2])), polynomial(&[1, 1]));
    }

    #[test]
    fn odd_parts() {
        // −(x − 1)² (x − 2)³ (x − 3)
        let factor = |root: i64| polynomial(&[-root, 1]);
        let product = [2, 2, 3, 1, 1, 2].iter().fold(polynomial(&[-1]), |p, root| p.mul(&factor(*root)));
        assert_eq!(product.odd_part(), polynomial(&[-1]).mul(&factor(2)).mul(&factor(3)));
        assert_eq!(polynomial(&[6, -5, 1]).odd_part(), polynomial(&[6, -5, 1]));
        assert_eq!(polynomial(&[1, 2, 1]).odd_part(), polynomial(&[1]));
    }

    #[test]
    fn routh() {
        assert!(polynomial(&[6, 11, 6, 1]).is_hurwitz());
        assert!(polynomial(&[-6, -11, -6, -1]).is_hurwitz());
        assert!(polynomial(&[12, 6, 1]).is_hurwitz());
        assert!(polynomial(&[1]).is_hurwitz());
        // A pair on the imaginary axis, a root in the right half plane, a missing power.
        assert!(!polynomial(&[1, 0, 1]).is_hurwitz());
        assert!(!polynomial(&[-1, 1]).is_hurwitz());
        assert!(!polynomial(&[2, 1, 0, 1]).is_hurwitz());
        assert!(!polynomial(&[1, 1, 1, 1]).is_hurwitz());
    }
}
