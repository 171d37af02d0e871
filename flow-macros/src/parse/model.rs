//! Reads a `model` or a `block`.

use crate::{
    ast::{Block, Header, Model},
    error::Errors,
};
use syn::parse::ParseStream;

pub(crate) fn parse_model(head: Header, input: ParseStream, cx: &mut Errors) -> syn::Result<Model> {
    let _ = (head, cx);
    Err(input.error("models follow"))
}

pub(crate) fn parse_block(head: Header, input: ParseStream, cx: &mut Errors) -> syn::Result<Block> {
    let _ = (head, cx);
    Err(input.error("blocks follow"))
}
