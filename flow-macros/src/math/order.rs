//! Order conditions of a tableau, all of them at once.
//!
//! Every elementary weight is computed first in fixed-point arithmetic of over a hundred digits. That is enough for
//! rounded coefficients, and to see most conditions fail; what is zero to that precision is then computed exactly.

use super::{
    number::Number,
    ring::{Fixed, Ring, Surd, Surds},
    round::nearest_fixed,
    tree::Trees,
};
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// What a tableau consists of; `a` is square.
#[derive(Clone, Debug)]
pub(crate) struct Coefficients {
    pub(crate) a: Vec<Vec<Number>>,
    pub(crate) b: Vec<Number>,
    pub(crate) c: Vec<Number>,
    pub(crate) b_hat: Option<Vec<Number>>,
}

impl Coefficients {
    pub(crate) fn stages(&self) -> usize {
        self.b.len()
    }

    /// `b`, and `b_hat` if there is one.
    pub(crate) fn weights(&self) -> impl Iterator<Item = &Vec<Number>> {
        std::iter::once(&self.b).chain(&self.b_hat)
    }

    /// Every coefficient.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Number> {
        self.a.iter().chain(self.weights()).chain([&self.c]).flatten()
    }

    /// The number under the root, if there is one.
    pub(crate) fn radicand(&self) -> Option<u64> {
        self.all().find_map(Number::radicand)
    }

    /// `a` and the weights as integers of `Z[√d]`, and the denominator taken out of them.
    pub(crate) fn to_integers(&self) -> Integers {
        let mut denominator = BigInt::one();
        for number in self.a.iter().chain(self.weights()).flatten() {
            let (p, q) = number.parts();
            denominator = denominator.lcm(p.denom()).lcm(q.denom());
        }
        let surd = |number: &Number| {
            let (p, q) = number.parts();
            let scale = |r: &BigRational| r.numer() * (&denominator / r.denom());
            Surd { p: scale(p), q: scale(q) }
        };
        Integers {
            ring: Surds { radicand: self.radicand().unwrap_or(0) },
            a: self.a.iter().map(|row| row.iter().map(surd).collect()).collect(),
            weights: self.weights().map(|row| row.iter().map(surd).collect()).collect(),
            denominator,
        }
    }

    /// `a` and the weights in fixed point.
    pub(crate) fn to_fixed(&self, bits: u32) -> (Vec<Vec<BigInt>>, Vec<Vec<BigInt>>) {
        let row = |row: &Vec<Number>| row.iter().map(|number| number.to_fixed(bits)).collect();
        (self.a.iter().map(row).collect(), self.weights().map(row).collect())
    }
}

/// Coefficients over one denominator.
pub(crate) struct Integers {
    pub(crate) ring: Surds,
    pub(crate) a: Vec<Vec<Surd>>,
    pub(crate) weights: Vec<Vec<Surd>>,
    pub(crate) denominator: BigInt,
}

/// The weights of a tableau, as rows of [`Conditions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    B = 0,
    BHat = 1,
}

/// When a condition counts as met.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    /// Exactly.
    Exact,
    /// To within this number.
    Within(BigRational),
}

/// The order conditions of a tableau up to some order.
pub(crate) struct Conditions {
    trees: Trees,
    bits: u32,
    /// `Σ b_i φ_i(τ) − 1/γ(τ)` in fixed point, by row and tree.
    residuals: Vec<Vec<BigInt>>,
    /// Whether it is zero, by row and tree; as far as fixed-point arithmetic could not tell.
    zeros: Vec<Vec<bool>>,
}

/// Bits of a residual that rounding cannot have touched.
const PRECISION: u32 = 384;
/// Bits that rounding errors may reach up from the last, beyond what the size of the coefficients explains.
const GUARD: u32 = 32;

impl Conditions {
    /// Computes every elementary weight up to `max_order`.
    pub(crate) fn new(table: &Coefficients, max_order: usize) -> Self {
        let trees = Trees::up_to(max_order);
        let bits = PRECISION + max_order as u32 * growth(table);
        let (a, weights) = table.to_fixed(bits);
        let mut residuals = elementary_weights(&Fixed { bits }, &a, &weights, &trees, max_order);
        for row in &mut residuals {
            for (value, tree) in row.iter_mut().zip(&trees.all) {
                *value -= (BigInt::one() << bits) / tree.density;
            }
        }
        let mut conditions = Self { trees, bits, residuals, zeros: Vec::new() };
        conditions.confirm_zeros(table);
        conditions
    }

