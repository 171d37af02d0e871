//! Batches that the host draws for a launch.

use crate::{
    data::ConditionValues,
    engine::cuda::{
        backend::Backend,
        engine::{upload, upload_conditions},
        tile::Given,
    },
    error::Result,
    model::Model,
    train::{Batch, Draws, StepTask},
};

/// Batches of a path that has no text: drawn as the loop draws them.
pub(super) fn draw_on_host<M: Model>(
    backend: &mut dyn Backend,
    task: &StepTask<'_>,
    first: u64,
    draws: u64,
) -> Result<Given> {
    let mut batches = Draws::new(task.recipe, task.data);
    let (mut batch, mut t, mut x, mut u) = (Batch::default(), Vec::new(), Vec::new(), Vec::new());
    let mut columns: Vec<ConditionValues> = Vec::new();
    for draw in first..first + draws {
        batches.draw(draw, task.recipe.batch, &mut batch, task.sample)?;
        t.extend_from_slice(&batch.t);
        x.extend_from_slice(&batch.xt);
        u.extend_from_slice(&batch.ut);
        let bound = M::PROGRAM.bind_conditions("training", &batch.conditions, batch.size)?;
        if columns.is_empty() {
            columns.extend(bound.into_iter().cloned());
        } else {
            columns.iter_mut().zip(bound).for_each(|(all, part)| join(all, part));
        }
    }
    let all: Vec<&ConditionValues> = columns.iter().collect();
    Ok(Given {
        conditions: upload_conditions(backend, &all, 0, t.len())?,
        t: upload(backend, &t, "the times")?,
        x: upload(backend, &x, "the points")?,
        u: upload(backend, &u, "the velocities")?,
    })
}

fn join(all: &mut ConditionValues, part: &ConditionValues) {
    match (all, part) {
        (ConditionValues::Class(all), ConditionValues::Class(part)) => all.extend_from_slice(part),
        (ConditionValues::Vector { values: all, .. }, ConditionValues::Vector { values: part, .. }) => {
            all.extend_from_slice(part);
        }
        _ => {}
    }
}
