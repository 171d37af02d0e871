//! Numbers of one quadratic field: `p + q √d` with rational `p` and `q`.

use super::round;
use num_bigint::{BigInt, Sign};
use num_integer::Roots;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::{
    cell::RefCell,
    cmp::Ordering,
    collections::BTreeMap,
    fmt,
    ops::{Add, Mul, Neg, Sub},
};

/// `p + q √d`, exactly.
///
/// `d` is square-free, and 0 where `q` is 0. Arithmetic is within one field: whoever mixes numbers of unknown origin
/// asks [`Number::is_compatible`] first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    p: BigRational,
    q: BigRational,
    d: u64,
}

impl Number {
    pub(crate) fn new(p: BigRational, q: BigRational, d: u64) -> Self {
        let d = if q.is_zero() { 0 } else { d };
        Self { p, q, d }
    }

    pub(crate) fn rational(p: BigRational) -> Self {
        Self::new(p, BigRational::zero(), 0)
    }

    pub(crate) fn integer(value: i64) -> Self {
        Self::rational(BigRational::from_integer(value.into()))
    }

    pub(crate) fn zero() -> Self {
        Self::integer(0)
    }

    pub(crate) fn one() -> Self {
        Self::integer(1)
    }

    /// `√(value)` for a rational `value ≥ 0`; `None` if the number under the root is too large to be factored.
    pub(crate) fn sqrt(value: &BigRational) -> Option<Self> {
        let product = (value.numer() * value.denom()).to_u64().filter(|n| *n <= 1_000_000_000_000_000)?;
        let (square, free) = square_free(product);
        let root = BigRational::new(square.into(), value.denom().clone());
        Some(if free <= 1 { Self::rational(root) } else { Self::new(BigRational::zero(), root, free) })
    }

    /// The number under the root, if there is a root.
    pub(crate) fn radicand(&self) -> Option<u64> {
        (self.d != 0).then_some(self.d)
    }

    /// Both are of one quadratic field.
    pub(crate) fn is_compatible(&self, other: &Self) -> bool {
        self.d == 0 || other.d == 0 || self.d == other.d
    }

    /// The rational part and the factor of the root.
    pub(crate) fn parts(&self) -> (&BigRational, &BigRational) {
        (&self.p, &self.q)
    }

    pub(crate) fn to_rational(&self) -> Option<&BigRational> {
        self.q.is_zero().then_some(&self.p)
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.p.is_zero() && self.q.is_zero()
    }

    pub(crate) fn is_one(&self) -> bool {
        self.q.is_zero() && self.p.is_one()
    }

    /// `None` for zero.
    pub(crate) fn recip(&self) -> Option<Self> {
        let norm = &self.p * &self.p - &self.q * &self.q * BigRational::from_integer(self.d.into());
        (!norm.is_zero()).then(|| Self::new(&self.p / &norm, -&self.q / &norm, self.d))
    }

    /// The exact sign: `p` against `q √d` by their squares.
    pub(crate) fn signum(&self) -> Ordering {
        let sign = |r: &BigRational| r.cmp(&BigRational::zero());
        match (sign(&self.p), sign(&self.q)) {
            (p, Ordering::Equal) => p,
            (Ordering::Equal, q) => q,
            (p, q) if p == q => p,
            (p, q) => {
                let left = &self.p * &self.p;
                let right = &self.q * &self.q * BigRational::from_integer(self.d.into());
                if left > right { p } else { q }
            }
        }
    }

    pub(crate) fn abs(&self) -> Self {
        if self.signum() == Ordering::Less { -self } else { self.clone() }
    }

    /// `⌊self · 2^bits⌋`, off by at most two.
    pub(crate) fn to_fixed(&self, bits: u32) -> BigInt {
        let scale = |r: &BigRational| (r.numer() << bits) / r.denom();
        let rational = scale(&self.p);
        if self.q.is_zero() {
            return rational;
        }
        // The root carries as many more bits as its factor has, so that the product is still right to the last one.
        let extra = (self.q.numer().bits() as u32 + 2).next_multiple_of(64);
        let product: BigInt = self.q.numer() * root(self.d, bits + extra);
        rational + ((product / self.q.denom()) >> extra)
    }

    /// The nearest `f64`, ties to even.
    pub(crate) fn to_f64(&self) -> f64 {
        if self.q.is_zero() {
            return round::nearest(&self.p);
        }
        let mut bits = 256_u32;
        loop {
            // An irrational number is no tie: bounds that are close enough round alike.
            let value = self.to_fixed(bits);
            let (low, high) = (round::nearest_fixed(&(&value - 3), bits), round::nearest_fixed(&(&value + 3), bits));
            if low == high {
                return low;
            }
            bits *= 2;
        }
    }
}

/// `⌊√d · 2^bits⌋`; a tableau asks for the same few over and over.
fn root(d: u64, bits: u32) -> BigInt {
    thread_local! {
        static ROOTS: RefCell<BTreeMap<(u64, u32), BigInt>> = const { RefCell::new(BTreeMap::new()) };
    }
    ROOTS.with_borrow_mut(|roots| {
        roots.entry((d, bits)).or_insert_with(|| (BigInt::from(d) << (2 * bits)).sqrt()).clone()
    })
}

/// `n = square² · free` with `free` square-free.
fn square_free(mut n: u64) -> (u64, u64) {
    if n == 0 {
        return (0, 1);
    }
    let (mut square, mut free) = (1, 1);
    let mut factor = 2;
    // What is left past the cube root is a prime, a product of two, or a square.
    while factor * factor * factor <= n {
        while n.is_multiple_of(factor * factor) {
            n /= factor * factor;
            square *= factor;
        }
        if n.is_multiple_of(factor) {
            n /= factor;
            free *= factor;
        }
        factor += 1;
    }
    let root = n.sqrt();
    if root * root == n { (square * root, free) } else { (square, free * n) }
}

