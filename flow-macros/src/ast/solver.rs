//! `solver`: a Butcher tableau.

use super::{Entry, Header};

/// `pub solver Name { order: 4, tableau: { … } }`
#[derive(Clone)]
pub(crate) struct Solver {
    pub(crate) head: Header,
    pub(crate) entries: Vec<Entry>,
}
