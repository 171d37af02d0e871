//! Every path that generated code names, in one place. Not for use by hand.

pub use crate::{
    error::Result,
    solve::{Embedded, Method, Real, State, VectorField, implicit::implicit_step},
    tableau::{Exactness, Kind, Stability, Tableau},
};
