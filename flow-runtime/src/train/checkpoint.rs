//! Checkpoints: everything a run needs to go on as if it had never stopped, in one safetensors file.
//!
//! `checkpoint-00001000.safetensors` is the state after 1000 steps. All tensors are `F32`:
//!
//! | name | what |
//! |---|---|
//! | `h.weight`, … | the weights under their own names, so that any reader of safetensors finds them |
//! | `ema.h.weight`, … | their moving average, if the recipe has `ema` |
//! | `optimizer.moment1.h.weight`, … | first moment, or momentum, if the optimiser has one |
//! | `optimizer.moment2.h.weight`, … | second moment, if the optimiser has one |
//! | `train.losses` | the loss of every step so far |
//!
//! The metadata holds the format and the crate's version, the model's name and schema hash, the step, the seed, the
//! recipe by keys, a fingerprint of the data, the evaluations so far and a CRC-32 of all the rest. Random numbers are
//! counter-based, so that seed and step are the whole random state.
//!
//! A file is written under a temporary name, flushed to the disk and renamed: it is whole or it is not there. Older
//! ones are deleted only after that.

mod folder;
mod format;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub(super) use folder::{list, remove_leftovers};
use format::damaged;
pub(super) use write::Origin;

use super::{Ema, OptimizerState, Recipe, TrainState};
use crate::{
    error::{Error, Result},
    model::Model,
};

const FORMAT: &str = "flow-checkpoint-1";
const LOSSES: &str = "train.losses";
const RECIPE: &str = "recipe.";
const RAW: &str = "";
const EMA: &str = "ema.";
const MOMENT1: &str = "optimizer.moment1.";
const MOMENT2: &str = "optimizer.moment2.";

/// The state of a training run after some step, read from a file.
///
/// ```
/// use flow_runtime::prelude::*;
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path().join("runs");
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 10 }
/// # }
/// let trained = LineTraining::trainer().checkpoints(&folder, 4).fit(&data::two_moons(100, 0.05, 0)?)?;
/// let read = Checkpoint::read::<Line>(folder.join("checkpoint-00000008.safetensors"))?;
/// assert_eq!((read.step(), read.state().losses.len()), (8, 8));
///
/// let latest = Checkpoint::latest::<Line>(&folder, |warning| eprintln!("{warning}"))?;
/// let model: Line = latest.map(|checkpoint| checkpoint.model()).transpose()?.unwrap();
/// assert_eq!(model.weights(), trained.model.weights());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checkpoint {
    path: PathBuf,
    state: TrainState,
    recipe: BTreeMap<String, String>,
    seed: u64,
    data: String,
}

impl Checkpoint {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.state.step
    }

    /// Seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The state, to look at or to go on from.
    pub fn state(&self) -> &TrainState {
        &self.state
    }

    /// The model to use: with the averaged weights if there are any, else with the raw ones.
    ///
    /// # Errors
    /// As [`Model::from_weights`].
    pub fn model<M: Model>(&self) -> Result<M> {
        M::from_weights(self.state.averaged_weights()?)
    }

    /// The state, if it is of a run with this recipe and data; a word on what differs without harm goes to `warn`.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the first key that differs.
    pub(super) fn into_state(
        mut self,
        recipe: &Recipe,
        path: &dyn std::fmt::Debug,
        data: &str,
        mut warn: impl FnMut(&str),
    ) -> Result<TrainState> {
        let differs = |key: &str, got: String, expected: String, help: &str| Error::Invalid {
            operation: "resuming a run",
            what: format!("`{key}` of the checkpoint {:?}", self.path),
            got,
            expected,
            help: help.to_owned(),
        };
        if self.state.step > recipe.steps {
            let expected = format!("at most {}, the steps of this run", recipe.steps);
            return Err(differs("step", self.state.step.to_string(), expected, "ask for more steps"));
        }
        for (key, expected) in fingerprint(recipe, path) {
            let got = self.recipe.get(key).map_or("absent", String::as_str);
            if got == expected {
                continue;
            }
            if key == "steps" {
                // More or fewer steps do not change the past ones, unless the rate depended on them.
                warn(&format!(
                    "the checkpoint's run was to have {got} steps, this one has {expected}; the learning rate follows the new number"
                ));
                continue;
            }
            let help = "resume with the recipe that wrote the checkpoint; to train on from its weights with another \
                        one, give its model to `.model(…)` and choose another folder";
            return Err(differs(key, got.to_owned(), format!("{expected}, as this run has it"), help));
        }
        // Nothing but a forged file differs here, and an engine must be able to rely on these lengths.
        let fresh = OptimizerState::new(&recipe.optimizer, self.state.weights.values().len());
        let moments = |state: &OptimizerState| (state.moment1.len(), state.moment2.len());
        if moments(&self.state.optimizer) != moments(&fresh) || self.state.ema.is_some() != recipe.ema.is_some() {
            return Err(damaged(&self.path, "the tensors", "other parts", "the moments and the average of the recipe"));
        }
        if let (Some(decay), Some(ema)) = (recipe.ema, self.state.ema.take()) {
            self.state.ema = Some(Ema::restore(decay, self.state.step, ema.into_weights()));
        }
        if self.data != data {
            warn("the data set is not the one of the checkpoint's run; the run goes on with the new one");
        }
        Ok(self.state)
    }
}

/// Every key of a recipe with its value as text; numbers are written so that they read back exactly.
fn fingerprint(recipe: &Recipe, path: &dyn std::fmt::Debug) -> Vec<(&'static str, String)> {
    let Recipe { name: _, loss, optimizer, schedule, batch, accumulate, steps, ema, clip, time, source, seed } = recipe;
    vec![
        ("loss", format!("{loss:?}")),
        ("optimizer", format!("{optimizer:?}")),
        ("schedule", format!("{schedule:?}")),
        ("batch", batch.to_string()),
        ("accumulate", accumulate.to_string()),
        ("steps", steps.to_string()),
        ("ema", format!("{ema:?}")),
        ("clip", format!("{clip:?}")),
        ("time", format!("{time:?}")),
        ("source", format!("{source:?}")),
        ("seed", seed.to_string()),
        ("path", format!("{path:?}")),
    ]
}
