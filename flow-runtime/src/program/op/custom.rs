//! `custom(Module)`: a dfdx module of the user's, whose formula only dfdx knows.

use super::rule::{Arguments, Mismatch, Rule, Signature};
use crate::{
    error::{Error, Result},
    program::gradient::Reverse,
};

/// Rule of [`Op::Custom`](super::Op::Custom).
pub(crate) struct Custom {
    pub(crate) module: &'static str,
}

impl Rule for Custom {
    fn name(&self) -> &'static str {
        "custom"
    }

    // dfdx checks the shapes of the module by its types; its parameters are not the program's.
    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        signature.unary().map(|_| ())
    }

    fn evaluate(&self, _: &Arguments<'_>, _: &mut [f64]) -> Result<()> {
        Err(Error::Device {
            asked: "reference".to_owned(),
            found: format!("`custom({})`, a dfdx module, which this engine cannot evaluate", self.module),
            help: "run the model on the dfdx engine (`--device dfdx`, feature `dfdx`), or write the layer in \
                   `flow_model!`"
                .to_owned(),
        })
    }

    fn pullback(&self, _: &mut Reverse) -> Result<()> {
        Err(Error::Device {
            asked: "gradient".to_owned(),
            found: format!("`custom({})`, a dfdx module, whose derivative only dfdx knows", self.module),
            help: "train the model on the dfdx engine (`--device dfdx`, feature `dfdx`), or write the layer in \
                   `flow_model!`"
                .to_owned(),
        })
    }

    // A module may hold dropout or batch statistics.
    fn deterministic(&self) -> bool {
        false
    }
}
