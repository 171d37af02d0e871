//! `Program`: the one meaning of a model, a straight-line list of typed nodes.

/// The one meaning of a model: a straight-line list of typed nodes that every engine reads.
///
/// Nodes are in order of evaluation; a node names its operands by their index. Shapes leave the batch out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Program {
    /// Name of the model.
    pub name: &'static str,
    /// The state first, then the time, then the conditions, as they were declared.
    pub inputs: &'static [Input],
    /// In order of evaluation.
    pub nodes: &'static [Node],
    /// In order of first use; a parameter's values start at the sum of the lengths before it.
    pub parameters: &'static [Parameter],
    /// Index of the node that is the velocity.
    pub output: usize,
}

/// One input of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Input {
    /// Name, as declared.
    pub name: &'static str,
    /// What it is.
    pub kind: InputKind,
    /// Shape of one sample; `[1]` for the time, `[]` for a class.
    pub shape: &'static [usize],
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// The state `x`.
    State,
    /// The time `t`, one number per sample.
    Time,
    /// A class label in `0..classes`.
    Class {
        /// Number of classes.
        classes: usize,
    },
    /// A vector (or tensor) of numbers.
    Vector,
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// The name bound to it, or the empty string.
    pub name: &'static str,
    /// What is computed.
    pub op: Op,
    /// Indices of the operands.
    pub inputs: &'static [usize],
    /// Shape of one sample.
    pub shape: &'static [usize],
    /// Indices of its parameters.
    pub parameters: &'static [usize],
    /// It depends on the time alone: on a shared grid it is the same for the whole batch.
    pub batch_invariant: bool,
}

/// One tensor of weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in a checkpoint, such as `h.weight`.
    pub name: &'static str,
    /// Its shape, row-major, laid out as PyTorch does (`[out, in]` for a linear layer).
    pub shape: &'static [usize],
    /// How it starts.
    pub init: Init,
    /// It is trained; `false` for fixed random frequencies.
    pub trained: bool,
}

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// `U(-1/sqrt(fan_in), 1/sqrt(fan_in))`, as PyTorch's `nn.Linear`.
    FanIn(usize),
    /// `N(0, std²)`.
    Normal {
        /// Standard deviation.
        std: f64,
    },
    /// All ones.
    Ones,
    /// All zeros.
    Zeros,
}

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
}
