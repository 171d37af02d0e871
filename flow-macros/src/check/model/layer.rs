//! Every layer's shape rule and parameters.

use super::{
    arguments::Read,
    body::{Lowering, Operand},
    dim::{self, show, show_shape},
};
use crate::ir::{Dim, Init, InputKind, Node, Op, Parameter, Shape};
use proc_macro2::Span;

impl Lowering<'_, '_> {
    /// `read` holds one entry for each parameter of the layer in `keyword::LAYERS`.
    pub(super) fn lower_layer(&mut self, name: &str, read: &[Read], span: Span) -> Option<Operand> {
        let first = read.first().and_then(Read::node);
        let number = |index: usize| read.get(index).map_or(f64::NAN, Read::number);
        match name {
            "concat" => self.concat(&read[0], span),
            "sinusoidal" => {
                let (t, _) = first?;
                let (dim, _) = self.even_dim("sinusoidal", &read[1])?;
                Some(self.node(Op::Sinusoidal { max: number(2) }, vec![t], vec![dim], Vec::new(), String::new(), span))
            }
            "fourier" => {
                let (t, _) = first?;
                let (dim, _) = self.even_dim("fourier", &read[1])?;
                let layer = self.layer_name();
                let frequencies = self.parameter(
                    &layer,
                    "frequencies",
                    vec![dim::half(&dim)],
                    Init::Normal { std: number(2) },
                    false,
                );
                Some(self.node(Op::Fourier, vec![t], vec![dim], vec![frequencies], layer, span))
            }
            "embedding" => {
                let (y, _) = first?;
                let Op::Input(index) = self.nodes[y].op else { return None };
                let InputKind::Class { classes } = self.inputs[index].kind.clone() else { return None };
                let Read::Size(dim, _) = &read[1] else { return None };
                let layer = self.layer_name();
                let table =
                    self.parameter(&layer, "weight", vec![classes, dim.clone()], Init::Normal { std: 1.0 }, true);
                Some(self.node(Op::Embedding, vec![y], vec![dim.clone()], vec![table], layer, span))
            }
            "linear" => {
                let (x, _) = first?;
                let Read::Size(out, _) = &read[1] else { return None };
                let mut shape = self.nodes[x].shape.clone();
                let fan_in = std::mem::replace(shape.last_mut()?, out.clone());
                let layer = self.layer_name();
                let mut parameters = vec![self.parameter(
                    &layer,
                    "weight",
                    vec![out.clone(), fan_in.clone()],
                    Init::FanIn(fan_in.clone()),
                    true,
                )];
                if read[2].flag() {
                    parameters.push(self.parameter(&layer, "bias", vec![out.clone()], Init::FanIn(fan_in), true));
                }
                Some(self.node(Op::Linear, vec![x], shape, parameters, layer, span))
            }
            "layer_norm" | "rms_norm" => {
                let (x, _) = first?;
                let width = self.nodes[x].shape.last()?.clone();
                let layer = self.layer_name();
                let mut parameters = vec![self.parameter(&layer, "weight", vec![width.clone()], Init::Ones, true)];
                let eps = number(1);
                let op = if name == "layer_norm" {
                    parameters.push(self.parameter(&layer, "bias", vec![width], Init::Zeros, true));
                    Op::LayerNorm { eps }
                } else {
                    Op::RmsNorm { eps }
                };
                let shape = self.nodes[x].shape.clone();
                Some(self.node(op, vec![x], shape, parameters, layer, span))
            }
            "reshape" => {
                let (x, _) = first?;
                let Read::Shape(shape, shape_span) = &read[1] else { return None };
                let from = self.nodes[x].shape.clone();
                let (have, want) = (dim::product(&from), dim::product(shape));
                let message = format!(
                    "{} holds {} numbers, but {} has {}\nhelp: the numbers stay the same; `linear` changes how many there are",
                    show_shape(shape),
                    show(&want),
                    show_shape(&from),
                    show(&have)
                );
                if !self.dims.same(&want, &have, *shape_span, &message) {
                    self.cx.span(*shape_span, message);
                    return None;
                }
                Some(self.node(Op::Reshape, vec![x], shape.clone(), Vec::new(), String::new(), span))
            }
            "flatten" => {
                let (x, _) = first?;
                let shape = vec![dim::product(&self.nodes[x].shape)];
                Some(self.node(Op::Reshape, vec![x], shape, Vec::new(), String::new(), span))
            }
            "custom" => {
                let (x, _) = first?;
                let Read::Type(module) = &read[1] else { return None };
                let shape = match &read[2] {
                    Read::Shape(shape, _) => shape.clone(),
                    _ => self.nodes[x].shape.clone(),
                };
                let layer = self.layer_name();
                let op = Op::Custom { module: module.clone(), name: layer.clone() };
                Some(self.node(op, vec![x], shape, Vec::new(), layer, span))
            }
            _ => {
                let op = match name {
                    "relu" => Op::Relu,
                    "elu" => Op::Elu { alpha: number(1) },
                    "gelu" => Op::Gelu,
                    "silu" => Op::Silu,
                    "tanh" => Op::Tanh,
                    "sigmoid" => Op::Sigmoid,
                    "softplus" => Op::Softplus,
                    "leaky_relu" => Op::LeakyRelu { slope: number(1) },
                    "sin" => Op::Sin,
                    "softmax" => Op::Softmax,
                    "dropout" => Op::Dropout { p: number(1) },
                    _ => {
                        self.cx
                            .span(span, format!("this is a bug in flow-macros: the layer `{name}` has no shape rule"));
                        return None;
                    }
                };
                self.unary(op, first?.0, span)
            }
        }
    }

