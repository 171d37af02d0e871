//! The rules of `model` and `block`: inputs, names, arguments and shapes; and their lowering to a straight line.

mod arguments;
mod block;
mod body;
mod dim;
mod layer;
mod operator;
mod usage;

use crate::{
    ast,
    error::Errors,
    ir::{self, InputKind, Op},
};
use body::{Binding, Lowering, Operand};
pub(crate) use dim::show_tokens;
use dim::{Dims, show_shape};
use proc_macro2::Span;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};
use syn::ext::IdentExt;

/// The blocks of a call.
#[derive(Default)]
pub(crate) struct Blocks<'a> {
    /// By name; `None` for one that could not be read, which has been recorded.
    pub(crate) by_name: BTreeMap<String, Option<&'a ast::Block>>,
    /// Which have been called.
    pub(crate) called: RefCell<BTreeSet<String>>,
}

/// `None` if an error was recorded.
pub(crate) fn check_model(model: &ast::Model, blocks: &Blocks, cx: &mut Errors) -> Option<ir::Model> {
    let before = cx.len();
    let mut dims = Dims::default();
    let (inputs, unread) = check_inputs(&model.inputs, model.inputs_span, &mut dims, cx);
    let state_is_read = unread.first() == Some(&false);
    if state_is_read {
        check_result(model, &inputs, &mut dims, cx);
    }
    if inputs.is_empty() {
        return None;
    }
    let mut lowering = Lowering::new(blocks, dims, cx);
    for (index, ((input, written), unread)) in inputs.iter().zip(&model.inputs).zip(&unread).enumerate() {
        let id = lowering.push_node(ir::Node {
            name: input.name.clone(),
            span: written.name.span(),
            op: Op::Input(index),
            inputs: Vec::new(),
            shape: input.shape.clone(),
            parameters: Vec::new(),
            batch_invariant: matches!(input.kind, InputKind::Time),
        });
        let binding = if *unread { Binding::Poison } else { Binding::Value(Operand::Node(id)) };
        lowering.bind(&written.name, binding, false);
    }
    lowering.inputs = inputs.clone();
    let output = lowering.lower_model_body(&model.body);
    if let (Some(id), Some(state)) = (output, inputs.first()) {
        let got = lowering.nodes[id].shape.clone();
        if matches!(state.kind, InputKind::State) && state_is_read {
            let span = lowering.result_span;
            lowering.same_shape(&got, &state.shape, span, |got, state_shape| {
                format!(
                    "the result has shape {got}, but the state `{}` has shape {state_shape}\nhelp: a velocity has the shape of its state; end the body with a layer that gives it, such as `linear(h, {})`",
                    state.name,
                    state_shape.trim_matches(['[', ']'])
                )
            });
        }
        if lowering.cx.len() == before && !unread.contains(&true) {
            lowering.check_everything_is_used(id, &model.inputs);
        }
    }
    let (nodes, parameters, assertions) = lowering.finish();
    let output = output?;
    (cx.len() == before).then(|| ir::Model { head: model.head.clone(), inputs, nodes, parameters, output, assertions })
}

