//! Reads a `scheduler`.

use super::{parse_entries, skip_item, take_value};
use crate::{
    ast::{Header, Scheduler, SchedulerParameter},
    error::Errors,
    keyword,
};
use proc_macro2::TokenStream;
use syn::{Ident, Token, ext::IdentExt, parse::ParseStream, token};

/// Never gives up: what could not be read is recorded, and the scheduler still has its name.
pub(crate) fn parse_scheduler(head: Header, input: ParseStream, cx: &mut Errors) -> syn::Result<Scheduler> {
    let before = cx.len();
    let mut parameters = Vec::new();
    let mut entries = Vec::new();
    let read = parse_parameters(input, &mut parameters, cx).and_then(|()| {
        if !input.peek(token::Brace) {
            let name = &head.name;
            let help = format!("help: write `scheduler {name} {{ alpha: t, sigma: 1 - t }}`");
            return Err(syn::Error::new(name.span(), format!("scheduler `{name}` has no body\n{help}")));
        }
        parse_entries(input, "scheduler", keyword::SCHEDULER, cx)
    });
    match read {
        Ok(all) => entries = all,
        Err(error) => {
            cx.push(error);
            if input.parse::<Token![;]>().is_err() {
                skip_item(input);
            }
        }
    }
    Ok(Scheduler { head, parameters, entries, faulty: cx.len() > before })
}

/// `(n = 2.0, …)`, if there is one.
fn parse_parameters(input: ParseStream, all: &mut Vec<SchedulerParameter>, cx: &mut Errors) -> syn::Result<()> {
    if !input.peek(token::Paren) {
        return Ok(());
    }
    let content;
    syn::parenthesized!(content in input);
    while !content.is_empty() {
        let name: Ident = match content.parse() {
            Ok(name) => name,
            Err(_) => {
                let span = content.span();
                let shown = content.call(Ident::parse_any).map(|word| format!(", not the keyword `{word}`"));
                let shown = shown.unwrap_or_default();
                cx.span(span, format!("expected the name of a parameter{shown}\nhelp: write `n = 2.0`"));
                take_value(&content);
                continue;
            }
        };
        let mut default = TokenStream::new();
        if content.parse::<Token![=]>().is_ok() {
            default = take_value(&content);
        } else {
            take_value(&content);
        }
        if default.is_empty() {
            cx.at(&name, format!("parameter `{name}` has no default\nhelp: write `{name} = 1.0`"));
        }
        all.push(SchedulerParameter { name, default });
    }
    Ok(())
}
