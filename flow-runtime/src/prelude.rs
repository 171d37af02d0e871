//! Everything that a program with flows needs: `use flow_runtime::prelude::*;`.

pub use crate::{error::Error, flow_model, solve::methods::*};
