//! Tokens → `ast`. A mistake is recorded and reading goes on after it.

mod model;
mod recipe;
mod scheduler;
mod solver;

use crate::{
    ast::{Entry, File, Header, Item},
    error::{Errors, nearest, suggest},
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
    let before = cx.len();
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
    let read = parser.parse2(input);
    // What a recorded mistake left unread is no second mistake.
    if let (Err(error), true) = (read, cx.len() == before) {
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
    let mut word = keyword.to_string();
    if !keyword::ITEMS.contains(&word.as_str()) {
        let unknown =
            syn::Error::new(keyword.span(), format!("unknown item `{word}`\n{}", suggest(&word, keyword::ITEMS)));
        // A near miss is read as what it was meant to be, so that its name is known to the other items.
        match nearest(&word, keyword::ITEMS) {
            Some(meant) if input.peek(Ident) => {
                cx.push(unknown);
                meant.clone_into(&mut word);
            }
            _ => return Err(unknown),
        }
    }
    let name = parse_name(input, &word)?;
    check_attributes(&attrs, &word, cx);
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

/// The name of an item.
fn parse_name(input: ParseStream, item: &str) -> syn::Result<Ident> {
    input.parse().map_err(|error| {
        let help = match input.fork().call(Ident::parse_any) {
            Ok(word) => format!("`{word}` is a keyword of Rust; choose another name"),
            Err(_) if item == "block" => "write `block name(h) { … }`".to_owned(),
            Err(_) => format!("write `{item} Name …`"),
        };
        syn::Error::new(error.span(), format!("expected the name of the {item}\nhelp: {help}"))
    })
}

/// An item becomes several of Rust, and a block none: what an attribute would mean for these has to be clear.
fn check_attributes(attributes: &[Attribute], item: &str, cx: &mut Errors) {
    for attribute in attributes {
        if item == "block" {
            if !attribute.path().is_ident("doc") {
                cx.at(attribute, "a block is inlined where it is called and has no attributes\nhelp: remove this");
            }
        } else if attribute.path().is_ident("cfg") {
            cx.at(
                attribute,
                format!("`cfg` would apply to a part of the {item} only\nhelp: put it before a `flow_model!` call that holds this item alone"),
            );
        }
    }
}

/// Goes on behind the next `{ … }`, or before what is an item for sure.
fn skip_item(input: ParseStream) {
    let starts_item = || {
        let fork = input.fork();
        let (_, keyword) = (fork.parse::<Visibility>(), fork.call(Ident::parse_any));
        keyword.is_ok_and(|keyword| keyword::ITEMS.iter().any(|item| keyword == item)) && fork.peek(Ident)
    };
    while !starts_item() {
        let Ok(token) = input.parse::<TokenTree>() else { break };
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
        refuse_attributes(&content, cx);
        let key = match content.call(Ident::parse_any) {
            Ok(key) => key,
            Err(error) => {
                cx.span(error.span(), format!("expected a key of the {item}\nhelp: the keys are {}", choices(known)));
                take_value(&content);
                continue;
            }
        };
        if let Err(error) = content.parse::<Token![:]>() {
            // What follows is taken for the value, so that the key is not missed too.
            cx.span(error.span(), format!("expected `:` after `{key}`\nhelp: write `{key}: …,`"));
            let _ = content.parse::<Option<Token![=]>>();
        }
        let value = take_entry(&content, known, cx);
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

/// The value of an entry, which ends before the next key too if a comma is missing.
fn take_entry(input: ParseStream, known: &[&str], cx: &mut Errors) -> TokenStream {
    let mut value = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.peek(Token![;]) {
            cx.span(input.span(), "expected `,`, found `;`");
            let _ = input.parse::<Token![;]>();
            return value;
        }
        let ends_key = (input.peek2(Token![:]) && !input.peek2(Token![::])) || input.peek2(Token![=]);
        if ends_key
            && !value.is_empty()
            && let Some(key) = input.fork().call(Ident::parse_any).ok().filter(|key| known.iter().any(|k| key == k))
        {
            cx.at(&key, format!("expected `,` before `{key}`"));
            return value;
        }
        value.extend(input.parse::<TokenTree>());
    }
    let _ = input.parse::<Token![,]>();
    value
}

/// Attributes and doc comments where they have no meaning are recorded and passed over.
pub(crate) fn refuse_attributes(input: ParseStream, cx: &mut Errors) {
    if input.peek(Token![#]) {
        for attribute in input.call(Attribute::parse_outer).unwrap_or_default() {
            cx.at(
                &attribute,
                "attributes and doc comments belong before an item\nhelp: remove this, or make it a comment with `//`",
            );
        }
    }
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
