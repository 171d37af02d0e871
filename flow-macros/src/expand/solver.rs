//! Writes a `solver`.

use super::Context;
use crate::ir;
use proc_macro2::TokenStream;

pub(crate) fn expand_solver(solver: &ir::Solver, cx: &Context) -> TokenStream {
    let _ = (solver, cx.krate);
    TokenStream::new()
}
