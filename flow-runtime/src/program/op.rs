//! What a node can compute: [`Op`], and the rule of each op.
//!
//! Everything there is to know about an op (its formula, the shapes it takes, its value, its derivative, its
//! floating-point operations) stands in the file of its family below `op/`. A new op is a variant here, its line in
//! [`Op::rule`], its tag in `program/schema.rs`, its rule in a family's file, and a place in `program/random.rs`, so
//! that the property tests of every engine meet it. Its derivative is the `pullback` of its rule: the nodes that
//! [`Program::gradient`](super::Program::gradient) emits for it, of ops that are there or of new ones beside it.

pub(crate) mod activation;
pub(crate) mod arithmetic;
pub(crate) mod class_embedding;
pub(crate) mod custom;
pub(crate) mod dropout;
pub(crate) mod input;
pub(crate) mod linear;
pub(crate) mod normalization;
pub(crate) mod normalization_pullback;
pub(crate) mod pointwise;
pub(crate) mod pullback;
mod rule;
pub(crate) mod shape;
pub(crate) mod softmax;
pub(crate) mod time_embedding;

pub use pullback::Activation;
pub(crate) use rule::{Arguments, Mismatch, Rule, Signature, last};
pub use time_embedding::sinusoidal_frequencies;

/// What a node computes. `x` is its (first) operand; every op acts on each sample by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// The input of that index.
    Input(usize),
    /// `x Wᵀ + b` on the last axis; parameters: weight `[out, in]`, and bias `[out]` if there is one.
    Linear,
    /// The operands side by side on the last axis.
    Concat,
    /// `x + y`.
    Add,
    /// `x − y`.
    Sub,
    /// `x · y`, elementwise.
    Mul,
    /// `factor · x`.
    Scale(f64),
    /// `x + term`.
    Shift(f64),
    /// `max(x, 0)`.
    Relu,
    /// `x` if positive, else `alpha (exp(x) − 1)`.
    Elu {
        /// Limit at −∞ is `−alpha`.
        alpha: f64,
    },
    /// `x Φ(x)` with the normal distribution's `Φ` (exact, not the tanh form).
    Gelu,
    /// `x / (1 + exp(−x))`.
    Silu,
    /// `tanh(x)`.
    Tanh,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
    /// `ln(1 + exp(x))`.
    Softplus,
    /// `x` if positive, else `slope · x`.
    LeakyRelu {
        /// Slope of the negative side.
        slope: f64,
    },
    /// `sin(x)`.
    Sin,
    /// `exp(x) / Σ exp(x)` over the last axis.
    Softmax,
    /// `(x − mean) / sqrt(var + eps) · weight + bias` over the last axis.
    LayerNorm {
        /// Added to the variance.
        eps: f64,
    },
    /// `x / sqrt(mean(x²) + eps) · weight` over the last axis.
    RmsNorm {
        /// Added to the mean square.
        eps: f64,
    },
    /// While training: zero with probability `p`, else `x / (1 − p)`. Otherwise `x`.
    Dropout {
        /// Probability of zero.
        p: f64,
    },
    /// `[sin(w t), cos(w t)]` with `dim / 2` angular frequencies geometric from 1 to `max`.
    Sinusoidal {
        /// The highest angular frequency.
        max: f64,
    },
    /// `[sin(2π w t), cos(2π w t)]` with the frequencies of its one (untrained) parameter `w: [dim / 2]`.
    Fourier,
    /// Row of the table for the class; parameter: weight `[classes, dim]`.
    Embedding,
    /// The same values in another shape.
    Reshape,
    /// A dfdx module of the user's; only the dfdx engine runs it.
    Custom {
        /// The module's type, as written.
        module: &'static str,
    },
    /// Reverse mode of `linear` towards its operand: `dy W` on the last axis, `[.., out] → [.., in]`; parameter: weight
    /// `[out, in]`.
    LinearTransposed,
    /// Reverse mode of `linear` towards its weight: operands `dy: [.., out]` and `x: [.., in]`, result `[out, in]`, the
    /// sum over the rows of `dy_o x_i`.
    Outer,
    /// The sum over all axes but the last, `[.., n] → [n]`.
    SumRows,
    /// Columns of the last axis, from `start` on, as many as the result has: `[.., n] → [.., m]`.
    Slice {
        /// The first column.
        start: usize,
    },
    /// Reverse mode of an activation: operands `source` and `dy`, result `dy · f′`, elementwise. `source` is the
    /// activation's result where [`Activation::from_result`] holds, and its argument otherwise.
    Pullback(Activation),
    /// Reverse mode of `softmax`: operands `y` (its result) and `dy`, result `y (dy − Σ dy y)` over the last axis.
    SoftmaxPullback,
    /// Reverse mode of `layer_norm` towards its operand: operands `x` and `dy`, parameter: weight. With
    /// `s = 1 / sqrt(var + eps)`, `n = (x − mean) s` and `g = dy · weight`: `s (g − mean(g) − n mean(g n))`.
    LayerNormPullback {
        /// As in `layer_norm`.
        eps: f64,
    },
    /// `(x − mean) / sqrt(var + eps)` over the last axis.
    LayerNormNormalized {
        /// As in `layer_norm`.
        eps: f64,
    },
    /// Reverse mode of `rms_norm` towards its operand: operands `x` and `dy`, parameter: weight. With
    /// `s = 1 / sqrt(mean(x²) + eps)`, `n = x s` and `g = dy · weight`: `s (g − n mean(g n))`.
    RmsNormPullback {
        /// As in `rms_norm`.
        eps: f64,
    },
    /// `x / sqrt(mean(x²) + eps)` over the last axis.
    RmsNormNormalized {
        /// As in `rms_norm`.
        eps: f64,
    },
    /// Reverse mode of `dropout`: while training zero where that node dropped, else `dy / (1 − p)`. Otherwise `dy`.
    DropoutPullback {
        /// Probability of zero.
        p: f64,
        /// Which dropout it belongs to, counted in the order of the program from 0: its masks are that one's.
        ordinal: u64,
    },
    /// Reverse mode of `embedding`: operands the class and `dy: [dim]`, result `[classes, dim]`, `dy` in the row of the
    /// class and zero elsewhere.
    Scatter {
        /// Number of classes.
        classes: usize,
    },
}

