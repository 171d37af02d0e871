//! What the engine calls: the network on flat rows, and the network of a model.

use super::{
    Network,
    forward::{argument_order, module_bounds},
    local,
};
use crate::{
    expand::Context,
    ir::{self, InputKind, Op},
};
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn expand_glue(network: &Network) -> TokenStream {
    let Network { model, nn, private, name, .. } = network;
    let self_type = network.self_type();
    let model_name = &model.head.name;
    let modules: Vec<_> = network.modules().map(|(parameter, _)| parameter).collect();
    let owned = quote!(#nn::OwnedTape<E, D>);
    let mut bounds = module_bounds(network, &owned);
    bounds.extend(module_bounds(network, &quote!(#nn::NoneTape)));
    bounds.extend(modules.iter().map(|module| quote!(#module: #nn::TensorCollection<E, D, To<E, D> = #module>)));
    let flat = quote!((::core::primitive::usize, ::core::primitive::usize));
    let (inputs, x, batch, dropout) = (local("inputs"), local("x"), local("batch"), local("dropout"));
    let arguments = arguments(network);
    quote! {
        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic)]
        impl<E: #nn::Element, D: #nn::Device<E>, #(#modules),*> #nn::Network<E, D> for #self_type
        where
            #(#bounds,)*
        {
            fn traced(
                &self,
                #inputs: &#nn::Inputs<E, D>,
                #x: #nn::Tensor<#flat, E, D, #owned>,
                #dropout: ::core::option::Option<&#nn::Dropout>,
            ) -> #private::Result<#nn::Tensor<#flat, E, D, #owned>> {
                let #batch = #nn::HasShape::shape(&#x).0;
                #nn::flatten(self.forward(#(#arguments,)* #dropout)?, #batch)
            }

            fn velocity(
                &self,
                #inputs: &#nn::Inputs<E, D>,
                #x: #nn::Tensor<#flat, E, D>,
            ) -> #private::Result<#nn::Tensor<#flat, E, D>> {
                let #batch = #nn::HasShape::shape(&#x).0;
                #nn::flatten(self.forward(#(#arguments,)* ::core::option::Option::None)?, #batch)
            }
        }

        #[automatically_derived]
        impl #nn::DfdxModel for #model_name {
            type Network = #name<::core::primitive::f32, #nn::Cpu>;
        }
    }
}

/// Items of `impl Model` for a model with `custom` layers: only the network knows their tensors.
pub(crate) fn expand_custom_items(model: &ir::Model, cx: &Context) -> Option<TokenStream> {
    model.nodes.iter().any(|node| matches!(node.op, Op::Custom { .. })).then(|| {
        let krate = cx.krate;
        let private = quote!(#krate::__private);
        quote! {
            #private::if_dfdx! {
                fn layout() -> #private::Layout {
                    #private::nn::layout::<Self>()
                }

                fn initial_weights(seed: ::core::primitive::u64) -> #private::Weights {
                    #private::nn::initial_weights::<Self>(seed)
                }
            }
        }
    })
}

/// The arguments of `forward`, from flat rows.
fn arguments(network: &Network) -> Vec<TokenStream> {
    let nn = &network.nn;
    let (inputs, x) = (local("inputs"), local("x"));
    let mut condition = 0usize;
    let argument = |index: usize| {
        let input = &network.model.inputs[index];
        let shape = network.shape_value(&input.shape);
        match input.kind {
            InputKind::Time => quote!(::core::clone::Clone::clone(&#inputs.t)),
            InputKind::State => quote!(#nn::reshape(#x, #shape)?),
            InputKind::Class { .. } | InputKind::Vector => {
                let index = condition;
                condition += 1;
                if matches!(input.kind, InputKind::Vector) {
                    quote!(#inputs.vector(#index, #shape)?)
                } else {
                    quote!(#inputs.class(#index)?)
                }
            }
        }
    };
    argument_order(network).into_iter().map(argument).collect()
}
