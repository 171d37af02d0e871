//! The stability function of a tableau, and what follows from it.
//!
//! `R(z) = N(z)/D(z)` with `D = det(I − z a)` and `N = det(I − z a + z e bᵀ)` (Hairer and Wanner, *Solving Ordinary
//! Differential Equations II*, IV.3).

use super::{
    number::Number,
    order::Coefficients,
    polynomial::Polynomial,
    ring::{Fixed, Ring},
    sign::first_change,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::One;
use std::cmp::Ordering;

/// Bits of coefficients that are rounded, and of polynomials when their signs are looked for.
const BITS: u32 = 384;

/// `R = N/D` and its regions.
#[derive(Clone, Debug)]
pub(crate) struct Stability {
    pub(crate) numerator: Polynomial,
    pub(crate) denominator: Polynomial,
    /// Length of `[-real, 0]` where `|R| ≤ 1`.
    pub(crate) real: f64,
    /// Length of `i [0, imaginary]` where `|R| ≤ 1`.
    pub(crate) imaginary: f64,
    pub(crate) a_stable: bool,
    pub(crate) l_stable: bool,
}

/// The stability function; `residual` is how far the coefficients are from the numbers they stand for.
///
/// With exact coefficients every answer is exact. Rounded ones cannot prove that a coefficient of `N` or of
/// `|D|² − |N|²` is zero: those that the order makes zero, or that are as small as the residual, count as zero.
pub(crate) fn stability(table: &Coefficients, order: usize, residual: f64) -> Stability {
    let (numerator, denominator) = if residual == 0.0 { exact(table) } else { rounded(table, residual) };
    // What N and D have in common is no pole.
    let common = if residual == 0.0 && denominator.degree() > 0 {
        numerator.gcd(&denominator)
    } else {
        Polynomial::new(vec![Number::one()])
    };
    let reduce = |p: &Polynomial| if common.degree() == 0 { p.clone() } else { p.div_rem(&common).0 };
    let (n, d) = (reduce(&numerator), reduce(&denominator));
    let imaginary = on_imaginary_axis(&n, &d, order, residual);
    let poles_right = d.reflect().is_hurwitz();
    let a_stable = d.degree() > 0 && imaginary.is_infinite() && poles_right;
    Stability {
        real: on_real_axis(&n, &d),
        imaginary,
        a_stable,
        l_stable: a_stable && n.degree() < d.degree(),
        numerator,
        denominator,
    }
}

fn exact(table: &Coefficients) -> (Polynomial, Polynomial) {
    let integers = table.to_integers();
    let weights = &integers.weights[0];
    let (numerator, denominator) = determinants(&integers.ring, &integers.a, weights);
    // The coefficient of z^k is a sum of products of k entries.
    let polynomial = |coefficients: Vec<super::ring::Surd>| {
        let mut power = BigInt::one();
        let mut numbers = Vec::new();
        for c in coefficients {
            let ratio = |n: BigInt| BigRational::new(n, power.clone());
            numbers.push(Number::new(ratio(c.p), ratio(c.q), integers.ring.radicand));
            power *= &integers.denominator;
        }
        Polynomial::new(numbers)
    };
    (polynomial(numerator), polynomial(denominator))
}

fn rounded(table: &Coefficients, residual: f64) -> (Polynomial, Polynomial) {
    let (a, weights) = table.to_fixed(BITS);
    let (numerator, denominator) = determinants(&Fixed { bits: BITS }, &a, &weights[0]);
    let polynomial = |coefficients: Vec<BigInt>, negligible: &dyn Fn(usize) -> BigInt| {
        let mut coefficients = coefficients;
        while coefficients.last().is_some_and(|c| c.magnitude() <= negligible(coefficients.len() - 1).magnitude()) {
            coefficients.pop();
        }
        let number = |c: BigInt| Number::rational(BigRational::new(c, BigInt::one() << BITS));
        Polynomial::new(coefficients.into_iter().map(number).collect())
    };
    let noise = BigInt::one() << (BITS / 4);
    let denominator = polynomial(denominator, &|_| noise.clone());
    // R vanishes at infinity if the leading coefficient of N is no more than rounding beside that of D.
    let share = Number::rational(BigRational::from_float(residual * 1e4).unwrap_or_default());
    let negligible = |k: usize| match denominator.coefficients().get(k) {
        Some(d) if k > 0 => (&d.abs() * &share).to_fixed(BITS).max(noise.clone()),
        _ => noise.clone(),
    };
    (polynomial(numerator, &negligible), denominator.clone())
}

/// `det(I − z a + z e bᵀ)` and `det(I − z a)`, constant terms first.
///
/// The second by Faddeev and LeVerrier's recursion; the first from `N/D = 1 + Σ_k z^k bᵀ a^{k−1} e`.
fn determinants<R: Ring>(ring: &R, a: &[Vec<R::Element>], b: &[R::Element]) -> (Vec<R::Element>, Vec<R::Element>) {
    let stages = b.len();
    let mut denominator = vec![ring.one()];
    let is_explicit = a.iter().enumerate().all(|(i, row)| row[i..].iter().all(|entry| *entry == ring.zero()));
    if is_explicit {
        denominator.resize(stages + 1, ring.zero());
    } else {
        // Columns of a M_k.
        let mut columns: Vec<Vec<_>> = (0..stages).map(|j| a.iter().map(|row| row[j].clone()).collect()).collect();
        for k in 1..=stages {
            let trace = (0..stages).fold(ring.zero(), |sum, i| ring.add(&sum, &columns[i][i]));
            let coefficient = ring.neg(&ring.div(&trace, k as u32));
            for (j, column) in columns.iter_mut().enumerate() {
                column[j] = ring.add(&column[j], &coefficient);
                *column = a.iter().map(|row| ring.dot(row, column)).collect();
            }
            denominator.push(coefficient);
        }
    }
    let mut series = vec![ring.one()];
    let mut power = vec![ring.one(); stages];
    for _ in 0..stages {
        series.push(ring.dot(b, &power));
        power = a.iter().map(|row| ring.dot(row, &power)).collect();
    }
    let term =
        |k: usize| (0..=k).fold(ring.zero(), |sum, i| ring.add(&sum, &ring.mul(&denominator[i], &series[k - i])));
    ((0..=stages).map(term).collect(), denominator)
}

/// The end of `|R(−x)| ≤ 1`: the first sign change of `D − N` or of `D + N`.
fn on_real_axis(n: &Polynomial, d: &Polynomial) -> f64 {
    let (n, d) = (n.reflect(), d.reflect());
    [d.sub(&n), d.add(&n)].iter().map(end_of_positivity).fold(f64::INFINITY, f64::min)
}

/// The end of `|R(iy)| ≤ 1`: with `w = y²`, the first sign change of `|D|² − |N|²`.
fn on_imaginary_axis(n: &Polynomial, d: &Polynomial, order: usize, residual: f64) -> f64 {
    let mut difference = square_modulus(d).sub(&square_modulus(n));
    if residual != 0.0 {
        // |R(iy)|² = 1 + O(y^{order + 1})
        let vanishing = order / 2 + 1;
        let coefficients = difference.coefficients().iter().enumerate();
        difference = Polynomial::new(
            coefficients.map(|(k, c)| if k < vanishing { Number::zero() } else { c.clone() }).collect(),
        );
    } else if d.degree() > 0 {
        difference = difference.odd_part_past_zero();
    }
    end_of_positivity(&difference).sqrt()
}

/// `|p(iy)|²` as a polynomial in `w = y²`.
fn square_modulus(p: &Polynomial) -> Polynomial {
    let part = |offset: usize| {
        let terms = p.coefficients().iter().skip(offset).step_by(2).enumerate();
        Polynomial::new(terms.map(|(k, c)| if k % 2 == 1 { -c } else { c.clone() }).collect())
    };
    let (even, odd) = (part(0), part(1));
    let w = Polynomial::new(vec![Number::zero(), Number::one()]);
    even.mul(&even).add(&w.mul(&odd.mul(&odd)))
}

/// Where a polynomial first becomes negative for `x > 0`; 0 if at once.
fn end_of_positivity(p: &Polynomial) -> f64 {
    let Some(first) = p.coefficients().iter().position(|c| !c.is_zero()) else { return f64::INFINITY };
    let rest = &p.coefficients()[first..];
    if rest[0].signum() == Ordering::Less {
        return 0.0;
    }
    first_change(&Polynomial::new(rest.to_vec()).to_fixed(BITS)).unwrap_or(f64::INFINITY)
}

impl Polynomial {
    /// The odd part of the polynomial with its roots at zero divided out; the same signs for `x > 0`.
    fn odd_part_past_zero(&self) -> Self {
        let roots = self.coefficients().iter().take_while(|c| c.is_zero()).count();
        Self::new(self.coefficients()[roots..].to_vec()).odd_part()
    }
}
