//! Values of recipe keys: an alternative of a table with its numbers, a count, a number, a grid.

use crate::{
    ast::Entry,
    check::{model::show_tokens, number},
    error::{Errors, suggest},
    ir::{Chosen, Grid, Setting},
    keyword::{self, Choice, Kind},
};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Ident, Lit, Token, parse::Parser, punctuated::Punctuated, spanned::Spanned};

/// `name` or `name(…)`: the name and what is in the parentheses.
pub(super) fn split_call(entry: &Entry, choices: &[Choice], cx: &mut Errors) -> Option<(Ident, Option<TokenStream>)> {
    let parser = |input: syn::parse::ParseStream| {
        let name: Ident = input.parse()?;
        let arguments = if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            Some(content.parse::<TokenStream>()?)
        } else {
            None
        };
        if !input.is_empty() {
            return Err(input.error("expected `,`"));
        }
        Ok((name, arguments))
    };
    match parser.parse2(entry.value.clone()) {
        Ok(read) => Some(read),
        Err(error) => {
            let usages: Vec<_> = choices.iter().map(|choice| format!("`{}`", choice.usage)).collect();
            cx.span(
                error.span(),
                format!(
                    "the value of `{}` cannot be read: {error}\nhelp: write one of {}",
                    entry.key,
                    usages.join(", ")
                ),
            );
            None
        }
    }
}

/// One of the alternatives, every number read or defaulted.
pub(super) fn check_choice(entry: &Entry, choices: &'static [Choice], cx: &mut Errors) -> Option<Chosen> {
    let (name, arguments) = split_call(entry, choices, cx)?;
    let text = name.to_string();
    let Some(choice) = choices.iter().find(|choice| choice.name == text) else {
        let known: Vec<_> = choices.iter().map(|choice| choice.name).collect();
        cx.at(&name, format!("unknown {} `{text}`\n{}", entry.key, suggest(&text, &known)));
        return None;
    };
    let arguments = match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(arguments.unwrap_or_default()) {
        Ok(arguments) => arguments,
        Err(error) => {
            cx.span(
                error.span(),
                format!("the arguments of `{text}` cannot be read: {error}\nhelp: write `{}`", choice.usage),
            );
            return None;
        }
    };
    let before = cx.len();
    let mut given: Vec<Option<&Expr>> = vec![None; choice.parameters.len()];
    let names: Vec<_> = choice.parameters.iter().map(|parameter| parameter.name).collect();
    for (index, argument) in arguments.iter().enumerate() {
        if let Expr::Assign(assign) = argument {
            let key = assign.left.to_token_stream().to_string();
            match names.iter().position(|name| *name == key) {
                Some(index) if given[index].is_none() => given[index] = Some(&assign.right),
                Some(_) => cx.at(&assign.left, format!("`{key}` of `{text}` is given twice")),
                None if names.is_empty() => {
                    cx.at(&assign.left, format!("`{text}` has no option `{key}`\nhelp: write `{}`", choice.usage))
                }
                None => cx.at(&assign.left, format!("`{text}` has no option `{key}`\n{}", suggest(&key, &names))),
            }
        } else if let Some(Expr::Assign(first)) = arguments.iter().take(index).find(|a| matches!(a, Expr::Assign(_))) {
            let key = first.left.to_token_stream();
            cx.at(argument, format!("arguments without a name stand before `{key} = …`"));
        } else {
            match given.get_mut(index) {
                Some(slot) => *slot = Some(argument),
                None => cx.at(
                    argument,
                    format!(
                        "`{text}` takes {}, found {}\nhelp: write `{}`",
                        match names.len() {
                            0 => "no arguments".to_owned(),
                            1 => "at most 1 argument".to_owned(),
                            most => format!("at most {most} arguments"),
                        },
                        arguments.len(),
                        choice.usage
                    ),
                ),
            }
        }
    }
    let mut values = Vec::new();
    for (parameter, expr) in choice.parameters.iter().zip(given) {
        match expr {
            Some(expr) => values.extend(read_setting(&text, parameter.name, parameter.kind, expr, cx)),
            None => match parameter.default {
                Some(_) => values.extend(default_setting(parameter)),
                None => cx.at(&name, format!("`{text}` needs `{}`\nhelp: write `{}`", parameter.name, choice.usage)),
            },
        }
    }
    (cx.len() == before).then_some(Chosen { name: choice.name, values })
}

