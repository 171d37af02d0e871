//! Writes a `model`: the struct, its `Program` as const data, and the glue to the runtime.
//!
//! ```text
//! pub struct Moons { weights: Weights }
//! impl Moons {
//!     pub const PROGRAM: &'static Program = &Program { name: "Moons", nodes: &[ … ], … };
//!     pub const PARAMETERS: usize = …;
//!     pub fn new(seed: u64) -> Self { … }
//! }
//! impl Model for Moons { … }
//! const _: () = assert!(WIDTH > 0, …);
//! if_dfdx! { pub struct MoonsNetwork<E, D> { … } … }
//! ```

use super::{Context, network};
use crate::ir::{self, Dim, Init, InputKind, Op};
use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};

pub(crate) fn expand_model(model: &ir::Model, cx: &Context) -> TokenStream {
    let krate = cx.krate;
    let p = quote!(#krate::__private);
    let ir::Model { head, .. } = model;
    let (attrs, vis, name) = (&head.attrs, &head.vis, &head.name);
    let program = expand_program(model, &p);
    let assertions = model.assertions.iter().map(|assertion| {
        let (condition, message) = (&assertion.condition, &assertion.message);
        quote_spanned!(assertion.span=> #[allow(clippy::all, clippy::pedantic)] const _: () = ::core::assert!(#condition, "{}", #message);)
    });
    let network = network::expand_network(model, cx);
    let custom_items = network::expand_custom_items(model, cx);
    let summary = layers_doc(model);
    let undocumented = head.attrs.iter().all(|attr| !attr.path().is_ident("doc"));
    let title = undocumented.then(|| {
        let text = format!(" The velocity field `{name}`.");
        quote!(#[doc = #text])
    });
    quote! {
        #(#attrs)*
        #title
        #[doc = #summary]
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
        #vis struct #name {
            weights: #p::Weights,
        }

        #[automatically_derived]
        #[allow(dead_code, clippy::all, clippy::pedantic)]
        impl #name {
            /// What the model computes.
            pub const PROGRAM: &'static #p::Program = &#program;
            /// Number of weights, those included that training does not change.
            pub const PARAMETERS: ::core::primitive::usize = Self::PROGRAM.parameter_count();
            /// Floating-point operations of the matrix products for one sample.
            pub const FLOPS: ::core::primitive::u64 = Self::PROGRAM.flops();
            /// Hash of the program; a checkpoint carries it.
            pub const SCHEMA: ::core::primitive::u64 = Self::PROGRAM.schema_hash();
            /// Numbers in one state.
            pub const DIM: ::core::primitive::usize = Self::PROGRAM.state_dim();

            /// The model with its initial weights, which depend on the seed alone.
            pub fn new(seed: ::core::primitive::u64) -> Self {
                <Self as #p::Model>::from_weights_unchecked(<Self as #p::Model>::initial_weights(seed))
            }
        }

        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic)]
        impl #p::Model for #name {
            const PROGRAM: &'static #p::Program = #name::PROGRAM;

            fn weights(&self) -> &#p::Weights {
                &self.weights
            }

            fn weights_mut(&mut self) -> &mut #p::Weights {
                &mut self.weights
            }

            fn from_weights_unchecked(weights: #p::Weights) -> Self {
                Self { weights }
            }

            #custom_items
        }

        #(#assertions)*

        #p::if_dfdx! { #network }
    }
}

