//! Reads a `solver`.

use super::parse_entries;
use crate::{
    ast::{Cell, Entry, Header, Row, Solver, Tableau},
    error::Errors,
    keyword,
    math::constant::GRAMMAR,
};
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::{Expr, parse::ParseStream};

/// How the rows are written.
const ROWS: &str = "help: write rows `c | a, …;`, then the weights `| b, …;` and, if there are any, `| b_hat, …;`";

/// A solver that cannot be read at all is one still, so that its type is declared.
pub(crate) fn parse_solver(head: Header, input: ParseStream, cx: &mut Errors) -> syn::Result<Solver> {
    let before = cx.len();
    let entries = match parse_entries(input, "solver", keyword::SOLVER, cx) {
        Ok(entries) => entries,
        Err(error) => {
            let name = &head.name;
            cx.span(
                error.span(),
                format!("expected `{{` after `{name}`\nhelp: write `solver {name} {{ order: …, tableau: {{ … }} }}`"),
            );
            skip(input);
            let tableau = Some(Tableau { rows: Vec::new(), is_whole: false, span: head.name.span() });
            return Ok(Solver { head, entries: Vec::new(), tableau, faulty: true });
        }
    };
    let faulty = cx.len() > before;
    let (tableaus, entries): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.key == "tableau");
    let tableau = tableaus.into_iter().next().map(|entry| parse_tableau(&entry, cx));
    Ok(Solver { head, entries, tableau, faulty })
}

/// Goes on behind the next `;` or `{ … }`, where the next item may start.
fn skip(input: ParseStream) {
    while let Ok(token) = input.parse::<TokenTree>() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            _ => {}
        }
    }
}

fn parse_tableau(entry: &Entry, cx: &mut Errors) -> Tableau {
    let before = cx.len();
    let mut tokens = entry.value.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Brace => {
            let rows = split(group.stream(), ';').into_iter().filter_map(|row| parse_row(row.tokens, cx)).collect();
            Tableau { rows, is_whole: cx.len() == before, span: group.span() }
        }
        _ => {
            cx.push(syn::Error::new_spanned(&entry.value, format!("expected the rows in braces\n{ROWS}")));
            Tableau { rows: Vec::new(), is_whole: false, span: entry.key.span() }
        }
    }
}

/// `None` for nothing, as after the last semicolon.
fn parse_row(tokens: TokenStream, cx: &mut Errors) -> Option<Row> {
    if tokens.is_empty() {
        return None;
    }
    let sides = split(tokens.clone(), '|');
    let mut parts = sides.iter();
    let (Some(left), Some(right), None) = (parts.next(), parts.next(), parts.next()) else {
        let message = format!("a row has one `|`, found {}\n{ROWS}", sides.len() - 1);
        cx.push(syn::Error::new_spanned(&tokens, message));
        return None;
    };
    let c = (!left.tokens.is_empty()).then(|| parse_cell(left, cx));
    let mut cells = split(right.tokens.clone(), ',');
    if cells.last().is_some_and(|cell| cell.tokens.is_empty()) {
        cells.pop();
    }
    let entries = cells.iter().map(|cell| parse_cell(cell, cx)).collect();
    Some(Row { c, entries, tokens })
}

fn parse_cell(part: &Part, cx: &mut Errors) -> Cell {
    let tokens = part.tokens.clone();
    let value = if tokens.is_empty() {
        cx.span(part.end, "an entry is missing before this comma\nhelp: write `0`, or remove the comma");
        None
    } else {
        match syn::parse2::<Expr>(tokens.clone()) {
            Ok(value) => Some(value),
            Err(error) => {
                cx.span(error.span(), format!("expected a coefficient: {error}\n{GRAMMAR}"));
                None
            }
        }
    };
    Cell { value, tokens }
}

/// Tokens up to a separator.
struct Part {
    tokens: TokenStream,
    /// The separator, or where there is none at the end.
    end: Span,
}

/// The parts between separators, one more than there are separators.
fn split(tokens: TokenStream, separator: char) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = TokenStream::new();
    let mut end = Span::call_site();
    for token in tokens {
        end = token.span();
        match token {
            TokenTree::Punct(punct) if punct.as_char() == separator => {
                parts.push(Part { tokens: std::mem::take(&mut part), end });
            }
            token => part.extend([token]),
        }
    }
    parts.push(Part { tokens: part, end });
    parts
}
