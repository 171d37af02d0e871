//! The struct of a network: one field per layer with weights.

use super::{Network, constant, identifier};
use crate::ir::{self, Dim, Op};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

pub(super) struct Field<'a> {
    pub(super) name: Ident,
    pub(super) layer: Layer<'a>,
    /// Indices into the model's parameters.
    pub(super) parameters: &'a [usize],
    /// The type parameter of a `custom` layer's module.
    pub(super) module: Option<Ident>,
}

#[derive(Clone, Copy)]
// The names are those of dfdx.
#[allow(clippy::enum_variant_names)]
pub(super) enum Layer<'a> {
    Linear {
        inputs: &'a Dim,
        outputs: &'a Dim,
        bias: bool,
    },
    Norm {
        dim: &'a Dim,
        eps: f64,
    },
    Embedding {
        classes: &'a Dim,
        dim: &'a Dim,
    },
    /// `rms_norm`'s weight, `fourier`'s frequencies.
    Vector {
        dim: &'a Dim,
    },
    Custom {
        config: &'a syn::Type,
        name: &'a str,
    },
}

/// The fields in the order of the nodes, and the field of each node.
pub(super) fn collect(model: &ir::Model) -> (Vec<Field<'_>>, Vec<Option<usize>>) {
    let mut fields: Vec<Field> = Vec::new();
    let mut of_node = Vec::new();
    for node in &model.nodes {
        let Some(layer) = layer_of(model, node) else {
            of_node.push(None);
            continue;
        };
        // Nodes that share their weights share the field.
        let known = fields.iter().position(|field| !node.parameters.is_empty() && field.parameters == node.parameters);
        of_node.push(Some(known.unwrap_or(fields.len())));
        if known.is_some() {
            continue;
        }
        let prefix = match (&layer, node.parameters.first()) {
            (Layer::Custom { name, .. }, _) => name,
            (_, Some(parameter)) => {
                let name = model.parameters[*parameter].name.as_str();
                name.rsplit_once('.').map_or(name, |(prefix, _)| prefix)
            }
            (_, None) => "",
        };
        let modules = fields.iter().filter(|field| field.module.is_some()).count();
        let module = matches!(layer, Layer::Custom { .. }).then(|| format_ident!("Module{modules}"));
        let name = unique(identifier(prefix), &fields);
        fields.push(Field { name, layer, parameters: &node.parameters, module });
    }
    (fields, of_node)
}

/// `a.b` and `a_b` would meet.
fn unique(name: Ident, fields: &[Field]) -> Ident {
    let taken = |name: &Ident| fields.iter().any(|field| field.name == *name);
    if !taken(&name) {
        return name;
    }
    let mut number = 2usize;
    loop {
        let next = format_ident!("{name}_{number}");
        if !taken(&next) {
            return next;
        }
        number += 1;
    }
}

fn layer_of<'a>(model: &'a ir::Model, node: &'a ir::Node) -> Option<Layer<'a>> {
    if let Op::Custom { module, name } = &node.op {
        return Some(Layer::Custom { config: module, name });
    }
    let parameter = &model.parameters[*node.parameters.first()?];
    match (&node.op, parameter.shape.as_slice()) {
        (Op::Linear, [outputs, inputs]) => Some(Layer::Linear { inputs, outputs, bias: node.parameters.len() > 1 }),
        (Op::LayerNorm { eps }, [dim]) => Some(Layer::Norm { dim, eps: *eps }),
        (Op::Embedding, [classes, dim]) => Some(Layer::Embedding { classes, dim }),
        (Op::RmsNorm { .. } | Op::Fourier, [dim]) => Some(Layer::Vector { dim }),
        _ => None,
    }
}

impl Field<'_> {
    fn type_(&self, nn: &TokenStream) -> TokenStream {
        match self.layer {
            Layer::Linear { inputs, outputs, bias } => {
                let (inputs, outputs) = (constant(inputs), constant(outputs));
                if bias {
                    quote!(#nn::Linear<#inputs, #outputs, E, D>)
                } else {
                    quote!(#nn::UnbiasedLinear<#inputs, #outputs, E, D>)
                }
            }
            Layer::Norm { dim, .. } => {
                let dim = constant(dim);
                quote!(#nn::LayerNorm1D<#dim, E, D>)
            }
            Layer::Embedding { classes, dim } => {
                let (classes, dim) = (constant(classes), constant(dim));
                quote!(#nn::Embedding<#classes, #dim, E, D>)
            }
            Layer::Vector { dim } => {
                let dim = constant(dim);
                quote!(#nn::Tensor<(#nn::Const<#dim>,), E, D>)
            }
            Layer::Custom { .. } => {
                let module = &self.module;
                quote!(#module)
            }
        }
    }

    fn documentation(&self, model: &ir::Model) -> String {
        let names = self.parameters.iter().map(|parameter| {
            let parameter = &model.parameters[*parameter];
            let dims = parameter.shape.iter().map(dim_text).collect::<Vec<_>>().join(", ");
            let fixed = if parameter.trained { "" } else { ", not trained" };
            format!("`{}: [{dims}]`{fixed}", parameter.name)
        });
        let names = names.collect::<Vec<_>>().join(" and ");
        match self.layer {
            Layer::Custom { name, .. } => format!(" The module of the layer `{name}`."),
            _ => format!(" Holds {names}."),
        }
    }
}

/// A dimension as text for a person.
fn dim_text(dim: &Dim) -> String {
    match dim {
        Dim::Known(size) => size.to_string(),
        Dim::Const(expression) => expression.to_string(),
    }
}

pub(super) fn expand_struct(network: &Network) -> TokenStream {
    let Network { model, nn, name, fields, .. } = network;
    let vis = &model.head.vis;
    let title = format!(" The dfdx network of [`{0}`], over a number type and a dfdx device.", model.head.name);
    let parameters = network.modules().map(|(parameter, field)| match field.layer {
        Layer::Custom { config, .. } => quote!(#parameter = <#config as #nn::BuildOnDevice<D, E>>::Built),
        _ => quote!(#parameter),
    });
    let fields = fields.iter().map(|field| {
        let (name, type_, doc) = (&field.name, field.type_(nn), field.documentation(model));
        quote! {
            #[doc = #doc]
            pub #name: #type_,
        }
    });
    let marker = needs_marker(network).then(|| quote!(marker: ::core::marker::PhantomData<(E, D)>,));
    quote! {
        #[doc = #title]
        ///
        /// A dfdx module like any other: dfdx's optimisers, counters and converters work on it, and its tensors
        /// have the names of a checkpoint.
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #[allow(clippy::all, clippy::pedantic)]
        #vis struct #name<E: #nn::Dtype, D: #nn::Device<E>, #(#parameters),*> {
            #(#fields)*
            #marker
        }
    }
}

/// Without a field that mentions `E` and `D`, one more must.
pub(super) fn needs_marker(network: &Network) -> bool {
    network.fields.iter().all(|field| field.module.is_some())
}
