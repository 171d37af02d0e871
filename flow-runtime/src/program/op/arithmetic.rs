//! `+ - *` of two operands of one shape, and `factor · x`, `x + term` with a number.

use super::{
    Op,
    pointwise::Pointwise,
    rule::{Arguments, Mismatch, Rule, Signature, same},
};
use crate::{error::Result, program::gradient::Reverse};

/// Rule of [`Op::Add`]: `x + y`.
pub(crate) struct Add;
/// Rule of [`Op::Sub`]: `x − y`.
pub(crate) struct Sub;
/// Rule of [`Op::Mul`]: `x · y`.
pub(crate) struct Mul;
/// Rule of [`Op::Scale`]: `factor · x`.
pub(crate) struct Scale {
    pub(crate) factor: f64,
}
/// Rule of [`Op::Shift`]: `x + term`.
pub(crate) struct Shift {
    pub(crate) term: f64,
}

impl Rule for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        check_pair(signature)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        zip(arguments, out, |x, y| x + y)
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        let dy = reverse.cotangent();
        reverse.add_operand(0, dy);
        reverse.add_operand(1, dy);
        Ok(())
    }
}

impl Rule for Sub {
    fn name(&self) -> &'static str {
        "sub"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        check_pair(signature)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        zip(arguments, out, |x, y| x - y)
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        let dy = reverse.cotangent();
        reverse.add_operand(0, dy);
        reverse.pull_operand(1, Op::Scale(-1.0), &[dy], &[]);
        Ok(())
    }
}

impl Rule for Mul {
    fn name(&self) -> &'static str {
        "mul"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        check_pair(signature)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        zip(arguments, out, |x, y| x * y)
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        let (x, y, dy) = (reverse.operand(0), reverse.operand(1), reverse.cotangent());
        reverse.pull_operand(0, Op::Mul, &[dy, y], &[]);
        reverse.pull_operand(1, Op::Mul, &[dy, x], &[]);
        Ok(())
    }
}

impl Pointwise for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("factor", self.factor)]
    }

    fn value(&self, x: f64) -> f64 {
        self.factor * x
    }

    fn pullback(&self, reverse: &mut Reverse) {
        reverse.pull_operand(0, Op::Scale(self.factor), &[reverse.cotangent()], &[]);
    }
}

impl Pointwise for Shift {
    fn name(&self) -> &'static str {
        "shift"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("term", self.term)]
    }

    fn value(&self, x: f64) -> f64 {
        x + self.term
    }

    fn pullback(&self, reverse: &mut Reverse) {
        reverse.add_operand(0, reverse.cotangent());
    }
}

fn check_pair(signature: &Signature<'_>) -> Result<(), Mismatch> {
    let [] = signature.parameters()?;
    let [x, y] = signature.operands()?;
    same("the second operand", y, x)?;
    signature.result_is(x)
}

fn zip(arguments: &Arguments<'_>, out: &mut [f64], f: impl Fn(f64, f64) -> f64) -> Result<()> {
    for (out, (x, y)) in out.iter_mut().zip(arguments.operands[0].iter().zip(arguments.operands[1])) {
        *out = f(*x, *y);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::program::{Op, op::rule::value_of};

    #[test]
    fn pairs_and_numbers() {
        let (x, y): (&[f64], &[f64]) = (&[1.5, -2.0, 0.0], &[4.0, 0.25, -3.0]);
        assert_eq!(value_of(Op::Add, &[x, y], &[], &[3]), [5.5, -1.75, -3.0]);
        assert_eq!(value_of(Op::Sub, &[x, y], &[], &[3]), [-2.5, -2.25, 3.0]);
        assert_eq!(value_of(Op::Mul, &[x, y], &[], &[3]), [6.0, -0.5, 0.0]);
        assert_eq!(value_of(Op::Scale(-2.0), &[x], &[], &[3]), [-3.0, 4.0, 0.0]);
        assert_eq!(value_of(Op::Shift(0.5), &[x], &[], &[3]), [2.0, -1.5, 0.5]);
    }
}
