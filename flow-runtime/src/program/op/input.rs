//! An input of the model, as it came.

use super::rule::{Arguments, Mismatch, Rule, Signature};
use crate::{error::Result, program::gradient::Reverse};

/// Rule of [`Op::Input`](super::Op::Input).
pub(crate) struct Input {
    pub(crate) index: usize,
}

impl Rule for Input {
    fn name(&self) -> &'static str {
        "input"
    }

    // That the shape is the declared one is known to the program alone; see `program/check.rs`.
    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [] = signature.operands()?;
        let [] = signature.parameters()?;
        Ok(())
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        out.copy_from_slice(arguments.inputs[self.index]);
        Ok(())
    }

    // The cotangent of the state is read off at the end of the sweep.
    fn pullback(&self, _: &mut Reverse) -> Result<()> {
        Ok(())
    }
}
