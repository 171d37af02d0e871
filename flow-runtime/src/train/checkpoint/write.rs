//! From the state of a run to a file.

use std::{
    fmt::Debug,
    io::Write,
    path::{Path, PathBuf},
};

use super::{
    EMA, FORMAT, LOSSES, MOMENT1, MOMENT2, RAW, RECIPE, fingerprint,
    folder::{file_of, prune},
    format::Contents,
};
use crate::{
    data::write_atomically,
    error::{Error, Result},
    train::{Ema, Recipe, TrainState},
};

/// What is needed beside the state to write a checkpoint.
pub(in crate::train) struct Origin<'a> {
    pub(in crate::train) folder: &'a Path,
    pub(in crate::train) keep: usize,
    pub(in crate::train) model: &'static str,
    pub(in crate::train) schema: u64,
    pub(in crate::train) recipe: &'a Recipe,
    pub(in crate::train) path: &'a dyn Debug,
    pub(in crate::train) data: &'a str,
}

impl Origin<'_> {
    /// Writes the state and then deletes what is older than the last `keep`; what could not be deleted goes to `warn`.
    ///
    /// # Errors
    /// [`Error::Io`] if the disk is full or the folder cannot be written to; the earlier checkpoints are intact then.
    pub(in crate::train) fn write(&self, state: &TrainState, mut warn: impl FnMut(&str)) -> Result<PathBuf> {
        let path = file_of(self.folder, state.step);
        let bytes = self.contents(state)?.encode(&path)?;
        write_atomically(&path, |out| out.write_all(&bytes))?;
        for (path, error) in prune(self.folder, state.step, self.keep)? {
            warn(&format!("the old checkpoint {path:?} could not be deleted: {error}"));
        }
        Ok(path)
    }

    pub(super) fn contents(&self, state: &TrainState) -> Result<Contents> {
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

fn reserved_name(name: &str) -> Error {
    Error::Invalid {
        operation: "writing a checkpoint",
        what: "the name of a weight".to_owned(),
        got: format!("`{name}`"),
        expected: "a name that checkpoints do not use themselves".to_owned(),
        help: "rename the layer; `ema.…`, `optimizer.…` and `train.…` are names of the checkpoint".to_owned(),
    }
}
