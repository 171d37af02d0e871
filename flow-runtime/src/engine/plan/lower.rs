//! From a program to the steps of a plan.

mod analysis;
mod product;

use super::{Base, Binary, Frequencies, Norm, Plan, Step, Use, View, arena::Buffer};
use crate::program::{InputKind, Node, Op, Program, sinusoidal_frequencies};

/// Rows of a weight's gradient that are summed over the batch by one thread.
const SUM_ROWS: usize = 48;

/// What a value depends on where a batch shares its time, and so how often it is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// The time alone: once per stage.
    Shared,
    /// Conditions alone: once per tile.
    Prologue,
    /// Anything else.
    Body,
}

/// Lowers the nodes that the output and the `shares` (parameter, node) need; `forward` nodes come before the cotangent is
/// known.
pub(super) fn lower(program: &Program, shares: &[(usize, usize)], usage: Use) -> Plan {
    let mut lower = Lower::new(program, shares, usage);
    for i in 0..program.nodes.len() {
        if lower.needed[i] {
            lower.node(i);
        }
        if i == program.output {
            lower.output();
            lower.plan.forward = lower.plan.body.len();
        }
    }
    lower.plan
}

struct Lower<'a> {
    program: &'a Program,
    usage: Use,
    plan: Plan,
    needed: Vec<bool>,
    consumers: Vec<Vec<usize>>,
    level: Vec<Level>,
    /// Where each value lies, as far as it is lowered.
    views: Vec<Option<View>>,
    /// The `concat` in whose memory a value is computed, and its first column there.
    home: Vec<Option<(usize, usize)>>,
    /// `concat`s that are never put together, for all their readers take them apart.
    taken_apart: Vec<bool>,
    /// The sum into which a product is folded.
    folded: Vec<bool>,
    /// Parameters of which a node is a share.
    shares: Vec<Vec<usize>>,
    /// Places of the gradient to which something is added.
    started: Vec<usize>,
}