/// Every default of an alternative.
pub(super) fn defaults(choice: &Choice) -> Vec<Setting> {
    choice.parameters.iter().filter_map(default_setting).collect()
}

fn default_setting(parameter: &keyword::Parameter) -> Option<Setting> {
    let text = parameter.default?;
    match parameter.kind {
        Kind::Number { .. } => text.parse().ok().map(Setting::Number),
        Kind::Flag => Some(Setting::Flag(text == "true")),
        Kind::Count => text.parse::<TokenStream>().ok().map(Setting::Count),
        _ => None,
    }
}

fn read_setting(owner: &str, name: &str, kind: Kind, expr: &Expr, cx: &mut Errors) -> Option<Setting> {
    match kind {
        Kind::Number { above, below } => match number::number(expr) {
            Some(value) if value > above && value < below => Some(Setting::Number(value)),
            Some(value) => {
                cx.at(expr, format!("`{name}` of `{owner}` is {}, found {value}", bounds(above, below)));
                None
            }
            None => {
                cx.at(expr, format!("`{name}` of `{owner}` is a number such as `0.1`, found `{}`\nhelp: write the number itself; constants have no value yet when a recipe is checked", show_tokens(&expr.to_token_stream())));
                None
            }
        },
        Kind::Flag => match expr {
            Expr::Lit(syn::ExprLit { lit: Lit::Bool(flag), .. }) => Some(Setting::Flag(flag.value)),
            _ => {
                cx.at(expr, format!("`{name}` of `{owner}` is `true` or `false`"));
                None
            }
        },
        _ => {
            let least = if name == "warmup" { 0 } else { 1 };
            count(&expr.to_token_stream(), name, least, "u64", cx).map(Setting::Count)
        }
    }
}

fn bounds(above: f64, below: f64) -> String {
    match (above == f64::NEG_INFINITY, below == f64::INFINITY) {
        (true, _) => "finite".to_owned(),
        (false, true) if above < 0.0 => "at least 0".to_owned(),
        (false, true) => format!("greater than {above}"),
        (false, false) if above < 0.0 => format!("at least 0 and below {below}"),
        (false, false) => format!("between {above} and {below}"),
    }
}

