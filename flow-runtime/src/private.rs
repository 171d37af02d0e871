//! Every path that generated code names, in one place. Not for use by hand.

/// Passes its tokens through with feature `dfdx`, and drops them without.
#[cfg(feature = "dfdx")]
#[doc(hidden)]
#[macro_export]
macro_rules! __flow_if_dfdx {
    ($($tokens:tt)*) => { $($tokens)* };
}

/// Passes its tokens through with feature `dfdx`, and drops them without.
#[cfg(not(feature = "dfdx"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __flow_if_dfdx {
    ($($tokens:tt)*) => {};
}

pub use crate::__flow_if_dfdx as if_dfdx;

pub use crate::error::{Error, Result};

#[cfg(feature = "dfdx")]
pub use crate::engine::nn;
pub use crate::solve::implicit::implicit_step;
pub use crate::{
    model::{Model, Weights},
    program::{Init, Input, InputKind, Node, Op, Parameter, Program},
};
