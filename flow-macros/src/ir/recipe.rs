//! Training recipes and samplers with every default filled in.

use crate::ast::Header;
use proc_macro2::TokenStream;

#[derive(Clone)]
pub(crate) struct Train {
    pub(crate) head: Header,
    pub(crate) model: TokenStream,
}

#[derive(Clone)]
pub(crate) struct Sampler {
    pub(crate) head: Header,
    pub(crate) model: TokenStream,
}
