//! Everything that a program with flows needs: `use flow_runtime::prelude::*;`.
//!
//! * [`flow_model!`](crate::flow_model), and [`Error`];
//! * the modules [`data`], [`metrics`] and [`plot`] by name, with [`Dataset`] and [`Conditions`];
//! * models: [`Model`], [`Weights`], [`NameMap`], [`Program`], the [`Device`] they run on, and the [`CudaPrecision`] there;
//! * flows: [`Path`] ([`Affine`], [`OptimalTransport`]), [`Scheduler`] ([`CondOt`], [`Polynomial`], [`Cosine`],
//!   [`LinearVp`], [`Vp`]), [`Source`], [`Coupling`] ([`Independent`]), [`Interval`], [`convert`] and [`Prediction`];
//! * solving: [`solve`](crate::solve::solve()), [`solve_with`] and [`Save`], [`Stepper`], [`Workspace`], [`Grid`],
//!   [`in_place`], [`fallible`], the traits [`Method`] and [`Embedded`], and every
//!   [built-in method](crate::solve::methods);
//! * training: [`Trainer`], [`Trained`], [`TrainReport`], [`TrainRecipe`], [`TrainEngine`], [`Checkpoint`], and
//!   callbacks: [`Callback`], [`Control`], [`StepInfo`], [`EarlyStopping`], [`History`], [`StoppedBy`].
//!
//! ```
//! use flow_runtime::prelude::*;
//! let decay = solve(Rk4, |_: f64, x: &f64| -x, 1.0, &Grid::uniform(0.0, 1.0, 10)?)?;
//! assert!((decay.state - (-1.0_f64).exp()).abs() < 1e-6);
//! # Ok::<(), Error>(())
//! ```

pub use crate::{
    data::{self, Conditions, Dataset},
    engine::{CudaPrecision, Device},
    error::Error,
    flow::{
        Affine, CondOt, Cosine, Coupling, Independent, Interval, LinearVp, OptimalTransport, Path, Polynomial,
        Prediction, Scheduler, Source, Vp, convert,
    },
    flow_model, metrics,
    model::{Model, NameMap, Weights},
    plot,
    program::Program,
    solve::{Embedded, Grid, Method, Save, Stepper, Workspace, fallible, in_place, methods::*, solve, solve_with},
    train::{
        Callback, Checkpoint, Control, EarlyStopping, History, StepInfo, StoppedBy, TrainEngine, TrainRecipe,
        TrainReport, Trained, Trainer,
    },
};