/// The state comes first, then the time, then conditions. Tells too which could not be read: nothing is known of these.
fn check_inputs(written: &[ast::Input], span: Span, dims: &mut Dims, cx: &mut Errors) -> (Vec<ir::Input>, Vec<bool>) {
    let (mut inputs, mut unread): (Vec<ir::Input>, _) = (Vec::new(), Vec::new());
    let mut time: Option<&syn::Ident> = None;
    for (index, input) in written.iter().enumerate() {
        let name = input.name.unraw().to_string();
        if let Some(first) = written[..index].iter().find(|other| other.name == input.name) {
            cx.at(&input.name, format!("the input `{name}` is declared twice\nhelp: rename one of the two"));
            cx.at(&first.name, format!("`{name}` was first declared here"));
        }
        let before = cx.len();
        let (kind, shape) = match &input.kind {
            ast::InputKind::Tensor(shape) => {
                let kind = if index == 0 { InputKind::State } else { InputKind::Vector };
                if shape.dims.is_empty() {
                    cx.span(
                        shape.span,
                        format!("`{name}` has no dimensions\nhelp: a single number per sample is `[1]`"),
                    );
                }
                (kind, dims.shape(shape, cx))
            }
            ast::InputKind::Time(span) => {
                if index == 0 {
                    cx.span(
                        *span,
                        "the first input is the state\nhelp: put the state, such as `x: [2]`, before the time",
                    );
                }
                if time.replace(&input.name).is_some() {
                    cx.span(
                        *span,
                        "a model has one time\nhelp: remove this input, or declare it as a condition such as `c: [1]`",
                    );
                } else if index > 1 {
                    cx.span(*span, "the time is the second input\nhelp: the order is state, time, conditions");
                }
                (InputKind::Time, vec![ir::Dim::Known(1)])
            }
            ast::InputKind::Class(classes) => {
                if index == 0 {
                    cx.at(
                        classes,
                        "the first input is the state\nhelp: put the state, such as `x: [2]`, before the conditions",
                    );
                }
                (InputKind::Class { classes: dims.size(classes, cx) }, Vec::new())
            }
            ast::InputKind::Error if index == 0 => (InputKind::State, vec![ir::Dim::Known(1)]),
            ast::InputKind::Error => (InputKind::Vector, vec![ir::Dim::Known(1)]),
        };
        inputs.push(ir::Input { name, kind, shape });
        unread.push(cx.len() > before || matches!(input.kind, ast::InputKind::Error));
    }
    let some_unread = written.iter().any(|input| matches!(input.kind, ast::InputKind::Error));
    if inputs.is_empty() {
        cx.span(span, "a model has a state and a time\nhelp: write `(x: [2], t: Time)`");
    } else if time.is_none() && !some_unread {
        cx.span(span, "a velocity field depends on the time\nhelp: add `t: Time` after the state");
    }
    (inputs, unread)
}

/// `-> [2]` says again what the state says, for the reader; the two must agree.
fn check_result(model: &ast::Model, inputs: &[ir::Input], dims: &mut Dims, cx: &mut Errors) {
    let Some(state) = inputs.first().filter(|input| matches!(input.kind, InputKind::State)) else { return };
    match &model.result {
        None => cx.span(
            model.inputs_span,
            format!("the model's result is missing\nhelp: add `-> {}` after the inputs", show_shape(&state.shape)),
        ),
        Some(written) => {
            let before = cx.len();
            let shape = dims.shape(written, cx);
            if cx.len() > before {
                return;
            }
            dims.same_shape(&shape, &state.shape, written.span, cx, |got, expected| {
                format!("the declared result {got} is not the shape {expected} of the state `{}`\nhelp: write `-> {expected}`", state.name)
            });
        }
    }
}

/// What a model with a mistake still declares: the identity on its state, with the inputs that could be read.
pub(crate) fn fallback_model(head: &ast::Header, written: &[ast::Input]) -> ir::Model {
    let mut silent = Errors::default();
    let mut dims = Dims::default();
    let (mut inputs, _) = check_inputs(written, head.name.span(), &mut dims, &mut silent);
    let _ = silent.finish();
    let state = inputs.iter().position(|input| matches!(input.kind, InputKind::State));
    let state = match state {
        Some(index) => inputs.remove(index),
        None => ir::Input { name: "x".to_owned(), kind: InputKind::State, shape: vec![ir::Dim::Known(1)] },
    };
    inputs.retain(|input| matches!(input.kind, InputKind::Class { .. } | InputKind::Vector));
    let taken = state.name == "t";
    let time = ir::Input {
        name: if taken { "time" } else { "t" }.to_owned(),
        kind: InputKind::Time,
        shape: vec![ir::Dim::Known(1)],
    };
    inputs.splice(0..0, [state, time]);
    // A name that is there twice has been complained about.
    let mut names = BTreeSet::new();
    inputs.retain(|input| names.insert(input.name.clone()));
    let nodes = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| ir::Node {
            name: input.name.clone(),
            span: head.name.span(),
            op: Op::Input(index),
            inputs: Vec::new(),
            shape: input.shape.clone(),
            parameters: Vec::new(),
            batch_invariant: index == 1,
        })
        .collect();
    ir::Model { head: head.clone(), inputs, nodes, parameters: Vec::new(), output: 0, assertions: Vec::new() }
}
