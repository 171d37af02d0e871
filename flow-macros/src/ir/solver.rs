//! A proven tableau and its derived properties.

use crate::ast::Header;

#[derive(Clone)]
pub(crate) struct Solver {
    pub(crate) head: Header,
}
