//! Every path that generated code names, in one place. Not for use by hand.

pub use crate::solve::implicit::implicit_step;
