//! Training: many steps to a launch, the state on the device meanwhile and with the host in between.

mod given;
mod kernels;

use super::{
    backend::Backend,
    engine::{CudaEngine, upload, upload_conditions},
    tile::{Batches, Data, Given, Rates, Spec, State, Steps},
};
use crate::{
    data::Dataset,
    engine::check::{check_batch, check_length, check_size, check_time, prepare_moments},
    error::{Error, Result},
    model::Model,
    program::Program,
    train::{
        Batch, Ema, Loss, Optimizer, OptimizerState, Recipe, StepOutcome, StepTask, TrainEngine, TrainState,
        check_data, in_range,
    },
};
use given::draw_on_host;
use kernels::Kernels;
use std::time::Instant;

/// Seconds that a launch is to take at most: in between, callbacks are told and an interrupt is looked for.
const LAUNCH_SECONDS: f64 = 0.1;
/// Samples of a batch, a step or a data set, at most: kernels count them in words.
const MOST: usize = 1 << 30;
/// Numbers of batches that the host draws for one launch.
const GIVEN: usize = 1 << 24;

/// What training keeps from launch to launch.
pub(super) struct Training {
    trainer: Kernels,
    /// What tells the state that the device has from others.
    device_state: Option<Held>,
    /// The data set of that version.
    data: Option<(u64, Data)>,
    /// Steps of the next launch.
    chunk: u64,
}

/// Version of the weights, number of the step, and where the moments lie: a copy of a state with moments of its own is another.
type Held = (u64, u64, usize, usize);

fn held(state: &TrainState) -> Held {
    let OptimizerState { moment1, moment2 } = &state.optimizer;
    (state.weights.version(), state.step, moment1.as_ptr() as usize, moment2.as_ptr() as usize)
}

impl Training {
    fn new(program: &'static Program, spec: Spec, backend: &dyn Backend) -> Result<Self> {
        Ok(Self { trainer: Kernels::new(program, spec, backend)?, device_state: None, data: None, chunk: 1 })
    }

    /// The data set in the device's memory, its conditions in the order of the program.
    fn data(&mut self, backend: &mut dyn Backend, program: &'static Program, data: &Dataset) -> Result<Data> {
        let version = data.version.number();
        if let Some((own, data)) = &self.data
            && *own == version
        {
            return Ok(data.clone());
        }
        self.data = None;
        check_size("the number of samples", data.rows(), MOST)?;
        check_data(program, data, "the data set")?;
        let bound = program.bind_conditions("training", data.conditions(), data.rows())?;
        let values = upload(backend, data.values(), "the data set")?;
        let conditions = upload_conditions(backend, &bound, 0, data.rows())?;
        let data = Data { values, conditions, rows: data.rows() };
        self.data = Some((version, data.clone()));
        Ok(data)
    }

    /// Sends the state to the device unless it is there.
    fn send(&mut self, backend: &mut dyn Backend, state: &mut TrainState) -> Result<()> {
        let at = held(state);
        if self.device_state != Some(at) {
            self.device_state = None;
            let mut values = state.weights.values().to_vec();
            let average = state.ema.as_mut().map_or(&mut [][..], Ema::weights_mut);
            let OptimizerState { moment1, moment2 } = &mut state.optimizer;
            self.trainer.upload(backend, &State { weights: &mut values, moment1, moment2, average })?;
            self.device_state = Some(at);
        }
        Ok(())
    }

    /// Takes the state back after `steps` steps.
    fn fetch(&mut self, backend: &mut dyn Backend, state: &mut TrainState, outcomes: &[[f64; 2]]) -> Result<()> {
        self.device_state = None;
        // Into memory of its own first: a download that fails leaves the state as it was.
        let mut weights = state.weights.values().to_vec();
        let OptimizerState { mut moment1, mut moment2 } = state.optimizer.clone();
        let mut average = state.ema.as_ref().map_or(Vec::new(), |ema| ema.weights().to_vec());
        let mut fetched =
            State { weights: &mut weights, moment1: &mut moment1, moment2: &mut moment2, average: &mut average };
        self.trainer.download(backend, &mut fetched)?;
        state.weights.values_mut().copy_from_slice(&weights);
        state.optimizer = OptimizerState { moment1, moment2 };
        if let Some(ema) = &mut state.ema {
            ema.weights_mut().copy_from_slice(&average);
            outcomes.iter().for_each(|_| ema.followed());
        }
        state.step += outcomes.len() as u64;
        state.losses.extend(outcomes.iter().map(|[loss, _]| *loss as f32));
        self.device_state = Some(held(state));
        Ok(())
    }
}

impl<M: Model> TrainEngine for CudaEngine<M> {
    fn name(&self) -> String {
        format!("{}, {}", self.device_name(), self.precision())
    }