impl Add for &Number {
    type Output = Number;
    fn add(self, other: &Number) -> Number {
        Number::new(&self.p + &other.p, &self.q + &other.q, self.d.max(other.d))
    }
}

impl Sub for &Number {
    type Output = Number;
    fn sub(self, other: &Number) -> Number {
        Number::new(&self.p - &other.p, &self.q - &other.q, self.d.max(other.d))
    }
}

impl Mul for &Number {
    type Output = Number;
    fn mul(self, other: &Number) -> Number {
        if self.q.is_zero() && other.q.is_zero() {
            return Number::rational(&self.p * &other.p);
        }
        let d = self.d.max(other.d);
        let p = &self.p * &other.p + &self.q * &other.q * BigRational::from_integer(d.into());
        Number::new(p, &self.p * &other.q + &self.q * &other.p, d)
    }
}

impl Neg for &Number {
    type Output = Number;
    fn neg(self) -> Number {
        Number::new(-&self.p, -&self.q, self.d)
    }
}

/// As it would be typed, where that is short: `3/4`, `1/2 - sqrt(3)/6`; else a decimal with ten digits.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |r: &BigRational| r.numer().bits() <= 30 && r.denom().bits() <= 30;
        if !short(&self.p) || !short(&self.q) {
            return f.write_str(&decimal(self.to_f64()));
        }
        if self.q.is_zero() {
            return write!(f, "{}", self.p);
        }
        let sign = match (self.p.is_zero(), self.q.numer().sign()) {
            (true, Sign::Minus) => "-",
            (true, _) => "",
            (false, Sign::Minus) => " - ",
            (false, _) => " + ",
        };
        if !self.p.is_zero() {
            write!(f, "{}", self.p)?;
        }
        write!(f, "{sign}")?;
        if !self.q.numer().abs().is_one() {
            write!(f, "{} ", self.q.numer().abs())?;
        }
        write!(f, "sqrt({})", self.d)?;
        if !self.q.denom().is_one() {
            write!(f, "/{}", self.q.denom())?;
        }
        Ok(())
    }
}

/// Ten digits, without the zeros at the end.
pub(crate) fn decimal(value: f64) -> String {
    let magnitude = value.abs();
    if value != 0.0 && !(1e-4..1e6).contains(&magnitude) {
        return scientific(value);
    }
    let digits = if magnitude == 0.0 { 0 } else { (9 - magnitude.log10().floor() as i32).max(0) as usize };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Two digits and a power of ten: `6.2e-11`.
pub(crate) fn scientific(value: f64) -> String {
    format!("{value:.1e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(p: i64, q: i64) -> BigRational {
        BigRational::new(p.into(), q.into())
    }

    #[test]
    fn roots_are_simplified() {
        assert_eq!(square_free(12), (2, 3));
        assert_eq!(square_free(1), (1, 1));
        assert_eq!(square_free(49), (7, 1));
        assert_eq!(square_free(2 * 999_983 * 999_983), (999_983, 2));
        assert_eq!(Number::sqrt(&ratio(9, 4)), Some(Number::rational(ratio(3, 2))));
        assert_eq!(Number::sqrt(&ratio(1, 3)), Some(Number::new(ratio(0, 1), ratio(1, 3), 3)));
        assert_eq!(Number::sqrt(&ratio(0, 1)), Some(Number::zero()));
        assert_eq!(Number::sqrt(&BigRational::from_integer(BigInt::from(10).pow(20))), None);
    }

    #[test]
    fn field_arithmetic() {
        let x = Number::new(ratio(1, 2), ratio(-1, 6), 3);
        assert_eq!(x.to_string(), "1/2 - sqrt(3)/6");
        let square = &x * &x;
        assert_eq!(square, Number::new(ratio(1, 3), ratio(-1, 6), 3));
        let inverse = x.recip().unwrap_or_else(Number::zero);
        assert!((&x * &inverse).is_one());
        assert_eq!(Number::zero().recip(), None);
        assert_eq!(x.signum(), Ordering::Greater);
        assert_eq!((&x - &Number::rational(ratio(2113, 10_000))).signum(), Ordering::Greater);
        assert_eq!((&x - &Number::rational(ratio(2114, 10_000))).signum(), Ordering::Less);
        assert_eq!((&x - &x).radicand(), None);
    }

    #[test]
    fn roots_round_to_the_nearest() {
        let root = |n: u64| Number::sqrt(&BigRational::from_integer(n.into())).map(|x| x.to_f64());
        for n in [2_u64, 3, 5, 6, 15, 21, 12] {
            assert_eq!(root(n), Some((n as f64).sqrt()), "{n}");
        }
        // sqrt(2) - 1.41421356237309504880 to the last bit, where doubles have lost everything.
        let close = Number::new(ratio(-141_421_356_237_309_504, 100_000_000_000_000_000), ratio(1, 1), 2);
        assert_eq!(close.to_f64(), 8.801_688_724_209_698e-18);
    }

    #[test]
    fn fixed_point_is_right_to_the_last_bits() {
        let x = Number::new(ratio(1, 3), ratio(12_345_678, 7), 2);
        let coarse = x.to_fixed(100);
        let fine: BigInt = x.to_fixed(400) >> 300;
        assert!((coarse - fine).abs() <= BigInt::from(2));
    }

    #[test]
    fn decimals_are_short() {
        assert_eq!(decimal(0.25), "0.25");
        assert_eq!(decimal(0.333_333_333_395), "0.3333333334");
        assert_eq!(decimal(-1.5e-11), "-1.5e-11");
        assert_eq!(decimal(0.0), "0");
        assert_eq!(decimal(3.0), "3");
    }
}
