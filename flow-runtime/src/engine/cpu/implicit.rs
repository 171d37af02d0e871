//! Integration with implicit methods: sample by sample, for the equations of a step couple the coordinates of one sample.

use super::{
    engine::Precision,
    executor::{Bound, Executor, SLACK, Shared},
    frame::{ConditionRows, Frame},
    integrate::{SMALL, not_finite, share},
    team::Team,
};
use crate::{
    error::{Error, Result},
    solve::{Method, VectorField},
};
use std::sync::{Mutex, PoisonError};

/// One sample's velocity as a right-hand side.
struct Sample<'a, T> {
    executor: &'a Executor<T>,
    arena: Vec<T>,
    shared: Vec<T>,
    conditions: Vec<ConditionRows<T>>,
    time: Option<T>,
    evaluations: u64,
}

impl<T: Precision> VectorField<Vec<T>> for Sample<'_, T> {
    fn evaluate(&mut self, t: T, x: &Vec<T>, out: &mut Vec<T>) -> Result<()> {
        self.evaluations += 1;
        // SAFETY: the arena has room for one row of the plan's buffers, the shared row for what is shared.
        unsafe {
            if self.time != Some(t) {
                share(self.executor, t, self.shared.as_mut_ptr());
                self.time = Some(t);
            }
            let frame = Frame {
                rows: 1,
                capacity: 1,
                arena: self.arena.as_mut_ptr(),
                shared: self.shared.as_mut_ptr(),
                state: x.as_ptr(),
                time: &t,
                output: out.as_mut_ptr(),
                conditions: &self.conditions,
                ..Frame::empty()
            };
            self.executor.run(&self.executor.plan.body, &frame);
        }
        Ok(())
    }
}

/// Carries each row of `x: [rows, dim]` over the nodes; gives the evaluations that the first sample took.
#[allow(clippy::too_many_arguments)]
pub(super) fn integrate<T: Precision, S: Method>(
    executor: &Executor<T>,
    team: &mut Team,
    nodes: &[f64],
    x: &mut [T],
    dim: usize,
    conditions: &Bound<'_, T>,
    saved: &[usize],
    saves: &mut [Vec<T>],
    flops: u64,
) -> Result<u64> {
    let rows = x.len() / dim.max(1);
    // Newton's iteration evaluates the field some times for every coordinate.
    let work = rows as f64 * nodes.len() as f64 * (S::TABLEAU.stages() * dim) as f64 * (flops as f64 + 1e3);
    let x = Shared(x.as_mut_ptr());
    let saves: Vec<Shared<T>> = saves.iter_mut().map(|values| Shared(values.as_mut_ptr())).collect();
    // The samples that failed in the earliest step, and the evaluations of the first sample.
    let outcome: Mutex<(Option<Failure>, u64)> = Mutex::new((None, 0));
    let run = |row: usize| {
        // SAFETY: rows are one thread's each.
        let values = unsafe { std::slice::from_raw_parts_mut(x.at(row * dim), dim) };
        let save = |node: usize, state: &[T]| {
            if let Ok(place) = saved.binary_search(&node) {
                // SAFETY: a saved state is as long as the batch.
                unsafe { std::ptr::copy_nonoverlapping(state.as_ptr(), saves[place].at(row * dim), dim) };
            }
        };
        let result = carry::<T, S>(executor, nodes, values, row, conditions, &save);
        let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(evaluations) if row == 0 => outcome.1 = evaluations,
            Ok(_) => {}
            Err((step, error)) => {
                let failure = Failure { step, first: row, count: 1, error };
                outcome.0 = Some(match outcome.0.take() {
                    None => failure,
                    Some(other) => other.with(failure),
                });
            }
        }
    };
    if work < SMALL {
        (0..rows).for_each(run)
    } else {
        team.each(rows, &|_, row| run(row))
    }
    match outcome.into_inner().unwrap_or_else(PoisonError::into_inner) {
        (None, evaluations) => Ok(evaluations),
        (Some(Failure { error: Some(error), .. }), _) => Err(error),
        (Some(Failure { step, first, count, error: None }), _) => {
            Err(not_finite(step, &nodes[step - 1..=step], count, rows, first))
        }
    }
}

/// Samples that could not be carried over a step.
struct Failure {
    step: usize,
    first: usize,
    count: usize,
    /// Why the equations of the step could not be solved for the first of them; without it, states stopped being finite.
    error: Option<Error>,
}

impl Failure {
    /// What is reported of two: the earlier step, and of one step the earlier sample.
    fn with(self, other: Self) -> Self {
        let count = self.count + other.count;
        match (self.step, self.first).cmp(&(other.step, other.first)) {
            _ if self.step != other.step => {
                if self.step < other.step {
                    self
                } else {
                    other
                }
            }
            std::cmp::Ordering::Less => Self { count, ..self },
            _ => Self { count, ..other },
        }
    }
}

/// A stage that is not finite is a state that is not; what else went wrong is told as it is.
fn lost(error: Error) -> Option<Error> {
    (!matches!(error, Error::NotFinite { .. })).then_some(error)
}

/// Carries one sample; an error comes with its step.
// One error for a sample, once: its size does not matter.
#[allow(clippy::result_large_err)]
fn carry<T: Precision, S: Method>(
    executor: &Executor<T>,
    nodes: &[f64],
    values: &mut [T],
    row: usize,
    conditions: &Bound<'_, T>,
    save: &dyn Fn(usize, &[T]),
) -> Result<u64, (usize, Option<Error>)> {
    let mut rows = Vec::new();
    conditions.rows(row, &mut rows);
    let mut field = Sample {
        executor,
        arena: executor.arena(1),
        shared: vec![T::default(); executor.plan.shared_len + SLACK],
        conditions: rows,
        time: None,
        evaluations: 0,
    };
    let frame = Frame {
        rows: 1,
        capacity: 1,
        arena: field.arena.as_mut_ptr(),
        conditions: &field.conditions,
        ..Frame::empty()
    };
    // SAFETY: the arena has room for one row.
    unsafe { executor.run(&executor.plan.prologue, &frame) };
    let (mut state, mut next) = (values.to_vec(), values.to_vec());
    let mut work = S::work(&state);
    save(0, &state);
    for (step, ends) in nodes.windows(2).enumerate() {
        let [t0, t1] = [ends[0], ends[1]].map(<T as crate::solve::Real>::from_f64);
        S::step(&mut field, t0, t1, &state, &mut work, &mut next).map_err(|error| (step + 1, lost(error)))?;
        std::mem::swap(&mut state, &mut next);
        if state.iter().any(|value| !value.is_finite()) {
            return Err((step + 1, None));
        }
        save(step + 1, &state);
    }
    values.copy_from_slice(&state);
    Ok(field.evaluations)
}