impl Op {
    /// Hands the rule of this op to `read`.
    ///
    /// The one place where an op meets its rule.
    pub(crate) fn rule<R>(&self, read: impl FnOnce(&dyn Rule) -> R) -> R {
        match *self {
            Op::Input(index) => read(&input::Input { index }),
            Op::Linear => read(&linear::Linear),
            Op::Concat => read(&shape::Concat),
            Op::Add => read(&arithmetic::Add),
            Op::Sub => read(&arithmetic::Sub),
            Op::Mul => read(&arithmetic::Mul),
            Op::Scale(factor) => read(&arithmetic::Scale { factor }),
            Op::Shift(term) => read(&arithmetic::Shift { term }),
            Op::Relu => read(&activation::Relu),
            Op::Elu { alpha } => read(&activation::Elu { alpha }),
            Op::Gelu => read(&activation::Gelu),
            Op::Silu => read(&activation::Silu),
            Op::Tanh => read(&activation::Tanh),
            Op::Sigmoid => read(&activation::Sigmoid),
            Op::Softplus => read(&activation::Softplus),
            Op::LeakyRelu { slope } => read(&activation::LeakyRelu { slope }),
            Op::Sin => read(&activation::Sin),
            Op::Softmax => read(&softmax::Softmax),
            Op::LayerNorm { eps } => read(&normalization::LayerNorm { eps }),
            Op::RmsNorm { eps } => read(&normalization::RmsNorm { eps }),
            Op::Dropout { p } => read(&dropout::Dropout { p }),
            Op::Sinusoidal { max } => read(&time_embedding::Sinusoidal { max }),
            Op::Fourier => read(&time_embedding::Fourier),
            Op::Embedding => read(&class_embedding::Embedding),
            Op::Reshape => read(&shape::Reshape),
            Op::Custom { module } => read(&custom::Custom { module }),
            Op::LinearTransposed => read(&linear::LinearTransposed),
            Op::Outer => read(&linear::Outer),
            Op::SumRows => read(&shape::SumRows),
            Op::Slice { start } => read(&shape::Slice { start }),
            Op::Pullback(activation) => read(&pullback::Pullback { activation }),
            Op::SoftmaxPullback => read(&softmax::SoftmaxPullback),
            Op::LayerNormPullback { eps } => read(&normalization_pullback::LayerNormPullback { eps }),
            Op::LayerNormNormalized { eps } => read(&normalization_pullback::LayerNormNormalized { eps }),
            Op::RmsNormPullback { eps } => read(&normalization_pullback::RmsNormPullback { eps }),
            Op::RmsNormNormalized { eps } => read(&normalization_pullback::RmsNormNormalized { eps }),
            Op::DropoutPullback { p, ordinal } => read(&dropout::DropoutPullback { p, ordinal }),
            Op::Scatter { classes } => read(&class_embedding::Scatter { classes }),
        }
    }

    /// The op's name in `flow_model!`, such as `layer_norm`; those of reverse mode have a name for the printed table.
    ///
    /// ```
    /// use flow_runtime::program::Op;
    /// assert_eq!(Op::LayerNorm { eps: 1e-5 }.name(), "layer_norm");
    /// ```
    pub fn name(&self) -> &'static str {
        self.rule(|rule| rule.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Op;
    use crate::program::random;
    use std::collections::HashSet;

    /// No op is left out of the property tests but the one that only dfdx runs.
    #[test]
    fn random_programs_hold_every_op() {
        let mut seen = HashSet::new();
        for seed in 0..300 {
            let program = random::program(seed).unwrap();
            seen.extend(program.nodes.iter().map(|node| node.op.name()));
        }
        let all = [
            "input",
            "linear",
            "concat",
            "add",
            "sub",
            "mul",
            "scale",
            "shift",
            "relu",
            "elu",
            "gelu",
            "silu",
            "tanh",
            "sigmoid",
            "softplus",
            "leaky_relu",
            "sin",
            "softmax",
            "layer_norm",
            "rms_norm",
            "dropout",
            "sinusoidal",
            "fourier",
            "embedding",
            "reshape",
        ];
        assert_eq!(seen, HashSet::from(all));
        assert_eq!(Op::Custom { module: "M" }.name(), "custom");
    }
}
