//! `softmax`: `y_i = exp(x_i − m) / Σ_j exp(x_j − m)` over the last axis, with `m = max x` against overflow.

use super::{
    Op,
    rule::{Arguments, Mismatch, Rule, Signature, same, split_last},
};
use crate::{error::Result, program::gradient::Reverse};

/// Rule of [`Op::Softmax`].
pub(crate) struct Softmax;

/// Rule of [`Op::SoftmaxPullback`]: `dx = y (dy − Σ dy y)`.
pub(crate) struct SoftmaxPullback;

impl Rule for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let x = signature.unary()?;
        split_last("the operand", x)?;
        signature.result_is(x)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let width = arguments.width();
        for (x, y) in arguments.operands[0].chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for (y, x) in y.iter_mut().zip(x) {
                *y = (x - largest).exp();
            }
            let sum: f64 = y.iter().sum();
            y.iter_mut().for_each(|y| *y /= sum);
        }
        Ok(())
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        reverse.pull_operand(0, Op::SoftmaxPullback, &[reverse.result(), reverse.cotangent()], &[]);
        Ok(())
    }
}

impl Rule for SoftmaxPullback {
    fn name(&self) -> &'static str {
        "softmax_pullback"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [] = signature.parameters()?;
        let [y, dy] = signature.operands()?;
        split_last("the operand", y)?;
        same("the cotangent", dy, y)?;
        signature.result_is(y)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let width = arguments.width();
        let rows = arguments.operands[0].chunks_exact(width).zip(arguments.operands[1].chunks_exact(width));
        for ((y, dy), dx) in rows.zip(out.chunks_exact_mut(width)) {
            let mean: f64 = y.iter().zip(dy).map(|(y, dy)| y * dy).sum();
            for (dx, (y, dy)) in dx.iter_mut().zip(y.iter().zip(dy)) {
                *dx = y * (dy - mean);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::program::{Op, op::rule::value_of};

    /// `y = (1/2, 1/4, 1/4)` and `dy = (4, 8, 0)`, whose mean is 4; and a second row of one-hot `y`.
    #[test]
    fn pullback_weighs_what_is_off_the_mean() {
        let (y, dy) = ([0.5, 0.25, 0.25, 0.0, 1.0, 0.0], [4.0, 8.0, 0.0, 1.0, 2.0, 3.0]);
        let dx = value_of(Op::SoftmaxPullback, &[&y, &dy], &[], &[2, 3]);
        assert_eq!(dx, [0.0, 1.0, -1.0, 0.0, 0.0, 0.0]);
    }

    /// `scipy.special.softmax` 1.17 in f64, each row by itself.
    #[test]
    fn is_stable_for_large_numbers() {
        let x = [1.0, 2.0, 4.0, 1e4, 1e4 - 1.0, -1e4, -1e4, -1e4 - 2.0, -1e4];
        let y = value_of(Op::Softmax, &[&x], &[], &[3, 3]);
        let e = [1.0f64.exp(), 2.0f64.exp(), 4.0f64.exp()];
        let sum: f64 = e.iter().sum();
        let close = |got: f64, expected: f64| assert!((got - expected).abs() < 1e-15, "{got} {expected}");
        for (y, e) in y.iter().zip(e) {
            close(*y, e / sum);
        }
        close(y[3], 0.7310585786300049);
        close(y[4], 0.2689414213699951);
        assert_eq!(y[5], 0.0);
        let tail = (-2.0f64).exp() / (2.0 + (-2.0f64).exp());
        close(y[7], tail);
        close(y[6], y[8]);
        let first = value_of(Op::Softmax, &[&[1.0, 2.0, 4.0, -3.0]], &[], &[4]);
        close(first[0], 0.04197776671083263);
        close(first[3], 0.0007688496164311372);
    }
}
