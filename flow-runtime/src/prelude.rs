//! Everything that a program with flows needs: `use flow_runtime::prelude::*;`.

pub use crate::{
    data::{self, Conditions, Dataset},
    error::Error,
    flow_model, metrics, plot,
    solve::{Grid, Method, Save, Stepper, Workspace, fallible, in_place, methods::*, solve, solve_with},
};