    fn gradient(
        &mut self,
        weights: &[f32],
        batch: &Batch,
        loss: Loss,
        seed: u64,
        step: u64,
        gradient: &mut [f32],
    ) -> Result<f64> {
        check_batch::<M>(batch, MOST)?;
        check_length("the weights", weights.len(), M::PARAMETERS)?;
        check_length("the gradient", gradient.len(), M::PARAMETERS)?;
        let spec = Spec::for_gradient(loss, batch.size, self.precision);
        let bound = M::PROGRAM.bind_conditions("training", &batch.conditions, batch.size)?;
        let backend = &mut *self.backend;
        let training = prepared(&mut self.training, M::PROGRAM, spec, backend)?;
        training.device_state = None;
        let given = Given {
            t: upload(backend, &batch.t, "the times")?,
            x: upload(backend, &batch.xt, "the points")?,
            u: upload(backend, &batch.ut, "the velocities")?,
            conditions: upload_conditions(backend, &bound, 0, batch.size)?,
        };
        let state = State { weights: &mut weights.to_vec(), moment1: &mut [], moment2: &mut [], average: &mut [] };
        training.trainer.upload(backend, &state)?;
        let rates = [Rates { lr: 0.0, corrections: [1.0; 2], follow: 0.0, decay: 0.0 }];
        let steps = Steps { rates: &rates, seed, draw: step, bound: 0.0, update: false };
        let outcomes = training.trainer.run(backend, &steps, &Batches::Given(&given))?;
        training.trainer.gradient(backend, gradient)?;
        for entry in M::layout().entries().iter().filter(|entry| !entry.trained) {
            gradient[entry.range()].fill(0.0);
        }
        Ok(outcomes[0][0])
    }

    fn loss(&mut self, weights: &[f32], batch: &Batch, loss: Loss) -> Result<f64> {
        check_batch::<M>(batch, MOST)?;
        self.load(weights)?;
        let mut velocity = vec![0.0; batch.xt.len()];
        self.velocity(&batch.t, &batch.xt, &batch.conditions, &mut velocity)?;
        let values = velocity.iter().zip(&batch.ut);
        let sum: f64 = values.map(|(v, u)| loss.value(f64::from(*v), f64::from(*u))).sum();
        Ok(sum / batch.ut.len().max(1) as f64)
    }

    fn step(&mut self, task: &StepTask<'_>, state: &mut TrainState) -> Option<Result<StepOutcome>> {
        let (outcomes, result) = self.steps(task, state, 1)?;
        Some(result.and_then(|()| outcomes.first().copied().ok_or_else(|| nothing_done(state.step))))
    }

    fn steps(
        &mut self,
        task: &StepTask<'_>,
        state: &mut TrainState,
        most: u64,
    ) -> Option<(Vec<StepOutcome>, Result<()>)> {
        let mut outcomes = Vec::new();
        let result = self.launch(task, state, most, &mut outcomes);
        Some((outcomes, result))
    }

    fn optimize(
        &mut self,
        optimizer: &Optimizer,
        lr: f64,
        time: u64,
        weights: &mut [f32],
        gradient: &[f32],
        state: &mut OptimizerState,
    ) -> Result<()> {
        check_length("the weights", weights.len(), M::PARAMETERS)?;
        check_length("the gradient", gradient.len(), M::PARAMETERS)?;
        prepare_moments(optimizer, state, M::PARAMETERS)?;
        check_time(time)?;
        let backend = &mut *self.backend;
        let training = prepared(&mut self.training, M::PROGRAM, Spec::for_optimizer(optimizer), backend)?;
        training.device_state = None;
        let OptimizerState { moment1, moment2 } = state;
        let mut all = State { weights, moment1, moment2, average: &mut [] };
        training.trainer.upload(backend, &all)?;
        training.trainer.optimize(backend, Rates::of(optimizer, lr, time, 0.0), gradient)?;
        training.trainer.download(backend, &mut all)
    }
}