/// A whole number of type `ty`; anything but a literal is left to the compiler.
pub(super) fn count(value: &TokenStream, key: &str, least: u64, ty: &str, cx: &mut Errors) -> Option<TokenStream> {
    let Ok(expr) = syn::parse2::<Expr>(value.clone()) else {
        cx.at(value, format!("`{key}` is a whole number of at least {least}, found `{}`", show_tokens(value)));
        return None;
    };
    let wrong = |cx: &mut Errors, found: String| {
        cx.at(&expr, format!("`{key}` is a whole number of at least {least}, found {found}"));
        None
    };
    match &expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(int) => match int.base10_parse::<u64>() {
                Ok(number) if number >= least => Some(quote!(#expr)),
                Ok(number) => wrong(cx, number.to_string()),
                Err(_) => wrong(cx, int.to_string()),
            },
            other => wrong(cx, format!("`{}`", other.to_token_stream())),
        },
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => wrong(cx, format!("`{}`", show_tokens(value))),
        Expr::Array(_) | Expr::Tuple(_) | Expr::Assign(_) | Expr::Range(_) | Expr::Closure(_) | Expr::Struct(_) => {
            wrong(cx, format!("`{}`", show_tokens(value)))
        }
        _ if least == 0 => Some(quote!(#expr)),
        _ => {
            let ty = Ident::new(ty, expr.span());
            let message = format!("`{key}` is a whole number of at least {least}, found 0");
            Some(quote_spanned! {expr.span()=> {
                const __FLOW_COUNT: ::core::primitive::#ty = #expr;
                ::core::assert!(__FLOW_COUNT > 0, #message);
                __FLOW_COUNT
            }})
        }
    }
}

/// `ema: 0.999`
pub(super) fn number_entry(entry: &Entry, above: f64, below: f64, example: &str, cx: &mut Errors) -> Option<f64> {
    let key = &entry.key;
    let range = bounds(above, below);
    match syn::parse2::<Expr>(entry.value.clone()).ok().as_ref().and_then(number::number) {
        Some(value) if value > above && value < below => Some(value),
        Some(value) => {
            cx.at(&entry.value, format!("`{key}` is {range}, found {value}\nhelp: write `{key}: {example}`"));
            None
        }
        None => {
            cx.at(&entry.value, format!("`{key}` is a number {range}\nhelp: write `{key}: {example}`"));
            None
        }
    }
}

/// `uniform(100)`, `given([0.0, 0.5, 1.0])`, `reversed(…)` of one of them.
pub(super) fn check_grid(entry: &Entry, cx: &mut Errors) -> Option<Grid> {
    grid(entry, cx, false)
}

fn grid(entry: &Entry, cx: &mut Errors, inside: bool) -> Option<Grid> {
    let (name, arguments) = split_call(entry, keyword::GRIDS, cx)?;
    let text = name.to_string();
    let Some(choice) = keyword::GRIDS.iter().find(|choice| choice.name == text) else {
        let known: Vec<_> = keyword::GRIDS.iter().map(|choice| choice.name).collect();
        cx.at(&name, format!("unknown grid `{text}`\n{}", suggest(&text, &known)));
        return None;
    };
    let Some(arguments) = arguments.filter(|arguments| !arguments.is_empty()) else {
        cx.at(&name, format!("`{text}` needs an argument\nhelp: write `{}`", choice.usage));
        return None;
    };
    match text.as_str() {
        "uniform" => count(&unnamed(arguments, "steps"), "steps", 1, "usize", cx)
            .map(|steps| Grid::Uniform { steps, reversed: false }),
        "given" => given(arguments, cx),
        _ if inside => {
            cx.at(&name, "a grid reversed twice is the grid itself\nhelp: remove both");
            None
        }
        _ => match grid(&Entry { key: entry.key.clone(), value: arguments }, cx, true)? {
            Grid::Uniform { steps, .. } => Some(Grid::Uniform { steps, reversed: true }),
            Grid::Given { mut nodes } => {
                nodes.reverse();
                Some(Grid::Given { nodes })
            }
        },
    }
}

/// `steps = 100` as `100`.
fn unnamed(arguments: TokenStream, name: &str) -> TokenStream {
    match syn::parse2::<syn::ExprAssign>(arguments.clone()) {
        Ok(assign) if assign.left.to_token_stream().to_string() == name => assign.right.to_token_stream(),
        _ => arguments,
    }
}

fn given(arguments: TokenStream, cx: &mut Errors) -> Option<Grid> {
    let Ok(Expr::Array(array)) = syn::parse2::<Expr>(arguments.clone()) else {
        cx.at(&arguments, "expected the nodes of the grid\nhelp: write `given([0.0, 0.5, 1.0])`");
        return None;
    };
    let before = cx.len();
    let mut nodes: Vec<f64> = Vec::new();
    let rising =
        match (array.elems.first().and_then(number::number), array.elems.iter().nth(1).and_then(number::number)) {
            (Some(first), Some(second)) => second > first,
            _ => true,
        };
    for element in &array.elems {
        match number::number(element) {
            Some(node) if !(0.0..=1.0).contains(&node) => {
                cx.at(element, format!("a time lies between 0 and 1, found {node}"))
            }
            Some(node) => {
                if let Some(last) = nodes.last()
                    && (node == *last || (node > *last) != rising)
                {
                    let order = if rising { "rise" } else { "fall" };
                    cx.at(element, format!("the nodes of a grid {order}, but {node} follows {last}"));
                }
                nodes.push(node);
            }
            None => cx.at(element, "a node of a grid is a number such as `0.5`"),
        }
    }
    if array.elems.len() < 2 {
        cx.at(&array, "a grid has at least two nodes\nhelp: write `given([0.0, 0.5, 1.0])`");
    }
    (cx.len() == before).then_some(Grid::Given { nodes })
}
