//! What a run refuses before anything is created or overwritten.

use super::{Optimizer, Recipe, Schedule, ScheduleShape, trainer::Options};
use crate::{
    data::{ConditionValues, Dataset},
    error::{Error, Result},
    program::{Input, InputKind, Program},
};

const OPERATION: &str = "training";

fn invalid(what: &str, got: impl ToString, expected: &str, help: &str) -> Error {
    Error::Invalid {
        operation: OPERATION,
        what: what.to_owned(),
        got: got.to_string(),
        expected: expected.to_owned(),
        help: help.to_owned(),
    }
}

/// A number that must lie in a range.
fn require(holds: bool, what: &str, got: impl ToString, expected: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(invalid(what, got, expected, "change it in the recipe or on the trainer")) }
}

/// Refuses numbers outside their domain, however they came into the recipe.
///
/// # Errors
/// [`Error::Invalid`] that names the key.
pub(super) fn check_recipe(recipe: &Recipe) -> Result<()> {
    let Recipe { name: _, loss, optimizer, schedule, batch, accumulate, steps, ema, clip, time, source, seed: _ } =
        *recipe;
    require(batch > 0, "`batch`", batch, "at least 1")?;
    require(accumulate > 0, "`accumulate`", accumulate, "at least 1")?;
    require(steps > 0, "`steps`", steps, "at least 1")?;
    require(
        steps.checked_mul(accumulate as u64).is_some_and(|n| n < 1 << 62),
        "`steps`",
        steps,
        "fewer than 2^62 batches",
    )?;
    if let Some(decay) = ema {
        require((0.0..1.0).contains(&decay), "`ema`", decay, "a decay of at least 0 and below 1")?;
    }
    if let Some(bound) = clip {
        require(bound > 0.0 && bound.is_finite(), "`clip`", bound, "a positive number")?;
    }
    loss.check()?;
    time.check()?;
    source.check()?;
    check_optimizer(&optimizer)?;
    check_schedule(&schedule)
}

/// Refuses intervals of zero steps.
pub(super) fn check_options(options: &Options) -> Result<()> {
    if let Some((_, every)) = options.checkpoints {
        require(every > 0, "the interval of `checkpoints`", every, "at least 1 step")?;
        require(options.keep > 0, "`keep`", options.keep, "at least 1 checkpoint")?;
    } else if options.resume {
        return Err(invalid(
            "`resume`",
            "true without a folder",
            "a folder with checkpoints",
            "name the folder with `.checkpoints(folder, every)`",
        ));
    }
    match options.evaluation {
        Some((every, _)) => require(every > 0, "the interval of `evaluate_every`", every, "at least 1 step"),
        None => Ok(()),
    }
}

fn check_optimizer(optimizer: &Optimizer) -> Result<()> {
    let rate = |lr: f64| require(lr > 0.0 && lr.is_finite(), "`lr`", lr, "a positive number");
    let decay =
        |decay: f64| require(decay >= 0.0 && decay.is_finite(), "`weight_decay`", decay, "a number of at least 0");
    match *optimizer {
        Optimizer::Adam { lr, beta1, beta2, eps, weight_decay }
        | Optimizer::AdamW { lr, beta1, beta2, eps, weight_decay } => {
            rate(lr)?;
            require((0.0..1.0).contains(&beta1), "`beta1`", beta1, "at least 0 and below 1")?;
            require((0.0..1.0).contains(&beta2), "`beta2`", beta2, "at least 0 and below 1")?;
            require(eps > 0.0 && eps.is_finite(), "`eps`", eps, "a positive number")?;
            decay(weight_decay)
        }
        Optimizer::Sgd { lr, momentum, nesterov, weight_decay } => {
            rate(lr)?;
            require((0.0..1.0).contains(&momentum), "`momentum`", momentum, "at least 0 and below 1")?;
            require(!nesterov || momentum > 0.0, "`momentum`", momentum, "a positive number, for `nesterov` is on")?;
            decay(weight_decay)
        }
    }
}

fn check_schedule(schedule: &Schedule) -> Result<()> {
    match schedule.shape {
        ScheduleShape::Constant => Ok(()),
        ScheduleShape::Cosine { floor } => {
            require((0.0..=1.0).contains(&floor), "`floor` of the cosine schedule", floor, "a factor from 0 to 1")
        }
        ScheduleShape::Step { every, gamma } => {
            require(every > 0, "`every` of the step schedule", every, "at least 1")?;
            let holds = gamma > 0.0 && gamma <= 1.0;
            require(holds, "`gamma` of the step schedule", gamma, "a factor above 0 and at most 1")
        }
    }
}

