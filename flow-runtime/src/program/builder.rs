//! Programs built at run time: for tests, tools, and models whose shape is known only then.
//!
//! `flow_model!` is the usual way to a program. A built one is leaked, since a [`Program`] is `'static`: build it once.

use super::{Init, Input, InputKind, Node, Op, Parameter, Program, op};
use crate::error::Result;

/// Builds a [`Program`] node by node; the state and the time are there from the start.
///
/// A mistake (shapes that do not fit, a name used twice) is reported by [`finish`](Builder::finish).
///
/// ```
/// use flow_runtime::program::{Op, builder::Builder};
/// let mut b = Builder::new("Moons", &[2]);
/// let e = b.sinusoidal(b.time(), 32, 64.0);
/// let h = b.concat(&[b.state(), e]);
/// let h = b.linear("h", h, 64, true);
/// let h = b.apply(Op::Elu { alpha: 1.0 }, h);
/// let out = b.linear("out", h, 2, true);
/// let program = b.finish(out)?;
/// assert_eq!(program.parameter_count(), 34 * 64 + 64 + 64 * 2 + 2);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    name: &'static str,
    inputs: Vec<Input>,
    nodes: Vec<Node>,
    parameters: Vec<Parameter>,
}

/// A node of the program that a [`Builder`] builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(usize);

impl NodeId {
    /// Its index in [`Program::nodes`].
    pub fn index(self) -> usize {
        self.0
    }
}

impl Builder {
    /// A program named `name` whose state has this shape.
    pub fn new(name: &str, state: &[usize]) -> Self {
        let mut builder = Self { name: leak_text(name), inputs: Vec::new(), nodes: Vec::new(), parameters: Vec::new() };
        builder.input("x", InputKind::State, state);
        builder.input("t", InputKind::Time, &[1]);
        builder
    }

    /// The state `x`.
    pub fn state(&self) -> NodeId {
        NodeId(0)
    }

    /// The time `t: [1]`.
    pub fn time(&self) -> NodeId {
        NodeId(1)
    }

