//! Integration with implicit methods: sample by sample, for the equations of a step couple the coordinates of one sample.

use super::{
    engine::Precision,
    executor::{Bound, Executor, SLACK, Shared},
    frame::{ConditionRows, Frame},
    integrate::share,
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
) -> Result<u64> {
    let rows = x.len() / dim.max(1);
    let x = Shared(x.as_mut_ptr());
    let saves: Vec<Shared<T>> = saves.iter_mut().map(|values| Shared(values.as_mut_ptr())).collect();
    // The error of the first sample that fails, and the evaluations of the first sample.
    let outcome: Mutex<(Option<(usize, Error)>, u64)> = Mutex::new((None, 0));
    team.each(rows, &|_, row| {
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
            Err(error) => {
                if outcome.0.as_ref().is_none_or(|(other, _)| row < *other) {
                    outcome.0 = Some((row, error));
                }
            }
        }
    });
    match outcome.into_inner().unwrap_or_else(PoisonError::into_inner) {
        (None, evaluations) => Ok(evaluations),
        (Some((_, error)), _) => Err(error),
    }
}

fn carry<T: Precision, S: Method>(
    executor: &Executor<T>,
    nodes: &[f64],
    values: &mut [T],
    row: usize,
    conditions: &Bound<'_, T>,
    save: &dyn Fn(usize, &[T]),
) -> Result<u64> {
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
        S::step(&mut field, t0, t1, &state, &mut work, &mut next)?;
        std::mem::swap(&mut state, &mut next);
        if state.iter().any(|value| !value.is_finite()) {
            return Err(Error::NotFinite {
                operation: "integrating",
                what: "the state".to_owned(),
                at: format!("step {}, from t = {} to {}, in sample {row}", step + 1, ends[0], ends[1]),
                help: "take smaller steps, or look for weights or start points that are far out".to_owned(),
            });
        }
        save(step + 1, &state);
    }
    values.copy_from_slice(&state);
    Ok(field.evaluations)
}
