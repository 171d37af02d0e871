//! The reverse sweep: one node after the other from the velocity back, each by the rule of its op.

use super::{Gradient, Wanted};
use crate::{
    error::{Error, Result},
    program::{Input, InputKind, Node, Op, Program},
};

/// A reverse node that is not leaked yet, so that a program without a gradient leaves nothing behind.
struct Draft {
    name: String,
    op: Op,
    inputs: Vec<usize>,
    shape: &'static [usize],
    parameters: &'static [usize],
    batch_invariant: bool,
}

/// What the rule of an op sees of the sweep while its node is differentiated.
pub(crate) struct Reverse {
    program: &'static Program,
    /// Nodes upstream of which something wanted lies, or which use a wanted parameter.
    active: Vec<bool>,
    wanted: Wanted,
    drafts: Vec<Draft>,
    /// The cotangent of each node, as far as it is known.
    cotangents: Vec<Option<usize>>,
    shares: Vec<(usize, usize)>,
    /// The node that is being differentiated, and its cotangent.
    at: usize,
    cotangent: usize,
}

impl Reverse {
    /// Differentiates a program that passes [`Program::check`].
    pub(super) fn sweep(program: &'static Program, wanted: Wanted) -> Result<Gradient> {
        let inputs = inputs_with_cotangent(program)?;
        let mut reverse = Self {
            program,
            active: active(program, wanted),
            wanted,
            drafts: Vec::new(),
            cotangents: vec![None; program.nodes.len()],
            shares: Vec::new(),
            at: program.output,
            cotangent: program.nodes.len(),
        };
        let cotangent = reverse.emit(Op::Input(program.inputs.len()), &[], program.inputs[0].shape, &[]);
        reverse.name(cotangent, inputs[program.inputs.len()].name.to_owned());
        if reverse.active[program.output] {
            reverse.cotangents[program.output] = Some(cotangent);
        }
        for (at, node) in program.nodes.iter().enumerate().rev() {
            let Some(cotangent) = reverse.cotangents[at] else { continue };
            (reverse.at, reverse.cotangent) = (at, cotangent);
            if !node.name.is_empty() {
                reverse.name(cotangent, format!("d{}", node.name));
            }
            node.op.rule(|rule| rule.pullback(&mut reverse))?;
        }
        let states =
            |node: &Node| matches!(node.op, Op::Input(index) if program.inputs[index].kind == InputKind::State);
        let states = program.nodes.iter().enumerate().filter(|(_, node)| states(node));
        let states: Vec<usize> = states.filter_map(|(at, _)| reverse.cotangents[at]).collect();
        let shape = program.inputs[0].shape;
        let state = states.into_iter().reduce(|sum, share| reverse.emit(Op::Add, &[sum, share], shape, &[]));
        Ok(reverse.finish(inputs, if wanted.state { state } else { None }))
    }

