//! What was written: spans kept on every value, nothing judged.

mod model;
mod recipe;
mod scheduler;
mod solver;

pub(crate) use model::*;
pub(crate) use recipe::*;
pub(crate) use scheduler::{Scheduler, SchedulerParameter};
pub(crate) use solver::*;

use proc_macro2::TokenStream;
use syn::{Attribute, Ident, Visibility};

/// Everything in one `flow_model!` call.
pub(crate) struct File {
    /// `#![crate = path]`, or `::flow_runtime`.
    pub(crate) krate: syn::Path,
    pub(crate) items: Vec<Item>,
}

pub(crate) enum Item {
    Model(Model),
    Block(Block),
    Solver(Solver),
    Scheduler(Scheduler),
    Train(Train),
    Sampler(Sampler),
    /// Could not be read past its name; the error has been recorded.
    Failed {
        keyword: String,
        head: Header,
    },
}

/// What every item starts with.
#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) name: Ident,
}

/// `key: value`, the value's tokens up to the comma.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: Ident,
    pub(crate) value: TokenStream,
}
