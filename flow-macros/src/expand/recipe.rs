//! Writes `train` and `sampler`: unit structs that carry a recipe as const data.

use super::Context;
use crate::ir::{self, Chosen, Grid, Reference, Setting};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

pub(crate) fn expand_train(train: &ir::Train, cx: &Context) -> TokenStream {
    let krate = cx.krate;
    let p = quote!(#krate::__private);
    let ir::Train { head, batch, accumulate, steps, seed, .. } = train;
    let (attrs, vis, name) = (&head.attrs, &head.vis, &head.name);
    let text = name.to_string();
    let model = expand_reference(&train.model, &p);
    let (path_type, path) = expand_path(&train.path, &p);
    let (loss, optimizer) = (expand_chosen(&train.loss, &p), expand_chosen(&train.optimizer, &p));
    let (schedule, time, source) =
        (expand_schedule(&train.schedule, &p), expand_chosen(&train.time, &p), expand_chosen(&train.source, &p));
    let (ema, clip) = (expand_option(train.ema), expand_option(train.clip));
    let title = title(head, "The training recipe");
    let example =
        format!(" Trains `{model}`: `{name}::trainer().fit(&data)?`.", model = model.to_string().replace(' ', ""));
    quote! {
        #(#attrs)*
        #title
        #[doc = ""]
        #[doc = #example]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::default::Default)]
        #vis struct #name;

        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic)]
        impl #p::TrainRecipe for #name {
            type Model = #model;
            type Path = #path_type;

            const RECIPE: #p::Recipe = #p::Recipe {
                name: #text,
                loss: #loss,
                optimizer: #optimizer,
                schedule: #schedule,
                batch: #batch,
                accumulate: #accumulate,
                steps: #steps,
                ema: #ema,
                clip: #clip,
                time: #time,
                source: #source,
                seed: #seed,
            };

            fn path() -> <Self as #p::TrainRecipe>::Path {
                #path
            }
        }

        // What constants stand for is looked at here, not where the recipe is used.
        const _: #p::Recipe = <#name as #p::TrainRecipe>::RECIPE;

        #[automatically_derived]
        #[allow(dead_code, clippy::all, clippy::pedantic)]
        impl #name {
            /// A trainer with this recipe, to be adjusted and run.
            pub fn trainer() -> #p::Trainer<Self> {
                #p::Trainer::new()
            }
        }
    }
}

