//! Tokens → `ast`. A mistake is recorded and reading goes on after it.

mod model;
mod recipe;
mod scheduler;
mod solver;

use crate::{
    ast::{Entry, File, Header, Item},
    error::{Errors, suggest},
    keyword,
};
use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Ident, Token, Visibility,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

/// Reads a whole `flow_model!` call.
pub(crate) fn parse_file(input: TokenStream, cx: &mut Errors) -> File {
    let mut file = File { krate: syn::parse_quote!(::flow_runtime), items: Vec::new() };
    let parser = |input: ParseStream| {
        parse_inner_attributes(input, &mut file, cx);
        while !input.is_empty() {
            if let Err(error) = parse_item(input, &mut file.items, cx) {
                cx.push(error);
                skip_item(input);
            }
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(input) {
        cx.push(error);
    }
    file
}

/// `#![crate = path]`
fn parse_inner_attributes(input: ParseStream, file: &mut File, cx: &mut Errors) {
    while input.peek(Token![#]) && input.peek2(Token![!]) {
        match input.call(Attribute::parse_inner) {
            Ok(attributes) => {
                for attribute in attributes {
                    match attribute.meta.require_name_value() {
                        Ok(pair) if pair.path.is_ident("crate") => {
                            match syn::parse2(quote::ToTokens::to_token_stream(&pair.value)) {
                                Ok(path) => file.krate = path,
                                Err(_) => cx.at(
                                    &pair.value,
                                    "expected the path of the runtime crate, as in `#![crate = ::my_name]`",
                                ),
                            }
                        }
                        _ => cx.at(&attribute, "unknown attribute\nhelp: `#![crate = path]` is the only one there is"),
                    }
                }
            }
            Err(error) => {
                cx.push(error);
                return;
            }
        }
    }
}

fn parse_item(input: ParseStream, items: &mut Vec<Item>, cx: &mut Errors) -> syn::Result<()> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    let keyword: Ident = input.call(Ident::parse_any).map_err(|error| {
        syn::Error::new(
            error.span(),
            format!("expected an item\nhelp: an item starts with {}", choices(keyword::ITEMS)),
        )
    })?;
    let word = keyword.to_string();
    if !keyword::ITEMS.contains(&word.as_str()) {
        return Err(syn::Error::new(
            keyword.span(),
            format!("unknown item `{word}`\n{}", suggest(&word, keyword::ITEMS)),
        ));
    }
    let name: Ident =
        input.parse().map_err(|error| syn::Error::new(error.span(), format!("expected the name of the {word}")))?;
    let head = Header { attrs, vis, name };
    let failed = Item::Failed { keyword: word.clone(), head: head.clone() };
    let item = match word.as_str() {
        "model" => model::parse_model(head, input, cx).map(Item::Model),
        "block" => model::parse_block(head, input, cx).map(Item::Block),
        "solver" => solver::parse_solver(head, input, cx).map(Item::Solver),
        "scheduler" => scheduler::parse_scheduler(head, input, cx).map(Item::Scheduler),
        "train" => recipe::parse_train(head, input, cx).map(Item::Train),
        _ => recipe::parse_sampler(head, input, cx).map(Item::Sampler),
    };
    match item {
        Ok(item) => items.push(item),
        Err(error) => {
            items.push(failed);
            return Err(error);
        }
    }
    Ok(())
}

/// Goes on behind the next `{ … }`, where the next item may start.
fn skip_item(input: ParseStream) {
    while let Ok(token) = input.parse::<TokenTree>() {
        if matches!(&token, TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace) {
            break;
        }
    }
}

/// `{ key: value, … }`: unknown and repeated keys are recorded, the first of a key is kept.
pub(crate) fn parse_entries(
    input: ParseStream,
    item: &str,
    known: &[&str],
    cx: &mut Errors,
) -> syn::Result<Vec<Entry>> {
    if !input.peek(syn::token::Brace) {
        return Err(input.error(format!(
            "expected the entries of the {item}\nhelp: write `{{ {}: …, }}`",
            known.first().unwrap_or(&"")
        )));
    }
    let content;
    syn::braced!(content in input);
    let mut entries: Vec<Entry> = Vec::new();
    while !content.is_empty() {
        let key = match content.call(Ident::parse_any) {
            Ok(key) => key,
            Err(error) => {
                cx.span(error.span(), format!("expected a key of the {item}\nhelp: the keys are {}", choices(known)));
                take_value(&content);
                continue;
            }
        };
        if let Err(error) = content.parse::<Token![:]>() {
            cx.span(error.span(), format!("expected `:` after `{key}`"));
            take_value(&content);
            continue;
        }
        let value = take_value(&content);
        let text = key.to_string();
        if !known.contains(&text.as_str()) {
            cx.at(&key, format!("unknown key `{text}` of a {item}\n{}", suggest(&text, known)));
        } else if let Some(first) = entries.iter().find(|entry| entry.key == key) {
            cx.at(&key, format!("`{text}` is set twice\nhelp: remove one of the two"));
            cx.at(&first.key, format!("`{text}` was first set here"));
        } else if value.is_empty() {
            cx.at(&key, format!("`{text}` has no value\nhelp: write `{text}: …,`"));
        } else {
            entries.push(Entry { key, value });
        }
    }
    Ok(entries)
}

/// Tokens up to the next comma, which is taken too.
pub(crate) fn take_value(input: ParseStream) -> TokenStream {
    let mut value = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        if let Ok(token) = input.parse::<TokenTree>() {
            value.extend([token]);
        }
    }
    let _ = input.parse::<Token![,]>();
    value
}

/// Goes on behind the next comma of this level.
pub(crate) fn skip_past_comma(input: ParseStream) {
    let _ = take_value(input);
}

/// `` `a`, `b` `` in the order of the table.
pub(crate) fn choices(known: &[&str]) -> String {
    let all: Vec<_> = known.iter().map(|k| format!("`{k}`")).collect();
    all.join(", ")
}
