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
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
};

pub(super) use folder::{file_of, list, prune};
use format::{Contents, Reader, damaged};

use super::{Ema, OptimizerState, Recipe, TrainState};
use crate::{
    data::write_atomically,
    error::{Error, Result},
    model::{Model, Weights},
};

const FORMAT: &str = "flow-checkpoint-1";
const LOSSES: &str = "train.losses";
const RECIPE: &str = "recipe.";
const RAW: &str = "";
const EMA: &str = "ema.";
const MOMENT1: &str = "optimizer.moment1.";
const MOMENT2: &str = "optimizer.moment2.";

/// The state of a training run after some step, read from a file.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    path: PathBuf,
    state: TrainState,
    recipe: BTreeMap<String, String>,
    seed: u64,
    data: String,
}

impl Checkpoint {
    /// Reads the checkpoint at `path` of a run that trained an `M`.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Format`] if the file is truncated, damaged or no checkpoint; [`Error::Schema`] if it
    /// belongs to another model.
    pub fn read<M: Model>(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let reader = Reader::open(path)?;
        let format = reader.text("format")?;
        if format != FORMAT {
            return Err(damaged(path, "the metadata's `format`", format!("{format:?}"), format!("{FORMAT:?}")));
        }
        let schema = u64::from_str_radix(reader.text("schema")?, 16)
            .map_err(|_| damaged(path, "the metadata's `schema`", "no number", "a number in base 16"))?;
        let expected = M::SCHEMA;
        if schema != expected {
            return Err(Error::Schema { path: path.to_owned(), model: M::PROGRAM.name, got: schema, expected });
        }
        let step: u64 = reader.value("step")?;
        let seed = reader.value("seed")?;
        let parts = reader.text("parts")?.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let decay: Option<f64> =
            if parts.iter().any(|part| part == EMA) { Some(reader.value("ema_decay")?) } else { None };
        let evaluations = parse_evaluations(reader.text("evaluations")?)
            .ok_or_else(|| damaged(path, "the metadata's `evaluations`", "something else", "`step loss` pairs"))?;
        let data = reader.text("data")?.to_owned();

        let layout = M::layout();
        let mut shapes = BTreeMap::new();
        let steps = usize::try_from(step).map_err(|_| damaged(path, "`step`", step.to_string(), "fewer steps"))?;
        shapes.insert(LOSSES.to_owned(), vec![steps]);
        let has = |prefix: &str| prefix == RAW || parts.iter().any(|part| part == prefix);
        for prefix in [RAW, EMA, MOMENT1, MOMENT2].into_iter().filter(|prefix| has(prefix)) {
            for entry in layout.entries() {
                shapes.insert(format!("{prefix}{}", entry.name), entry.shape.clone());
            }
        }
        let mut contents = reader.tensors(&shapes)?;
        let mut gather = |prefix: &str| -> Vec<f32> {
            let mut values = Vec::new();
            if has(prefix) {
                for entry in layout.entries() {
                    let tensor = contents.tensors.remove(&format!("{prefix}{}", entry.name));
                    values.extend(tensor.map(|(_, values)| values).unwrap_or_default());
                }
            }
            values
        };
        let raw = gather(RAW);
        let ema = decay.map(|decay| Ema::restore(decay, step, gather(EMA)));
        let optimizer = OptimizerState { moment1: gather(MOMENT1), moment2: gather(MOMENT2) };
        if raw.iter().chain(ema.iter().flat_map(Ema::weights)).any(|value| !value.is_finite()) {
            return Err(damaged(path, "the weights", "NaN or infinity", "finite numbers"));
        }
        let losses = contents.tensors.remove(LOSSES).map(|(_, losses)| losses).unwrap_or_default();
        let recipe = contents.metadata.iter();
        let recipe = recipe.filter_map(|(key, value)| Some((key.strip_prefix(RECIPE)?.to_owned(), value.clone())));
        let state = TrainState { weights: Weights::new(layout, raw)?, ema, optimizer, step, losses, evaluations };
        Ok(Self { path: path.to_owned(), state, recipe: recipe.collect(), seed, data })
    }

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
        self,
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
        if self.data != data {
            warn("the data set is not the one of the checkpoint's run; the run goes on with the new one");
        }
        Ok(self.state)
    }
}

