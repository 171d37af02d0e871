//! What a training run leaves: the model, the losses and a report.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

/// What a training run gives back.
///
/// ```
/// use flow_runtime::prelude::*;
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 10, ema: 0.9 }
/// # }
/// let trained = LineTraining::trainer().fit(&data::two_moons(100, 0.05, 0)?)?;
/// assert_eq!((trained.report.steps, trained.losses.len()), (10, 10));
/// assert_eq!(trained.report.stopped_by, StoppedBy::Completed);
/// assert_ne!(trained.model.weights(), trained.raw_model.weights());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Trained<M> {
    /// The model to use: with the averaged weights if the recipe has `ema`, else with the raw ones.
    pub model: M,
    /// The model with the weights as the optimiser left them.
    pub raw_model: M,
    /// The loss of every step, from the first; a resumed run has those from before as well.
    pub losses: Vec<f32>,
    /// Numbers about the run.
    pub report: TrainReport,
}

/// The report; weights and losses are too many to print.
impl<M> fmt::Debug for Trained<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trained").field("report", &self.report).finish_non_exhaustive()
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoppedBy {
    /// All steps are done.
    Completed,
    /// A callback returned [`Control::Stop`](super::Control::Stop).
    Callback,
    /// Ctrl-C, or [`interrupt::request`](super::interrupt::request).
    Interrupted,
    /// An error; seen only in what [`Trainer::salvage`](super::Trainer::salvage) gives.
    Failed,
}

/// Numbers about a training run; serialisable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrainReport {
    /// Name of the `train` item.
    pub recipe: String,
    /// Name of the model.
    pub model: String,
    /// Number of weights.
    pub parameters: usize,
    /// The engine and where it computed, such as `dfdx on the CPU`.
    #[serde(default)]
    pub device: String,
    /// Rows of the data set.
    pub rows: usize,
    /// Samples in one gradient.
    pub batch: usize,
    /// Gradients in one step.
    pub accumulate: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Steps done since the first, over all sessions.
    pub steps: u64,
    /// The step from which this session went on, if it resumed a checkpoint.
    pub resumed_from: Option<u64>,
    /// Wall time of this session, in seconds.
    pub seconds: f64,
    /// Steps of this session by its seconds.
    pub steps_per_second: f64,
    /// Loss of the last step; `None` if there was none.
    pub final_loss: Option<f64>,
    /// Lowest loss on the held-out data, if it was evaluated.
    pub best_evaluation: Option<f64>,
    /// Why the run ended.
    pub stopped_by: StoppedBy,
    /// The last checkpoint, if checkpoints are written.
    pub checkpoint: Option<PathBuf>,
}
