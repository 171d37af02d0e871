//! Training recipes and samplers with every default filled in.

use crate::ast::Header;
use proc_macro2::TokenStream;

#[derive(Clone)]
pub(crate) struct Train {
    pub(crate) head: Header,
    pub(crate) model: Reference,
    pub(crate) path: Path,
    pub(crate) loss: Chosen,
    pub(crate) optimizer: Chosen,
    pub(crate) schedule: Chosen,
    pub(crate) time: Chosen,
    pub(crate) source: Chosen,
    /// A const expression of type `usize`.
    pub(crate) batch: TokenStream,
    pub(crate) accumulate: TokenStream,
    /// A const expression of type `u64`.
    pub(crate) steps: TokenStream,
    pub(crate) seed: TokenStream,
    pub(crate) ema: Option<f64>,
    pub(crate) clip: Option<f64>,
}

#[derive(Clone)]
pub(crate) struct Sampler {
    pub(crate) head: Header,
    pub(crate) model: Reference,
    pub(crate) solver: Reference,
    pub(crate) grid: Grid,
    pub(crate) source: Chosen,
}

/// A type that is named: one of flow-runtime's, or one in the caller's scope.
#[derive(Clone)]
pub(crate) enum Reference {
    /// Lives in `flow_runtime::__private`.
    BuiltIn(syn::Ident),
    Path(syn::Path),
}

#[derive(Clone)]
pub(crate) enum Path {
    /// `Affine` over a scheduler, with the fields that were given.
    Affine {
        scheduler: Reference,
        fields: Vec<(syn::Ident, TokenStream)>,
    },
    OptimalTransport {
        sigma_min: f64,
    },
    /// A type of the user's that implements `Path` and `Default`.
    Own(syn::Path),
}

/// An alternative of a key, and its numbers in the order of its table.
#[derive(Clone)]
pub(crate) struct Chosen {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<Setting>,
}

#[derive(Clone)]
pub(crate) enum Setting {
    Number(f64),
    Flag(bool),
    /// A const expression of type `u64`.
    Count(TokenStream),
}

#[derive(Clone)]
pub(crate) enum Grid {
    /// Equal steps from 0 to 1.
    Uniform {
        steps: TokenStream,
        reversed: bool,
    },
    Given {
        nodes: Vec<f64>,
    },
}
