//! What is common to the ops that map every element by itself.

use super::{
    Op,
    rule::{Arguments, Mismatch, Rule, Signature},
};
use crate::{error::Result, program::gradient::Reverse};

/// An op that maps every element by itself.
pub(crate) trait Pointwise {
    /// Name in `flow_model!`.
    fn name(&self) -> &'static str;

    /// As [`Rule::attributes`].
    fn attributes(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// The value at `x`.
    fn value(&self, x: f64) -> f64;

    /// As [`Rule::pullback`]; without another word that of an activation.
    fn pullback(&self, reverse: &mut Reverse) {
        if let Some(activation) = reverse.node().op.activation() {
            let source = if activation.from_result() { reverse.result() } else { reverse.operand(0) };
            reverse.pull_operand(0, Op::Pullback(activation), &[source, reverse.cotangent()], &[]);
        }
    }
}

/// A [`Pointwise`] op that is an [`Activation`](super::Activation).
pub(crate) trait Differentiable: Pointwise {
    /// The derivative at `x`, given the value there if it [`needs_result`](Differentiable::needs_result), else `x`.
    fn derivative(&self, source: f64) -> f64;

    /// Whether the derivative is a function of the value, so that `x` may be overwritten.
    fn needs_result(&self) -> bool {
        false
    }
}

impl<P: Pointwise> Rule for P {
    fn name(&self) -> &'static str {
        Pointwise::name(self)
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        Pointwise::attributes(self)
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let x = signature.unary()?;
        signature.result_is(x)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        for (out, x) in out.iter_mut().zip(arguments.operands[0]) {
            *out = self.value(*x);
        }
        Ok(())
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        Pointwise::pullback(self, reverse);
        Ok(())
    }
}
