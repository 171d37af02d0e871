//! Everything that a program with flows needs: `use flow_runtime::prelude::*;`.

pub use crate::{
    data::{self, Conditions, Dataset},
    engine::Device,
    error::Error,
    flow::{
        Affine, CondOt, Cosine, Coupling, Independent, Interval, LinearVp, OptimalTransport, Path, Polynomial,
        Prediction, Scheduler, Source, Vp, convert,
    },
    flow_model, metrics,
    model::{Model, Weights},
    plot,
    program::Program,
    solve::{Embedded, Grid, Method, Save, Stepper, Workspace, fallible, in_place, methods::*, solve, solve_with},
    train::{
        Callback, Checkpoint, Control, EarlyStopping, History, StepInfo, StoppedBy, TrainEngine, TrainRecipe,
        TrainReport, Trained, Trainer,
    },
};
