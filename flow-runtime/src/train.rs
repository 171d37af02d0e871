//! Training: the recipe, the loop, and what surrounds it.
//!
//! A `train` item declares a [`Recipe`]; its [`Trainer`] checks it against the data and runs the loop on an engine:
//! [`fit`](Trainer::fit) on that of a [`Device`](crate::engine::Device), [`fit_with`](Trainer::fit_with) on any
//! [`TrainEngine`]. What the run carries from step to step is its [`TrainState`], which a [`Checkpoint`] holds whole.
//!
//! One step, on every engine:
//!
//! 1. Draw a batch ([`Batcher`]): data `x1`, source points `x0`, times `t`; from them `xt` and `ut` by the path.
//! 2. The loss of `v(t, xt) − ut`, its gradient by the weights; the mean over `accumulate` batches.
//! 3. Clip the gradient by its norm ([`clip_global_norm`]), take the step of the [`Optimizer`] at the rate that the
//!    [`Schedule`] gives, and let the average of the weights follow ([`Ema`]).
//!
//! An engine may leave the loop to put this together of [`TrainEngine::gradient`] and [`TrainEngine::optimize`], as dfdx does,
//! or do all of it in [`TrainEngine::step`], as the CPU engine does. Random numbers are functions of the seed and of
//! the place they are for, so both train on the same batches.

mod batch;
mod callback;
mod check;
pub mod checkpoint;
mod clip;
mod ema;
mod engine;
mod fit;
pub mod interrupt;
mod report;
mod run;
mod schedule;
mod session;
mod state;
#[cfg(test)]
mod tests;
mod trainer;

pub use batch::Batcher;
pub(crate) use batch::Draws;
pub use callback::{
    Callback, CheckpointInfo, Control, CsvLog, EarlyStopping, EpochInfo, EvaluationInfo, History, JsonLog, Progress,
    StartInfo, StepInfo,
};
pub(crate) use check::check_data;
pub use checkpoint::Checkpoint;
pub use clip::{clip_global_norm, global_norm};
pub use ema::Ema;
pub use engine::{Batch, OptimizerState, PathSample, StepTask, TrainEngine};
pub use report::{StoppedBy, TrainReport, Trained};
pub(crate) use run::in_range;
pub use run::{StepOutcome, run_steps};
pub use state::TrainState;
pub use trainer::Trainer;

use crate::{flow::Path, model::Model};

/// What `flow_model! { train … }` generates: a recipe for a model and a path.
///
/// ```
/// use flow_runtime::{prelude::*, train::Loss};
/// flow_model! {
///     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
///     train LineTraining for Line {
///         path: Affine(Cosine),
///         loss: huber(delta = 0.5),
///         optimizer: sgd(lr = 0.1),
///         batch: 8,
///         steps: 10,
///     }
/// }
///
/// assert_eq!(LineTraining::RECIPE.loss, Loss::Huber { delta: 0.5 });
/// assert_eq!(LineTraining::path().interval(), Interval::CLOSED);
/// ```
pub trait TrainRecipe: Copy + Default + Send + Sync + 'static {
    /// The model that is trained.
    type Model: Model;
    /// The probability path.
    type Path: Path;
    /// Everything else.
    const RECIPE: Recipe;
    /// The path.
    fn path() -> Self::Path;
}

/// The numbers of a training run, as declared.
///
/// ```
/// use flow_runtime::prelude::*;
/// flow_model! {
///     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
///     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 32, steps: 500, ema: 0.99 }
/// }
///
/// let recipe = LineTraining::RECIPE;
/// assert_eq!((recipe.batch, recipe.steps, recipe.ema, recipe.optimizer.lr()), (32, 500, Some(0.99), 1e-3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Name of the `train` item.
    pub name: &'static str,
    /// What is minimised.
    pub loss: Loss,
    /// How a gradient becomes a change of the weights.
    pub optimizer: Optimizer,
    /// How the learning rate moves.
    pub schedule: Schedule,
    /// Samples in one gradient.
    pub batch: usize,
    /// Gradients that are averaged into one step of the optimiser.
    pub accumulate: usize,
    /// Steps of the optimiser.
    pub steps: u64,
    /// Decay of the exponential moving average of the weights.
    pub ema: Option<f64>,
    /// Bound of the gradient's Euclidean norm.
    pub clip: Option<f64>,
    /// Distribution of the training times.
    pub time: TimeSampling,
    /// Distribution of `x0`.
    pub source: crate::flow::Source,
    /// Seed of everything random in the run.
    pub seed: u64,
}

