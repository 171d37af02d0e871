//! The pipeline outside of a compiler: what it says, and what it writes.

mod expand;
mod model;
mod random;
mod recipe;

use proc_macro2::TokenStream;

/// Messages of the `compile_error!`s in what a call expands to, in order.
fn errors(input: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(crate::generate(input)).expect("the expansion is a file");
    file.items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Macro(item) if item.mac.path.segments.last()?.ident == "compile_error" => {
                Some(syn::parse2::<syn::LitStr>(item.mac.tokens.clone()).expect("a message").value())
            }
            _ => None,
        })
        .collect()
}

/// The expansion, pretty-printed.
fn pretty(input: TokenStream) -> String {
    let tokens = crate::generate(input);
    let file = syn::parse2(tokens.clone()).unwrap_or_else(|error| panic!("{error}: {tokens}"));
    prettyplease::unparse(&file)
}

/// Asserts that there is exactly one error and that it reads so.
#[track_caller]
fn one_error(input: TokenStream, expected: &str) {
    assert_eq!(errors(input), [expected]);
}

/// Whether `text` contains `part`, white space aside: where lines break is the printer's business.
fn contains(text: &str, part: &str) -> bool {
    let squeeze = |text: &str| text.split_whitespace().collect::<String>().replace(",}", "}").replace(",)", ")");
    squeeze(text).contains(&squeeze(part))
}
