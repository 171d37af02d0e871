//! `Program`: the one meaning of a model, a straight-line list of typed nodes.
//!
//! `flow_model! { model … }` emits a program as const data; every engine reads it. Here it is sized
//! ([`parameter_count`](Program::parameter_count), [`flops`](Program::flops)), named
//! ([`schema_hash`](Program::schema_hash)), validated ([`check`](Program::check)), printed (`Display`) and evaluated by
//! the plain `f64` interpreter ([`evaluate`](Program::evaluate)) that every engine is tested against.
//!
//! Its derivative by the parameters and by the state is a program too ([`gradient`](Program::gradient)): the nodes of
//! the program, then those of reverse mode, so that an engine that runs the ops of the one runs the other.
//!
//! What an op means stands in `program/op/`, one file for a family of ops, and its derivative beside it.

mod bind;
pub mod builder;
mod check;
mod display;
pub(crate) mod gradient;
mod interpret;
mod op;
#[doc(hidden)]
pub mod random;
mod schema;
mod size;

pub use gradient::{Gradient, GradientValues, Wanted};
pub use interpret::{dropout_index, dropout_keeps};
pub use op::{Activation, Op, sinusoidal_frequencies};

/// The one meaning of a model: a straight-line list of typed nodes that every engine reads.
///
/// Nodes are in order of evaluation; a node names its operands by their index. Shapes leave the batch out.
///
/// ```
/// use flow_runtime::prelude::*;
/// flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
///
/// const PROGRAM: &Program = Line::PROGRAM;
/// assert_eq!((PROGRAM.name, PROGRAM.state_dim(), PROGRAM.parameter_count()), ("Line", 2, 10));
/// assert_eq!(PROGRAM.nodes[PROGRAM.output].op.name(), "linear");
/// println!("{PROGRAM}");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Program {
    /// Name of the model.
    pub name: &'static str,
    /// The state first, then the time, then the conditions, as they were declared; in a gradient the cotangent last.
    pub inputs: &'static [Input],
    /// In order of evaluation.
    pub nodes: &'static [Node],
    /// In order of first use; a parameter's values start at the sum of the lengths before it.
    pub parameters: &'static [Parameter],
    /// Index of the node that is the velocity.
    pub output: usize,
}

/// One input of a model.
///
/// ```
/// use flow_runtime::{prelude::*, program::InputKind};
/// flow_model! { model Line(x: [2], t: Time, y: Class<10>) -> [2] { linear(concat(x, t, embedding(y, 4)), 2) } }
///
/// let label = Line::PROGRAM.inputs[2];
/// assert_eq!((label.name, label.kind), ("y", InputKind::Class { classes: 10 }));
/// ```
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
    /// The cotangent `dv` of the velocity, of the state's shape: the last input of a [`Gradient`]'s program, and of no
    /// model's.
    Cotangent,
}

/// One operation.
///
/// ```
/// use flow_runtime::{prelude::*, program::Op};
/// flow_model! { model Line(x: [2], t: Time) -> [2] { let e = sinusoidal(t, 8); linear(concat(x, e), 2) } }
///
/// let node = Line::PROGRAM.nodes.iter().find(|node| node.name == "e").unwrap();
/// assert_eq!((node.op, node.shape, node.batch_invariant), (Op::Sinusoidal { max: 64.0 }, &[8][..], true));
/// ```
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
///
/// ```
/// use flow_runtime::{prelude::*, program::Init};
/// flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
///
/// let weight = Line::PROGRAM.parameters[0];
/// assert_eq!((weight.name, weight.shape, weight.init), ("out.weight", &[2, 4][..], Init::FanIn(4)));
/// ```
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
