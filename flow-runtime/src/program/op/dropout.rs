//! `dropout`: while training, `y = 0` with probability `p`, else `x / (1 − p)` (Srivastava et al. 2014); else `y = x`.
//!
//! Which elements are zero is a matter of the seed, the step and the element alone; see
//! [`dropout_index`](crate::program::dropout_index).

use super::rule::{Arguments, Mismatch, Rule, Signature};
use crate::error::Result;

/// Rule of [`Op::Dropout`](super::Op::Dropout).
pub(crate) struct Dropout {
    pub(crate) p: f64,
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
        for (element, (out, x)) in out.iter_mut().zip(arguments.operands[0]).enumerate() {
            *out = match arguments.keep {
                None => *x,
                Some(keep) if keep(element, self.p) => x / (1.0 - self.p),
                Some(_) => 0.0,
            };
        }
        Ok(())
    }

    fn deterministic(&self) -> bool {
        false
    }
}
