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
pub use report::{StoppedBy, TrainReport, Trained};
pub(crate) use run::in_range;
pub use run::{StepOutcome, run_steps};
pub use state::TrainState;
pub use trainer::Trainer;

use crate::{error::Result, flow::Path, model::Model};

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

/// One batch, ready for an engine.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Samples.
    pub size: usize,
    /// Times, `[size]`.
    pub t: Vec<f32>,
    /// Points on the path, `[size, dim]`.
    pub xt: Vec<f32>,
    /// Conditional velocities, `[size, dim]`.
    pub ut: Vec<f32>,
    /// Conditions of the chosen samples.
    pub conditions: crate::data::Conditions,
}

/// What an engine needs to take a whole step by itself; see [`TrainEngine::step`].
///
/// ```
/// use flow_runtime::{engine::CpuEngine, prelude::*};
/// use flow_runtime::train::{Batch, Loss, Optimizer, OptimizerState, StepOutcome, StepTask, TrainState};
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { optimizer: sgd(lr = 0.1), schedule: step(every = 2, gamma = 0.5), batch: 8, steps: 4 }
/// # }
///
/// /// An engine around another, that remembers the learning rates.
/// struct Watched<E>(E, Vec<f64>);
///
/// impl<E: TrainEngine> TrainEngine for Watched<E> {
///     fn step(&mut self, task: &StepTask<'_>, state: &mut TrainState) -> Option<Result<StepOutcome, Error>> {
///         self.1.push(task.learning_rate);
///         self.0.step(task, state)
///     }
///     fn gradient(
///         &mut self, w: &[f32], batch: &Batch, loss: Loss, seed: u64, step: u64, g: &mut [f32],
///     ) -> Result<f64, Error> {
///         self.0.gradient(w, batch, loss, seed, step, g)
///     }
///     fn optimize(
///         &mut self, o: &Optimizer, lr: f64, time: u64, w: &mut [f32], g: &[f32], state: &mut OptimizerState,
///     ) -> Result<(), Error> {
///         self.0.optimize(o, lr, time, w, g, state)
///     }
/// }
///
/// let mut engine = Watched(CpuEngine::<Line>::new()?, vec![]);
/// let _ = LineTraining::trainer().fit_with(&mut engine, &data::two_moons(100, 0.05, 0)?)?;
/// assert_eq!(engine.1, [0.1, 0.1, 0.05, 0.05]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct StepTask<'a> {
    /// The recipe, as it was changed for the run.
    pub recipe: &'a Recipe,
    /// The data that batches are drawn from; they have been checked against the model.
    pub data: &'a crate::data::Dataset,
    /// Points and velocities of the path.
    pub sample: PathSample<'a>,
    /// The weights of the path as text, if it has one; see [`Path::device_text`].
    pub path_text: Option<&'a crate::flow::DeviceText>,
    /// The learning rate of the step.
    pub learning_rate: f64,
}

/// [`Path::sample`] of a path: time, source, data, then the point and the velocity that are written.
///
/// `(t, x0: [dim], x1: [dim], xt: [dim], ut: [dim])`, called from all threads of an engine at once.
pub type PathSample<'a> = &'a (dyn Fn(f64, &[f32], &[f32], &mut [f32], &mut [f32]) + Sync);

/// What the training loop asks of an engine.
///
/// ```
/// use flow_runtime::{error::Result, train::{Batch, Loss, Optimizer, OptimizerState, TrainEngine}};
///
/// /// The velocity is one constant, and plain gradient descent finds the mean of `ut`.
/// struct Constant;
///
/// impl TrainEngine for Constant {
///     fn gradient(&mut self, w: &[f32], batch: &Batch, loss: Loss, _: u64, _: u64, g: &mut [f32]) -> Result<f64> {
///         let (v, n) = (f64::from(w[0]), batch.ut.len() as f64);
///         g[0] = (batch.ut.iter().map(|&u| loss.derivative(v, f64::from(u))).sum::<f64>() / n) as f32;
///         Ok(batch.ut.iter().map(|&u| loss.value(v, f64::from(u))).sum::<f64>() / n)
///     }
///     fn optimize(
///         &mut self, _: &Optimizer, lr: f64, _: u64, w: &mut [f32], g: &[f32], _: &mut OptimizerState,
///     ) -> Result<()> {
///         w[0] -= lr as f32 * g[0];
///         Ok(())
///     }
/// }
///
/// let batch = Batch { size: 2, ut: vec![1.0, 3.0], ..Batch::default() };
/// let mut gradient = [0.0];
/// assert_eq!(Constant.gradient(&[0.0], &batch, Loss::Mse, 0, 0, &mut gradient)?, 5.0);
/// assert_eq!(gradient, [-4.0]);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub trait TrainEngine {
    /// What it is and where it computes, for the report of a run.
    fn name(&self) -> String {
        "an engine of the program's own".to_owned()
    }

    /// The loss of a batch, and its gradient with respect to `weights`, written into `gradient`, which is as long.
    ///
    /// `step` keys the dropout masks: it is another number for every batch of a run.
    fn gradient(
        &mut self,
        weights: &[f32],
        batch: &Batch,
        loss: Loss,
        seed: u64,
        step: u64,
        gradient: &mut [f32],
    ) -> Result<f64>;

    /// The loss of a batch as the model is used, with dropout off; for evaluations.
    ///
    /// Unless it is overridden, the loss that [`gradient`](Self::gradient) gives: right for models without dropout.
    fn loss(&mut self, weights: &[f32], batch: &Batch, loss: Loss) -> Result<f64> {
        self.gradient(weights, batch, loss, 0, 0, &mut vec![0.0; weights.len()])
    }

    /// One whole step, from the draw of the batch to the average of the weights, if the engine does that by itself.
    ///
    /// It draws the batches that [`Batcher`] draws, numbers `state.step · accumulate …`, and leaves the state as the loop
    /// would: step, losses, moments, average. On an error the state is as it was before. Unless it is overridden,
    /// `None`: then the loop puts the step together from [`gradient`](Self::gradient) and [`optimize`](Self::optimize).
    fn step(&mut self, _task: &StepTask<'_>, _state: &mut TrainState) -> Option<Result<StepOutcome>> {
        None
    }

    /// Some whole steps, one at least and `most` at most, if the engine takes several in one call: what each did, and whether
    /// all went well.
    ///
    /// Each is as [`step`](Self::step) has it, with the learning rate that the recipe's schedule gives it (`task.learning_rate` is that of
    /// the first). On an error the state is as it was before the step that failed, and the steps before it are told. Unless it
    /// is overridden, `None`: then the loop asks for one step after the other.
    fn steps(
        &mut self,
        _task: &StepTask<'_>,
        _state: &mut TrainState,
        _most: u64,
    ) -> Option<(Vec<StepOutcome>, Result<()>)> {
        None
    }

    /// One step of the optimiser with learning rate `lr`; `time` counts from 1.
    fn optimize(
        &mut self,
        optimizer: &Optimizer,
        lr: f64,
        time: u64,
        weights: &mut [f32],
        gradient: &[f32],
        state: &mut OptimizerState,
    ) -> Result<()>;
}

/// Moments of an optimiser, each as long as the weights, or empty if it has none.
///
/// ```
/// use flow_runtime::train::{Optimizer, OptimizerState};
/// let adam = Optimizer::Adam { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 };
/// let state = OptimizerState::new(&adam, 10);
/// assert_eq!((state.moment1.len(), state.moment2.len()), (10, 10));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerState {
    /// First moment, or momentum.
    pub moment1: Vec<f32>,
    /// Second moment.
    pub moment2: Vec<f32>,
}
