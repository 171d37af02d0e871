//! `solver`: a Butcher tableau.

use super::{Entry, Header};
use proc_macro2::{Span, TokenStream};
use syn::Expr;

/// `pub solver Name { order: 4, tableau: { … } }`
#[derive(Clone)]
pub(crate) struct Solver {
    pub(crate) head: Header,
    /// All but the tableau.
    pub(crate) entries: Vec<Entry>,
    pub(crate) tableau: Option<Tableau>,
    /// Reading the entries recorded an error, so what seems to be missing may be there.
    pub(crate) faulty: bool,
}

impl Solver {
    /// The value of a key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

/// The rows between the braces, as they stand.
#[derive(Clone)]
pub(crate) struct Tableau {
    pub(crate) rows: Vec<Row>,
    /// Every row and every entry could be read.
    pub(crate) is_whole: bool,
    pub(crate) span: Span,
}

/// `c | a, …;`, or `| b, …;`
#[derive(Clone)]
pub(crate) struct Row {
    /// `None` in a row of weights.
    pub(crate) c: Option<Cell>,
    pub(crate) entries: Vec<Cell>,
    /// Everything up to the semicolon.
    pub(crate) tokens: TokenStream,
}

/// One coefficient; `None` if it could not be read and the error has been recorded.
#[derive(Clone)]
pub(crate) struct Cell {
    pub(crate) value: Option<Expr>,
    pub(crate) tokens: TokenStream,
}
