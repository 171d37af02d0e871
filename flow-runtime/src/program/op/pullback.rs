//! Reverse mode of the activations: `dy · f′`, with `f′` from the result where that is enough, so that an engine may
//! run them in place.

use super::{
    Op,
    activation::{Elu, Gelu, LeakyRelu, Relu, Sigmoid, Silu, Sin, Softplus, Tanh},
    pointwise::Differentiable,
    rule::{Arguments, Mismatch, Rule, Signature, same},
};
use crate::error::Result;

/// An op that is a function of one element, of those that networks bend lines with.
///
/// ```
/// use flow_runtime::program::{Activation, Op};
/// assert_eq!(Op::Elu { alpha: 1.0 }.activation(), Some(Activation::Elu { alpha: 1.0 }));
/// assert_eq!(Op::Softmax.activation(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// [`Op::Relu`].
    Relu,
    /// [`Op::Elu`].
    Elu {
        /// As there.
        alpha: f64,
    },
    /// [`Op::Gelu`].
    Gelu,
    /// [`Op::Silu`].
    Silu,
    /// [`Op::Tanh`].
    Tanh,
    /// [`Op::Sigmoid`].
    Sigmoid,
    /// [`Op::Softplus`].
    Softplus,
    /// [`Op::LeakyRelu`].
    LeakyRelu {
        /// As there.
        slope: f64,
    },
    /// [`Op::Sin`].
    Sin,
}

impl Activation {
    /// Its name in `flow_model!`.
    pub(crate) fn name(&self) -> &'static str {
        self.read(|rule| rule.name())
    }

    /// Hands the rule of the activation to `read`.
    fn read<R>(&self, read: impl FnOnce(&dyn Differentiable) -> R) -> R {
        match *self {
            Self::Relu => read(&Relu),
            Self::Elu { alpha } => read(&Elu { alpha }),
            Self::Gelu => read(&Gelu),
            Self::Silu => read(&Silu),
            Self::Tanh => read(&Tanh),
            Self::Sigmoid => read(&Sigmoid),
            Self::Softplus => read(&Softplus),
            Self::LeakyRelu { slope } => read(&LeakyRelu { slope }),
            Self::Sin => read(&Sin),
        }
    }

    /// Whether [`derivative`](Activation::derivative) is a function of the result, not of the argument.
    ///
    /// So it is for `relu`, `tanh`, `sigmoid` and `softplus`, and where they are monotone for `elu` (`alpha > 0`) and
    /// `leaky_relu` (`slope > 0`).
    ///
    /// ```
    /// use flow_runtime::program::Activation;
    /// assert!(Activation::Elu { alpha: 1.0 }.from_result() && !Activation::Elu { alpha: -1.0 }.from_result());
    /// assert!(Activation::Tanh.from_result() && !Activation::Gelu.from_result());
    /// ```
    pub fn from_result(&self) -> bool {
        self.read(|rule| rule.needs_result())
    }

    /// The derivative `f′(x)`; `source` is the result `f(x)` if [`from_result`](Activation::from_result), else `x`.
    ///
    /// ```
    /// use flow_runtime::program::Activation;
    /// assert_eq!(Activation::Sigmoid.derivative(0.5), 0.25);
    /// assert_eq!(Activation::Sin.derivative(0.0), 1.0);
    /// // At a kink it is the one from the left, as in PyTorch.
    /// assert_eq!(Activation::Relu.derivative(0.0), 0.0);
    /// ```
    pub fn derivative(&self, source: f64) -> f64 {
        self.read(|rule| rule.derivative(source))
    }
}

impl Op {
    /// The activation that it is, if it is one.
    pub fn activation(&self) -> Option<Activation> {
        Some(match *self {
            Op::Relu => Activation::Relu,
            Op::Elu { alpha } => Activation::Elu { alpha },
            Op::Gelu => Activation::Gelu,
            Op::Silu => Activation::Silu,
            Op::Tanh => Activation::Tanh,
            Op::Sigmoid => Activation::Sigmoid,
            Op::Softplus => Activation::Softplus,
            Op::LeakyRelu { slope } => Activation::LeakyRelu { slope },
            Op::Sin => Activation::Sin,
            _ => return None,
        })
    }
}

