//! `linear`: `y = x Wᵀ + b` on the last axis; `x: [.., in]`, `W: [out, in]`, `b: [out]` or none, `y: [.., out]`.

use super::{
    Op,
    rule::{Arguments, Mismatch, Rule, Signature, same, split_last},
};
use crate::{
    error::Result,
    program::{Node, gradient::Reverse},
};

/// Rule of [`Op::Linear`].
pub(crate) struct Linear;
/// Rule of [`Op::LinearTransposed`]: `dx = dy W`.
pub(crate) struct LinearTransposed;
/// Rule of [`Op::Outer`]: `dW_oi = Σ_rows dy_o x_i`.
pub(crate) struct Outer;

impl Rule for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [x] = signature.operands()?;
        let (width, rows) = split_last("the operand", x)?;
        let (out, result_rows) = split_last("the result", signature.result)?;
        same("the result without its last axis", result_rows, rows)?;
        match signature.parameters {
            [weight] => same("the weight", weight, &[out, width]),
            [weight, bias] => {
                same("the weight", weight, &[out, width])?;
                same("the bias", bias, &[out])
            }
            other => Err(Mismatch {
                what: "the list of parameters".to_owned(),
                got: format!("{} parameters", other.len()),
                expected: "a weight, or a weight and a bias".to_owned(),
            }),
        }
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let (x, weight, width) = (arguments.operands[0], arguments.parameters[0], arguments.width());
        let bias = arguments.parameters.get(1);
        let fan_in = weight.len() / width;
        for (x, y) in x.chunks_exact(fan_in).zip(out.chunks_exact_mut(width)) {
            for (o, (y, row)) in y.iter_mut().zip(weight.chunks_exact(fan_in)).enumerate() {
                let product: f64 = x.iter().zip(row).map(|(x, w)| x * w).sum();
                *y = product + bias.map_or(0.0, |bias| bias[o]);
            }
        }
        Ok(())
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        let (x, dy) = (reverse.operand(0), reverse.cotangent());
        reverse.pull_operand(0, Op::LinearTransposed, &[dy], &reverse.node().parameters[..1]);
        if reverse.wants_parameter(0) {
            let share = reverse.emit(Op::Outer, &[dy, x], reverse.parameter_shape(0), &[]);
            reverse.add_parameter(0, share);
        }
        if reverse.wants_parameter(1) {
            reverse.add_parameter_rows(1, dy);
        }
        Ok(())
    }
}

impl Rule for LinearTransposed {
    fn name(&self) -> &'static str {
        "linear_transposed"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [dy] = signature.operands()?;
        let [weight] = signature.parameters()?;
        let (out, rows) = split_last("the operand", dy)?;
        let (fan_in, result_rows) = split_last("the result", signature.result)?;
        same("the result without its last axis", result_rows, rows)?;
        same("the weight", weight, &[out, fan_in])
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let (dy, weight, fan_in) = (arguments.operands[0], arguments.parameters[0], arguments.width());
        out.fill(0.0);
        for (dy, dx) in dy.chunks_exact(weight.len() / fan_in).zip(out.chunks_exact_mut(fan_in)) {
            for (dy, row) in dy.iter().zip(weight.chunks_exact(fan_in)) {
                dx.iter_mut().zip(row).for_each(|(sum, w)| *sum += dy * w);
            }
        }
        Ok(())
    }
}

impl Rule for Outer {
    fn name(&self) -> &'static str {
        "outer"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [] = signature.parameters()?;
        let [dy, x] = signature.operands()?;
        let (width, rows) = split_last("the first operand", dy)?;
        let (fan_in, other_rows) = split_last("the second operand", x)?;
        same("the second operand without its last axis", other_rows, rows)?;
        signature.result_is(&[width, fan_in])
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let fan_in = arguments.width();
        let width = out.len() / fan_in;
        out.fill(0.0);
        for (dy, x) in arguments.operands[0].chunks_exact(width).zip(arguments.operands[1].chunks_exact(fan_in)) {
            for (dy, row) in dy.iter().zip(out.chunks_exact_mut(fan_in)) {
                row.iter_mut().zip(x).for_each(|(sum, x)| *sum += dy * x);
            }
        }
        Ok(())
    }
}

/// Floating-point operations of a product for one sample: two for each entry of the result and each term of its sum;
/// the bias is not counted.
pub(crate) const fn flops(node: &Node, terms: usize) -> u64 {
    2u64.saturating_mul(node.size() as u64).saturating_mul(terms as u64)
}

#[cfg(test)]
mod tests {
    use crate::{
        data::Conditions,
        program::{Op, builder::Builder, op::rule::value_of},
    };

    /// With `W = [[1, 2], [3, 4], [5, 6]]`, and two rows at once.
    #[test]
    fn reverse_products_are_of_each_row_and_over_the_rows() {
        let (weight, dy) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 10.0, 100.0, 0.5, 0.0, -1.0]);
        let dx = value_of(Op::LinearTransposed, &[&dy], &[&weight], &[2, 2]);
        assert_eq!(dx, [531.0, 642.0, -4.5, -5.0]);
        let dw = value_of(Op::Outer, &[&dy, &[7.0, 8.0, 1.0, -1.0]], &[], &[3, 2]);
        assert_eq!(dw, [7.5, 7.5, 70.0, 80.0, 699.0, 801.0]);
    }

    /// `[[1, 2], [3, 4], [5, 6]] (7, 8) + (0.5, 0.25, 0.125)` by hand, and two rows at once.
    #[test]
    fn is_the_affine_map_of_each_row() {
        let mut b = Builder::new("M", &[2, 2]);
        let h = b.linear("h", b.state(), 3, true);
        let out = b.linear("out", h, 2, false);
        let program = b.finish(out).unwrap();
        assert_eq!(program.nodes[h.index()].op, Op::Linear);
        let weights = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.5, 0.25, 0.125, 1.0, 0.0, 0.0, 0.0, -1.0, 1.0];
        let y = program.evaluate(&weights, &[0.0], &[7.0, 8.0, 1.0, -1.0], &Conditions::default()).unwrap();
        let first = [23.5, 53.25, 83.125];
        let second = [-0.5, -0.75, -0.875];
        assert_eq!(y, [first[0], first[2] - first[1], second[0], second[2] - second[1]]);
        assert_eq!(program.flops(), 2 * (2 * 2 * 3 + 2 * 3 * 2));
    }
}
