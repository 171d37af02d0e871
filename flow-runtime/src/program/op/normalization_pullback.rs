//! Reverse mode of `layer_norm` and `rms_norm`, over the last axis.
//!
//! With `s` the factor of a row, `n` its normalised values and `g = dy · weight`, both ops have
//! `dn/dx = s (1 − n nᵀ/width)`, and `layer_norm` the mean taken off besides:
//! * `layer_norm`: `s = 1 / sqrt(var + eps)`, `n = (x − mean) s`, `dx = s (g − mean(g) − n mean(g n))`;
//! * `rms_norm`: `s = 1 / sqrt(mean(x²) + eps)`, `n = x s`, `dx = s (g − n mean(g n))`.
//!
//! The share of the weight is the sum over the rows of `dy n`, that of the bias the sum of `dy`.

use super::{
    Op,
    rule::{Arguments, Mismatch, Rule, Signature, same, split_last},
};
use crate::{error::Result, program::gradient::Reverse};

/// Rule of [`Op::LayerNormPullback`].
pub(crate) struct LayerNormPullback {
    pub(crate) eps: f64,
}

/// Rule of [`Op::LayerNormNormalized`].
pub(crate) struct LayerNormNormalized {
    pub(crate) eps: f64,
}

/// Rule of [`Op::RmsNormPullback`].
pub(crate) struct RmsNormPullback {
    pub(crate) eps: f64,
}

/// Rule of [`Op::RmsNormNormalized`].
pub(crate) struct RmsNormNormalized {
    pub(crate) eps: f64,
}

/// The nodes for either norm; its parameters are the weight and, if it has one, the bias.
pub(super) fn pull(reverse: &mut Reverse, pullback: Op, normalized: Op) {
    let (x, dy, shape) = (reverse.operand(0), reverse.cotangent(), reverse.node().shape);
    reverse.pull_operand(0, pullback, &[x, dy], &reverse.node().parameters[..1]);
    if reverse.wants_parameter(0) {
        let normalized = reverse.emit(normalized, &[x], shape, &[]);
        let product = reverse.emit(Op::Mul, &[normalized, dy], shape, &[]);
        reverse.add_parameter_rows(0, product);
    }
    if reverse.wants_parameter(1) {
        reverse.add_parameter_rows(1, dy);
    }
}

impl Rule for LayerNormPullback {
    fn name(&self) -> &'static str {
        "layer_norm_pullback"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps)]
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        check_pullback(signature)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        pull_rows(arguments, out, |x, n, g, dx| {
            let scale = normalize_layer(x, self.eps, n);
            let (mean, correlation) = (mean(g), mean_product(g, n));
            for (dx, (g, n)) in dx.iter_mut().zip(g.iter().zip(n.iter())) {
                *dx = scale * (g - mean - n * correlation);
            }
        })
    }
}

impl Rule for RmsNormPullback {
    fn name(&self) -> &'static str {
        "rms_norm_pullback"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps)]
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        check_pullback(signature)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        pull_rows(arguments, out, |x, n, g, dx| {
            let scale = normalize_rms(x, self.eps, n);
            let correlation = mean_product(g, n);
            for (dx, (g, n)) in dx.iter_mut().zip(g.iter().zip(n.iter())) {
                *dx = scale * (g - n * correlation);
            }
        })
    }
}

impl Rule for LayerNormNormalized {
    fn name(&self) -> &'static str {
        "layer_norm_normalized"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps)]
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        check_normalized(signature)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let width = arguments.width();
        for (x, n) in arguments.operands[0].chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            normalize_layer(x, self.eps, n);
        }
        Ok(())
    }
}

impl Rule for RmsNormNormalized {
    fn name(&self) -> &'static str {
        "rms_norm_normalized"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps)]
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        check_normalized(signature)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let width = arguments.width();
        for (x, n) in arguments.operands[0].chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            normalize_rms(x, self.eps, n);
        }
        Ok(())
    }
}