impl Lower<'_> {
    fn steps(&mut self, level: Level) -> &mut Vec<Step> {
        match level {
            Level::Shared => &mut self.plan.shared,
            Level::Prologue => &mut self.plan.prologue,
            Level::Body => &mut self.plan.body,
        }
    }

    fn view(&self, i: usize) -> View {
        // Operands come before their nodes; a program is checked before it is lowered.
        self.views[i].unwrap_or(View::dense(Base::State, 1, 0))
    }

    fn operand(&self, i: usize, which: usize) -> View {
        self.view(self.program.nodes[i].inputs[which])
    }

    fn parameter(&self, i: usize, which: usize) -> usize {
        self.program.parameter_offset(self.program.nodes[i].parameters[which])
    }

    /// New memory for a value of that many lines and columns.
    fn room(&mut self, level: Level, lines: usize, width: usize) -> View {
        if level == Level::Shared {
            let offset = self.plan.shared_len;
            self.plan.shared_len += lines * width;
            return View { offset, ..View::dense(Base::Shared, lines, width) }.broadcast();
        }
        self.plan.buffers.push(Buffer { size: lines * width, place: 0 });
        View::dense(Base::Buffer(self.plan.buffers.len() - 1), lines, width)
    }

    /// Where node `i` is to be written.
    fn place(&mut self, i: usize) -> View {
        let node = &self.program.nodes[i];
        let (lines, width) = (lines(node), width(node));
        if let Some((concat, column)) = self.home[i] {
            let whole = self.place_once(concat);
            return whole.columns(column, width);
        }
        if i == self.program.output && self.level[i] == Level::Body {
            return View::dense(Base::Output, lines, width);
        }
        self.room(self.level[i], lines, width)
    }

    /// The memory of a `concat`, asked for by its operands first.
    fn place_once(&mut self, i: usize) -> View {
        if let Some(view) = self.views[i] {
            return view;
        }
        let view = self.place(i);
        self.views[i] = Some(view);
        view
    }

    fn node(&mut self, i: usize) {
        let node = &self.program.nodes[i];
        if matches!(node.op, Op::Outer | Op::SumRows | Op::Scatter { .. }) {
            return self.share(i);
        }
        if self.taken_apart[i] || self.folded[i] {
            return;
        }
        match node.op {
            Op::Input(input) => self.views[i] = Some(self.input(input)),
            Op::Reshape => self.reshape(i),
            Op::Slice { start } => {
                self.views[i] = Some(self.operand(i, 0).columns(start, width(node)));
            }
            // Outside of training, dropout does nothing.
            Op::Dropout { .. } if !self.training() => self.views[i] = Some(self.operand(i, 0)),
            Op::Concat => self.concat(i),
            Op::Linear => self.linear(i, None, i),
            Op::Add if node.inputs.iter().any(|&input| self.folded[input]) => self.folded_sum(i),
            _ => {
                let out = self.place(i);
                let step = self.step(i, out);
                self.steps(self.level[i]).push(step);
                self.views[i] = Some(out);
            }
        }
        if !self.shares[i].is_empty() {
            self.share_of_value(i);
        }
    }

    fn training(&self) -> bool {
        matches!(self.usage, Use::Training | Use::TrainingFused | Use::TrainingDeferred)
    }

    fn input(&self, index: usize) -> View {
        let input = &self.program.inputs[index];
        let width = input.shape.last().copied().unwrap_or(1);
        let lines = input.size() / width.max(1);
        match input.kind {
            InputKind::State => View::dense(Base::State, lines, width),
            InputKind::Time if self.usage == Use::SharedTime => View::dense(Base::Time, 1, 1).broadcast(),
            InputKind::Time => View::dense(Base::Time, 1, 1),
            InputKind::Cotangent => View::dense(Base::Cotangent, lines, width),
            InputKind::Class { .. } | InputKind::Vector => {
                View::dense(Base::Condition(self.condition(index)), lines, width)
            }
        }
    }

    /// Place of an input among the conditions.
    fn condition(&self, index: usize) -> usize {
        self.program.conditions().position(|(i, _)| i == index).unwrap_or(0)
    }

    /// The condition behind a label.
    fn label(&self, i: usize) -> usize {
        match self.program.nodes[self.program.nodes[i].inputs[0]].op {
            Op::Input(index) => self.condition(index),
            _ => 0,
        }
    }

    fn reshape(&mut self, i: usize) {
        let node = &self.program.nodes[i];
        let x = self.operand(i, 0);
        let (lines, width) = (lines(node), width(node));
        let reshaped = |x: View| {
            let view = View { width, line: width, lines, row: lines * width, ..x };
            if x.is_broadcast() { view.broadcast() } else { view }
        };
        let gapless = x.line == x.width && (x.is_broadcast() || x.is_dense());
        self.views[i] = Some(if gapless {
            reshaped(x)
        } else {
            let copy = self.room(self.level[i], x.lines, x.width);
            self.steps(self.level[i]).push(Step::Copy { x, out: copy });
            reshaped(copy)
        });
    }

    fn concat(&mut self, i: usize) {
        let out = self.place_once(i);
        let node = &self.program.nodes[i];
        let mut column = 0;
        for &input in node.inputs {
            let width = width(&self.program.nodes[input]);
            if self.home[input] != Some((i, column)) {
                let step = Step::Copy { x: self.view(input), out: out.columns(column, width) };
                self.steps(self.level[i]).push(step);
            }
            column += width;
        }
    }

    /// Any node that is one step.
    fn step(&mut self, i: usize, out: View) -> Step {
        let node = &self.program.nodes[i];
        let x = self.operand(i, 0);
        let second = || self.operand(i, 1);
        match node.op {
            Op::LinearTransposed => {
                let (weight, columns) = (self.parameter(i, 0), width(node));
                let pack = self.pack(weight, x.width, columns, columns, 1);
                Step::Product { x, pack, start: None, out }
            }
            Op::Add => Step::Binary { f: Binary::Add, a: x, b: second(), out },
            Op::Sub => Step::Binary { f: Binary::Sub, a: x, b: second(), out },
            Op::Mul => Step::Binary { f: Binary::Mul, a: x, b: second(), out },
            Op::Scale(factor) => Step::Affine { factor, term: 0.0, x, out },
            Op::Shift(term) => Step::Affine { factor: 1.0, term, x, out },
            Op::Softmax => Step::Softmax { x, out },
            Op::SoftmaxPullback => Step::SoftmaxPullback { y: x, dy: second(), out },
            Op::LayerNorm { eps } => {
                let (weight, bias) = (Some(self.parameter(i, 0)), Some(self.parameter(i, 1)));
                Step::Norm { norm: Norm { centred: true, eps }, x, weight, bias, out }
            }
            Op::RmsNorm { eps } => {
                let weight = Some(self.parameter(i, 0));
                Step::Norm { norm: Norm { centred: false, eps }, x, weight, bias: None, out }
            }
            Op::LayerNormNormalized { eps } => {
                Step::Norm { norm: Norm { centred: true, eps }, x, weight: None, bias: None, out }
            }
            Op::RmsNormNormalized { eps } => {
                Step::Norm { norm: Norm { centred: false, eps }, x, weight: None, bias: None, out }
            }
            Op::LayerNormPullback { eps } => {
                let weight = self.parameter(i, 0);
                Step::NormPullback { norm: Norm { centred: true, eps }, x, dy: second(), weight, out }
            }
            Op::RmsNormPullback { eps } => {
                let weight = self.parameter(i, 0);
                Step::NormPullback { norm: Norm { centred: false, eps }, x, dy: second(), weight, out }
            }
            Op::Sinusoidal { max } => {
                let place = self.plan.constants.len();
                self.plan.constants.extend(sinusoidal_frequencies(out.width / 2, max));
                Step::Embedding { frequencies: Frequencies::Constants(place), t: x, out }
            }
            Op::Fourier => Step::Embedding { frequencies: Frequencies::Parameter(self.parameter(i, 0)), t: x, out },
            Op::Embedding => Step::Lookup { condition: self.label(i), table: self.parameter(i, 0), out },
            Op::Dropout { p } => {
                let before = &self.program.nodes[..i];
                let ordinal = before.iter().filter(|node| matches!(node.op, Op::Dropout { .. })).count() as u64;
                Step::Dropout { p, ordinal, x, out }
            }
            Op::DropoutPullback { p, ordinal } => Step::Dropout { p, ordinal, x, out },
            Op::Pullback(f) => Step::Pullback { f, source: x, dy: second(), out },
            Op::Relu
            | Op::Elu { .. }
            | Op::Gelu
            | Op::Silu
            | Op::Tanh
            | Op::Sigmoid
            | Op::Softplus
            | Op::LeakyRelu { .. }
            | Op::Sin => match node.op.activation() {
                Some(f) => Step::Map { f, x, out },
                None => Step::Copy { x, out },
            },
            // Lowered by functions of their own, or refused before there is a plan.
            Op::Input(_)
            | Op::Linear
            | Op::Concat
            | Op::Reshape
            | Op::Slice { .. }
            | Op::Outer
            | Op::SumRows
            | Op::Scatter { .. }
            | Op::Custom { .. } => Step::Copy { x, out },
        }
    }

    /// A share of a parameter's gradient that is summed over the batch as it is computed.
    fn share(&mut self, i: usize) {
        let node = &self.program.nodes[i];
        for parameter in self.shares[i].clone() {
            let to = self.program.parameter_offset(parameter);
            let step = match node.op {
                Op::Outer => Step::Outer { dy: self.operand(i, 0), x: self.operand(i, 1), to, first: false },
                Op::Scatter { classes } => {
                    let (condition, dy) = (self.label(i), self.operand(i, 1));
                    Step::Scatter { condition, dy, to, classes, first: false }
                }
                _ => Step::Sum { x: self.operand(i, 0), to, first: false },
            };
            self.push_sum(step);
        }
    }

    /// A value that is itself a share: its sum over the batch.
    fn share_of_value(&mut self, i: usize) {
        let mut x = self.view(i);
        if x.lines != 1 {
            if !x.is_dense() {
                let out = self.room(Level::Body, x.lines, x.width);
                self.plan.body.push(Step::Copy { x, out });
                x = out;
            }
            x = View { width: x.size(), line: x.size(), lines: 1, ..x };
        }
        for parameter in self.shares[i].clone() {
            let to = self.program.parameter_offset(parameter);
            self.push_sum(Step::Sum { x, to, first: false });
        }
    }

    fn push_sum(&mut self, mut step: Step) {
        if let Step::Outer { to, first, .. } | Step::Sum { to, first, .. } | Step::Scatter { to, first, .. } = &mut step
        {
            *first = !self.started.contains(to);
            self.started.push(*to);
        }
        if self.usage != Use::TrainingDeferred {
            return self.plan.body.push(step);
        }
        let Step::Outer { dy, x, to, first } = step else { return self.plan.sums.push(step) };
        // Pieces that threads share out.
        for start in (0..dy.width).step_by(SUM_ROWS) {
            let rows = SUM_ROWS.min(dy.width - start);
            self.plan.sums.push(Step::Outer { dy: dy.columns(start, rows), x, to: to + start * x.width, first });
        }
    }

    /// The velocity in its place, if it was not computed there.
    fn output(&mut self) {
        let i = self.program.output;
        let x = self.view(i);
        if x.base != Base::Output {
            let out = View::dense(Base::Output, x.lines, x.width);
            self.plan.body.push(Step::Copy { x, out });
        }
    }
}

/// Length of the last axis.
fn width(node: &Node) -> usize {
    node.shape.last().copied().unwrap_or(1)
}

/// Lines of one sample.
fn lines(node: &Node) -> usize {
    node.size() / width(node).max(1)
}