    /// An op that keeps the shape.
    pub(super) fn unary(&mut self, op: Op, x: usize, span: Span) -> Option<Operand> {
        let shape = self.nodes[x].shape.clone();
        Some(self.node(op, vec![x], shape, Vec::new(), String::new(), span))
    }

    /// Appends a node.
    pub(super) fn node(
        &mut self,
        op: Op,
        inputs: Vec<usize>,
        shape: Shape,
        parameters: Vec<usize>,
        name: String,
        span: Span,
    ) -> Operand {
        let batch_invariant = !matches!(op, Op::Dropout { .. } | Op::Custom { .. })
            && inputs.iter().all(|&id| self.nodes[id].batch_invariant);
        Operand::Node(self.push_node(Node { name, span, op, inputs, shape, parameters, batch_invariant }))
    }

    /// The values side by side on the last axis; all other axes agree.
    fn concat(&mut self, read: &Read, span: Span) -> Option<Operand> {
        let Read::Values(values) = read else { return None };
        let mut ids = Vec::new();
        let mut shape: Option<Shape> = None;
        for (operand, value_span) in values {
            let Operand::Node(id) = *operand else { return None };
            let next = self.nodes[id].shape.clone();
            ids.push(id);
            shape = Some(match shape {
                None => next,
                Some(mut whole) => {
                    let leading = |shape: &Shape| shape[..shape.len().saturating_sub(1)].to_vec();
                    let (a, b) = (leading(&whole), leading(&next));
                    let (left, right) = (show_shape(&whole), show_shape(&next));
                    let same = self.same_shape(&a, &b, *value_span, |_, _| {
                        format!("`concat` joins the last axis, so the others must agree, found {left} and {right}\nhelp: bring one to the other's shape with `reshape` or `flatten`")
                    });
                    if !same {
                        return None;
                    }
                    let (Some(last), Some(more)) = (whole.last_mut(), next.last()) else { return None };
                    *last = dim::sum(last, more);
                    if !dim::is_believable(last) {
                        self.cx.span(
                            span,
                            "the joined axis is too long\nhelp: bring the values to fewer numbers first, with `linear`",
                        );
                        return None;
                    }
                    whole
                }
            });
        }
        if ids.len() < 2 {
            self.cx.span(span, "`concat` joins two values or more\nhelp: write `concat(a, b)`");
            return None;
        }
        Some(self.node(Op::Concat, ids, shape?, Vec::new(), String::new(), span))
    }

    fn even_dim(&mut self, layer: &str, read: &Read) -> Option<(Dim, Span)> {
        let Read::Size(dim, span) = read else { return None };
        let before = self.cx.len();
        self.dims.even(
            dim,
            *span,
            &format!("`dim` of `{layer}` is even, as it holds a sine and a cosine of each frequency"),
            self.cx,
        );
        (self.cx.len() == before).then(|| (dim.clone(), *span))
    }

    /// The name of the next layer under the current binding: `h`, `h2`, `h3`, …
    fn layer_name(&mut self) -> String {
        let base = format!("{}{}", self.name_prefix(), self.current);
        self.unique(base)
    }

    /// The first of `base`, `base2`, `base3`, … that is free.
    fn unique(&mut self, base: String) -> String {
        let mut name = base.clone();
        let mut count = self.counts.get(&base).copied().unwrap_or(1);
        while !self.taken.insert(name.clone()) {
            count += 1;
            name = format!("{base}{count}");
        }
        self.counts.insert(base, count);
        name
    }

    /// The same for the prefix of a block, `a.`, `a2.`, …
    pub(super) fn unique_prefix(&mut self, prefix: String) -> String {
        let name = self.unique(prefix.trim_end_matches('.').to_owned());
        format!("{name}.")
    }

    fn parameter(&mut self, layer: &str, name: &str, shape: Shape, init: Init, trained: bool) -> usize {
        self.parameters.push(Parameter { name: format!("{layer}.{name}"), shape, init, trained });
        self.parameters.len() - 1
    }
}
