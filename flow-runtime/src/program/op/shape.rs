//! `concat` on the last axis, and `reshape` (of which `flatten` is a case); `slice` and `sum_rows` of reverse mode.

use super::{
    Op,
    rule::{Arguments, Mismatch, Rule, Signature, last, same, split_last},
};
use crate::{error::Result, program::gradient::Reverse};

/// Rule of [`Op::Concat`]: `[.., a], [.., b], … → [.., a + b + …]`.
pub(crate) struct Concat;

/// Rule of [`Op::Reshape`]: the same values, row-major, in another shape.
pub(crate) struct Reshape;

/// Rule of [`Op::Slice`]: `[.., n] → [.., m]`, the columns from `start` on; a share in the reverse mode of `concat`.
pub(crate) struct Slice {
    pub(crate) start: usize,
}

/// Rule of [`Op::SumRows`]: `[.., n] → [n]`; the reverse mode of what is the same in all rows.
pub(crate) struct SumRows;

impl Rule for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [] = signature.parameters()?;
        let (width, rows) = split_last("the result", signature.result)?;
        let mut sum = 0usize;
        for (i, operand) in signature.operands.iter().enumerate() {
            let what = format!("operand {i}");
            let (operand_width, operand_rows) = split_last(&what, operand)?;
            same(&format!("{what} without its last axis"), operand_rows, rows)?;
            sum = sum.saturating_add(operand_width);
        }
        same("the result's last axis", &[width], &[sum])
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let width = arguments.width();
        let rows = out.len() / width;
        for (row, out) in out.chunks_exact_mut(width).enumerate() {
            let values = arguments.operands.iter().flat_map(|x| {
                let width = x.len() / rows;
                &x[row * width..(row + 1) * width]
            });
            for (out, value) in out.iter_mut().zip(values) {
                *out = *value;
            }
        }
        Ok(())
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        let mut start = 0;
        for i in 0..reverse.node().inputs.len() {
            reverse.pull_operand(i, Op::Slice { start }, &[reverse.cotangent()], &[]);
            start += last(reverse.operand_shape(i));
        }
        Ok(())
    }
}

impl Rule for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("start", self.start as f64)]
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let x = signature.unary()?;
        let (width, rows) = split_last("the operand", x)?;
        let (columns, result_rows) = split_last("the result", signature.result)?;
        same("the result without its last axis", result_rows, rows)?;
        match self.start.checked_add(columns) {
            Some(end) if end <= width => Ok(()),
            _ => Err(Mismatch {
                what: "the result".to_owned(),
                got: format!("{columns} columns from {} on", self.start),
                expected: format!("columns within the {width} of the operand"),
            }),
        }
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let columns = arguments.width();
        let width = arguments.operands[0].len() / (out.len() / columns);
        for (x, y) in arguments.operands[0].chunks_exact(width).zip(out.chunks_exact_mut(columns)) {
            y.copy_from_slice(&x[self.start..self.start + columns]);
        }
        Ok(())
    }
}

impl Rule for SumRows {
    fn name(&self) -> &'static str {
        "sum_rows"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let x = signature.unary()?;
        let (width, _) = split_last("the operand", x)?;
        signature.result_is(&[width])
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        out.fill(0.0);
        for row in arguments.operands[0].chunks_exact(out.len()) {
            out.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        Ok(())
    }
}

impl Rule for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let x = signature.unary()?;
        let size = |shape: &[usize]| shape.iter().fold(1usize, |product, dim| product.saturating_mul(*dim));
        if size(x) == size(signature.result) {
            return Ok(());
        }
        Err(Mismatch {
            what: "the result".to_owned(),
            got: format!("{:?}, {} values", signature.result, size(signature.result)),
            expected: format!("the {} values of {x:?}", size(x)),
        })
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        out.copy_from_slice(arguments.operands[0]);
        Ok(())
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        reverse.pull_operand(0, Op::Reshape, &[reverse.cotangent()], &[]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::program::{Op, op::rule::value_of};

    #[test]
    fn concat_joins_row_by_row() {
        let (x, y): (&[f64], &[f64]) = (&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0]);
        assert_eq!(value_of(Op::Concat, &[x, y], &[], &[2, 3]), [1.0, 2.0, 5.0, 3.0, 4.0, 6.0]);
        assert_eq!(value_of(Op::Concat, &[y, x], &[], &[6]), [5.0, 6.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(value_of(Op::Concat, &[x], &[], &[4]), x);
    }

    #[test]
    fn slice_takes_columns_and_sum_rows_adds_rows() {
        let x: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(value_of(Op::Slice { start: 1 }, &[x], &[], &[2, 2]), [2.0, 3.0, 5.0, 6.0]);
        assert_eq!(value_of(Op::Slice { start: 0 }, &[x], &[], &[2, 1]), [1.0, 4.0]);
        assert_eq!(value_of(Op::Slice { start: 4 }, &[x], &[], &[2]), [5.0, 6.0]);
        assert_eq!(value_of(Op::SumRows, &[x], &[], &[3]), [5.0, 7.0, 9.0]);
        assert_eq!(value_of(Op::SumRows, &[x], &[], &[2]), [9.0, 12.0]);
    }

    #[test]
    fn reshape_keeps_the_order() {
        assert_eq!(value_of(Op::Reshape, &[&[1.0, 2.0, 3.0, 4.0]], &[], &[2, 2]), [1.0, 2.0, 3.0, 4.0]);
    }
}
