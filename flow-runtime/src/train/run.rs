//! The loop: batches, gradients, clipping, the optimiser and the moving average.

use super::{
    Batch, Batcher, Recipe, StepTask, TrainEngine, TrainState,
    clip::{clip_global_norm, global_norm, scale},
};
use crate::{
    data::Dataset,
    error::{Error, Result},
    flow::{DeviceText, Path},
    model::Layout,
};

/// What one step of the optimiser did.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepOutcome {
    /// Mean loss of the step's batches.
    pub loss: f64,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Euclidean norm of the gradient before clipping.
    pub gradient_norm: f64,
}

/// Takes `steps` steps from `state` on, whatever the recipe's own number, and returns what each did.
///
/// Step `n` (counted from zero, `state.step`) takes the learning rate `lr · factor(n, recipe.steps)` and the draws
/// `n · accumulate …`. Taking `a` steps and then `b` is the same, bit for bit, as taking `a + b`.
///
/// # Errors
/// [`Error::Diverged`] if a loss or a gradient is not finite, with the state as it was after the step before;
/// [`Error::NotFinite`] if that is the path's doing; whatever the engine returns.
///
/// ```
/// use flow_runtime::prelude::*;
/// use flow_runtime::{engine::CpuEngine, train::{TrainState, run_steps}};
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { path: Affine(CondOt), optimizer: adam(lr = 1e-3), batch: 8, steps: 10 }
/// # }
/// let (recipe, path, moons) = (LineTraining::RECIPE, LineTraining::path(), data::two_moons(100, 0.05, 0)?);
/// let mut engine = CpuEngine::<Line>::new()?;
/// let mut state = TrainState::new(&recipe, Line::initial_weights(recipe.seed));
/// let steps = run_steps(&mut engine, &recipe, &path, &moons, &mut state, 3)?;
/// assert_eq!((steps.len(), state.step), (3, 3));
/// # Ok::<(), Error>(())
/// ```
pub fn run_steps<P: Path, E: TrainEngine + ?Sized>(
    engine: &mut E,
    recipe: &Recipe,
    path: &P,
    data: &Dataset,
    state: &mut TrainState,
    steps: u64,
) -> Result<Vec<StepOutcome>> {
    let mut runner = Runner::new(recipe, path, data, state.weights.layout());
    let mut outcomes = Vec::new();
    while (outcomes.len() as u64) < steps {
        let (done, result) = runner.steps(engine, state, steps - outcomes.len() as u64);
        outcomes.extend(done);
        result?;
    }
    Ok(outcomes)
}

/// The loop's memory.
pub(super) struct Runner<'a, P> {
    recipe: &'a Recipe,
    path: &'a P,
    data: &'a Dataset,
    path_text: Option<DeviceText>,
    batcher: Batcher<'a, P>,
    batch: Batch,
    gradient: Vec<f32>,
    part: Vec<f32>,
    /// Where the weights are that training does not change, and their values.
    fixed: Vec<(std::ops::Range<usize>, Vec<f32>)>,
}

impl<'a, P: Path> Runner<'a, P> {
    pub(super) fn new(recipe: &'a Recipe, path: &'a P, data: &'a Dataset, layout: &Layout) -> Self {
        let size = layout.size();
        let fixed = layout.entries().iter().filter(|entry| !entry.trained);
        Self {
            recipe,
            path,
            data,
            path_text: path.device_text(),
            batcher: Batcher::new(recipe, path, data),
            batch: Batch::default(),
            gradient: vec![0.0; size],
            part: vec![0.0; if recipe.accumulate > 1 { size } else { 0 }],
            fixed: fixed.map(|entry| (entry.range(), Vec::new())).collect(),
        }
    }

    /// Some steps of the optimiser, `most` at most: what each did, and what stopped them.
    pub(super) fn steps<E: TrainEngine + ?Sized>(
        &mut self,
        engine: &mut E,
        state: &mut TrainState,
        most: u64,
    ) -> (Vec<StepOutcome>, Result<()>) {
        let (path, path_text) = (self.path, self.path_text.take());
        let sample = |t: f64, x0: &[f32], x1: &[f32], xt: &mut [f32], ut: &mut [f32]| path.sample(t, x0, x1, xt, ut);
        let task = StepTask {
            recipe: self.recipe,
            data: self.data,
            sample: &sample,
            path_text: path_text.as_ref(),
            learning_rate: self.learning_rate(state),
        };
        let mut done = engine.steps(&task, state, most);
        if done.is_none() {
            done = engine.step(&task, state).map(|outcome| match outcome {
                Ok(outcome) => (vec![outcome], Ok(())),
                Err(error) => (Vec::new(), Err(error)),
            });
        }
        self.path_text = path_text;
        match done {
            Some((outcomes, Err(error @ Error::Diverged { .. }))) => {
                let cause = self.look_for_the_cause(state);
                (outcomes, cause.and(Err(error)))
            }
            Some(done) => done,
            None => match self.step(engine, state) {
                Ok(outcome) => (vec![outcome], Ok(())),
                Err(error) => (Vec::new(), Err(error)),
            },
        }
    }

