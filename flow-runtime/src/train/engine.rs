//! What training asks of an engine, and what it hands over.

use super::{Loss, Optimizer, Recipe, StepOutcome, TrainState};
use crate::{
    data::{Conditions, Dataset},
    error::Result,
    flow::DeviceText,
};
#[cfg(doc)]
use crate::{flow::Path, train::Batcher};

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
    pub conditions: Conditions,
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
    pub data: &'a Dataset,
    /// Points and velocities of the path.
    pub sample: PathSample<'a>,
    /// The weights of the path as text, if it has one; see [`Path::device_text`].
    pub path_text: Option<&'a DeviceText>,
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
