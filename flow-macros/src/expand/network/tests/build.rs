//! Builds models by hand.

use crate::{
    ast::Header,
    ir::{Dim, Init, Input, InputKind, Model, Node, Op, Parameter, Shape},
};
use proc_macro2::Span;
use quote::format_ident;

pub(super) struct Build {
    model: Model,
}

fn known(shape: &[usize]) -> Shape {
    shape.iter().copied().map(Dim::Known).collect()
}

impl Build {
    pub(super) fn new(name: &str, state: &[usize]) -> Self {
        let head = Header { attrs: Vec::new(), vis: syn::parse_quote!(pub), name: format_ident!("{name}") };
        let mut inputs = vec![Input { name: "x".to_owned(), kind: InputKind::State, shape: known(state) }];
        inputs.push(Input { name: "t".to_owned(), kind: InputKind::Time, shape: known(&[1]) });
        let (nodes, parameters, assertions) = Default::default();
        let mut build = Self { model: Model { head, inputs, nodes, parameters, output: 0, assertions } };
        build.input(0);
        build.input(1);
        build
    }

    pub(super) fn state(&self) -> usize {
        0
    }

    pub(super) fn time(&self) -> usize {
        1
    }

    fn input(&mut self, index: usize) -> usize {
        let (name, shape) = (self.model.inputs[index].name.clone(), self.model.inputs[index].shape.clone());
        self.node_of(&name, Op::Input(index), &[], shape)
    }

    pub(super) fn class(&mut self, name: &str, classes: usize) -> usize {
        let kind = InputKind::Class { classes: Dim::Known(classes) };
        self.model.inputs.push(Input { name: name.to_owned(), kind, shape: Vec::new() });
        self.input(self.model.inputs.len() - 1)
    }

    pub(super) fn vector(&mut self, name: &str, shape: &[usize]) -> usize {
        self.model.inputs.push(Input { name: name.to_owned(), kind: InputKind::Vector, shape: known(shape) });
        self.input(self.model.inputs.len() - 1)
    }

    pub(super) fn node(&mut self, name: &str, op: Op, inputs: &[usize], shape: &[usize]) -> usize {
        self.node_of(name, op, inputs, known(shape))
    }

    pub(super) fn node_of(&mut self, name: &str, op: Op, inputs: &[usize], shape: Shape) -> usize {
        let batch_invariant = match op {
            Op::Input(index) => matches!(self.model.inputs[index].kind, InputKind::Time),
            _ => inputs.iter().all(|input| self.model.nodes[*input].batch_invariant),
        };
        let (name, inputs) = (name.to_owned(), inputs.to_vec());
        let node = Node { name, span: Span::call_site(), op, inputs, shape, parameters: Vec::new(), batch_invariant };
        self.model.nodes.push(node);
        self.model.nodes.len() - 1
    }

    fn parameter(&mut self, node: usize, name: String, shape: Shape, init: Init, trained: bool) {
        self.model.nodes[node].parameters.push(self.model.parameters.len());
        self.model.parameters.push(Parameter { name, shape, init, trained });
    }

    fn last(&self, node: usize) -> Dim {
        self.model.nodes[node].shape.last().cloned().unwrap_or(Dim::Known(1))
    }

    fn with_last(&self, node: usize, last: usize) -> Shape {
        let mut shape = self.model.nodes[node].shape.clone();
        shape.pop();
        shape.push(Dim::Known(last));
        shape
    }

    pub(super) fn linear(&mut self, name: &str, x: usize, outputs: usize, bias: bool) -> usize {
        let (shape, inputs) = (self.with_last(x, outputs), self.last(x));
        let node = self.node_of(name, Op::Linear, &[x], shape);
        let weight = vec![Dim::Known(outputs), inputs.clone()];
        self.parameter(node, format!("{name}.weight"), weight, Init::FanIn(inputs.clone()), true);
        if bias {
            self.parameter(node, format!("{name}.bias"), known(&[outputs]), Init::FanIn(inputs), true);
        }
        node
    }

    pub(super) fn layer_norm(&mut self, name: &str, x: usize, eps: f64) -> usize {
        let (shape, dim) = (self.model.nodes[x].shape.clone(), vec![self.last(x)]);
        let node = self.node_of(name, Op::LayerNorm { eps }, &[x], shape);
        self.parameter(node, format!("{name}.weight"), dim.clone(), Init::Ones, true);
        self.parameter(node, format!("{name}.bias"), dim, Init::Zeros, true);
        node
    }

    pub(super) fn rms_norm(&mut self, name: &str, x: usize, eps: f64) -> usize {
        let (shape, dim) = (self.model.nodes[x].shape.clone(), vec![self.last(x)]);
        let node = self.node_of(name, Op::RmsNorm { eps }, &[x], shape);
        self.parameter(node, format!("{name}.weight"), dim, Init::Ones, true);
        node
    }

    pub(super) fn fourier(&mut self, name: &str, t: usize, half: usize) -> usize {
        let node = self.node_of(name, Op::Fourier, &[t], known(&[2 * half]));
        self.parameter(node, format!("{name}.frequencies"), known(&[half]), Init::Normal { std: 2.0 }, false);
        node
    }

    pub(super) fn embedding(&mut self, name: &str, class: usize, classes: usize, dim: usize) -> usize {
        let node = self.node_of(name, Op::Embedding, &[class], known(&[dim]));
        self.parameter(node, format!("{name}.weight"), known(&[classes, dim]), Init::Normal { std: 1.0 }, true);
        node
    }

    pub(super) fn dropout(&mut self, x: usize, p: f64) -> usize {
        let shape = self.model.nodes[x].shape.clone();
        self.node_of("", Op::Dropout { p }, &[x], shape)
    }

    pub(super) fn finish(mut self, output: usize) -> Model {
        self.model.output = output;
        self.model
    }
}