    /// Exact arithmetic, up to the order that some row reaches in fixed-point arithmetic.
    fn confirm_zeros(&mut self, table: &Coefficients) {
        let reached = |row: &Vec<BigInt>| {
            let first = row.iter().position(|residual| !self.is_noise(residual));
            first.map_or(self.trees.max_order(), |tree| self.trees.all[tree].order - 1)
        };
        let order = self.residuals.iter().map(reached).max().unwrap_or(0);
        let integers = table.to_integers();
        let sums = elementary_weights(&integers.ring, &integers.a, &integers.weights, &self.trees, order);
        let mut powers = vec![BigInt::one()];
        for k in 0..order {
            powers.push(&powers[k] * &integers.denominator);
        }
        let is_met =
            |(sum, tree): (&Surd, &super::tree::Tree)| sum.q.is_zero() && &sum.p * tree.density == powers[tree.order];
        self.zeros = sums.iter().map(|row| row.iter().zip(&self.trees.all).map(is_met).collect()).collect();
    }

    /// Too small to be told from zero in fixed-point arithmetic.
    fn is_noise(&self, residual: &BigInt) -> bool {
        residual.bits() <= u64::from(self.bits - PRECISION + GUARD)
    }

    pub(crate) fn trees(&self) -> &Trees {
        &self.trees
    }

    fn holds(&self, row: Row, tree: usize, bound: &Bound) -> bool {
        match bound {
            // No row meets all conditions of the orders after those computed exactly; what is zero to a hundred digits
            // there is not to be blamed for it.
            Bound::Exact => match self.zeros[row as usize].get(tree) {
                Some(is_zero) => *is_zero,
                None => self.is_noise(&self.residuals[row as usize][tree]),
            },
            Bound::Within(tolerance) => {
                self.residuals[row as usize][tree].abs() * tolerance.denom() <= tolerance.numer() << self.bits
            }
        }
    }

    /// The largest order whose conditions all hold, as far as they were computed.
    pub(crate) fn order(&self, row: Row, bound: &Bound) -> usize {
        let first = (0..self.trees.all.len()).find(|tree| !self.holds(row, *tree, bound));
        first.map_or(self.trees.max_order(), |tree| self.trees.all[tree].order - 1)
    }

    /// The conditions of that order that do not hold.
    pub(crate) fn failing(&self, row: Row, order: usize, bound: &Bound) -> Vec<usize> {
        self.trees.of_order(order).filter(|tree| !self.holds(row, *tree, bound)).collect()
    }

    /// The largest residual of the conditions up to that order.
    pub(crate) fn largest_residual(&self, row: Row, order: usize) -> f64 {
        (0..self.trees.of_order(order).end).map(|tree| self.residual(row, tree)).fold(0.0, f64::max)
    }

    /// Magnitude of a residual.
    pub(crate) fn residual(&self, row: Row, tree: usize) -> f64 {
        if self.zeros[row as usize].get(tree) == Some(&true) {
            return 0.0;
        }
        nearest_fixed(&self.residuals[row as usize][tree], self.bits).abs()
    }

    /// The value of `Σ b_i φ_i(τ)`: exactly where the denominators are small enough to be read, else to a hundred
    /// digits.
    pub(crate) fn value(&self, table: &Coefficients, row: Row, tree: usize) -> Number {
        let weights = if row == Row::B { Some(&table.b) } else { table.b_hat.as_ref() };
        let integers = table.to_integers();
        if let Some(weights) = weights
            && integers.denominator.bits() * self.trees.all[tree].order as u64 <= 256
        {
            let phi = self.phi(table, tree);
            return weights.iter().zip(&phi).fold(Number::zero(), |sum, (b, phi)| &sum + &(b * phi));
        }
        let value = &self.residuals[row as usize][tree] + (BigInt::one() << self.bits) / self.trees.all[tree].density;
        Number::rational(BigRational::new(value, BigInt::one() << self.bits))
    }

    fn phi(&self, table: &Coefficients, tree: usize) -> Vec<Number> {
        let Some((rest, child)) = self.trees.all[tree].product else {
            return vec![Number::one(); table.stages()];
        };
        let inner = self.phi(table, child);
        let dot = |row: &Vec<Number>| row.iter().zip(&inner).fold(Number::zero(), |sum, (a, phi)| &sum + &(a * phi));
        self.phi(table, rest).iter().zip(&table.a).map(|(phi, row)| phi * &dot(row)).collect()
    }