    /// Declares a condition that is a class label.
    ///
    /// ```
    /// use flow_runtime::program::builder::Builder;
    /// let mut b = Builder::new("Digits", &[64]);
    /// let label = b.class("y", 10);
    /// let e = b.embedding("e", label, 16);
    /// let h = b.concat(&[b.state(), e]);
    /// let out = b.linear("out", h, 64, true);
    /// assert_eq!(b.finish(out)?.conditions().count(), 1);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn class(&mut self, name: &str, classes: usize) -> NodeId {
        self.input(name, InputKind::Class { classes }, &[])
    }

    /// Declares a condition of numbers.
    ///
    /// ```
    /// use flow_runtime::program::builder::Builder;
    /// let mut b = Builder::new("M", &[2]);
    /// let c = b.vector("c", &[2]);
    /// let out = b.add(b.state(), c);
    /// assert_eq!(b.finish(out)?.input_index("c"), Some(2));
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn vector(&mut self, name: &str, shape: &[usize]) -> NodeId {
        self.input(name, InputKind::Vector, shape)
    }

    fn input(&mut self, name: &str, kind: InputKind, shape: &[usize]) -> NodeId {
        let (name, index) = (leak_text(name), self.inputs.len());
        self.inputs.push(Input { name, kind, shape: leak(shape) });
        self.node(name, Op::Input(index), &[], shape, &[])
    }

    /// The shape of a node.
    pub fn shape(&self, node: NodeId) -> &'static [usize] {
        self.nodes[node.0].shape
    }

    /// Any op, written out.
    pub fn node(&mut self, name: &str, op: Op, inputs: &[NodeId], shape: &[usize], parameters: &[usize]) -> NodeId {
        let inputs: Vec<usize> = inputs.iter().map(|node| node.0).collect();
        let mut node = Node {
            name: leak_text(name),
            op,
            inputs: leak(&inputs),
            shape: leak(shape),
            parameters: leak(parameters),
            batch_invariant: false,
        };
        node.batch_invariant = match op {
            Op::Input(index) => self.inputs[index].kind == InputKind::Time,
            _ => op.rule(|rule| rule.deterministic()) && inputs.iter().all(|&i| self.nodes[i].batch_invariant),
        };
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }

    /// Declares a parameter; gives its index.
    ///
    /// ```
    /// use flow_runtime::program::{Init, Op, builder::Builder};
    /// // A `linear` without bias, written out.
    /// let mut b = Builder::new("M", &[2]);
    /// let weight = b.parameter("out.weight", &[2, 2], Init::Zeros, true);
    /// let out = b.node("out", Op::Linear, &[b.state()], &[2], &[weight]);
    /// assert_eq!(b.finish(out)?.parameter_count(), 4);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn parameter(&mut self, name: &str, shape: &[usize], init: Init, trained: bool) -> usize {
        self.parameters.push(Parameter { name: leak_text(name), shape: leak(shape), init, trained });
        self.parameters.len() - 1
    }

    /// An op of one operand that keeps the shape and has no parameters: an activation, `softmax`, `dropout`, `scale`.
    pub fn apply(&mut self, op: Op, x: NodeId) -> NodeId {
        self.node("", op, &[x], self.shape(x), &[])
    }

    /// `factor · x`.
    pub fn scale(&mut self, x: NodeId, factor: f64) -> NodeId {
        self.apply(Op::Scale(factor), x)
    }

    /// `linear`, with parameters `name.weight: [width, in]` and, if wanted, `name.bias: [width]`.
    pub fn linear(&mut self, name: &str, x: NodeId, width: usize, bias: bool) -> NodeId {
        let shape = self.shape(x);
        let fan_in = op::last(shape);
        let mut parameters =
            vec![self.parameter(&format!("{name}.weight"), &[width, fan_in], Init::FanIn(fan_in), true)];
        if bias {
            parameters.push(self.parameter(&format!("{name}.bias"), &[width], Init::FanIn(fan_in), true));
        }
        self.node(name, Op::Linear, &[x], &with_last(shape, width), &parameters)
    }

    /// `layer_norm` with parameters `name.weight` and `name.bias`.
    pub fn layer_norm(&mut self, name: &str, x: NodeId, eps: f64) -> NodeId {
        let width = op::last(self.shape(x));
        let weight = self.parameter(&format!("{name}.weight"), &[width], Init::Ones, true);
        let bias = self.parameter(&format!("{name}.bias"), &[width], Init::Zeros, true);
        self.node(name, Op::LayerNorm { eps }, &[x], self.shape(x), &[weight, bias])
    }

    /// `rms_norm` with parameter `name.weight`.
    pub fn rms_norm(&mut self, name: &str, x: NodeId, eps: f64) -> NodeId {
        let width = op::last(self.shape(x));
        let weight = self.parameter(&format!("{name}.weight"), &[width], Init::Ones, true);
        self.node(name, Op::RmsNorm { eps }, &[x], self.shape(x), &[weight])
    }

    /// `sinusoidal(t, dim, max)`.
    pub fn sinusoidal(&mut self, t: NodeId, dim: usize, max: f64) -> NodeId {
        self.node("", Op::Sinusoidal { max }, &[t], &[dim], &[])
    }

    /// `fourier(t, dim, scale)` with the fixed parameter `name.frequencies: [dim / 2]`.
    pub fn fourier(&mut self, name: &str, t: NodeId, dim: usize, scale: f64) -> NodeId {
        let frequencies =
            self.parameter(&format!("{name}.frequencies"), &[dim / 2], Init::Normal { std: scale }, false);
        self.node(name, Op::Fourier, &[t], &[dim], &[frequencies])
    }

    /// `embedding(label, dim)` with parameter `name.weight: [classes, dim]`.
    pub fn embedding(&mut self, name: &str, label: NodeId, dim: usize) -> NodeId {
        let classes = match self.nodes[label.0].op {
            Op::Input(index) => match self.inputs[index].kind {
                InputKind::Class { classes } => classes,
                _ => 1,
            },
            _ => 1,
        };
        let weight = self.parameter(&format!("{name}.weight"), &[classes, dim], Init::Normal { std: 1.0 }, true);
        self.node(name, Op::Embedding, &[label], &[dim], &[weight])
    }

    /// The operands side by side on the last axis.
    pub fn concat(&mut self, operands: &[NodeId]) -> NodeId {
        let width = operands.iter().map(|node| op::last(self.shape(*node))).sum();
        let first = operands.first().map_or(&[][..], |node| self.shape(*node));
        self.node("", Op::Concat, operands, &with_last(first, width), &[])
    }

    /// `x + y`.
    pub fn add(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.node("", Op::Add, &[x, y], self.shape(x), &[])
    }

    /// `x − y`.
    pub fn sub(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.node("", Op::Sub, &[x, y], self.shape(x), &[])
    }

    /// `x · y`.
    pub fn mul(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.node("", Op::Mul, &[x, y], self.shape(x), &[])
    }

    /// The same values in another shape.
    pub fn reshape(&mut self, x: NodeId, shape: &[usize]) -> NodeId {
        self.node("", Op::Reshape, &[x], shape, &[])
    }

    /// The program whose velocity is `output`.
    ///
    /// # Errors
    /// What [`Program::check`] finds.
    ///
    /// ```
    /// use flow_runtime::program::builder::Builder;
    /// let mut b = Builder::new("M", &[2]);
    /// let out = b.linear("out", b.state(), 3, true);
    /// // The velocity has another shape than the state.
    /// assert!(b.finish(out).is_err());
    /// ```
    pub fn finish(self, output: NodeId) -> Result<&'static Program> {
        let program: &'static Program = Box::leak(Box::new(Program {
            name: self.name,
            inputs: Box::leak(self.inputs.into()),
            nodes: Box::leak(self.nodes.into()),
            parameters: Box::leak(self.parameters.into()),
            output: output.0,
        }));
        program.check()?;
        Ok(program)
    }
}

fn leak(values: &[usize]) -> &'static [usize] {
    Box::leak(values.into())
}

fn leak_text(text: &str) -> &'static str {
    Box::leak(text.into())
}

/// `shape` with another last axis; `[width]` if it has none.
fn with_last(shape: &[usize], width: usize) -> Vec<usize> {
    let rows = shape.split_last().map_or(&[][..], |(_, rows)| rows);
    rows.iter().copied().chain([width]).collect()
}

/// The network of the two-moons workload: `[x, sinusoidal(t, 32)] → 64 → 128 → 64 → 2` with `elu`.
#[cfg(test)]
pub(crate) fn moons() -> &'static Program {
    let mut b = Builder::new("Moons", &[2]);
    let e = b.sinusoidal(b.time(), 32, 64.0);
    let mut h = b.concat(&[b.state(), e]);
    for (name, width) in [("h", 64), ("h2", 128), ("h3", 64)] {
        h = b.linear(name, h, width, true);
        h = b.apply(Op::Elu { alpha: 1.0 }, h);
    }
    let out = b.linear("out", h, 2, true);
    b.finish(out).unwrap()
}
