//! Errors are collected, not thrown: one compile shows every mistake.

use proc_macro2::Span;
use syn::spanned::Spanned;

/// Collects errors while an item is parsed and checked; must be finished.
#[derive(Default)]
pub(crate) struct Errors {
    all: Vec<syn::Error>,
}

impl Errors {
    /// Records an error that underlines `tokens`.
    pub(crate) fn at(&mut self, tokens: &impl Spanned, message: impl std::fmt::Display) {
        self.all.push(syn::Error::new(tokens.span(), message));
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
    pub(crate) fn finish(self) -> syn::Result<()> {
        let mut all = self.all.into_iter();
        match all.next() {
            None => Ok(()),
            Some(mut first) => {
                first.extend(all);
                Err(first)
            }
        }
    }
}

/// `help: did you mean …?` for a near miss, else the sorted list of what there is.
pub(crate) fn suggest(name: &str, known: &[&str]) -> String {
    let key = |text: &str| text.to_lowercase().replace('_', "");
    let best = known.iter().map(|k| (strsim::jaro_winkler(&key(name), &key(k)), *k)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((score, nearest)) if score > 0.8 => format!("help: did you mean `{nearest}`?"),
        _ => {
            let mut sorted = known.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            let list: Vec<_> = sorted.iter().map(|k| format!("`{k}`")).collect();
            format!("help: expected one of {}", list.join(", "))
        }
    }
}
