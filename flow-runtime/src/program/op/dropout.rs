//! `dropout`: while training, `y = 0` with probability `p`, else `x / (1 − p)` (Srivastava et al. 2014); else `y = x`.
//!
//! Which elements are zero is a matter of the seed, the step and the element alone; see
//! [`dropout_index`](crate::program::dropout_index).

use super::{
    Op,
    rule::{Arguments, Mismatch, Rule, Signature},
};
use crate::{error::Result, program::gradient::Reverse};

/// Rule of [`Op::Dropout`].
pub(crate) struct Dropout {
    pub(crate) p: f64,
}

/// Rule of [`Op::DropoutPullback`]: what the dropout of that ordinal does to its operand.
pub(crate) struct DropoutPullback {
    pub(crate) p: f64,
    pub(crate) ordinal: u64,
}

impl Rule for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("p", self.p)]
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let x = signature.unary()?;
        signature.result_is(x)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        mask(self.p, arguments, out);
        Ok(())
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        let op = Op::DropoutPullback { p: self.p, ordinal: reverse.dropout_ordinal() };
        reverse.pull_operand(0, op, &[reverse.cotangent()], &[]);
        Ok(())
    }

    fn deterministic(&self) -> bool {
        false
    }
}

impl Rule for DropoutPullback {
    fn name(&self) -> &'static str {
        "dropout_pullback"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("ordinal", self.ordinal as f64), ("p", self.p)]
    }

    // That there is such a dropout is known to the program alone; see `program/check.rs`.
    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let dy = signature.unary()?;
        signature.result_is(dy)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        mask(self.p, arguments, out);
        Ok(())
    }

    fn deterministic(&self) -> bool {
        false
    }
}

fn mask(p: f64, arguments: &Arguments<'_>, out: &mut [f64]) {
    for (element, (out, x)) in out.iter_mut().zip(arguments.operands[0]).enumerate() {
        *out = match arguments.keep {
            None => *x,
            Some(keep) if keep(element, p) => x / (1.0 - p),
            Some(_) => 0.0,
        };
    }
}
