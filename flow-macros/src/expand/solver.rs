//! Writes a `solver`.

use super::{Context, solver_docs::describe, solver_step::expand_methods};
use crate::{ast::Header, ir};
use proc_macro2::TokenStream;
use quote::quote;

/// ```text
/// /// what the user wrote, and the derived properties
/// #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
/// pub struct Rk4;
/// impl Rk4 { pub const TABLEAU: Tableau = …; pub const STAGES: usize = 4; … }
/// impl Method for Rk4 { … }
/// impl Embedded for Rk4 { … }    // with a row of b_hat
/// ```
pub(crate) fn expand_solver(solver: &ir::Solver, cx: &Context) -> TokenStream {
    let Header { attrs, vis, name } = &solver.head;
    let docs = describe(solver);
    let constants = expand_constants(solver, cx);
    let methods = expand_methods(solver, cx);
    quote! {
        #(#attrs)*
        #(#[doc = #docs])*
        #[::core::prelude::v1::derive(
            ::core::clone::Clone,
            ::core::marker::Copy,
            ::core::fmt::Debug,
            ::core::default::Default,
            ::core::cmp::PartialEq,
            ::core::cmp::Eq,
        )]
        #vis struct #name;

        #constants
        #methods
    }
}

fn expand_constants(solver: &ir::Solver, cx: &Context) -> TokenStream {
    let (name, tableau) = (&solver.head.name, &solver.tableau);
    let value = expand_tableau(&name.to_string(), tableau, cx);
    let krate = cx.krate;
    let (stages, order, stage_order, fsal) = (tableau.stages(), tableau.order, tableau.stage_order, tableau.fsal);
    let embedded = option(tableau.embedded.as_ref().map(|embedded| {
        let order = embedded.order;
        quote!(#order)
    }));
    let (error_norm, real, imaginary) =
        (float(tableau.error_norm), float(tableau.stability.real), float(tableau.stability.imaginary));
    quote! {
        #[automatically_derived]
        #[allow(dead_code, clippy::all, clippy::pedantic)]
        impl #name {
            /// The coefficients and everything that follows from them.
            pub const TABLEAU: #krate::__private::Tableau = #value;
            /// Number of stages.
            pub const STAGES: ::core::primitive::usize = #stages;
            /// Order of the propagated solution.
            pub const ORDER: ::core::primitive::usize = #order;
            /// Order of the embedded solution, if there is one.
            pub const EMBEDDED_ORDER: ::core::option::Option<::core::primitive::usize> = #embedded;
            /// Stage order.
            pub const STAGE_ORDER: ::core::primitive::usize = #stage_order;
            /// The last stage of a step is the first of the next.
            pub const FSAL: ::core::primitive::bool = #fsal;
            /// Principal error norm.
            pub const ERROR_NORM: ::core::primitive::f64 = #error_norm;
            /// Length of the stability interval on the negative real axis.
            pub const REAL_STABILITY: ::core::primitive::f64 = #real;
            /// Length of the stability interval on the imaginary axis.
            pub const IMAGINARY_STABILITY: ::core::primitive::f64 = #imaginary;
        }
    }
}

fn expand_tableau(name: &str, tableau: &ir::Tableau, cx: &Context) -> TokenStream {
    let krate = cx.krate;
    let private = quote!(#krate::__private);
    let rows = tableau.a.iter().map(|row| slice(row));
    let (b, c) = (slice(&tableau.b), slice(&tableau.c));
    let embedded = tableau.embedded.as_ref();
    let b_hat = option(embedded.map(|embedded| slice(&embedded.b_hat)));
    let embedded_order = option(embedded.map(|embedded| {
        let order = embedded.order;
        quote!(#order)
    }));
    let embedded_error_norm = option(embedded.map(|embedded| float(embedded.error_norm)));
    let exactness = match tableau.exactness {
        ir::Exactness::Rational => quote!(Rational),
        ir::Exactness::Quadratic { radicand } => quote!(Quadratic { radicand: #radicand }),
        ir::Exactness::Rounded { tolerance, residual } => {
            let (tolerance, residual) = (float(tolerance), float(residual));
            quote!(Rounded { tolerance: #tolerance, residual: #residual })
        }
    };
    let kind = match tableau.kind {
        ir::Kind::Explicit => quote!(Explicit),
        ir::Kind::DiagonallyImplicit => quote!(DiagonallyImplicit),
        ir::Kind::FullyImplicit => quote!(FullyImplicit),
    };
    let ir::Tableau { order, fsal, stage_order, stiffly_accurate, .. } = tableau;
    let error_norm = float(tableau.error_norm);
    let ir::Stability { numerator, denominator, real, imaginary, a_stable, l_stable } = &tableau.stability;
    let (numerator, denominator, real, imaginary) =
        (slice(numerator), slice(denominator), float(*real), float(*imaginary));
    quote! {
        #private::Tableau {
            name: #name,
            a: &[#(#rows),*],
            b: #b,
            c: #c,
            b_hat: #b_hat,
            order: #order,
            embedded_order: #embedded_order,
            exactness: #private::Exactness::#exactness,
            kind: #private::Kind::#kind,
            fsal: #fsal,
            stage_order: #stage_order,
            stiffly_accurate: #stiffly_accurate,
            error_norm: #error_norm,
            embedded_error_norm: #embedded_error_norm,
            stability: #private::Stability {
                numerator: #numerator,
                denominator: #denominator,
                real: #real,
                imaginary: #imaginary,
                a_stable: #a_stable,
                l_stable: #l_stable,
            },
        }
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

fn slice(values: &[f64]) -> TokenStream {
    let values = values.iter().map(|value| float(*value));
    quote!(&[#(#values),*])
}

/// A literal that reads back to the same number.
pub(super) fn float(value: f64) -> TokenStream {
    let magnitude = value.abs();
    let literal = if magnitude.is_infinite() { quote!(::core::primitive::f64::INFINITY) } else { quote!(#magnitude) };
    if value < 0.0 { quote!(-#literal) } else { literal }
}
