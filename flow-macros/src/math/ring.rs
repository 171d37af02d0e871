//! The two kinds of integers that order conditions are computed in.
//!
//! Fractions are brought to one denominator before, so that sums and products need no greatest common divisors.

use num_bigint::BigInt;
use num_traits::{One, Zero};

/// Addition and multiplication, with whatever scale the implementation keeps.
pub(crate) trait Ring {
    type Element: Clone + PartialEq;
    fn zero(&self) -> Self::Element;
    fn one(&self) -> Self::Element;
    fn add(&self, left: &Self::Element, right: &Self::Element) -> Self::Element;
    fn neg(&self, value: &Self::Element) -> Self::Element;
    fn mul(&self, left: &Self::Element, right: &Self::Element) -> Self::Element;
    /// `Σ left_i right_i`
    fn dot(&self, left: &[Self::Element], right: &[Self::Element]) -> Self::Element;
    /// Division by a small number that is known to divide, or that may round.
    fn div(&self, value: &Self::Element, by: u32) -> Self::Element;
}

/// Fixed-point numbers `n · 2^-bits`.
pub(crate) struct Fixed {
    pub(crate) bits: u32,
}

impl Ring for Fixed {
    type Element = BigInt;

    fn zero(&self) -> BigInt {
        BigInt::zero()
    }

    fn one(&self) -> BigInt {
        BigInt::one() << self.bits
    }

    fn add(&self, left: &BigInt, right: &BigInt) -> BigInt {
        left + right
    }

    fn neg(&self, value: &BigInt) -> BigInt {
        -value
    }

    fn mul(&self, left: &BigInt, right: &BigInt) -> BigInt {
        (left * right) >> self.bits
    }

    fn dot(&self, left: &[BigInt], right: &[BigInt]) -> BigInt {
        let mut sum = BigInt::zero();
        for (l, r) in left.iter().zip(right) {
            if !l.is_zero() && !r.is_zero() {
                sum += l * r;
            }
        }
        sum >> self.bits
    }

    fn div(&self, value: &BigInt, by: u32) -> BigInt {
        value / by
    }
}

/// `p + q √d` with integers `p` and `q`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Surd {
    pub(crate) p: BigInt,
    pub(crate) q: BigInt,
}

/// The integers of `Z[√d]`; plain integers if `radicand` is 0.
pub(crate) struct Surds {
    pub(crate) radicand: u64,
}

impl Surds {
    fn add_product(&self, sum: &mut Surd, left: &Surd, right: &Surd) {
        if !left.p.is_zero() && !right.p.is_zero() {
            sum.p += &left.p * &right.p;
        }
        if !left.q.is_zero() && !right.q.is_zero() {
            sum.p += &left.q * &right.q * self.radicand;
        }
        if !left.p.is_zero() && !right.q.is_zero() {
            sum.q += &left.p * &right.q;
        }
        if !left.q.is_zero() && !right.p.is_zero() {
            sum.q += &left.q * &right.p;
        }
    }
}

impl Ring for Surds {
    type Element = Surd;

    fn zero(&self) -> Surd {
        Surd { p: BigInt::zero(), q: BigInt::zero() }
    }

    fn one(&self) -> Surd {
        Surd { p: BigInt::one(), q: BigInt::zero() }
    }

    fn add(&self, left: &Surd, right: &Surd) -> Surd {
        Surd { p: &left.p + &right.p, q: &left.q + &right.q }
    }

    fn neg(&self, value: &Surd) -> Surd {
        Surd { p: -&value.p, q: -&value.q }
    }

    fn mul(&self, left: &Surd, right: &Surd) -> Surd {
        let mut product = self.zero();
        self.add_product(&mut product, left, right);
        product
    }

    fn dot(&self, left: &[Surd], right: &[Surd]) -> Surd {
        let mut sum = self.zero();
        for (l, r) in left.iter().zip(right) {
            self.add_product(&mut sum, l, r);
        }
        sum
    }

    fn div(&self, value: &Surd, by: u32) -> Surd {
        Surd { p: &value.p / by, q: &value.q / by }
    }
}
