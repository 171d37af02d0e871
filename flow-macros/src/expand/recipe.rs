//! Writes `train` and `sampler`.

use super::Context;
use crate::ir;
use proc_macro2::TokenStream;

pub(crate) fn expand_train(train: &ir::Train, cx: &Context) -> TokenStream {
    let _ = (&train.head, &train.model, cx.krate);
    TokenStream::new()
}

pub(crate) fn expand_sampler(sampler: &ir::Sampler, cx: &Context) -> TokenStream {
    let _ = (&sampler.head, &sampler.model, cx.krate);
    TokenStream::new()
}
