//! A model as a straight-line list of nodes: what `Program` and the dfdx network are both written from.

use crate::ast::Header;
use proc_macro2::{Span, TokenStream};

#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) head: Header,
    /// The state first, then the time, then the conditions.
    pub(crate) inputs: Vec<Input>,
    /// In order of evaluation; an input's node has `Op::Input(i)`.
    pub(crate) nodes: Vec<Node>,
    /// In order of first use.
    pub(crate) parameters: Vec<Parameter>,
    /// Index of the node that is the velocity.
    pub(crate) output: usize,
    /// `const` assertions about dimensions that only the compiler can compare.
    pub(crate) assertions: Vec<Assertion>,
}

#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) kind: InputKind,
    /// `[1]` for the time, `[]` for a class.
    pub(crate) shape: Shape,
}

#[derive(Clone)]
pub(crate) enum InputKind {
    State,
    Time,
    Class { classes: Dim },
    Vector,
}

/// Without the batch.
pub(crate) type Shape = Vec<Dim>;

/// One dimension.
#[derive(Clone, Debug)]
pub(crate) enum Dim {
    /// A literal, or what was computed from literals.
    Known(usize),
    /// A const expression of type `usize`, spanned where the user wrote it.
    Const(TokenStream),
}

#[derive(Clone)]
pub(crate) struct Node {
    /// Name bound to it, or the empty string.
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) op: Op,
    pub(crate) inputs: Vec<usize>,
    pub(crate) shape: Shape,
    /// Indices into `Model::parameters`.
    pub(crate) parameters: Vec<usize>,
    /// Depends on the time alone (or on nothing).
    pub(crate) batch_invariant: bool,
}

#[derive(Clone)]
pub(crate) struct Parameter {
    /// In a checkpoint: `h.weight`.
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) init: Init,
    pub(crate) trained: bool,
}

#[derive(Clone)]
pub(crate) enum Init {
    FanIn(Dim),
    Normal { std: f64 },
    Ones,
    Zeros,
}

/// As `flow_runtime::program::Op`; `Linear` has a bias if the node has two parameters.
#[derive(Clone)]
pub(crate) enum Op {
    Input(usize),
    Linear,
    Concat,
    Add,
    Sub,
    Mul,
    Scale(f64),
    Shift(f64),
    Relu,
    Elu {
        alpha: f64,
    },
    Gelu,
    Silu,
    Tanh,
    Sigmoid,
    Softplus,
    LeakyRelu {
        slope: f64,
    },
    Sin,
    Softmax,
    LayerNorm {
        eps: f64,
    },
    RmsNorm {
        eps: f64,
    },
    Dropout {
        p: f64,
    },
    Sinusoidal {
        max: f64,
    },
    Fourier,
    Embedding,
    Reshape,
    /// A user's dfdx module; `name` is its place in a checkpoint (`h`).
    Custom {
        module: syn::Type,
        name: String,
    },
}

/// `assert!(left == right, message)`, or divisibility by two, at a span.
#[derive(Clone)]
pub(crate) struct Assertion {
    pub(crate) span: Span,
    /// A const expression of type `bool`.
    pub(crate) condition: TokenStream,
    pub(crate) message: String,
}
