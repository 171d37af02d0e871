//! `embedding`: the row of a table for a class; label `[]`, `weight: [classes, dim]`, result `[dim]`.

use super::rule::{Arguments, Mismatch, Rule, Signature, same};
use crate::error::Result;

/// Rule of [`Op::Embedding`](super::Op::Embedding).
pub(crate) struct Embedding;

impl Rule for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [label] = signature.operands()?;
        same("the operand (a class)", label, &[])?;
        let [weight] = signature.parameters()?;
        match (weight, signature.result) {
            ([_, dim], [width]) if dim == width => Ok(()),
            _ => Err(Mismatch {
                what: "the result".to_owned(),
                got: format!("{:?}", signature.result),
                expected: format!("[dim] with a table [classes, dim], not {weight:?}"),
            }),
        }
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        // Labels were checked against the number of classes when they came in, and are exact in f64.
        let label = arguments.operands[0][0] as usize;
        let width = out.len();
        for (out, value) in out.iter_mut().zip(arguments.parameters[0].iter().skip(label * width)) {
            *out = *value;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::program::{Op, op::rule::value_of};

    #[test]
    fn is_a_row_of_the_table() {
        let table = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(value_of(Op::Embedding, &[&[2.0]], &[&table], &[2]), [5.0, 6.0]);
        assert_eq!(value_of(Op::Embedding, &[&[0.0]], &[&table], &[3]), [1.0, 2.0, 3.0]);
    }
}