pub(crate) fn expand_sampler(sampler: &ir::Sampler, cx: &Context) -> TokenStream {
    let krate = cx.krate;
    let p = quote!(#krate::__private);
    let head = &sampler.head;
    let (attrs, vis, name) = (&head.attrs, &head.vis, &head.name);
    let text = name.to_string();
    let (model, solver) = (expand_reference(&sampler.model, &p), expand_reference(&sampler.solver, &p));
    let source = expand_chosen(&sampler.source, &p);
    let grid = match &sampler.grid {
        Grid::Uniform { steps, reversed } => quote!(Uniform { steps: #steps, reversed: #reversed }),
        Grid::Given { nodes } => quote!(Given(&[#(#nodes),*])),
    };
    let title = title(head, "The sampler");
    let example = format!(
        " Samples from `{model}`: `{name}::new(&model).sample(1000)?`.",
        model = model.to_string().replace(' ', "")
    );
    quote! {
        #(#attrs)*
        #title
        #[doc = ""]
        #[doc = #example]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::default::Default)]
        #vis struct #name;

        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic)]
        impl #p::SampleRecipe for #name {
            type Model = #model;
            type Solver = #solver;

            const NAME: &'static ::core::primitive::str = #text;
            const GRID: #p::GridSpec = #p::GridSpec::#grid;
            const SOURCE: #p::Source = #source;
        }

        const _: #p::GridSpec = <#name as #p::SampleRecipe>::GRID;

        #[automatically_derived]
        #[allow(dead_code, clippy::all, clippy::pedantic)]
        impl #name {
            /// A sampler of this model's, to be adjusted and run.
            #[allow(clippy::new_ret_no_self)]
            pub fn new(model: &<Self as #p::SampleRecipe>::Model) -> #p::Sampler<'_, Self> {
                #p::Sampler::new(model)
            }
        }
    }
}

/// A first line of documentation where the user wrote none.
fn title(head: &crate::ast::Header, what: &str) -> Option<TokenStream> {
    let undocumented = head.attrs.iter().all(|attr| !attr.path().is_ident("doc"));
    let text = format!(" {what} `{}`.", head.name);
    undocumented.then(|| quote!(#[doc = #text]))
}

fn expand_reference(reference: &Reference, p: &TokenStream) -> TokenStream {
    match reference {
        Reference::BuiltIn(name) => quote!(#p::#name),
        Reference::Path(path) => quote!(#path),
    }
}

/// The type of the path and its value.
fn expand_path(path: &ir::Path, p: &TokenStream) -> (TokenStream, TokenStream) {
    match path {
        ir::Path::Affine { scheduler, fields } => {
            let scheduler = expand_reference(scheduler, p);
            let values = match fields.is_empty() {
                true => quote!(<#scheduler as ::core::default::Default>::default()),
                false => {
                    let (keys, values): (Vec<_>, Vec<_>) = fields.iter().cloned().unzip();
                    quote!(#scheduler { #(#keys: #values,)* ..::core::default::Default::default() })
                }
            };
            (quote!(#p::Affine<#scheduler>), quote!(#p::Affine(#values)))
        }
        ir::Path::OptimalTransport { sigma_min } => {
            (quote!(#p::OptimalTransport), quote!(#p::OptimalTransport { sigma_min: #sigma_min }))
        }
        ir::Path::Own(path) => (quote!(#path), quote!(<#path as ::core::default::Default>::default())),
    }
}

/// The variant of a runtime enum that an alternative names.
fn expand_chosen(chosen: &Chosen, p: &TokenStream) -> TokenStream {
    let values: Vec<_> = chosen.values.iter().map(expand_setting).collect();
    match (chosen.name, values.as_slice()) {
        ("mse", _) => quote!(#p::Loss::Mse),
        ("l1", _) => quote!(#p::Loss::L1),
        ("huber", [delta]) => quote!(#p::Loss::Huber { delta: #delta }),
        ("adam", [lr, beta1, beta2, eps, decay]) => {
            quote!(#p::Optimizer::Adam { lr: #lr, beta1: #beta1, beta2: #beta2, eps: #eps, weight_decay: #decay })
        }
        ("adamw", [lr, beta1, beta2, eps, decay]) => {
            quote!(#p::Optimizer::AdamW { lr: #lr, beta1: #beta1, beta2: #beta2, eps: #eps, weight_decay: #decay })
        }
        ("sgd", [lr, momentum, nesterov, decay]) => {
            quote!(#p::Optimizer::Sgd { lr: #lr, momentum: #momentum, nesterov: #nesterov, weight_decay: #decay })
        }
        ("logit_normal", [mean, std]) => quote!(#p::TimeSampling::LogitNormal { mean: #mean, std: #std }),
        ("gaussian", _) => quote!(#p::Source::Gaussian),
        ("uniform", [low, high]) => quote!(#p::Source::Uniform { low: #low, high: #high }),
        _ => quote!(#p::TimeSampling::Uniform),
    }
}

fn expand_schedule(chosen: &Chosen, p: &TokenStream) -> TokenStream {
    let values: Vec<_> = chosen.values.iter().map(expand_setting).collect();
    let (shape, warmup) = match (chosen.name, values.as_slice()) {
        ("cosine", [floor, warmup]) => (quote!(Cosine { floor: #floor }), warmup.clone()),
        ("step", [every, gamma, warmup]) => (quote!(Step { every: #every, gamma: #gamma }), warmup.clone()),
        (_, values) => (quote!(Constant), values.first().cloned().unwrap_or_else(|| quote!(0))),
    };
    quote!(#p::Schedule { warmup: #warmup, shape: #p::ScheduleShape::#shape })
}

fn expand_setting(setting: &Setting) -> TokenStream {
    match setting {
        Setting::Number(value) => {
            let literal = Literal::f64_unsuffixed(*value);
            quote!(#literal)
        }
        Setting::Flag(flag) => quote!(#flag),
        Setting::Count(tokens) => tokens.clone(),
    }
}

fn expand_option(value: Option<f64>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
