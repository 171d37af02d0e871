//! The value of an expression.

use super::{Expression, Function, Operator};
use std::f64::consts::PI;

impl Expression {
    /// The value at `t`; NaN or infinite where the mathematics has none.
    pub(crate) fn evaluate(&self, t: f64, parameters: &[f64]) -> f64 {
        match self {
            Self::Number(a) => *a,
            Self::Pi => PI,
            Self::Time => t,
            Self::Parameter(index) => parameters.get(*index).copied().unwrap_or(f64::NAN),
            Self::Negate(x) => -x.evaluate(t, parameters),
            Self::Binary(operator, x, y) => {
                let (x, y) = (x.evaluate(t, parameters), y.evaluate(t, parameters));
                match operator {
                    Operator::Add => x + y,
                    Operator::Subtract => x - y,
                    Operator::Multiply => x * y,
                    Operator::Divide => x / y,
                }
            }
            Self::Call(function, x) => function.evaluate(x.evaluate(t, parameters)),
            Self::Power(x, y) => x.evaluate(t, parameters).powf(y.evaluate(t, parameters)),
        }
    }
}

impl Function {
    pub(super) fn evaluate(self, x: f64) -> f64 {
        match self {
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tan => x.tan(),
            Self::Tanh => x.tanh(),
            Self::Exp => x.exp(),
            Self::Ln => x.ln(),
            Self::Sqrt => x.sqrt(),
        }
    }
}
