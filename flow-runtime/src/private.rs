//! Every path that generated code names, in one place. Not for use by hand.

pub use crate::{
    error::Result,
    flow::{Interval, Scheduler},
};

/// The functions of the expressions: the same bits on every platform.
pub mod math {
    pub use libm::{cos, exp, log as ln, pow, sin, sqrt, tan, tanh};
}
