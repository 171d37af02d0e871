//! From a file to the state of a run.

use std::{collections::BTreeMap, path::Path};

use super::{
    Checkpoint, EMA, FORMAT, LOSSES, MOMENT1, MOMENT2, RAW, RECIPE,
    format::{Contents, Reader, damaged},
};
use crate::{
    error::{Error, Result},
    model::{Layout, Model, Weights},
    train::{Ema, OptimizerState, TrainState},
};

impl Checkpoint {
    /// Reads the checkpoint at `path` of a run that trained an `M`.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Format`] if the file is truncated, damaged or no checkpoint; [`Error::Schema`] if it
    /// belongs to another model.
    pub fn read<M: Model>(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let reader = Reader::open(path)?;
        check_origin::<M>(path, &reader)?;
        let step: u64 = reader.value("step")?;
        let seed = reader.value("seed")?;
        let parts: Vec<String> = reader.text("parts")?.split(' ').map(str::to_owned).collect();
        let has = |prefix: &str| parts.iter().any(|part| part == prefix);
        let decay: Option<f64> = if has(EMA) { Some(reader.value("ema_decay")?) } else { None };
        let evaluations = parse_evaluations(reader.text("evaluations")?)
            .ok_or_else(|| damaged(path, "the metadata's `evaluations`", "something else", "`step loss` pairs"))?;
        let data = reader.text("data")?.to_owned();

        let layout = M::layout();
        let prefixes: Vec<_> =
            [RAW, EMA, MOMENT1, MOMENT2].into_iter().filter(|&prefix| prefix == RAW || has(prefix)).collect();
        let mut contents = reader.tensors(&shapes(&layout, &prefixes, path, step)?)?;
        let mut take = |prefix: &str| take_row(&mut contents, &layout, prefix);
        let (raw, average) = (take(RAW), take(EMA));
        let optimizer = OptimizerState { moment1: take(MOMENT1), moment2: take(MOMENT2) };
        if raw.iter().chain(&average).any(|value| !value.is_finite()) {
            return Err(damaged(path, "the weights", "NaN or infinity", "finite numbers"));
        }
        let ema = decay.map(|decay| Ema::restore(decay, step, average));
        let losses = contents.tensors.remove(LOSSES).map(|(_, losses)| losses).unwrap_or_default();
        let recipe = contents.metadata.iter();
        let recipe = recipe.filter_map(|(key, value)| Some((key.strip_prefix(RECIPE)?.to_owned(), value.clone())));
        let weights = Weights::new(layout, raw)?;
        let state = TrainState { weights, ema, optimizer, step, losses, evaluations };
        Ok(Self { path: path.to_owned(), state, recipe: recipe.collect(), seed, data })
    }
}

/// The file is a checkpoint, and this model's.
fn check_origin<M: Model>(path: &Path, reader: &Reader<'_>) -> Result<()> {
    let format = reader.text("format")?;
    if format != FORMAT {
        return Err(damaged(path, "the metadata's `format`", format!("{format:?}"), format!("{FORMAT:?}")));
    }
    let schema = reader.text("schema")?;
    let got = u64::from_str_radix(schema, 16)
        .map_err(|_| damaged(path, "the metadata's `schema`", format!("{schema:?}"), "a number in base 16"))?;
    if got != M::SCHEMA {
        let (model, expected) = (M::PROGRAM.name, M::SCHEMA);
        return Err(Error::Schema { path: path.to_owned(), model, got, expected });
    }
    Ok(())
}

/// Every tensor that the file must have.
fn shapes(layout: &Layout, prefixes: &[&str], path: &Path, step: u64) -> Result<BTreeMap<String, Vec<usize>>> {
    let steps = usize::try_from(step)
        .map_err(|_| damaged(path, "the metadata's `step`", step.to_string(), "steps that fit into memory"))?;
    let mut shapes = BTreeMap::from([(LOSSES.to_owned(), vec![steps])]);
    for prefix in prefixes {
        for entry in layout.entries() {
            shapes.insert(format!("{prefix}{}", entry.name), entry.shape.clone());
        }
    }
    Ok(shapes)
}

/// The flat row of the tensors with a prefix; empty if there are none.
fn take_row(contents: &mut Contents, layout: &Layout, prefix: &str) -> Vec<f32> {
    let mut row = Vec::new();
    for entry in layout.entries() {
        if let Some((_, values)) = contents.tensors.remove(&format!("{prefix}{}", entry.name)) {
            row.extend(values);
        }
    }
    row
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