/// `Program { … }` as a const expression.
fn expand_program(model: &ir::Model, p: &TokenStream) -> TokenStream {
    let name = model.head.name.to_string();
    let inputs = model.inputs.iter().map(|input| {
        let (name, shape) = (&input.name, expand_shape(&input.shape));
        let kind = match &input.kind {
            InputKind::State => quote!(State),
            InputKind::Time => quote!(Time),
            InputKind::Class { classes } => {
                let classes = super::dim(classes);
                quote!(Class { classes: #classes })
            }
            InputKind::Vector => quote!(Vector),
        };
        quote!(#p::Input { name: #name, kind: #p::InputKind::#kind, shape: #shape })
    });
    let nodes = model.nodes.iter().map(|node| {
        let (name, op, shape) = (&node.name, expand_op(&node.op), expand_shape(&node.shape));
        let (inputs, parameters) = (node.inputs.iter().map(|&i| index(i)), node.parameters.iter().map(|&i| index(i)));
        let batch_invariant = node.batch_invariant;
        quote! {
            #p::Node {
                name: #name,
                op: #p::Op::#op,
                inputs: &[#(#inputs),*],
                shape: #shape,
                parameters: &[#(#parameters),*],
                batch_invariant: #batch_invariant,
            }
        }
    });
    let parameters = model.parameters.iter().map(|parameter| {
        let (name, shape, trained) = (&parameter.name, expand_shape(&parameter.shape), parameter.trained);
        let init = match &parameter.init {
            Init::FanIn(fan_in) => {
                let fan_in = super::dim_value(fan_in);
                quote!(FanIn(#fan_in))
            }
            Init::Normal { std } => quote!(Normal { std: #std }),
            Init::Ones => quote!(Ones),
            Init::Zeros => quote!(Zeros),
        };
        quote!(#p::Parameter { name: #name, shape: #shape, init: #p::Init::#init, trained: #trained })
    });
    let output = index(model.output);
    quote! {
        #p::Program {
            name: #name,
            inputs: &[#(#inputs),*],
            nodes: &[#(#nodes),*],
            parameters: &[#(#parameters),*],
            output: #output,
        }
    }
}

fn expand_op(op: &Op) -> TokenStream {
    match op {
        Op::Input(input) => {
            let input = index(*input);
            quote!(Input(#input))
        }
        Op::Linear => quote!(Linear),
        Op::Concat => quote!(Concat),
        Op::Add => quote!(Add),
        Op::Sub => quote!(Sub),
        Op::Mul => quote!(Mul),
        Op::Scale(factor) => quote!(Scale(#factor)),
        Op::Shift(term) => quote!(Shift(#term)),
        Op::Relu => quote!(Relu),
        Op::Elu { alpha } => quote!(Elu { alpha: #alpha }),
        Op::Gelu => quote!(Gelu),
        Op::Silu => quote!(Silu),
        Op::Tanh => quote!(Tanh),
        Op::Sigmoid => quote!(Sigmoid),
        Op::Softplus => quote!(Softplus),
        Op::LeakyRelu { slope } => quote!(LeakyRelu { slope: #slope }),
        Op::Sin => quote!(Sin),
        Op::Softmax => quote!(Softmax),
        Op::LayerNorm { eps } => quote!(LayerNorm { eps: #eps }),
        Op::RmsNorm { eps } => quote!(RmsNorm { eps: #eps }),
        Op::Dropout { p } => quote!(Dropout { p: #p }),
        Op::Sinusoidal { max } => quote!(Sinusoidal { max: #max }),
        Op::Fourier => quote!(Fourier),
        Op::Embedding => quote!(Embedding),
        Op::Reshape => quote!(Reshape),
        Op::Custom { module, .. } => {
            let module = quote!(#module).to_string();
            quote!(Custom { module: #module })
        }
    }
}

fn expand_shape(shape: &[Dim]) -> TokenStream {
    let dims = shape.iter().map(super::dim);
    quote!(&[#(#dims),*])
}

fn index(value: usize) -> Literal {
    Literal::usize_unsuffixed(value)
}

/// The inputs and layers as a list, for rustdoc.
fn layers_doc(model: &ir::Model) -> String {
    let shape = |shape: &[Dim]| {
        let dims: Vec<_> = shape.iter().map(|dim| super::dim(dim).to_string()).collect();
        format!("[{}]", dims.join(", "))
    };
    let mut text = String::from("\n# Inputs\n\n");
    for input in &model.inputs {
        let kind = match &input.kind {
            InputKind::State => format!("the state, `{}`", shape(&input.shape)),
            InputKind::Time => "the time".to_owned(),
            InputKind::Class { classes } => format!("a class label below `{}`", super::dim(classes)),
            InputKind::Vector => format!("a condition, `{}`", shape(&input.shape)),
        };
        text.push_str(&format!("* `{}`: {kind}\n", input.name));
    }
    if !model.parameters.is_empty() {
        text.push_str("\n# Parameters\n\n| name | shape |\n| --- | --- |\n");
        for parameter in &model.parameters {
            text.push_str(&format!("| `{}` | `{}` |\n", parameter.name, shape(&parameter.shape)));
        }
    }
    text
}