impl<M: Model> CudaEngine<M> {
    /// Takes as many steps as fit in a launch, `most` at most.
    fn launch(
        &mut self,
        task: &StepTask<'_>,
        state: &mut TrainState,
        most: u64,
        done: &mut Vec<StepOutcome>,
    ) -> Result<()> {
        check_state::<M>(task.recipe, state)?;
        let spec = Spec::of(task.recipe, task.path_text.cloned(), self.precision);
        let backend = &mut *self.backend;
        let training = prepared(&mut self.training, M::PROGRAM, spec, backend)?;
        training.send(backend, state)?;
        let mut count = most.min(training.chunk).min(training.trainer.most_steps()).max(1);
        let accumulate = task.recipe.accumulate as u64;
        let draw = state.step * accumulate;
        let (given, data);
        let batches = if training.trainer.spec().path.is_none() {
            let numbers = task.recipe.batch * task.recipe.accumulate * (2 * task.data.dim() + 1);
            count = count.min((GIVEN / numbers.max(1)).max(1) as u64);
            given = draw_on_host::<M>(backend, task, draw, count * accumulate)?;
            Batches::Given(&given)
        } else {
            data = training.data(backend, M::PROGRAM, task.data)?;
            Batches::Drawn(&data)
        };
        let rates = rates(task.recipe, state, count);
        let bound = task.recipe.clip.unwrap_or(0.0) as f32;
        let steps = Steps { rates: &rates, seed: task.recipe.seed, draw, bound, update: true };
        let started = Instant::now();
        let mut outcomes = training.trainer.run(backend, &steps, &batches)?;
        let bad = outcomes.iter().position(|[loss, norm]| !in_range(*loss, *norm));
        if let Some(good) = bad {
            // The state before the launch is with the host: the good steps are taken again, and no more.
            training.device_state = None;
            let [loss, gradient_norm] = outcomes[good];
            outcomes.truncate(good);
            if good > 0 {
                training.send(backend, state)?;
                let again = Steps { rates: &rates[..good], ..steps };
                outcomes = training.trainer.run(backend, &again, &batches)?;
            }
            let step = state.step;
            if good > 0 {
                training.fetch(backend, state, &outcomes)?;
            }
            report(task.recipe, step, &outcomes, done);
            let learning_rate = learning_rate(task.recipe, state.step);
            return Err(Error::Diverged { step: state.step + 1, loss, gradient_norm, learning_rate, checkpoint: None });
        }
        let step = state.step;
        training.fetch(backend, state, &outcomes)?;
        report(task.recipe, step, &outcomes, done);
        // A launch of twice the steps, until it takes as long as it may.
        let seconds = started.elapsed().as_secs_f64().max(1e-6);
        let fitting = (count as f64 * LAUNCH_SECONDS / seconds) as u64;
        training.chunk = fitting.clamp(1, 2 * training.chunk.max(1));
        Ok(())
    }
}

/// Training for a recipe; what was made for another is dropped.
fn prepared<'a>(
    slot: &'a mut Option<Training>,
    program: &'static Program,
    spec: Spec,
    backend: &dyn Backend,
) -> Result<&'a mut Training> {
    let training = match slot.take().filter(|training| *training.trainer.spec() == spec) {
        Some(training) => training,
        None => Training::new(program, spec, backend)?,
    };
    Ok(slot.insert(training))
}

fn learning_rate(recipe: &Recipe, step: u64) -> f64 {
    recipe.optimizer.lr() * recipe.schedule.factor(step, recipe.steps)
}

fn rates(recipe: &Recipe, state: &TrainState, count: u64) -> Vec<Rates> {
    let mut rates = Vec::new();
    for i in 0..count {
        let step = state.step + i;
        let follow = state.ema.as_ref().map_or(0.0, |ema| ema.follow_after(i));
        rates.push(Rates::of(&recipe.optimizer, learning_rate(recipe, step), step + 1, follow));
    }
    rates
}

fn report(recipe: &Recipe, first: u64, outcomes: &[[f64; 2]], done: &mut Vec<StepOutcome>) {
    for (step, [loss, gradient_norm]) in (first..).zip(outcomes) {
        done.push(StepOutcome {
            loss: *loss,
            learning_rate: learning_rate(recipe, step),
            gradient_norm: *gradient_norm,
        });
    }
}

fn check_state<M: Model>(recipe: &Recipe, state: &TrainState) -> Result<()> {
    check_size("the size of the batch", recipe.batch, MOST)?;
    check_size("`accumulate`", recipe.accumulate, MOST)?;
    check_size("the samples of a step", recipe.batch.saturating_mul(recipe.accumulate), MOST)?;
    check_length("the weights", state.weights.values().len(), M::PARAMETERS)?;
    let expected = OptimizerState::new(&recipe.optimizer, M::PARAMETERS);
    check_length("the first moment", state.optimizer.moment1.len(), expected.moment1.len())?;
    check_length("the second moment", state.optimizer.moment2.len(), expected.moment2.len())?;
    match &state.ema {
        Some(ema) => check_length("the moving average", ema.weights().len(), M::PARAMETERS),
        None => Ok(()),
    }
}

fn nothing_done(step: u64) -> Error {
    Error::Device {
        asked: "cuda".to_owned(),
        found: format!("no step after step {step}"),
        help: "this is a bug in flow-runtime: please report it".to_owned(),
    }
}
