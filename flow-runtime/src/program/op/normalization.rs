//! `layer_norm` and `rms_norm` over the last axis.
//!
//! With `n` values in a row, `mean = Σx/n` and `var = Σ(x − mean)²/n` (biased, as PyTorch has it):
//! * `layer_norm`: `y = (x − mean) / sqrt(var + eps) · weight + bias` (Ba, Kiros & Hinton 2016), `weight, bias: [n]`;
//! * `rms_norm`: `y = x / sqrt(Σx²/n + eps) · weight` (Zhang & Sennrich 2019), `weight: [n]`.

use super::{
    Op, normalization_pullback,
    rule::{Arguments, Mismatch, Rule, Signature, same, split_last},
};
use crate::{error::Result, program::gradient::Reverse};

/// Rule of [`Op::LayerNorm`].
pub(crate) struct LayerNorm {
    pub(crate) eps: f64,
}

/// Rule of [`Op::RmsNorm`].
pub(crate) struct RmsNorm {
    pub(crate) eps: f64,
}

impl Rule for LayerNorm {
    fn name(&self) -> &'static str {
        "layer_norm"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps)]
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [x] = signature.operands()?;
        let [weight, bias] = signature.parameters()?;
        let (width, _) = split_last("the operand", x)?;
        same("the weight", weight, &[width])?;
        same("the bias", bias, &[width])?;
        signature.result_is(x)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let width = arguments.width();
        let (weight, bias) = (arguments.parameters[0], arguments.parameters[1]);
        for (x, y) in arguments.operands[0].chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let n = width as f64;
            let mean = x.iter().sum::<f64>() / n;
            // Two passes: the mean of squares minus the squared mean cancels.
            let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
            let scale = 1.0 / (variance + self.eps).sqrt();
            for (i, (y, x)) in y.iter_mut().zip(x).enumerate() {
                *y = (x - mean) * scale * weight[i] + bias[i];
            }
        }
        Ok(())
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        let eps = self.eps;
        normalization_pullback::pull(reverse, Op::LayerNormPullback { eps }, Op::LayerNormNormalized { eps });
        Ok(())
    }
}

impl Rule for RmsNorm {
    fn name(&self) -> &'static str {
        "rms_norm"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps)]
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [x] = signature.operands()?;
        let [weight] = signature.parameters()?;
        let (width, _) = split_last("the operand", x)?;
        same("the weight", weight, &[width])?;
        signature.result_is(x)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let width = arguments.width();
        let weight = arguments.parameters[0];
        for (x, y) in arguments.operands[0].chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let mean_square = x.iter().map(|x| x * x).sum::<f64>() / width as f64;
            let scale = 1.0 / (mean_square + self.eps).sqrt();
            for (i, (y, x)) in y.iter_mut().zip(x).enumerate() {
                *y = x * scale * weight[i];
            }
        }
        Ok(())
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        let eps = self.eps;
        normalization_pullback::pull(reverse, Op::RmsNormPullback { eps }, Op::RmsNormNormalized { eps });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::program::{Op, op::rule::value_of};

    const X: [f64; 4] = [1.0, 2.0, 4.0, -3.0];
    const WEIGHT: [f64; 4] = [0.5, 1.0, 2.0, -1.0];
    const BIAS: [f64; 4] = [0.1, 0.2, -0.3, 0.0];

    fn assert_close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 2e-15, "{got}, expected {expected}");
        }
    }

    /// NumPy 2.4: `(v - v.mean()) / np.sqrt(v.var() + 1e-5) * w + b` for `v = x` and `v = 1e-3 * x`, where `eps`
    /// outside the root would give another first digit.
    #[test]
    fn layer_norm_has_eps_inside_the_root() {
        let x: Vec<f64> = X.iter().copied().chain(X.iter().map(|x| 1e-3 * x)).collect();
        let y = value_of(Op::LayerNorm { eps: 1e-5 }, &[&x], &[&WEIGHT, &BIAS], &[2, 4]);
        assert_close(&y[..4], &[0.1, 0.5922319685595853, 2.053391811357512, 1.568927874238341]);
        assert_close(&y[4..], &[0.1, 0.44618298195866546, 1.1770978917519928, 0.9847319278346619]);
    }

    /// A large common offset must cancel before it is squared.
    #[test]
    fn layer_norm_survives_an_offset() {
        let shifted = X.map(|x| x + 1048576.0);
        let op = Op::LayerNorm { eps: 1e-5 };
        assert_close(
            &value_of(op, &[&shifted], &[&WEIGHT, &BIAS], &[4]),
            &value_of(op, &[&X], &[&WEIGHT, &BIAS], &[4]),
        );
    }

    /// NumPy 2.4: `v / np.sqrt((v * v).mean() + 1e-6) * w`.
    #[test]
    fn rms_norm_divides_by_the_root_mean_square() {
        let y = value_of(Op::RmsNorm { eps: 1e-6 }, &[&X], &[&WEIGHT], &[4]);
        assert_close(&y, &[0.1825741736634442, 0.7302966946537768, 2.921186778615107, 1.0954450419806652]);
    }
}
