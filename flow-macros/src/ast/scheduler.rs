//! `scheduler`: `alpha` and `sigma` as expressions in `t`.

use super::{Entry, Header};

/// `pub scheduler Name(n = 2.0) { alpha: …, sigma: … }`
#[derive(Clone)]
pub(crate) struct Scheduler {
    pub(crate) head: Header,
    pub(crate) entries: Vec<Entry>,
}
