//! `train` and `sampler`: typed recipes for a model.

use super::{Entry, Header};
use syn::Path;

/// `pub train Name for Model { … }`
#[derive(Clone)]
pub(crate) struct Train {
    pub(crate) head: Header,
    pub(crate) model: Path,
    pub(crate) entries: Vec<Entry>,
    /// Reading it recorded an error, so what seems to be missing may be there.
    pub(crate) faulty: bool,
}

/// `pub sampler Name for Model { … }`
#[derive(Clone)]
pub(crate) struct Sampler {
    pub(crate) head: Header,
    pub(crate) model: Path,
    pub(crate) entries: Vec<Entry>,
    /// Reading it recorded an error, so what seems to be missing may be there.
    pub(crate) faulty: bool,
}