/// Rule of [`Op::Pullback`].
pub(crate) struct Pullback {
    pub(crate) activation: Activation,
}

impl Rule for Pullback {
    fn name(&self) -> &'static str {
        match self.activation {
            Activation::Relu => "relu_pullback",
            Activation::Elu { .. } => "elu_pullback",
            Activation::Gelu => "gelu_pullback",
            Activation::Silu => "silu_pullback",
            Activation::Tanh => "tanh_pullback",
            Activation::Sigmoid => "sigmoid_pullback",
            Activation::Softplus => "softplus_pullback",
            Activation::LeakyRelu { .. } => "leaky_relu_pullback",
            Activation::Sin => "sin_pullback",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        self.activation.read(|rule| rule.attributes())
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [] = signature.parameters()?;
        let [source, dy] = signature.operands()?;
        same("the cotangent", dy, source)?;
        signature.result_is(source)
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        for (out, (source, dy)) in out.iter_mut().zip(arguments.operands[0].iter().zip(arguments.operands[1])) {
            *out = dy * self.activation.derivative(*source);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Activation;
    use crate::program::{Op, op::rule::value_of};

    const EVERY: [Op; 12] = [
        Op::Relu,
        Op::Elu { alpha: 1.5 },
        Op::Elu { alpha: 0.0 },
        Op::Elu { alpha: -0.5 },
        Op::Gelu,
        Op::Silu,
        Op::Tanh,
        Op::Sigmoid,
        Op::Softplus,
        Op::LeakyRelu { slope: 0.1 },
        Op::LeakyRelu { slope: -0.25 },
        Op::Sin,
    ];

    fn source(op: Op, activation: Activation, x: f64) -> f64 {
        if activation.from_result() { value_of(op, &[&[x]], &[], &[1])[0] } else { x }
    }

    /// Fourth-order differences of the op's own value; none of the places is at a kink.
    #[test]
    fn derivatives_are_those_of_the_values() {
        for op in EVERY {
            let activation = op.activation().unwrap();
            for x in [-7.0, -2.5, -1.0, -0.3, 0.2, 0.9, 3.0, 8.0] {
                let value = |x: f64| value_of(op, &[&[x]], &[], &[1])[0];
                let h = 1.0 / 1024.0;
                let slope =
                    (8.0 * (value(x + h) - value(x - h)) - (value(x + 2.0 * h) - value(x - 2.0 * h))) / (12.0 * h);
                let got = activation.derivative(source(op, activation, x));
                // h⁴/30 times a fifth derivative of at most 5, and the rounding of values below 8 over h.
                assert!((got - slope).abs() < 2e-12, "{op:?} at {x}: {got}, expected {slope}");
            }
        }
    }

    /// As `torch.autograd` has it at 0.
    #[test]
    fn kinks_take_the_left_side() {
        let at_zero = |op: Op| {
            let activation = op.activation().unwrap();
            activation.derivative(source(op, activation, 0.0))
        };
        assert_eq!(at_zero(Op::Relu), 0.0);
        assert_eq!(at_zero(Op::Elu { alpha: 1.5 }), 1.5);
        assert_eq!(at_zero(Op::Elu { alpha: -0.5 }), -0.5);
        assert_eq!(at_zero(Op::LeakyRelu { slope: 0.1 }), 0.1);
        assert_eq!(at_zero(Op::LeakyRelu { slope: -0.25 }), -0.25);
    }

    /// Where the values saturate the derivatives do: no overflow, no NaN.
    #[test]
    fn tails_are_finite() {
        for op in EVERY {
            let activation = op.activation().unwrap();
            for x in [-1e300, -1e4, 1e4, 1e300] {
                let got = activation.derivative(source(op, activation, x));
                assert!(got.abs() <= 1.5, "{op:?} at {x}: {got}");
            }
        }
    }

    #[test]
    fn is_the_product_with_the_cotangent() {
        let op = Op::Pullback(Activation::LeakyRelu { slope: 0.5 });
        assert_eq!(value_of(op, &[&[1.0, -1.0, 0.0], &[2.0, 3.0, -4.0]], &[], &[3]), [2.0, 1.5, -2.0]);
        assert_eq!(op.name(), "leaky_relu_pullback");
    }
}
