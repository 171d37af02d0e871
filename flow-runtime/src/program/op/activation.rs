//! Functions of one element, and their derivatives: `relu elu gelu silu tanh sigmoid softplus leaky_relu sin`.
//!
//! Each is written so that no intermediate overflows where the value itself is finite. A derivative is taken from the
//! value where that is enough; at a kink it is the one from the left, as in PyTorch.

use super::pointwise::{Differentiable, Pointwise};
use std::f64::consts::FRAC_1_SQRT_2;

/// `1 / sqrt(2π)`.
const FRAC_1_SQRT_TAU: f64 = 0.398_942_280_401_432_677_94;

/// Rule of [`Op::Relu`](super::Op::Relu): `max(x, 0)`.
pub(crate) struct Relu;

impl Pointwise for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    // `f64::max` would turn NaN into 0 and hide it.
    fn value(&self, x: f64) -> f64 {
        if x < 0.0 { 0.0 } else { x }
    }
}

impl Differentiable for Relu {
    // `y ≤ 0` rather than `y > 0`: NaN passes, as in the value.
    fn derivative(&self, y: f64) -> f64 {
        if y <= 0.0 { 0.0 } else { 1.0 }
    }

    fn needs_result(&self) -> bool {
        true
    }
}

/// Rule of [`Op::Elu`](super::Op::Elu): `x` if positive, else `alpha (exp(x) − 1)` (Clevert et al. 2016).
pub(crate) struct Elu {
    pub(crate) alpha: f64,
}

impl Pointwise for Elu {
    fn name(&self) -> &'static str {
        "elu"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("alpha", self.alpha)]
    }

    fn value(&self, x: f64) -> f64 {
        if x > 0.0 { x } else { self.alpha * x.exp_m1() }
    }
}

impl Differentiable for Elu {
    /// From `y` it is `y + alpha = alpha exp(x)` on the left; for `alpha ≤ 0` the sign of `y` does not tell the side.
    fn derivative(&self, source: f64) -> f64 {
        if source > 0.0 {
            1.0
        } else if self.needs_result() {
            source + self.alpha
        } else {
            self.alpha * source.exp()
        }
    }

    fn needs_result(&self) -> bool {
        self.alpha > 0.0
    }
}

/// Rule of [`Op::Gelu`](super::Op::Gelu): `x Φ(x)`, `Φ(x) = erfc(−x/√2) / 2` (Hendrycks & Gimpel 2016).
pub(crate) struct Gelu;

impl Pointwise for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    // By `erfc`, because `1 + erf` loses every digit of the left tail.
    fn value(&self, x: f64) -> f64 {
        0.5 * x * libm::erfc(-x * FRAC_1_SQRT_2)
    }
}

impl Differentiable for Gelu {
    /// `Φ(x) + x φ(x)` with the normal density `φ`.
    fn derivative(&self, x: f64) -> f64 {
        let density = (-0.5 * x * x).exp() * FRAC_1_SQRT_TAU;
        0.5 * libm::erfc(-x * FRAC_1_SQRT_2) + x * density
    }
}

/// Rule of [`Op::Silu`](super::Op::Silu): `x / (1 + exp(−x))`.
pub(crate) struct Silu;

impl Pointwise for Silu {
    fn name(&self) -> &'static str {
        "silu"
    }

    fn value(&self, x: f64) -> f64 {
        x * sigmoid(x)
    }
}

impl Differentiable for Silu {
    /// `s (1 + x (1 − s))` with `s = sigmoid(x)`, and `1 − s = sigmoid(−x)`.
    fn derivative(&self, x: f64) -> f64 {
        sigmoid(x) * (1.0 + x * sigmoid(-x))
    }
}

/// Rule of [`Op::Tanh`](super::Op::Tanh).
pub(crate) struct Tanh;

impl Pointwise for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }

    fn value(&self, x: f64) -> f64 {
        x.tanh()
    }
}

impl Differentiable for Tanh {
    /// `1 − y²`, factored: near `±1` the square would lose what is left.
    fn derivative(&self, y: f64) -> f64 {
        (1.0 - y) * (1.0 + y)
    }

    fn needs_result(&self) -> bool {
        true
    }
}

/// Rule of [`Op::Sigmoid`](super::Op::Sigmoid): `1 / (1 + exp(−x))`.
pub(crate) struct Sigmoid;

impl Pointwise for Sigmoid {
    fn name(&self) -> &'static str {
        "sigmoid"
    }

    fn value(&self, x: f64) -> f64 {
        sigmoid(x)
    }
}

impl Differentiable for Sigmoid {
    fn derivative(&self, y: f64) -> f64 {
        y * (1.0 - y)
    }

    fn needs_result(&self) -> bool {
        true
    }
}

/// Rule of [`Op::Softplus`](super::Op::Softplus): `ln(1 + exp(x)) = max(x, 0) + ln(1 + exp(−|x|))`.
pub(crate) struct Softplus;

impl Pointwise for Softplus {
    fn name(&self) -> &'static str {
        "softplus"
    }

    fn value(&self, x: f64) -> f64 {
        let positive = if x < 0.0 { 0.0 } else { x };
        positive + (-x.abs()).exp().ln_1p()
    }
}

impl Differentiable for Softplus {
    /// `sigmoid(x) = 1 − exp(−y)`.
    fn derivative(&self, y: f64) -> f64 {
        -(-y).exp_m1()
    }

    fn needs_result(&self) -> bool {
        true
    }
}

/// Rule of [`Op::LeakyRelu`](super::Op::LeakyRelu): `x` if positive, else `slope · x`.
pub(crate) struct LeakyRelu {
    pub(crate) slope: f64,
}

