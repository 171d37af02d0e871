//! Neural ODEs and flow matching: declared with [`flow_model!`], checked by the compiler, run at speed.

// What a library prints, its user cannot catch.
#![warn(clippy::print_stdout)]

// Generated code names this crate `::flow_runtime`, also inside it.
extern crate self as flow_runtime;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod data;
pub mod engine;
pub mod error;
pub mod flow;
pub mod metrics;
pub mod model;
pub mod plot;
pub mod prelude;
pub mod program;
pub mod rng;
pub mod sample;
pub mod solve;
pub mod tableau;
pub mod train;

pub use error::{Error, Result};
pub use flow_macros::flow_model;
