//! Errors are collected, not thrown: one compile shows every mistake.

use proc_macro2::Span;
use quote::ToTokens;
use std::collections::BTreeSet;

/// Collects errors while an item is parsed and checked; must be finished.
#[derive(Default)]
pub(crate) struct Errors {
    all: Vec<syn::Error>,
}

impl Errors {
    /// Records an error that underlines `tokens`.
    pub(crate) fn at(&mut self, tokens: &impl ToTokens, message: impl std::fmt::Display) {
        self.all.push(syn::Error::new_spanned(tokens, message));
    }

    /// Records an error at a span.
    pub(crate) fn span(&mut self, span: Span, message: impl std::fmt::Display) {
        self.all.push(syn::Error::new(span, message));
    }

    /// Records an error that a parser returned.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.all.push(error);
    }

    /// Number of errors so far; a caller that needs to know whether its own part was sound compares two.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Folds everything into one error, `Ok` if there is none.
    ///
    /// A mistake in a block is met at each of its calls, one in a loop at each turn: it is shown once.
    pub(crate) fn finish(self) -> syn::Result<()> {
        let mut seen = BTreeSet::new();
        let mut all =
            self.all.into_iter().filter(|error| seen.insert((format!("{:?}", error.span()), error.to_string())));
        match all.next() {
            None => Ok(()),
            Some(mut first) => {
                first.extend(all);
                Err(first)
            }
        }
    }
}

/// The known name that `name` is a near miss of.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let key = |text: &str| text.to_lowercase().replace('_', "");
    let scored = known.iter().map(|known| (strsim::jaro_winkler(&key(name), &key(known)), *known));
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(score, _)| *score > 0.8).map(|(_, nearest)| nearest)
}

/// `help: did you mean …?` for a near miss, else the sorted list of what there is.
pub(crate) fn suggest(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(nearest) => format!("help: did you mean `{nearest}`?"),
        None => {
            let mut sorted = known.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            let list: Vec<_> = sorted.iter().map(|k| format!("`{k}`")).collect();
            format!("help: expected one of {}", list.join(", "))
        }
    }
}
