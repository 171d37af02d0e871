//! The derivative with respect to `t`, simplified as it is built.

use super::{Expression, Function, Operator};

impl Expression {
    /// `d/dt` of the expression.
    pub(crate) fn derivative(&self) -> Self {
        match self {
            Self::Number(_) | Self::Pi | Self::Parameter(_) => Self::Number(0.0),
            Self::Time => Self::Number(1.0),
            Self::Negate(x) => Self::negate(x.derivative()),
            Self::Binary(operator, x, y) => derive_binary(*operator, x, y),
            Self::Call(function, x) => derive_call(*function, x),
            Self::Power(x, y) => derive_power(x, y),
        }
    }
}

fn derive_binary(operator: Operator, x: &Expression, y: &Expression) -> Expression {
    let (dx, dy) = (x.derivative(), y.derivative());
    match operator {
        Operator::Add => Expression::add(dx, dy),
        Operator::Subtract => Expression::subtract(dx, dy),
        Operator::Multiply => Expression::add(Expression::multiply(dx, y.clone()), Expression::multiply(x.clone(), dy)),
        Operator::Divide if !y.depends_on_time() => Expression::divide(dx, y.clone()),
        Operator::Divide => Expression::divide(
            Expression::subtract(Expression::multiply(dx, y.clone()), Expression::multiply(x.clone(), dy)),
            square(y.clone()),
        ),
    }
}

fn derive_call(function: Function, x: &Expression) -> Expression {
    let dx = x.derivative();
    let itself = || Expression::call(function, x.clone());
    match function {
        Function::Sin => Expression::multiply(dx, Expression::call(Function::Cos, x.clone())),
        Function::Cos => Expression::negate(Expression::multiply(dx, Expression::call(Function::Sin, x.clone()))),
        Function::Tan => Expression::divide(dx, square(Expression::call(Function::Cos, x.clone()))),
        Function::Tanh => {
            let slope = Expression::subtract(Expression::Number(1.0), square(itself()));
            Expression::multiply(dx, slope)
        }
        Function::Exp => Expression::multiply(dx, itself()),
        Function::Ln => Expression::divide(dx, x.clone()),
        Function::Sqrt => Expression::divide(dx, Expression::multiply(Expression::Number(2.0), itself())),
    }
}

/// `d x^y = y x^(y−1) dx + ln(x) x^y dy`; a part whose factor does not move is left out, and with it the domain that
/// it alone would need (`ln` of a negative base).
fn derive_power(x: &Expression, y: &Expression) -> Expression {
    let (dx, dy) = (x.derivative(), y.derivative());
    let lowered = Expression::power(x.clone(), Expression::subtract(y.clone(), Expression::Number(1.0)));
    let from_base = Expression::multiply(Expression::multiply(y.clone(), dx), lowered);
    let from_exponent = Expression::multiply(
        Expression::multiply(dy, Expression::call(Function::Ln, x.clone())),
        Expression::power(x.clone(), y.clone()),
    );
    Expression::add(from_base, from_exponent)
}

fn square(x: Expression) -> Expression {
    Expression::power(x, Expression::Number(2.0))
}
