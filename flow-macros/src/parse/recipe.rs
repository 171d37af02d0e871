//! Reads a `train` recipe or a `sampler`.

use super::parse_entries;
use crate::{
    ast::{Header, Sampler, Train},
    error::Errors,
    keyword,
};
use syn::{Path, Token, parse::ParseStream};

pub(crate) fn parse_train(head: Header, input: ParseStream, cx: &mut Errors) -> syn::Result<Train> {
    let model = parse_for(&head, "train", input)?;
    let before = cx.len();
    let entries = parse_entries(input, "train recipe", keyword::TRAIN, cx)?;
    Ok(Train { head, model, entries, faulty: cx.len() > before })
}

pub(crate) fn parse_sampler(head: Header, input: ParseStream, cx: &mut Errors) -> syn::Result<Sampler> {
    let model = parse_for(&head, "sampler", input)?;
    let before = cx.len();
    let entries = parse_entries(input, "sampler", keyword::SAMPLER, cx)?;
    Ok(Sampler { head, model, entries, faulty: cx.len() > before })
}

/// `for Model`
fn parse_for(head: &Header, item: &str, input: ParseStream) -> syn::Result<Path> {
    let name = &head.name;
    input.parse::<Token![for]>().map_err(|error| {
        syn::Error::new(error.span(), format!("expected `for`\nhelp: write `{item} {name} for Model {{ … }}`"))
    })?;
    input.call(Path::parse_mod_style).map_err(|error| syn::Error::new(error.span(), "expected the name of a model"))
}
