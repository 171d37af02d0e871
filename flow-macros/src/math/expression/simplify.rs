//! Constructors that simplify as they build: `0·x`, `1·x`, folded constants, signs pulled outwards.
//!
//! A structural zero wins over whatever it multiplies, as in mathematics, even where the other factor has a pole.

use super::{Expression, Function, Operator};
use Expression::{Binary, Call, Negate, Number, Power};

impl Expression {
    /// The same function, built anew by the constructors below.
    pub(crate) fn simplified(&self) -> Self {
        match self {
            Self::Number(_) | Self::Pi | Self::Time | Self::Parameter(_) => self.clone(),
            Negate(x) => Self::negate(x.simplified()),
            Binary(Operator::Add, x, y) => Self::add(x.simplified(), y.simplified()),
            Binary(Operator::Subtract, x, y) => Self::subtract(x.simplified(), y.simplified()),
            Binary(Operator::Multiply, x, y) => Self::multiply(x.simplified(), y.simplified()),
            Binary(Operator::Divide, x, y) => Self::divide(x.simplified(), y.simplified()),
            Call(function, x) => Self::call(*function, x.simplified()),
            Power(x, y) => Self::power(x.simplified(), y.simplified()),
        }
    }

    /// Constant folding that never hides a pole: what is not finite stays as it was written.
    fn fold(value: f64, otherwise: impl FnOnce() -> Self) -> Self {
        if value.is_finite() { Number(value) } else { otherwise() }
    }

    pub(super) fn negate(x: Self) -> Self {
        match x {
            Number(a) => Number(0.0 - a),
            Negate(x) => *x,
            Binary(Operator::Subtract, x, y) => Self::subtract(*y, *x),
            x => Negate(Box::new(x)),
        }
    }

    pub(super) fn add(x: Self, y: Self) -> Self {
        match (x, y) {
            (Number(a), Number(b)) => Self::fold(a + b, || binary(Operator::Add, Number(a), Number(b))),
            (Number(0.0), x) | (x, Number(0.0)) => x,
            (x, Negate(y)) => Self::subtract(x, *y),
            (Negate(x), y) => Self::subtract(y, *x),
            (x, Number(a)) if a < 0.0 => Self::subtract(x, Number(-a)),
            (x, y) if x == y => Self::multiply(Number(2.0), x),
            (x, y) => binary(Operator::Add, x, y),
        }
    }

    pub(super) fn subtract(x: Self, y: Self) -> Self {
        match (x, y) {
            (Number(a), Number(b)) => Self::fold(a - b, || binary(Operator::Subtract, Number(a), Number(b))),
            (x, Number(0.0)) => x,
            (Number(0.0), y) => Self::negate(y),
            (x, Negate(y)) => Self::add(x, *y),
            (x, Number(a)) if a < 0.0 => Self::add(x, Number(-a)),
            (x, y) if x == y => Number(0.0),
            (x, y) => binary(Operator::Subtract, x, y),
        }
    }

    pub(super) fn multiply(x: Self, y: Self) -> Self {
        match (x, y) {
            (Number(a), Number(b)) => Self::fold(a * b, || binary(Operator::Multiply, Number(a), Number(b))),
            (Number(0.0), _) | (_, Number(0.0)) => Number(0.0),
            (Number(1.0), x) | (x, Number(1.0)) => x,
            (Number(-1.0), x) | (x, Number(-1.0)) => Self::negate(x),
            (Negate(x), y) | (y, Negate(x)) => Self::negate(Self::multiply(*x, y)),
            (Number(a), x) | (x, Number(a)) => Self::scale(a, x),
            (x, y) => match leading_factor(x) {
                // The number goes to the front, so that the numbers of a product meet and fold.
                (Some(a), x) => Self::scale(a, Self::multiply(x, y)),
                (None, x) => match leading_factor(y) {
                    (Some(a), y) => Self::scale(a, Self::multiply(x, y)),
                    (None, y) => binary(Operator::Multiply, x, y),
                },
            },
        }
    }

    /// `a · x` for a number that is neither 0 nor ±1.
    fn scale(a: f64, x: Self) -> Self {
        match leading_factor(x) {
            (Some(b), x) if (a * b).is_finite() && a * b != 0.0 => Self::multiply(Number(a * b), x),
            (Some(b), x) => binary(Operator::Multiply, Number(a), binary(Operator::Multiply, Number(b), x)),
            (None, x) => binary(Operator::Multiply, Number(a), x),
        }
    }

    pub(super) fn divide(x: Self, y: Self) -> Self {
        match (x, y) {
            (Number(a), Number(b)) => Self::fold(a / b, || binary(Operator::Divide, Number(a), Number(b))),
            (Number(0.0), _) => Number(0.0),
            (x, Number(1.0)) => x,
            (x, Number(-1.0)) => Self::negate(x),
            (Negate(x), y) => Self::negate(Self::divide(*x, y)),
            (x, Negate(y)) => Self::negate(Self::divide(x, *y)),
            (x, y) => match (leading_factor(x), leading_factor(y)) {
                ((Some(a), x), (Some(b), y)) if (a / b).is_finite() && a != b => {
                    Self::multiply(Number(a / b), Self::divide(x, y))
                }
                ((Some(a), x), (Some(b), y)) if a == b && b != 0.0 => Self::divide(x, y),
                ((a, x), (b, y)) => binary(Operator::Divide, restore(a, x), restore(b, y)),
            },
        }
    }

    pub(super) fn power(base: Self, exponent: Self) -> Self {
        match (base, exponent) {
            (Number(a), Number(b)) => Self::fold(a.powf(b), || Power(Box::new(Number(a)), Box::new(Number(b)))),
            (_, Number(0.0)) => Number(1.0),
            (x, Number(1.0)) => x,
            (Number(1.0), _) => Number(1.0),
            (x, y) => Power(Box::new(x), Box::new(y)),
        }
    }

    pub(super) fn call(function: Function, x: Self) -> Self {
        match x {
            Number(a) => Self::fold(function.evaluate(a), || Call(function, Box::new(Number(a)))),
            x => Call(function, Box::new(x)),
        }
    }
}

fn binary(operator: Operator, x: Expression, y: Expression) -> Expression {
    Binary(operator, Box::new(x), Box::new(y))
}

/// `a · x` as `(a, x)`.
fn leading_factor(x: Expression) -> (Option<f64>, Expression) {
    match x {
        Binary(Operator::Multiply, a, x) => match *a {
            Number(a) => (Some(a), *x),
            a => (None, Binary(Operator::Multiply, Box::new(a), x)),
        },
        x => (None, x),
    }
}

fn restore(factor: Option<f64>, x: Expression) -> Expression {
    match factor {
        Some(a) => binary(Operator::Multiply, Number(a), x),
        None => x,
    }
}
