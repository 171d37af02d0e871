//! Writes the typed dfdx network of a model.
//!
//! | file | writes |
//! |---|---|
//! | `field` | the struct: one field per layer with weights |
//! | `collection` | `TensorCollection`: the tensors by their names in a checkpoint |
//! | `forward` | `forward`: the nodes in a straight line, one `let` each |
//! | `glue` | what the engine calls |

mod collection;
mod field;
mod forward;
mod glue;
#[cfg(test)]
mod tests;

use super::Context;
use crate::ir::{self, Dim, Op};
use field::Field;
pub(crate) use glue::expand_custom_items;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

/// Tokens that stand inside `#krate::__private::if_dfdx! { … }`, so that they vanish without the feature.
pub(crate) fn expand_network(model: &ir::Model, cx: &Context) -> TokenStream {
    let network = Network::new(model, cx);
    let structure = field::expand_struct(&network);
    let collection = collection::expand_collection(&network);
    let forward = forward::expand_forward(&network);
    let glue = glue::expand_glue(&network);
    quote! {
        #structure
        #collection
        #forward
        #glue
    }
}

/// What the parts have in common.
struct Network<'a> {
    model: &'a ir::Model,
    /// `#krate::__private`
    private: TokenStream,
    /// `#krate::__private::nn`
    nn: TokenStream,
    /// `MoonsNetwork`
    name: Ident,
    fields: Vec<Field<'a>>,
    /// The field of each node, if it has one.
    field_of_node: Vec<Option<usize>>,
    /// Whether what a node computes is recorded: it depends on the state, a vector or a trained tensor.
    recorded: Vec<bool>,
}

impl<'a> Network<'a> {
    fn new(model: &'a ir::Model, cx: &Context) -> Self {
        let krate = cx.krate;
        let (fields, field_of_node) = field::collect(model);
        Self {
            model,
            private: quote!(#krate::__private),
            nn: quote!(#krate::__private::nn),
            name: format_ident!("{}Network", model.head.name),
            fields,
            field_of_node,
            recorded: recorded(model),
        }
    }

    /// `Tensor<shape, E, D>` of a value without its tape.
    fn tensor(&self, shape: &[Dim]) -> TokenStream {
        let (nn, shape) = (&self.nn, self.shape_type(shape));
        quote!(#nn::Tensor<#shape, E, D>)
    }

    /// `(usize, Const<…>, …)`
    fn shape_type(&self, shape: &[Dim]) -> TokenStream {
        let nn = &self.nn;
        let dims = shape.iter().map(|dim| {
            let dim = constant(dim);
            quote!(#nn::Const<#dim>)
        });
        quote!((::core::primitive::usize, #(#dims,)*))
    }

    /// `(batch, Const::<…>, …)`
    fn shape_value(&self, shape: &[Dim]) -> TokenStream {
        let (nn, batch) = (&self.nn, local("batch"));
        let dims = shape.iter().map(|dim| {
            let dim = constant(dim);
            quote!(#nn::Const::<#dim>)
        });
        quote!((#batch, #(#dims,)*))
    }

    /// The type parameters of the modules of `custom` layers.
    fn modules(&self) -> impl Iterator<Item = (&Ident, &Field<'a>)> {
        self.fields.iter().filter_map(|field| field.module.as_ref().map(|module| (module, field)))
    }

    /// `MoonsNetwork<E, D, Module0, …>`
    fn self_type(&self) -> TokenStream {
        let (name, modules) = (&self.name, self.modules().map(|(parameter, _)| parameter));
        quote!(#name<E, D, #(#modules),*>)
    }
}

/// A dimension as a const generic argument.
fn constant(dim: &Dim) -> TokenStream {
    match dim {
        Dim::Known(size) => Literal::usize_unsuffixed(*size).into_token_stream(),
        Dim::Const(expression) => quote!({ #expression }),
    }
}

/// A dimension as a value.
fn size(dim: &Dim) -> TokenStream {
    match dim {
        Dim::Known(size) => Literal::usize_unsuffixed(*size).into_token_stream(),
        Dim::Const(expression) => quote!((#expression)),
    }
}

fn float(value: f64) -> TokenStream {
    match value {
        value if value.is_finite() => Literal::f64_unsuffixed(value).into_token_stream(),
        value if value.is_nan() => quote!(::core::primitive::f64::NAN),
        value if value > 0.0 => quote!(::core::primitive::f64::INFINITY),
        _ => quote!(::core::primitive::f64::NEG_INFINITY),
    }
}

/// A local name that no constant of the user's can meet.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// What the user wrote, made an identifier.
fn identifier(name: &str) -> Ident {
    let mut text: String = name.chars().map(|c| if c == '_' || c.is_alphanumeric() { c } else { '_' }).collect();
    if text.is_empty() || text == "_" || text.starts_with(|c: char| c.is_ascii_digit()) {
        text.insert_str(0, "layer");
    }
    match text.as_str() {
        "self" | "Self" | "super" | "crate" => format_ident!("{text}_", span = Span::mixed_site()),
        _ => syn::parse_str(&text).unwrap_or_else(|_| Ident::new_raw(&text, Span::mixed_site())),
    }
}

/// The time carries no tape: what depends on it alone is computed without one.
fn recorded(model: &ir::Model) -> Vec<bool> {
    let mut recorded: Vec<bool> = Vec::new();
    for node in &model.nodes {
        let own = match &node.op {
            Op::Input(index) => {
                matches!(model.inputs[*index].kind, ir::InputKind::State | ir::InputKind::Vector)
            }
            Op::Custom { .. } => true,
            _ => node.parameters.iter().any(|parameter| model.parameters[*parameter].trained),
        };
        recorded.push(own || node.inputs.iter().any(|input| recorded[*input]));
    }
    recorded
}
