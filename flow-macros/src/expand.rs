//! `ir` → Rust tokens. Nothing here can fail.

mod model;
mod network;
mod recipe;
mod scheduler;
mod solver;
mod solver_docs;
mod solver_step;
#[cfg(test)]
mod solver_tests;

use crate::ir;
use proc_macro2::TokenStream;

/// What every expansion needs to know.
pub(crate) struct Context<'a> {
    /// Path of the runtime crate; private names are `#krate::__private::Name`.
    pub(crate) krate: &'a syn::Path,
}

/// Writes every item.
pub(crate) fn expand_module(module: &ir::Module) -> TokenStream {
    let cx = Context { krate: &module.krate };
    module
        .items
        .iter()
        .map(|item| match item {
            ir::Item::Model(model) => model::expand_model(model, &cx),
            ir::Item::Solver(solver) => solver::expand_solver(solver, &cx),
            ir::Item::Scheduler(scheduler) => scheduler::expand_scheduler(scheduler, &cx),
            ir::Item::Train(train) => recipe::expand_train(train, &cx),
            ir::Item::Sampler(sampler) => recipe::expand_sampler(sampler, &cx),
        })
        .collect()
}

/// A dimension as an argument: a constant of another type is an error at the constant, and none at what takes it.
pub(crate) fn dim_value(value: &ir::Dim) -> TokenStream {
    match value {
        ir::Dim::Known(_) => dim(value),
        ir::Dim::Const(tokens) => quote::quote!({
            const __FLOW_DIM: ::core::primitive::usize = #tokens;
            __FLOW_DIM
        }),
    }
}

/// A const expression of a dimension.
pub(crate) fn dim(dim: &ir::Dim) -> TokenStream {
    match dim {
        ir::Dim::Known(value) => {
            let literal = proc_macro2::Literal::usize_unsuffixed(*value);
            quote::quote!(#literal)
        }
        ir::Dim::Const(tokens) => tokens.clone(),
    }
}
