//! Callbacks: what a run tells, and how it is told to stop.

mod history;
mod log;
mod progress;
mod stopping;

use std::path::PathBuf;

pub use history::History;
pub use log::{CsvLog, JsonLog};
pub use progress::Progress;
pub use stopping::EarlyStopping;

use super::TrainReport;
use crate::error::{Error, Result};

/// Whether the run goes on.
///
/// ```
/// use flow_runtime::{prelude::*, train::StepInfo};
/// let mut stop_at_zero = |info: &StepInfo| if info.loss == 0.0 { Control::Stop } else { Control::Continue };
/// # fn is_callback(_: impl Callback) {}
/// # is_callback(&mut stop_at_zero as &mut dyn FnMut(&StepInfo) -> Control);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Control {
    /// Go on.
    Continue,
    /// End the run after this step, with a checkpoint if the run writes any.
    Stop,
}

/// What happens during a run; every method does nothing unless it is overridden.
///
/// An error ends the run, as one of the trainer itself does. A closure `FnMut(&StepInfo) -> Control` is a callback
/// too.
///
/// ```
/// use flow_runtime::{error::Result, train::{Callback, Control, EvaluationInfo}};
///
/// /// Stops as soon as the held-out loss is good enough.
/// struct GoodEnough(f64);
///
/// impl Callback for GoodEnough {
///     fn on_evaluation(&mut self, info: &EvaluationInfo) -> Result<Control> {
///         Ok(if info.loss < self.0 { Control::Stop } else { Control::Continue })
///     }
/// }
/// ```
pub trait Callback {
    /// Before the first step; the data and the recipe have been checked, and a checkpoint has been read.
    fn on_start(&mut self, _info: &StartInfo<'_>) -> Result<()> {
        Ok(())
    }
    /// After every step of the optimiser.
    fn on_step(&mut self, _info: &StepInfo) -> Result<Control> {
        Ok(Control::Continue)
    }
    /// After every epoch: as many steps as draw at least as many samples as there are rows.
    fn on_epoch(&mut self, _info: &EpochInfo) -> Result<Control> {
        Ok(Control::Continue)
    }
    /// After every evaluation on the held-out data.
    fn on_evaluation(&mut self, _info: &EvaluationInfo) -> Result<Control> {
        Ok(Control::Continue)
    }
    /// After a checkpoint is safely on the disk.
    fn on_checkpoint(&mut self, _info: &CheckpointInfo) -> Result<()> {
        Ok(())
    }
    /// Something that a person should know, such as a damaged checkpoint that was skipped.
    fn on_warning(&mut self, _message: &str) -> Result<()> {
        Ok(())
    }
    /// At the end of a run that did not fail.
    fn on_end(&mut self, _report: &TrainReport) -> Result<()> {
        Ok(())
    }
    /// At the end of a run that failed after it had started.
    fn on_error(&mut self, _error: &Error) {}
}

impl<F: FnMut(&StepInfo) -> Control> Callback for F {
    fn on_step(&mut self, info: &StepInfo) -> Result<Control> {
        Ok(self(info))
    }
}

/// The run that is about to start.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StartInfo<'a> {
    /// Name of the `train` item.
    pub recipe: &'static str,
    /// Name of the model.
    pub model: &'static str,
    /// Number of weights.
    pub parameters: usize,
    /// Rows of the data set.
    pub rows: usize,
    /// Steps already done, when a checkpoint is resumed.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Steps of one epoch, `⌈rows / (batch · accumulate)⌉`.
    pub epoch_steps: u64,
    /// Seed of everything random.
    pub seed: u64,
    /// Whether a checkpoint is resumed.
    pub resumed: bool,
    /// Losses of the steps already done.
    pub losses: &'a [f32],
    /// Evaluations already made: step and loss.
    pub evaluations: &'a [(u64, f64)],
}

/// One step of the optimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepInfo {
    /// Which step this was; the first is 1.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Which epoch it belongs to; the first is 1.
    pub epoch: u64,
    /// Mean loss of the step's batches.
    pub loss: f64,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Euclidean norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Seconds since this session began.
    pub seconds: f64,
}

/// One pass over as many samples as the data set has.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct EpochInfo {
    /// Which epoch ended; the first is 1.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// Mean loss of the epoch's steps.
    pub loss: f64,
}

/// One evaluation on the held-out data.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct EvaluationInfo {
    /// Steps done.
    pub step: u64,
    /// Mean loss over all held-out samples, each with the same time and source point in every evaluation.
    pub loss: f64,
    /// The lowest such loss so far, this one included.
    pub best: f64,
    /// This one is the lowest.
    pub improved: bool,
}

/// One checkpoint.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CheckpointInfo {
    /// Steps done.
    pub step: u64,
    /// The file.
    pub path: PathBuf,
}

/// All callbacks of a run, told in the order in which they were added.
#[derive(Default)]
pub(super) struct Callbacks(pub(super) Vec<Box<dyn Callback>>);

impl Callbacks {
    /// Tells every callback, also when an earlier one asks to stop.
    pub(super) fn ask(&mut self, mut tell: impl FnMut(&mut dyn Callback) -> Result<Control>) -> Result<Control> {
        let mut control = Control::Continue;
        for callback in &mut self.0 {
            if tell(callback.as_mut())? == Control::Stop {
                control = Control::Stop;
            }
        }
        Ok(control)
    }

    pub(super) fn tell(&mut self, mut tell: impl FnMut(&mut dyn Callback) -> Result<()>) -> Result<()> {
        self.0.iter_mut().try_for_each(|callback| tell(callback.as_mut()))
    }
}