pub(super) fn empty(what: &str) -> Error {
    invalid(what, "empty", "at least one row", "load or generate some samples first")
}

/// Refuses data that the model cannot be trained on. `what` names the data set.
///
/// # Errors
/// [`Error::Invalid`] for no rows, a condition that is missing or of the wrong kind, a label out of range;
/// [`Error::Shape`] for another dimension; [`Error::NotFinite`].
pub(crate) fn check_data(program: &Program, data: &Dataset, what: &str) -> Result<()> {
    let state = program.inputs.iter().find(|input| input.kind == InputKind::State);
    let shape = state.map_or(&[][..], |input| input.shape);
    let dim: usize = shape.iter().product();
    let rows = data.values.len().checked_div(data.dim).unwrap_or(0);
    if rows == 0 {
        return Err(empty(what));
    }
    if data.dim != dim {
        return Err(Error::Shape {
            operation: OPERATION,
            what: what.to_owned(),
            got: format!("[{rows}, {}]", data.dim),
            expected: format!("[rows, {dim}], for the state of `{}` is {shape:?}", program.name),
            help: "give samples of the model's dimension, or declare the model for these".to_owned(),
        });
    }
    check_finite(what, "value", &data.values, dim)?;
    let inputs = program.inputs.iter().filter(|i| matches!(i.kind, InputKind::Class { .. } | InputKind::Vector));
    inputs.into_iter().try_for_each(|input| check_condition(program, data, rows, input, what))
}

fn check_condition(program: &Program, data: &Dataset, rows: usize, input: &Input, what: &str) -> Result<()> {
    let name = input.name;
    let condition = format!("condition `{name}` of {what}");
    let Some(column) = data.conditions.columns.iter().find(|column| column.name == name) else {
        let names: Vec<_> = data.conditions.columns.iter().map(|column| format!("`{}`", column.name)).collect();
        let got = if names.is_empty() { "absent".to_owned() } else { format!("absent; there is {}", names.join(", ")) };
        let expected = format!("one entry per row, for `{}` takes it", program.name);
        let add = if matches!(input.kind, InputKind::Class { .. }) { "with_class" } else { "with_vector" };
        return Err(invalid(&condition, got, &expected, &format!("add it with `.{add}(\"{name}\", …)`")));
    };
    let per_row = "give one entry for every row of the data";
    match (&column.values, input.kind) {
        (ConditionValues::Class(labels), InputKind::Class { classes }) => {
            if labels.len() != rows {
                return Err(invalid(&condition, format!("{} labels", labels.len()), &format!("{rows}"), per_row));
            }
            match labels.iter().enumerate().find(|(_, label)| **label as usize >= classes) {
                None => Ok(()),
                Some((row, label)) => Err(invalid(
                    &condition,
                    format!("{label} in row {row}"),
                    &format!("a label in 0..{classes}"),
                    "count labels from 0, or declare more classes",
                )),
            }
        }
        (ConditionValues::Vector { dim, values }, InputKind::Vector) => {
            let expected: usize = input.shape.iter().product();
            if *dim != expected || values.len() != rows * expected {
                return Err(Error::Shape {
                    operation: OPERATION,
                    what: condition,
                    got: format!("[{}, {dim}]", values.len().checked_div(*dim).unwrap_or(0)),
                    expected: format!("[{rows}, {expected}]"),
                    help: per_row.to_owned(),
                });
            }
            check_finite(&condition, "value", values, expected)
        }
        (ConditionValues::Class(_), _) => {
            Err(invalid(&condition, "class labels", "vectors", &format!("add it with `.with_vector(\"{name}\", …)`")))
        }
        (ConditionValues::Vector { .. }, _) => {
            Err(invalid(&condition, "vectors", "class labels", &format!("add it with `.with_class(\"{name}\", …)`")))
        }
    }
}

fn check_finite(what: &str, item: &str, values: &[f32], dim: usize) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error::NotFinite {
            operation: OPERATION,
            what: format!("a {item} of {what}"),
            at: format!("row {}, column {}", at / dim, at % dim),
            help: "leave such rows out, or fill them in".to_owned(),
        }),
    }
}
