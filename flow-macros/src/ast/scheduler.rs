//! `scheduler`: `alpha` and `sigma` as expressions in `t`.

use super::{Entry, Header};
use proc_macro2::TokenStream;
use syn::Ident;

/// `pub scheduler Name(n = 2.0) { alpha: …, sigma: … }`
#[derive(Clone)]
pub(crate) struct Scheduler {
    pub(crate) head: Header,
    pub(crate) parameters: Vec<SchedulerParameter>,
    pub(crate) entries: Vec<Entry>,
    /// Reading it recorded an error, so what seems to be missing may be there.
    pub(crate) faulty: bool,
}

/// `name = default`
#[derive(Clone)]
pub(crate) struct SchedulerParameter {
    pub(crate) name: Ident,
    /// Empty if it was missing, which has been recorded.
    pub(crate) default: TokenStream,
}
