//! Everything that a program with flows needs: `use flow_runtime::prelude::*;`.

pub use crate::{
    error::Error,
    flow::{
        Affine, CondOt, Cosine, Coupling, Independent, Interval, LinearVp, OptimalTransport, Path, Polynomial,
        Prediction, Scheduler, Source, Vp, convert,
    },
    flow_model,
};