    /// Principal error norm `sqrt(Σ_{|τ| = order} ((Φ(τ) − 1/γ(τ)) / σ(τ))²)`.
    pub(crate) fn error_norm(&self, row: Row, order: usize) -> f64 {
        let term = |tree| (self.residual(row, tree) / self.trees.all[tree].symmetry as f64).powi(2);
        self.trees.of_order(order).map(term).sum::<f64>().sqrt()
    }
}

/// `Σ_i w_i φ_i(τ)` for every row of weights and every tree up to `order`.
///
/// Trees share the vectors of their factors: `φ(rest ∘ child) = φ(rest) · (a φ(child))`, one product of `a` with a
/// vector a tree.
fn elementary_weights<R: Ring>(
    ring: &R,
    a: &[Vec<R::Element>],
    weights: &[Vec<R::Element>],
    trees: &Trees,
    order: usize,
) -> Vec<Vec<R::Element>> {
    let mut sums = vec![Vec::new(); weights.len()];
    // `phi` of each tree, and `a phi` of each that can be a subtree.
    let mut phi: Vec<Vec<R::Element>> = Vec::new();
    let mut inner: Vec<Vec<R::Element>> = Vec::new();
    for tree in trees.all.iter().take_while(|tree| tree.order <= order) {
        let value = match tree.product {
            None => vec![ring.one(); a.len()],
            Some((0, child)) => inner[child].clone(),
            Some((rest, child)) => phi[rest].iter().zip(&inner[child]).map(|(l, r)| ring.mul(l, r)).collect(),
        };
        for (sums, weights) in sums.iter_mut().zip(weights) {
            sums.push(ring.dot(weights, &value));
        }
        if tree.order < order {
            inner.push(a.iter().map(|row| ring.dot(row, &value)).collect());
        }
        phi.push(value);
    }
    sums
}

/// Bits that a sum over one more stage can gain.
fn growth(table: &Coefficients) -> u32 {
    let size = |row: &Vec<Number>| row.iter().map(|number| number.abs().to_f64()).sum::<f64>();
    let largest = table.a.iter().chain(table.weights()).map(size).fold(1.0, f64::max);
    largest.log2().clamp(0.0, 256.0).ceil() as u32 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rational(p: i64, q: i64) -> Number {
        Number::rational(BigRational::new(p.into(), q.into()))
    }

    fn kutta3() -> Coefficients {
        let row = |entries: [(i64, i64); 3]| entries.map(|(p, q)| rational(p, q)).to_vec();
        Coefficients {
            a: vec![row([(0, 1), (0, 1), (0, 1)]), row([(1, 2), (0, 1), (0, 1)]), row([(-1, 1), (2, 1), (0, 1)])],
            b: row([(1, 6), (2, 3), (1, 6)]),
            c: row([(0, 1), (1, 2), (1, 1)]),
            b_hat: None,
        }
    }

    #[test]
    fn order_is_found() {
        let table = kutta3();
        let conditions = Conditions::new(&table, 5);
        assert_eq!(conditions.order(Row::B, &Bound::Exact), 3);
        assert_eq!(conditions.largest_residual(Row::B, 3), 0.0);
        let failing = conditions.failing(Row::B, 4, &Bound::Exact);
        let text: Vec<_> = failing.iter().map(|tree| conditions.trees().condition(*tree, "b")).collect();
        assert_eq!(text, ["Σ b·c·(a·c) = 1/8", "Σ b·a·a·c = 1/24"]);
        assert_eq!(conditions.value(&table, Row::B, failing[0]), rational(1, 6));
        assert_eq!(conditions.residual(Row::B, failing[0]), 1.0 / 24.0);
    }

    #[test]
    fn a_bound_is_kept_to_the_last_digit() {
        let mut table = kutta3();
        table.b[2] = &table.b[2] + &Number::rational(BigRational::new(1.into(), BigInt::from(10).pow(100)));
        let conditions = Conditions::new(&table, 4);
        assert_eq!(conditions.order(Row::B, &Bound::Exact), 0);
        let within = |power: u32| Bound::Within(BigRational::new(1.into(), BigInt::from(10).pow(power)));
        assert_eq!(conditions.order(Row::B, &within(99)), 3);
        assert_eq!(conditions.order(Row::B, &within(101)), 0);
    }

    /// What fixed-point arithmetic cannot see, exact arithmetic does.
    #[test]
    fn a_residual_below_fixed_point_is_no_zero() {
        let mut table = kutta3();
        table.b[2] = &table.b[2] + &Number::rational(BigRational::new(1.into(), BigInt::from(10).pow(300)));
        assert_eq!(Conditions::new(&table, 4).order(Row::B, &Bound::Exact), 0);
    }
}