impl Pointwise for LeakyRelu {
    fn name(&self) -> &'static str {
        "leaky_relu"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("slope", self.slope)]
    }

    fn value(&self, x: f64) -> f64 {
        if x > 0.0 { x } else { self.slope * x }
    }
}

impl Differentiable for LeakyRelu {
    /// For `slope ≤ 0` the sign of `y` does not tell the side.
    fn derivative(&self, source: f64) -> f64 {
        if source > 0.0 { 1.0 } else { self.slope }
    }

    fn needs_result(&self) -> bool {
        self.slope > 0.0
    }
}

/// Rule of [`Op::Sin`](super::Op::Sin).
pub(crate) struct Sin;

impl Pointwise for Sin {
    fn name(&self) -> &'static str {
        "sin"
    }

    fn value(&self, x: f64) -> f64 {
        x.sin()
    }
}

impl Differentiable for Sin {
    fn derivative(&self, x: f64) -> f64 {
        x.cos()
    }
}

// Both branches take `exp` of what is not positive, which cannot overflow.
fn sigmoid(x: f64) -> f64 {
    if x < 0.0 {
        let e = x.exp();
        e / (1.0 + e)
    } else {
        1.0 / (1.0 + (-x).exp())
    }
}

#[cfg(test)]
mod tests {
    use crate::program::{Op, op::rule::value_of};

    const X: [f64; 9] = [-30.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 30.0];

    /// Relative difference of at most a few units in the last place, in the tails as well.
    fn assert_values(op: Op, x: &[f64], expected: &[f64]) {
        let got = value_of(op, &[x], &[], Box::leak(Box::new([x.len()])));
        for ((x, got), expected) in x.iter().zip(&got).zip(expected) {
            let tolerance = 4.0 * f64::EPSILON * expected.abs();
            assert!((got - expected).abs() <= tolerance, "{op:?} at {x}: {got:e}, expected {expected:e}");
        }
    }

    // The numbers of these tests are NumPy 2.4's and SciPy 1.17's, in f64.

    /// `x * scipy.special.ndtr(x)`.
    #[test]
    fn gelu_is_exact() {
        assert_values(
            Op::Gelu,
            &X[1..],
            &[
                -0.00404969409489028,
                -0.15865525393145707,
                -0.15426876936299344,
                0.0,
                0.34573123063700656,
                0.8413447460685429,
                2.99595030590511,
                30.0,
            ],
        );
        let tail = value_of(Op::Gelu, &[&[-30.0]], &[], &[1])[0];
        assert!((tail / -1.4720141781443724e-196 - 1.0).abs() < 1e-12, "{tail:e}");
    }

    /// `x * scipy.special.expit(x)`, `scipy.special.expit(x)`, `numpy.tanh(x)`, `numpy.sin(x)`.
    #[test]
    fn silu_sigmoid_tanh_sin() {
        assert_values(
            Op::Silu,
            &X,
            &[
                -2.8072868906517896e-12,
                -0.14227761953270035,
                -0.2689414213699951,
                -0.1887703343990727,
                0.0,
                0.3112296656009273,
                0.7310585786300049,
                2.8577223804673,
                29.999999999997197,
            ],
        );
        assert_values(
            Op::Sigmoid,
            &X,
            &[
                9.357622968839299e-14,
                0.04742587317756678,
                0.2689414213699951,
                0.3775406687981454,
                0.5,
                0.6224593312018546,
                0.7310585786300049,
                0.9525741268224334,
                0.9999999999999065,
            ],
        );
        assert_values(Op::Tanh, &[-1.0, 0.5, 30.0], &[-0.7615941559557649, 0.46211715726000974, 1.0]);
        assert_values(Op::Sin, &[-30.0, 0.5, 3.0], &[0.9880316240928618, 0.479425538604203, 0.1411200080598672]);
    }

    /// `numpy.logaddexp(0, x)`.
    #[test]
    fn softplus_neither_overflows_nor_vanishes() {
        assert_values(
            Op::Softplus,
            &X,
            &[
                9.357622968839737e-14,
                0.04858735157374206,
                0.31326168751822286,
                0.4740769841801067,
                std::f64::consts::LN_2,
                0.9740769841801067,
                1.3132616875182228,
                3.048587351573742,
                30.000000000000092,
            ],
        );
        assert_values(Op::Softplus, &[-1e3, -40.0, 1e3], &[0.0, 4.248354255291589e-18, 1e3]);
    }

    /// `numpy.where(x > 0, x, alpha * numpy.expm1(x))`, and the kinked lines by hand.
    #[test]
    fn elu_relu_leaky_relu() {
        assert_values(
            Op::Elu { alpha: 1.5 },
            &X,
            &[
                -1.4999999999998597,
                -1.4253193974482041,
                -0.9481808382428365,
                -0.5902040104310499,
                0.0,
                0.5,
                1.0,
                3.0,
                30.0,
            ],
        );
        assert_values(Op::Elu { alpha: 1.0 }, &[-1e-20, 1e4], &[-1e-20, 1e4]);
        assert_values(Op::Relu, &X, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 3.0, 30.0]);
        assert_values(Op::LeakyRelu { slope: 0.01 }, &[-30.0, 0.0, 3.0], &[-0.3, 0.0, 3.0]);
    }

    #[test]
    fn nan_is_not_hidden_by_a_kink() {
        for op in [Op::Relu, Op::Elu { alpha: 1.0 }, Op::LeakyRelu { slope: 0.1 }, Op::Softplus, Op::Silu] {
            assert!(value_of(op, &[&[f64::NAN]], &[], &[1])[0].is_nan(), "{op:?}");
        }
    }
}
