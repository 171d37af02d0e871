//! `embedding`: the row of a table for a class; label `[]`, `weight: [classes, dim]`, result `[dim]`.

use super::{
    Op,
    rule::{Arguments, Mismatch, Rule, Signature, last, same},
};
use crate::{error::Result, program::gradient::Reverse};

/// Rule of [`Op::Embedding`].
pub(crate) struct Embedding;

/// Rule of [`Op::Scatter`]: `dy` in the row of the label, zero elsewhere.
pub(crate) struct Scatter {
    pub(crate) classes: usize,
}

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

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        if reverse.wants_parameter(0) {
            let (shape, label, dy) = (reverse.parameter_shape(0), reverse.operand(0), reverse.cotangent());
            let share = reverse.emit(Op::Scatter { classes: shape[0] }, &[label, dy], shape, &[]);
            reverse.add_parameter(0, share);
        }
        Ok(())
    }
}

impl Rule for Scatter {
    fn name(&self) -> &'static str {
        "scatter"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("classes", self.classes as f64)]
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [] = signature.parameters()?;
        let [label, dy] = signature.operands()?;
        same("the first operand (a class)", label, &[])?;
        signature.result_is(&[self.classes, last(dy)])?;
        same("the cotangent", dy, &[last(dy)])
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let (label, dy) = (arguments.operands[0][0] as usize, arguments.operands[1]);
        out.fill(0.0);
        for (out, dy) in out.iter_mut().skip(label * dy.len()).zip(dy) {
            *out = *dy;
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

    #[test]
    fn scatter_is_a_table_of_one_row() {
        let op = Op::Scatter { classes: 3 };
        assert_eq!(value_of(op, &[&[1.0], &[5.0, 6.0]], &[], &[3, 2]), [0.0, 0.0, 5.0, 6.0, 0.0, 0.0]);
    }
}