/// What is needed beside the state to write a checkpoint.
pub(super) struct Origin<'a> {
    pub(super) folder: &'a Path,
    pub(super) keep: usize,
    pub(super) model: &'static str,
    pub(super) schema: u64,
    pub(super) recipe: &'a Recipe,
    pub(super) path: &'a dyn std::fmt::Debug,
    pub(super) data: &'a str,
}

impl Origin<'_> {
    /// Writes the state and then deletes what is older than the last `keep`; what could not be deleted goes to `warn`.
    ///
    /// # Errors
    /// [`Error::Io`] if the disk is full or the folder cannot be written to; the earlier checkpoints are intact then.
    pub(super) fn write(&self, state: &TrainState, mut warn: impl FnMut(&str)) -> Result<PathBuf> {
        let path = file_of(self.folder, state.step);
        let bytes = self.contents(state)?.encode(&path)?;
        write_atomically(&path, |out| out.write_all(&bytes))?;
        for (path, error) in prune(self.folder, state.step, self.keep)? {
            warn(&format!("the old checkpoint {path:?} could not be deleted: {error}"));
        }
        Ok(path)
    }

    fn contents(&self, state: &TrainState) -> Result<Contents> {
        let layout = state.weights.layout();
        let mut contents = Contents::default();
        let mut parts = Vec::new();
        let ema = state.ema.as_ref().map_or(&[][..], Ema::weights);
        let rows = [
            (RAW, state.weights.values()),
            (EMA, ema),
            (MOMENT1, &state.optimizer.moment1),
            (MOMENT2, &state.optimizer.moment2),
        ];
        for (prefix, values) in rows.into_iter().filter(|(_, values)| !values.is_empty()) {
            parts.push(prefix);
            for entry in layout.entries() {
                let values = values[entry.range()].to_vec();
                let name = format!("{prefix}{}", entry.name);
                if contents.tensors.insert(name.clone(), (entry.shape.clone(), values)).is_some() {
                    return Err(reserved_name(&name));
                }
            }
        }
        if contents.tensors.insert(LOSSES.to_owned(), (vec![state.losses.len()], state.losses.clone())).is_some() {
            return Err(reserved_name(LOSSES));
        }
        let evaluations: Vec<_> = state.evaluations.iter().map(|(step, loss)| format!("{step} {loss}")).collect();
        let text = [
            ("format", FORMAT.to_owned()),
            ("crate_version", env!("CARGO_PKG_VERSION").to_owned()),
            ("model", self.model.to_owned()),
            ("schema", format!("{:016x}", self.schema)),
            ("step", state.step.to_string()),
            ("seed", self.recipe.seed.to_string()),
            ("parts", parts.join(" ")),
            ("data", self.data.to_owned()),
            ("evaluations", evaluations.join(",")),
        ];
        contents.metadata.extend(text.map(|(key, value)| (key.to_owned(), value)));
        if let Some(decay) = self.recipe.ema {
            contents.metadata.insert("ema_decay".to_owned(), decay.to_string());
        }
        let recipe = fingerprint(self.recipe, self.path);
        contents.metadata.extend(recipe.into_iter().map(|(key, value)| (format!("{RECIPE}{key}"), value)));
        Ok(contents)
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

fn parse_evaluations(text: &str) -> Option<Vec<(u64, f64)>> {
    text.split(',')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (step, loss) = pair.split_once(' ')?;
            Some((step.parse().ok()?, loss.parse().ok()?))
        })
        .collect()
}

fn reserved_name(name: &str) -> Error {
    Error::Invalid {
        operation: "writing a checkpoint",
        what: "the name of a weight".to_owned(),
        got: format!("`{name}`"),
        expected: "a name that checkpoints do not use themselves".to_owned(),
        help: "rename the layer; `ema.…`, `optimizer.…` and `train.…` are names of the checkpoint".to_owned(),
    }
}
