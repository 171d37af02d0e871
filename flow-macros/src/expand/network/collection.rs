//! `TensorCollection`: the tensors by their names in a checkpoint, in the order of the layout.

use super::{
    Network,
    field::{Field, Layer, needs_marker},
    float, local,
};
use crate::{
    expand::dim_value,
    ir::{Init, Parameter},
};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// dfdx visits tuples of at most six; more are nested.
const TUPLE: usize = 6;

pub(super) fn expand_collection(network: &Network) -> TokenStream {
    let Network { nn, name, fields, .. } = network;
    let self_type = network.self_type();
    let modules: Vec<_> = network.modules().map(|(parameter, _)| parameter).collect();
    let bounds = modules.iter().map(|module| quote!(#module: #nn::TensorCollection<E, D>));
    let converted = modules.iter().map(|module| quote!(<#module as #nn::TensorCollection<E, D>>::To<E2, D2>));

    let mut visits = Vec::new();
    let mut bindings = Vec::new();
    let mut values = Vec::new();
    // The layout has the program's parameters first, and then those of the modules.
    let (modules, layers): (Vec<_>, Vec<_>) = fields.iter().partition(|field| field.module.is_some());
    for (index, field) in layers.into_iter().chain(modules).enumerate() {
        let parts = parts(network, field);
        let names: Vec<Ident> = (0..parts.len()).map(|part| local(&format!("t{index}_{part}"))).collect();
        values.push(value(network, field, &names));
        visits.extend(parts);
        bindings.extend(names.iter().map(|name| quote!(#name)));
    }
    let visits = nested(visits);
    let bindings = nested(bindings);
    let marker = needs_marker(network).then(|| quote!(marker: ::core::marker::PhantomData,));
    quote! {
        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic)]
        impl<E: #nn::Element, D: #nn::Device<E>, #(#bounds),*> #nn::TensorCollection<E, D> for #self_type {
            type To<E2: #nn::Dtype, D2: #nn::Device<E2>> = #name<E2, D2, #(#converted),*>;

            fn iter_tensors<V: #nn::ModuleVisitor<Self, E, D>>(
                visitor: &mut V,
            ) -> ::core::result::Result<::core::option::Option<Self::To<V::E2, V::D2>>, V::Err> {
                visitor.visit_fields(#visits, |#bindings| #name { #(#values)* #marker })
            }
        }
    }
}

/// One expression per tensor or module of the field.
fn parts(network: &Network, field: &Field) -> Vec<TokenStream> {
    let (nn, own) = (&network.nn, &field.name);
    let visited = local("network");
    if let Layer::Custom { name, .. } = field.layer {
        return vec![quote! {
            <Self as #nn::TensorCollection<E, D>>::module(
                #name,
                |#visited: &Self| &#visited.#own,
                |#visited: &mut Self| &mut #visited.#own,
            )
        }];
    }
    let places = match field.layer {
        Layer::Norm { .. } => vec![quote!(#own.gamma), quote!(#own.beta)],
        Layer::Vector { .. } => vec![quote!(#own)],
        _ => vec![quote!(#own.weight), quote!(#own.bias)],
    };
    let parameters = field.parameters.iter().map(|parameter| &network.model.parameters[*parameter]);
    let visit = |(parameter, place): (&Parameter, TokenStream)| {
        let (name, options) = (&parameter.name, options(network, parameter));
        quote! {
            <Self as #nn::TensorCollection<E, D>>::tensor(
                #name,
                |#visited: &Self| &#visited.#place,
                |#visited: &mut Self| &mut #visited.#place,
                #options,
            )
        }
    };
    parameters.zip(places).map(visit).collect()
}

/// How a tensor starts, and whether it is trained.
fn options(network: &Network, parameter: &Parameter) -> TokenStream {
    let (nn, tensor) = (&network.nn, local("tensor"));
    let fill = match &parameter.init {
        Init::FanIn(fan_in) => {
            let fan_in = dim_value(fan_in);
            quote!(#nn::fill_fan_in(#tensor, #fan_in))
        }
        Init::Normal { std } => {
            let std = float(*std);
            quote!(#nn::fill_normal(#tensor, #std))
        }
        Init::Ones => quote!(#nn::fill_ones(#tensor)),
        Init::Zeros => quote!(#nn::fill_zeros(#tensor)),
    };
    if parameter.trained { quote!(#nn::trained(|#tensor| #fill)) } else { quote!(#nn::fixed(|#tensor| #fill)) }
}

/// `field: value,` from its visited parts.
fn value(network: &Network, field: &Field, parts: &[Ident]) -> TokenStream {
    let (nn, name) = (&network.nn, &field.name);
    let value = match (&field.layer, parts) {
        (Layer::Linear { .. }, [weight, bias]) => quote!(#nn::Linear { weight: #weight, bias: #bias }),
        (Layer::Linear { .. }, [weight]) => quote!(#nn::UnbiasedLinear { weight: #weight }),
        (Layer::Norm { eps, .. }, [gamma, beta]) => {
            let eps = float(*eps);
            quote!(#nn::LayerNorm1D { gamma: #gamma, beta: #beta, epsilon: #eps })
        }
        (Layer::Embedding { .. }, [weight]) => quote!(#nn::Embedding { weight: #weight }),
        (_, parts) => quote!(#(#parts)*),
    };
    quote!(#name: #value,)
}

/// `(a, …)`, nested so that no tuple is longer than dfdx takes.
fn nested(mut items: Vec<TokenStream>) -> TokenStream {
    while items.len() > TUPLE {
        items = items.chunks(TUPLE).map(|chunk| quote!((#(#chunk,)*))).collect();
    }
    quote!((#(#items,)*))
}