/// What is minimised, the mean over the batch and the coordinates.
///
/// ```
/// use flow_runtime::train::Loss;
/// let (mse, huber) = (Loss::Mse, Loss::Huber { delta: 1.0 });
/// assert_eq!((mse.value(3.0, 0.0), huber.value(3.0, 0.0)), (9.0, 2.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Loss {
    /// `(v − u)²`.
    Mse,
    /// `|v − u|`.
    L1,
    /// `d²/2` for `d = |v − u| ≤ delta`, else `delta (d − delta/2)`.
    Huber {
        /// Where the square becomes a line.
        delta: f64,
    },
}

/// How a gradient becomes a change of the weights.
///
/// ```
/// use flow_runtime::train::Optimizer;
/// let sgd = Optimizer::Sgd { lr: 0.1, momentum: 0.9, nesterov: true, weight_decay: 0.0 };
/// assert_eq!(sgd.lr(), 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Optimizer {
    /// Adam (Kingma & Ba 2015); `weight_decay` is added to the gradient.
    Adam {
        /// Base learning rate.
        lr: f64,
        /// Decay of the first moment.
        beta1: f64,
        /// Decay of the second moment.
        beta2: f64,
        /// Added to the root of the second moment.
        eps: f64,
        /// L2 penalty.
        weight_decay: f64,
    },
    /// AdamW (Loshchilov & Hutter 2019); `weight_decay` shrinks the weights directly.
    AdamW {
        /// Base learning rate.
        lr: f64,
        /// Decay of the first moment.
        beta1: f64,
        /// Decay of the second moment.
        beta2: f64,
        /// Added to the root of the second moment.
        eps: f64,
        /// Decoupled decay.
        weight_decay: f64,
    },
    /// Stochastic gradient descent.
    Sgd {
        /// Base learning rate.
        lr: f64,
        /// Heavy-ball momentum; zero for none.
        momentum: f64,
        /// Nesterov's form of the momentum.
        nesterov: bool,
        /// L2 penalty.
        weight_decay: f64,
    },
}

/// How the learning rate moves: a factor on the optimiser's `lr`.
///
/// ```
/// use flow_runtime::train::{Schedule, ScheduleShape};
/// let halved = Schedule { warmup: 2, shape: ScheduleShape::Step { every: 100, gamma: 0.5 } };
/// assert_eq!([0, 1, 2, 102, 202].map(|step| halved.factor(step, 300)), [0.5, 1.0, 1.0, 0.5, 0.25]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Steps over which the factor rises linearly to one.
    pub warmup: u64,
    /// What follows.
    pub shape: ScheduleShape,
}

/// The part of a [`Schedule`] after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ScheduleShape {
    /// One.
    Constant,
    /// From one to `floor` along half a cosine over the remaining steps.
    Cosine {
        /// The factor at the last step.
        floor: f64,
    },
    /// Times `gamma` every `every` steps.
    Step {
        /// Steps between two drops.
        every: u64,
        /// Factor of a drop.
        gamma: f64,
    },
}

/// Distribution of the training times on `[0, 1]`.
///
/// ```
/// use flow_runtime::{rng::{Philox, Stream}, train::TimeSampling};
/// let middling = TimeSampling::LogitNormal { mean: 0.0, std: 0.5 };
/// let random = Philox::new(0, Stream::Time, 0);
/// let central = (0..1000).filter(|&i| (0.25..0.75).contains(&middling.sample(&random, i))).count();
/// assert!(central > 900);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum TimeSampling {
    /// `U(0, 1)`.
    Uniform,
    /// `1 / (1 + exp(−n))` with `n ~ N(mean, std²)` (Esser et al. 2024).
    LogitNormal {
        /// Mean of the normal.
        mean: f64,
        /// Its standard deviation.
        std: f64,
    },
}