fn check_pullback(signature: &Signature<'_>) -> Result<(), Mismatch> {
    let [x, dy] = signature.operands()?;
    let [weight] = signature.parameters()?;
    let (width, _) = split_last("the operand", x)?;
    same("the cotangent", dy, x)?;
    same("the weight", weight, &[width])?;
    signature.result_is(x)
}

fn check_normalized(signature: &Signature<'_>) -> Result<(), Mismatch> {
    let x = signature.unary()?;
    split_last("the operand", x)?;
    signature.result_is(x)
}

/// Hands each row to `pull`: `x`, room for `n`, `g = dy · weight`, and the row of the result.
fn pull_rows(
    arguments: &Arguments<'_>,
    out: &mut [f64],
    pull: impl Fn(&[f64], &mut [f64], &[f64], &mut [f64]),
) -> Result<()> {
    let (width, weight) = (arguments.width(), arguments.parameters[0]);
    let (mut n, mut g) = (vec![0.0; width], vec![0.0; width]);
    let rows = arguments.operands[0].chunks_exact(width).zip(arguments.operands[1].chunks_exact(width));
    for ((x, dy), dx) in rows.zip(out.chunks_exact_mut(width)) {
        for (g, (dy, weight)) in g.iter_mut().zip(dy.iter().zip(weight)) {
            *g = dy * weight;
        }
        pull(x, &mut n, &g, dx);
    }
    Ok(())
}

/// Writes the normalised row; gives its factor.
fn normalize_layer(x: &[f64], eps: f64, n: &mut [f64]) -> f64 {
    let centre = mean(x);
    for (n, x) in n.iter_mut().zip(x) {
        *n = x - centre;
    }
    let scale = 1.0 / (mean_product(n, n) + eps).sqrt();
    n.iter_mut().for_each(|n| *n *= scale);
    scale
}

/// Writes the normalised row; gives its factor.
fn normalize_rms(x: &[f64], eps: f64, n: &mut [f64]) -> f64 {
    let scale = 1.0 / (mean_product(x, x) + eps).sqrt();
    for (n, x) in n.iter_mut().zip(x) {
        *n = x * scale;
    }
    scale
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn mean_product(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>() / x.len() as f64
}

#[cfg(test)]
mod tests {
    use crate::program::{Op, op::rule::value_of};

    /// `x = (1, 5)` and `eps = 12`: mean 3, variance 4, `s = 1/4`, `n = (−1/2, 1/2)`; with `weight = (1, 2)` and
    /// `dy = (4, 8)`: `g = (4, 16)`, `mean(g) = 10`, `mean(g n) = 3`. A second row with an offset of 8, and `−dy`.
    #[test]
    fn layer_norm_by_hand() {
        let (x, dy, eps) = ([1.0, 5.0, 9.0, 13.0], [4.0, 8.0, -4.0, -8.0], 12.0);
        let n = value_of(Op::LayerNormNormalized { eps }, &[&x], &[], &[2, 2]);
        assert_eq!(n, [-0.5, 0.5, -0.5, 0.5]);
        let dx = value_of(Op::LayerNormPullback { eps }, &[&x, &dy], &[&[1.0, 2.0]], &[2, 2]);
        assert_eq!(dx, [-1.125, 1.125, 1.125, -1.125]);
    }

    /// `x = (1, 7)` and `eps = 39`: mean square 25, `s = 1/8`, `n = (1/8, 7/8)`; with `weight = (1, 2)` and
    /// `dy = (8, 4)`: `g = (8, 8)`, `mean(g n) = 4`. A second row with `−x` and `dy` from the other side.
    #[test]
    fn rms_norm_by_hand() {
        let (x, dy, eps) = ([1.0, 7.0, -1.0, -7.0], [8.0, 4.0, -8.0, -4.0], 39.0);
        let n = value_of(Op::RmsNormNormalized { eps }, &[&x], &[], &[2, 2]);
        assert_eq!(n, [0.125, 0.875, -0.125, -0.875]);
        let dx = value_of(Op::RmsNormPullback { eps }, &[&x, &dy], &[&[1.0, 2.0]], &[2, 2]);
        assert_eq!(dx, [0.9375, 0.5625, -0.9375, -0.5625]);
    }
}