    /// The node that is being differentiated.
    pub(crate) fn node(&self) -> &'static Node {
        &self.program.nodes[self.at]
    }

    /// Index of that node: its result.
    pub(crate) fn result(&self) -> usize {
        self.at
    }

    /// Index of the cotangent of that result.
    pub(crate) fn cotangent(&self) -> usize {
        self.cotangent
    }

    /// Index of operand `i`.
    pub(crate) fn operand(&self, i: usize) -> usize {
        self.node().inputs[i]
    }

    /// The shape of operand `i`.
    pub(crate) fn operand_shape(&self, i: usize) -> &'static [usize] {
        self.program.nodes[self.operand(i)].shape
    }

    /// Whether the cotangent of operand `i` leads to anything wanted.
    pub(crate) fn wants_operand(&self, i: usize) -> bool {
        self.active[self.operand(i)]
    }

    /// Whether there is a parameter `i` and its share is wanted.
    pub(crate) fn wants_parameter(&self, i: usize) -> bool {
        let parameter = self.node().parameters.get(i);
        self.wanted.parameters && parameter.is_some_and(|&parameter| self.program.parameters[parameter].trained)
    }

    /// The shape of parameter `i`.
    pub(crate) fn parameter_shape(&self, i: usize) -> &'static [usize] {
        self.program.parameters[self.node().parameters[i]].shape
    }

    /// The ordinal of the node that is being differentiated among the dropout nodes.
    pub(crate) fn dropout_ordinal(&self) -> u64 {
        let before = &self.program.nodes[..self.at];
        before.iter().filter(|node| matches!(node.op, Op::Dropout { .. })).count() as u64
    }

    /// A new node; gives its index.
    pub(crate) fn emit(
        &mut self,
        op: Op,
        inputs: &[usize],
        shape: &'static [usize],
        parameters: &'static [usize],
    ) -> usize {
        let invariant = |&input: &usize| match input.checked_sub(self.program.nodes.len()) {
            Some(draft) => self.drafts[draft].batch_invariant,
            None => self.program.nodes[input].batch_invariant,
        };
        let batch_invariant =
            !matches!(op, Op::Input(_)) && op.rule(|rule| rule.deterministic()) && inputs.iter().all(invariant);
        let inputs = inputs.to_vec();
        self.drafts.push(Draft { name: String::new(), op, inputs, shape, parameters, batch_invariant });
        self.program.nodes.len() + self.drafts.len() - 1
    }

    /// Adds `share`, of the operand's shape, to the cotangent of operand `i` if that is wanted.
    pub(crate) fn add_operand(&mut self, i: usize, share: usize) {
        if !self.wants_operand(i) {
            return;
        }
        let operand = self.operand(i);
        self.cotangents[operand] = Some(match self.cotangents[operand] {
            None => share,
            Some(sum) => self.emit(Op::Add, &[sum, share], self.program.nodes[operand].shape, &[]),
        });
    }

    /// `share`, of the parameter's shape, is a share in the gradient of parameter `i`.
    pub(crate) fn add_parameter(&mut self, i: usize, share: usize) {
        let parameter = self.node().parameters[i];
        self.name(share, format!("d{}", self.program.parameters[parameter].name));
        self.shares.push((parameter, share));
    }

    /// Adds the value of `op`, which is new, to the cotangent of operand `i`, if that is wanted.
    pub(crate) fn pull_operand(&mut self, i: usize, op: Op, inputs: &[usize], parameters: &'static [usize]) {
        if self.wants_operand(i) {
            let share = self.emit(op, inputs, self.operand_shape(i), parameters);
            self.add_operand(i, share);
        }
    }

    /// The sum over the rows of `rows`, of the result's shape, is a share in the gradient of parameter `i`.
    pub(crate) fn add_parameter_rows(&mut self, i: usize, rows: usize) {
        let shape = self.parameter_shape(i);
        // A single row is its own sum.
        let single = self.node().shape == shape;
        let share = if single { rows } else { self.emit(Op::SumRows, &[rows], shape, &[]) };
        self.add_parameter(i, share);
    }

    /// Names a reverse node that has no name yet.
    fn name(&mut self, node: usize, name: String) {
        let draft = node.checked_sub(self.program.nodes.len()).and_then(|draft| self.drafts.get_mut(draft));
        if let Some(draft) = draft.filter(|draft| draft.name.is_empty()) {
            draft.name = name;
        }
    }

    fn finish(self, inputs: Vec<Input>, state: Option<usize>) -> Gradient {
        let drafts = self.drafts.into_iter().map(|draft| Node {
            name: if draft.name.is_empty() { "" } else { draft.name.leak() },
            op: draft.op,
            inputs: draft.inputs.leak(),
            shape: draft.shape,
            parameters: draft.parameters,
            batch_invariant: draft.batch_invariant,
        });
        let nodes: Vec<Node> = self.program.nodes.iter().copied().chain(drafts).collect();
        let program = Program { inputs: inputs.leak(), nodes: nodes.leak(), ..*self.program };
        let mut shares = self.shares;
        // In order of the parameters, so that the row of the gradient is written from front to back.
        shares.sort_by_key(|(parameter, _)| *parameter);
        Gradient { program, parameters: shares.leak(), state, wanted: self.wanted }
    }
}

/// The inputs, then the cotangent of the velocity.
fn inputs_with_cotangent(program: &Program) -> Result<Vec<Input>> {
    if program.inputs.iter().any(|input| input.kind == InputKind::Cotangent) {
        return Err(Error::Invalid {
            operation: super::OPERATION,
            what: format!("the program `{}`", program.name),
            got: "a gradient already".to_owned(),
            expected: "the program of a model".to_owned(),
            help: "second derivatives are not built; differentiate the program of the model".to_owned(),
        });
    }
    // A prime for each name that the model has taken.
    let mut name = "dv".to_owned();
    while program.input_index(&name).is_some() {
        name.push('\'');
    }
    let name = if name == "dv" { "dv" } else { name.leak() };
    let cotangent = Input { name, kind: InputKind::Cotangent, shape: program.inputs[0].shape };
    Ok(program.inputs.iter().copied().chain([cotangent]).collect())
}

/// Which nodes depend on something wanted.
fn active(program: &Program, wanted: Wanted) -> Vec<bool> {
    let mut active = Vec::with_capacity(program.nodes.len());
    for node in program.nodes {
        let itself = match node.op {
            Op::Input(index) => wanted.state && program.inputs[index].kind == InputKind::State,
            _ => wanted.parameters && node.parameters.iter().any(|&parameter| program.parameters[parameter].trained),
        };
        active.push(itself || node.inputs.iter().any(|&input| active[input]));
    }
    active
}
