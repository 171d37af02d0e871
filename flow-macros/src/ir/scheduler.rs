//! A scheduler with its derivatives and its interval.

use crate::ast::Header;

#[derive(Clone)]
pub(crate) struct Scheduler {
    pub(crate) head: Header,
}
