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

#[cfg(feature = "dfdx")]
pub use crate::engine::nn;
pub use crate::{
    error::{Error, Result},
    flow::*,
    model::{Layout, Model, Weights},
    program::{Init, Input, InputKind, Node, Op, Parameter, Program},
    sample::{GridSpec, SampleRecipe, Sampler},
    solve::{Embedded, Method, Real, State, VectorField, implicit::implicit_step, methods::*},
    tableau::{Exactness, Kind, Stability, Tableau},
    train::{Loss, Optimizer, Recipe, Schedule, ScheduleShape, TimeSampling, TrainRecipe, Trainer},
};

/// The functions of the expressions: the same bits on every platform.
pub mod math {
    pub use libm::{cos, exp, log as ln, pow, sin, sqrt, tan, tanh};
}
