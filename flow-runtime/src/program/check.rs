//! Validation of a program that did not come from the macro, or that something transformed.

use super::{
    InputKind, Node, Op, Program,
    op::{Mismatch, Signature},
};
use crate::error::{Error, Result};

const OPERATION: &str = "checking a program";
const HELP: &str = "programs of `flow_model!` are right by construction; mend what built or changed this one";

impl Program {
    /// Whether the program means something: indices in range, operands before their node, shapes that fit the ops,
    /// unique names of parameters, finite attributes, inputs in order (state, time, conditions), a result of the
    /// state's shape, and batch-invariant marks on nothing that differs within a batch.
    ///
    /// Programs of `flow_model!` pass. Whatever passes can be sized, printed and evaluated without a panic.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::Shape`], naming the node.
    ///
    /// ```
    /// use flow_runtime::{prelude::*, program::{Node, Op, builder::Builder}};
    /// let mut b = Builder::new("M", &[2]);
    /// let out = b.linear("out", b.state(), 2, true);
    /// let program = b.finish(out)?;
    /// assert!(program.check().is_ok());
    /// // A node that is its own operand.
    /// let broken = Node { inputs: &[2], ..program.nodes[2] };
    /// let nodes = [program.nodes[0], program.nodes[1], broken];
    /// assert!(Program { nodes: Box::leak(Box::new(nodes)), ..*program }.check().is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn check(&self) -> Result<()> {
        self.check_inputs()?;
        self.check_parameters()?;
        for i in 0..self.nodes.len() {
            self.check_node(i)?;
        }
        let Some(output) = self.nodes.get(self.output) else {
            return Err(invalid("the output", &format!("node {}", self.output), self.node_range()));
        };
        if output.shape != self.inputs[0].shape {
            return Err(Error::Shape {
                operation: OPERATION,
                what: "the output".to_owned(),
                got: format!("{:?}", output.shape),
                expected: format!("{:?}, that of the state", self.inputs[0].shape),
                help: HELP.to_owned(),
            });
        }
        Ok(())
    }

    fn node_range(&self) -> String {
        format!("one of the {} nodes", self.nodes.len())
    }

    fn check_inputs(&self) -> Result<()> {
        let ordered = match self.inputs {
            [state, time, rest @ ..] => {
                state.kind == InputKind::State
                    && time.kind == InputKind::Time
                    && rest.iter().all(|input| !matches!(input.kind, InputKind::State | InputKind::Time))
                    && rest.iter().rev().skip(1).all(|input| input.kind != InputKind::Cotangent)
            }
            _ => false,
        };
        if !ordered {
            let kinds: Vec<_> = self.inputs.iter().map(|input| input.kind).collect();
            let expected = "a state, the time, then conditions, and a cotangent last if it is a gradient";
            return Err(invalid("the list of inputs", &format!("{kinds:?}"), expected));
        }
        for (i, input) in self.inputs.iter().enumerate() {
            let what = format!("input {i} (`{}`)", input.name);
            if self.input_index(input.name) != Some(i) {
                return Err(invalid(what, "of a name that an earlier input has", "a name of its own"));
            }
            check_dims(&what, input.shape)?;
            let expected: &[usize] = match input.kind {
                InputKind::Time => &[1],
                InputKind::Class { classes: 0 } => return Err(invalid(what, "a choice of 0 classes", "one or more")),
                InputKind::Class { .. } => &[],
                InputKind::State | InputKind::Vector => input.shape,
                InputKind::Cotangent => self.inputs[0].shape,
            };
            if input.shape != expected {
                return Err(mismatch(what, Mismatch::shape("", input.shape, expected)));
            }
        }
        Ok(())
    }

    fn check_parameters(&self) -> Result<()> {
        let mut names = std::collections::HashSet::new();
        let mut total = 0usize;
        for (i, parameter) in self.parameters.iter().enumerate() {
            let what = format!("parameter {i} (`{}`)", parameter.name);
            if parameter.name.is_empty() || !names.insert(parameter.name) {
                return Err(invalid(what, "without a name of its own", "a name that no other parameter has"));
            }
            total = check_dims(&what, parameter.shape)?
                .checked_add(total)
                .ok_or_else(|| invalid(&what, "too large", "a total that fits in memory"))?;
            match parameter.init {
                super::Init::FanIn(0) => return Err(invalid(what, "of fan-in 0", "a fan-in of one or more")),
                super::Init::Normal { std } if !(std.is_finite() && std >= 0.0) => {
                    return Err(invalid(what, &format!("of standard deviation {std}"), "a finite one, not negative"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_node(&self, i: usize) -> Result<()> {
        let node = &self.nodes[i];
        let what = format!("node {i} (`{}`, {})", node.name, node.op.name());
        check_dims(&what, node.shape)?;
        let mut operands = Vec::with_capacity(node.inputs.len());
        for &input in node.inputs {
            if input >= i {
                return Err(invalid(what, &format!("a function of node {input}"), "earlier nodes as operands"));
            }
            operands.push(self.nodes[input].shape);
        }
        let mut parameters = Vec::with_capacity(node.parameters.len());
        for &index in node.parameters {
            let Some(parameter) = self.parameters.get(index) else {
                let expected = format!("one of the {} parameters", self.parameters.len());
                return Err(invalid(what, &format!("a user of parameter {index}"), expected));
            };
            parameters.push(parameter.shape);
        }
        let signature = Signature { operands: &operands, parameters: &parameters, result: node.shape };
        node.op.rule(|rule| {
            rule.check(&signature).map_err(|found| mismatch(what.clone(), found))?;
            match rule.attributes().into_iter().find(|(_, value)| !value.is_finite()) {
                Some((key, value)) => Err(invalid(&what, &format!("with {key} = {value}"), "a finite number")),
                None => Ok(()),
            }
        })?;
        check_domain(&what, &node.op)?;
        self.check_operand_kinds(&what, node)?;
        self.check_dropout(&what, i)?;
        if node.batch_invariant && !self.may_be_batch_invariant(node) {
            return Err(invalid(what, "marked batch-invariant", "that mark only on what depends on the time alone"));
        }
        Ok(())
    }

    /// A dropout's reverse mode belongs to one that is there, earlier and of the same size and probability.
    fn check_dropout(&self, what: &str, i: usize) -> Result<()> {
        let Op::DropoutPullback { p, ordinal } = self.nodes[i].op else { return Ok(()) };
        let mut dropouts = self.nodes[..i].iter().filter(|node| matches!(node.op, Op::Dropout { .. }));
        let dropout = usize::try_from(ordinal).ok().and_then(|ordinal| dropouts.nth(ordinal));
        match dropout {
            Some(dropout) if dropout.op == Op::Dropout { p } && dropout.shape == self.nodes[i].shape => Ok(()),
            _ => {
                let expected = "an earlier dropout of that ordinal, probability and shape";
                Err(invalid(what, &format!("of dropout {ordinal} with p = {p}"), expected))
            }
        }
    }

    /// Labels go into embeddings and nothing else does.
    fn check_operand_kinds(&self, what: &str, node: &Node) -> Result<()> {
        if let Op::Input(index) = node.op {
            let Some(input) = self.inputs.get(index) else {
                let expected = format!("one of the {} inputs", self.inputs.len());
                return Err(invalid(what, &format!("input {index}"), expected));
            };
            if input.shape != node.shape {
                return Err(mismatch(what.to_owned(), Mismatch::shape("", node.shape, input.shape)));
            }
        }
        for (place, &operand) in node.inputs.iter().enumerate() {
            let classes = self.classes_of(operand);
            match (node.op, classes) {
                (Op::Scatter { classes: rows }, Some(classes)) if place == 0 => {
                    if rows != classes {
                        let expected = format!("one row for each of the {classes} classes");
                        return Err(invalid(what, &format!("a table of {rows} rows"), expected));
                    }
                }
                (Op::Scatter { .. }, None) if place == 0 => {
                    return Err(invalid(what, "a table by numbers", "a class as its first operand"));
                }
                (Op::Embedding, Some(classes)) => {
                    let rows = node.parameters.first().and_then(|p| self.parameters[*p].shape.first());
                    if rows != Some(&classes) {
                        let got = format!("a table of {} rows", rows.copied().unwrap_or(0));
                        return Err(invalid(what, &got, format!("one row for each of the {classes} classes")));
                    }
                }
                (Op::Embedding, None) => {
                    return Err(invalid(what, "an embedding of numbers", "a class as its operand"));
                }
                (_, Some(_)) => return Err(invalid(what, "a function of a class", "`embedding` between the two")),
                (_, None) => {}
            }
        }
        Ok(())
    }

    /// Number of classes if the node is a label.
    fn classes_of(&self, node: usize) -> Option<usize> {
        match self.nodes[node].op {
            Op::Input(index) => match self.inputs.get(index)?.kind {
                InputKind::Class { classes } => Some(classes),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the node has the same value for every sample of a batch at one time.
    pub(crate) fn may_be_batch_invariant(&self, node: &Node) -> bool {
        match node.op {
            Op::Input(index) => self.inputs.get(index).is_some_and(|input| input.kind == InputKind::Time),
            op => op.rule(|rule| rule.deterministic()) && node.inputs.iter().all(|&i| self.nodes[i].batch_invariant),
        }
    }
}

/// Dimensions of at least one whose product does not overflow; gives the product.
fn check_dims(what: &str, shape: &[usize]) -> Result<usize> {
    let size = shape.iter().try_fold(1usize, |product, &dim| if dim == 0 { None } else { product.checked_mul(dim) });
    size.filter(|size| *size <= isize::MAX as usize / 8)
        .ok_or_else(|| invalid(what, &format!("of shape {shape:?}"), "dimensions of 1 or more that fit in memory"))
}

fn check_domain(what: &str, op: &Op) -> Result<()> {
    let (fits, expected) = match *op {
        Op::Dropout { p } | Op::DropoutPullback { p, .. } => ((0.0..1.0).contains(&p), "0 ≤ p < 1"),
        Op::LayerNorm { eps }
        | Op::RmsNorm { eps }
        | Op::LayerNormPullback { eps }
        | Op::LayerNormNormalized { eps }
        | Op::RmsNormPullback { eps }
        | Op::RmsNormNormalized { eps } => (eps > 0.0, "eps > 0"),
        Op::Sinusoidal { max } => (max > 0.0, "max > 0"),
        _ => (true, ""),
    };
    if fits { Ok(()) } else { Err(invalid(what, &format!("{op:?}"), expected)) }
}

fn invalid(what: impl Into<String>, got: &str, expected: impl Into<String>) -> Error {
    Error::Invalid {
        operation: OPERATION,
        what: what.into(),
        got: got.to_owned(),
        expected: expected.into(),
        help: HELP.to_owned(),
    }
}

fn mismatch(node: String, found: Mismatch) -> Error {
    let what = if found.what.is_empty() { node } else { format!("{} of {node}", found.what) };
    Error::Shape { operation: OPERATION, what, got: found.got, expected: found.expected, help: HELP.to_owned() }
}

#[cfg(test)]
mod tests;
