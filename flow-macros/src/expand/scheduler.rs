//! Writes a `scheduler`.
//!
//! ```text
//! #[derive(Clone, Copy, Debug, PartialEq)]
//! pub struct Polynomial { pub n: f64 }
//! impl Default for Polynomial { … }
//! impl Polynomial { pub fn new(n: f64) -> Result<Self> { … } }
//! impl Scheduler for Polynomial {
//!     const INTERVAL: Interval = …;
//!     fn alpha(&self, t: f64) -> f64 { math::pow(t, self.n) }
//!     fn d_alpha(&self, t: f64) -> f64 { self.n * math::pow(t, self.n - 1.0) }
//!     …
//!     fn device_text(&self) -> Option<DeviceText> { DeviceText::fill(["pow(t, {0})", …], &[self.n]) }
//! }
//! ```

use super::Context;
use crate::{ir, math::expression::show};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::Ident;

pub(crate) fn expand_scheduler(scheduler: &ir::Scheduler, cx: &Context) -> TokenStream {
    let krate = cx.krate;
    let private = quote!(#krate::__private);
    let ir::Scheduler { head, boundary, open_start, open_end, .. } = scheduler;
    let name = &head.name;
    let names: Vec<Ident> = scheduler.parameters.iter().map(|parameter| parameter.name.clone()).collect();
    let declaration = expand_struct(scheduler, &names);
    let constructor = expand_constructor(scheduler, &private);

    let t = format_ident!("__flow_t");
    let math = quote!(#private::math);
    let functions = [
        ("alpha", &scheduler.alpha),
        ("sigma", &scheduler.sigma),
        ("d_alpha", &scheduler.d_alpha),
        ("d_sigma", &scheduler.d_sigma),
    ]
    .map(|(function, expression)| {
        let function = format_ident!("{function}");
        let value = expression.tokens(&math, &t, &names);
        quote! {
            fn #function(&self, #t: ::core::primitive::f64) -> ::core::primitive::f64 {
                #value
            }
        }
    });
    let texts =
        [&scheduler.alpha, &scheduler.sigma, &scheduler.d_alpha, &scheduler.d_sigma].map(|value| value.device_text());
    let boundary = boundary.map(|boundary| quote!(const BOUNDARY: ::core::primitive::f64 = #boundary;));
    quote! {
        #declaration
        #constructor
        #[automatically_derived]
        impl #private::Scheduler for #name {
            const INTERVAL: #private::Interval =
                #private::Interval { open_start: #open_start, open_end: #open_end };
            #boundary
            #(#functions)*
            fn device_text(&self) -> ::core::option::Option<#private::DeviceText> {
                #private::DeviceText::fill([#(#texts),*], &[#(self.#names),*])
            }
        }
    }
}

/// The struct and its `Default`.
fn expand_struct(scheduler: &ir::Scheduler, names: &[Ident]) -> TokenStream {
    let ir::Scheduler { head, parameters, .. } = scheduler;
    let (attrs, vis, name) = (&head.attrs, &head.vis, &head.name);
    let docs = describe(scheduler, names);
    let body = if parameters.is_empty() {
        quote!(;)
    } else {
        let fields = parameters.iter().map(|parameter| {
            let name = &parameter.name;
            let doc = format!(" Parameter `{name}`, by default {}.", parameter.default);
            quote!(#[doc = #doc] #vis #name: ::core::primitive::f64)
        });
        quote!({ #(#fields),* })
    };
    let defaults = parameters.iter().map(|parameter| {
        let (name, value) = (&parameter.name, signed(parameter.default));
        quote!(#name: #value)
    });
    let value = if parameters.is_empty() { quote!(Self) } else { quote!(Self { #(#defaults),* }) };
    quote! {
        #(#attrs)*
        #(#[doc = #docs])*
        #[derive(
            ::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::cmp::PartialEq,
        )]
        #vis struct #name #body
        #[automatically_derived]
        impl ::core::default::Default for #name {
            fn default() -> Self {
                #value
            }
        }
    }
}

/// `new`, which judges parameters that the macro has not seen.
fn expand_constructor(scheduler: &ir::Scheduler, private: &TokenStream) -> TokenStream {
    let ir::Scheduler { head, parameters, .. } = scheduler;
    let (vis, name) = (&head.vis, &head.name);
    if parameters.is_empty() {
        return TokenStream::new();
    }
    let names: Vec<&Ident> = parameters.iter().map(|parameter| &parameter.name).collect();
    quote! {
        impl #name {
            /// The scheduler with these parameters.
            ///
            /// # Errors
            /// If with them the ends are not met, a value is not finite where the interval says so, or
            /// `alpha / sigma` does not grow.
            #vis fn new(#(#names: ::core::primitive::f64),*) -> #private::Result<Self> {
                let __flow_scheduler = Self { #(#names),* };
                #private::Scheduler::check(&__flow_scheduler).map(|()| __flow_scheduler)
            }
        }
    }
}

/// The generated part of the struct's documentation.
fn describe(scheduler: &ir::Scheduler, names: &[Ident]) -> Vec<String> {
    let row = |name, value: &crate::math::expression::Expression, slope: &crate::math::expression::Expression| {
        format!(" | `{name}(t)` | `{}` | `{}` |", value.text(names), slope.text(names))
    };
    let with = if names.is_empty() {
        ""
    } else {
        " with the default parameters; `new` refuses values with which they are not"
    };
    let start = if scheduler.open_start { "(0" } else { "[0" };
    let end = if scheduler.open_end { "1)" } else { "1]" };
    let mut lines = vec![
        String::new(),
        " # Definition".to_owned(),
        String::new(),
        " The interpolation `x_t = alpha(t) x1 + sigma(t) x0`:".to_owned(),
        String::new(),
        " | | value | derivative |".to_owned(),
        " |---|---|---|".to_owned(),
        row("alpha", &scheduler.alpha, &scheduler.d_alpha),
        row("sigma", &scheduler.sigma, &scheduler.d_sigma),
        String::new(),
        format!(" The derivatives are finite on `{start}, {end}`{with}."),
    ];
    if let Some(boundary) = scheduler.boundary {
        lines.push(format!(" The ends 0 and 1 are met to within {}.", show(boundary)));
    }
    if scheduler.head.attrs.iter().any(|attribute| attribute.path().is_ident("doc")) {
        return lines;
    }
    // The first line of a page is a sentence, not a heading.
    lines.split_off(3)
}

fn signed(value: f64) -> TokenStream {
    let magnitude = proc_macro2::Literal::f64_unsuffixed(value.abs()).into_token_stream();
    if value.is_sign_negative() { quote!(-#magnitude) } else { magnitude }
}