    fn learning_rate(&self, state: &TrainState) -> f64 {
        self.recipe.optimizer.lr() * self.recipe.schedule.factor(state.step, self.recipe.steps)
    }

    /// One step, put together here.
    fn step<E: TrainEngine + ?Sized>(&mut self, engine: &mut E, state: &mut TrainState) -> Result<StepOutcome> {
        let (recipe, learning_rate) = (self.recipe, self.learning_rate(state));
        let loss = self.gradient(engine, state)?;
        for (range, _) in &self.fixed {
            self.gradient[range.clone()].fill(0.0);
        }
        let gradient_norm = match recipe.clip {
            Some(bound) => clip_global_norm(&mut self.gradient, bound),
            None => global_norm(&self.gradient),
        };
        if !in_range(loss, gradient_norm) {
            check_batch(&self.batch)?;
            return Err(Error::Diverged { step: state.step + 1, loss, gradient_norm, learning_rate, checkpoint: None });
        }
        let weights = state.weights.values_mut();
        for (range, values) in &mut self.fixed {
            values.clear();
            values.extend_from_slice(&weights[range.clone()]);
        }
        let time = state.step + 1;
        engine.optimize(&recipe.optimizer, learning_rate, time, weights, &self.gradient, &mut state.optimizer)?;
        // A zero gradient does not keep an optimiser with weight decay from changing them.
        for (range, values) in &self.fixed {
            weights[range.clone()].copy_from_slice(values);
        }
        if let Some(ema) = &mut state.ema {
            ema.update(state.weights.values());
        }
        state.step = time;
        state.losses.push(loss as f32);
        Ok(StepOutcome { loss, learning_rate, gradient_norm })
    }

    /// Draws the batches of a step again that an engine found not to be finite.
    fn look_for_the_cause(&mut self, state: &TrainState) -> Result<()> {
        let accumulate = self.recipe.accumulate as u64;
        for draw in state.step * accumulate..(state.step + 1) * accumulate {
            self.batcher.draw(draw, self.recipe.batch, &mut self.batch)?;
            check_batch(&self.batch)?;
        }
        Ok(())
    }

    /// The mean loss and, in `self.gradient`, the mean gradient of the step's batches.
    fn gradient<E: TrainEngine + ?Sized>(&mut self, engine: &mut E, state: &TrainState) -> Result<f64> {
        let Recipe { loss, batch: size, accumulate, seed, .. } = *self.recipe;
        let weights = state.weights.values();
        let first = state.step * accumulate as u64;
        self.batcher.draw(first, size, &mut self.batch)?;
        let mut sum = engine.gradient(weights, &self.batch, loss, seed, first, &mut self.gradient)?;
        if accumulate == 1 {
            return Ok(sum);
        }
        for draw in first + 1..first + accumulate as u64 {
            self.batcher.draw(draw, size, &mut self.batch)?;
            sum += engine.gradient(weights, &self.batch, loss, seed, draw, &mut self.part)?;
            self.gradient.iter_mut().zip(&self.part).for_each(|(sum, part)| *sum += part);
        }
        let share = 1.0 / accumulate as f64;
        scale(&mut self.gradient, share);
        Ok(sum * share)
    }
}

/// Whether a step may be taken: beyond what `f32` holds it would take the weights out of the numbers.
pub(crate) fn in_range(loss: f64, gradient_norm: f64) -> bool {
    [loss, gradient_norm].into_iter().all(|value| (value as f32).is_finite())
}

/// Whether it is the batch that is not finite, and no weights would have helped.
fn check_batch(batch: &Batch) -> Result<()> {
    let dim = batch.xt.len().checked_div(batch.size).unwrap_or(0).max(1);
    for (what, values) in [("a point", &batch.xt), ("a velocity", &batch.ut)] {
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite {
                operation: "training",
                what: format!("{what} of the path"),
                at: format!("t = {}", batch.t.get(at / dim).copied().unwrap_or(f32::NAN)),
                help: "look at the path, and for values in the data that are far out".to_owned(),
            });
        }
    }
    Ok(())
}

/// Mean loss over all held-out samples, every time with the same times and source points.
pub(super) fn evaluate<P: Path, E: TrainEngine + ?Sized>(
    engine: &mut E,
    recipe: &Recipe,
    path: &P,
    held_out: &Dataset,
    weights: &[f32],
) -> Result<f64> {
    let mut batcher = Batcher::new(recipe, path, held_out);
    let mut batch = Batch::default();
    let (mut sum, mut chunk) = (0.0, 0);
    while batcher.evaluation(chunk, recipe.batch, &mut batch)? {
        sum += engine.loss(weights, &batch, recipe.loss)? * batch.size as f64;
        chunk += 1;
    }
    Ok(sum / held_out.rows() as f64)
}
