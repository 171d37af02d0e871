//! The `flow_model!` language of `flow-runtime`.
//!
//! `parse` → `ast` (what was written) → `check` → `ir` (what it means) → `expand`. Errors are collected all the
//! way; nothing fails after `check`, and an item with a mistake still declares its type.

mod ast;
mod check;
mod error;
mod expand;
mod ir;
mod keyword;
mod math;
mod parse;
#[cfg(test)]
mod tests;

use error::Errors;
use proc_macro2::TokenStream;

/// Declares models, solvers, schedulers, training recipes and samplers.
#[proc_macro]
pub fn flow_model(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    generate(input.into()).into()
}

/// The whole pipeline, callable outside of a compiler.
fn generate(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let file = parse::parse_file(input, &mut errors);
    let module = check::check_module(&file, &mut errors);
    let mut output = expand::expand_module(&module);
    if let Err(error) = errors.finish() {
        output.extend(error.to_compile_error());
    }
    output
}
