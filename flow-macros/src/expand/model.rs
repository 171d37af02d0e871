//! Writes a `model`.

use super::Context;
use crate::ir;
use proc_macro2::TokenStream;

pub(crate) fn expand_model(model: &ir::Model, cx: &Context) -> TokenStream {
    let _ = (model, cx.krate);
    TokenStream::new()
}
