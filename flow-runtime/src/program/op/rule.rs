//! What the file of an op says about it.

use crate::{
    error::{Error, Result},
    program::{Node, gradient::Reverse},
};

/// Everything the crate asks of one op. Rules carry the attributes of their op and nothing else.
pub(crate) trait Rule {
    /// Name in `flow_model!`.
    fn name(&self) -> &'static str;

    /// Attributes as `(key, value)`, in the order in which they are written; they must be finite.
    fn attributes(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// Whether the operands, the parameters and the result fit each other.
    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch>;

    /// Writes the value for one sample.
    ///
    /// # Errors
    /// [`Error::Device`] if only another engine can compute it.
    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()>;

    /// Reverse mode: adds the cotangents of the operands and the shares of the parameters, of those that are wanted,
    /// given the cotangent of the result.
    ///
    /// # Errors
    /// If the op has no derivative that a program could hold; so it is for the ops of reverse mode themselves.
    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        Err(Error::Invalid {
            operation: "differentiating a program",
            what: format!("node {} (`{}`)", reverse.result(), self.name()),
            got: "an op without a derivative".to_owned(),
            expected: "ops of `flow_model!`".to_owned(),
            help: "second derivatives are not built; differentiate the program of the model".to_owned(),
        })
    }

    /// Equal operands give equal values in every sample of a batch.
    fn deterministic(&self) -> bool {
        true
    }
}

/// The shapes that meet in a node, without the batch.
pub(crate) struct Signature<'a> {
    pub(crate) operands: &'a [&'a [usize]],
    pub(crate) parameters: &'a [&'a [usize]],
    pub(crate) result: &'a [usize],
}

/// What is needed to compute the value of a node for one sample.
pub(crate) struct Arguments<'a> {
    pub(crate) node: &'a Node,
    /// Values of the operands.
    pub(crate) operands: &'a [&'a [f64]],
    /// Values of the parameters.
    pub(crate) parameters: &'a [&'a [f64]],
    /// The inputs of the model for this sample; a class is its label.
    pub(crate) inputs: &'a [&'a [f64]],
    /// While training: whether dropout keeps an element, which it is asked for with its probability of zero.
    pub(crate) keep: Option<&'a dyn Fn(usize, f64) -> bool>,
}

impl Arguments<'_> {
    /// Length of the result's last axis.
    pub(crate) fn width(&self) -> usize {
        last(self.node.shape).max(1)
    }
}

/// Two shapes that do not fit, or a wrong number of operands or parameters.
#[derive(Debug)]
pub(crate) struct Mismatch {
    pub(crate) what: String,
    pub(crate) got: String,
    pub(crate) expected: String,
}

impl Mismatch {
    /// `what` has shape `got` where `expected` fits.
    pub(crate) fn shape(what: impl Into<String>, got: &[usize], expected: &[usize]) -> Self {
        Self { what: what.into(), got: format!("{got:?}"), expected: format!("{expected:?}") }
    }
}

impl<'a> Signature<'a> {
    /// The operands, if there are `N` of them.
    pub(crate) fn operands<const N: usize>(&self) -> Result<[&'a [usize]; N], Mismatch> {
        exactly(self.operands, "operand")
    }

    /// The parameters, if there are `N` of them.
    pub(crate) fn parameters<const N: usize>(&self) -> Result<[&'a [usize]; N], Mismatch> {
        exactly(self.parameters, "parameter")
    }

    /// The one operand of an op without parameters.
    pub(crate) fn unary(&self) -> Result<&'a [usize], Mismatch> {
        let [] = self.parameters()?;
        let [x] = self.operands()?;
        Ok(x)
    }

    /// The result's shape is `expected`.
    pub(crate) fn result_is(&self, expected: &[usize]) -> Result<(), Mismatch> {
        same("the result", self.result, expected)
    }
}

fn exactly<'a, const N: usize>(shapes: &[&'a [usize]], noun: &str) -> Result<[&'a [usize]; N], Mismatch> {
    shapes.try_into().map_err(|_| Mismatch {
        what: format!("the list of {noun}s"),
        got: format!("{} {noun}{}", shapes.len(), if shapes.len() == 1 { "" } else { "s" }),
        expected: N.to_string(),
    })
}

/// `got` is `expected`, else a mismatch about `what`.
pub(crate) fn same(what: &str, got: &[usize], expected: &[usize]) -> Result<(), Mismatch> {
    if got == expected { Ok(()) } else { Err(Mismatch::shape(what, got, expected)) }
}

/// Last axis and what is before it; a shape without axes has none.
pub(crate) fn split_last<'a>(what: &str, shape: &'a [usize]) -> Result<(usize, &'a [usize]), Mismatch> {
    shape.split_last().map(|(last, rest)| (*last, rest)).ok_or_else(|| Mismatch {
        what: what.to_owned(),
        got: "[]".to_owned(),
        expected: "at least one axis".to_owned(),
    })
}

/// Length of the last axis, 1 without axes.
pub(crate) fn last(shape: &[usize]) -> usize {
    shape.last().copied().unwrap_or(1)
}

/// The value of an op by itself, for the tests of its family.
#[cfg(test)]
pub(crate) fn value_of(
    op: crate::program::Op,
    operands: &[&[f64]],
    parameters: &[&[f64]],
    shape: &'static [usize],
) -> Vec<f64> {
    let node = Node { name: "", op, inputs: &[], shape, parameters: &[], batch_invariant: false };
    let mut out = vec![f64::NAN; node.size()];
    let arguments = Arguments { node: &node, operands, parameters, inputs: &[], keep: None };
    op.rule(|rule| rule.evaluate(&arguments, &mut out)).unwrap();
    out
}
