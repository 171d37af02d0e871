//! Training inside the engine: batch, forward, reverse, clip, optimiser and average, with the threads meeting a few times a
//! step.
//!
//! Every sum has an order of its own, which the number of threads does not change: rows of a batch belong to groups (by the size
//! of the batch alone), a group is summed row after row, and groups are added in their order.

mod batch;
mod pass;
mod update;

use super::{
    engine::{CpuEngine, Precision},
    executor::Executor,
    math::Math,
    plan::Use,
    simd::Element,
};
use crate::{
    data::ConditionValues,
    engine::{
        check::{check_batch, check_length, check_rows, check_size},
        device::Resolved,
    },
    error::{Error, Result},
    model::{Layout, Model},
    program::{Input, InputKind, Program, Wanted},
    train::{Batch, Loss, Optimizer, OptimizerState, StepOutcome, StepTask, TrainEngine, TrainState, check_data},
};
use batch::{Batches, Drawn};
pub(super) use pass::Pass;
use std::ops::Range;

/// Rows of a group, at least: fewer would spend more on adding groups than on the rows.
const GROUP_ROWS: usize = 64;
/// Groups, at most.
const GROUPS: usize = 16;
/// Parameters from which on there is one gradient for all, summed over the whole batch at once: a copy for every group would
/// cost more than it saves.
const DEFERRED: usize = 1 << 18;
/// Weights that a thread updates at a time.
const CHUNK: usize = 2048;

/// What training keeps from step to step.
pub(super) struct Training<T> {
    pub(super) executor: Executor<T>,
    /// Gradients are summed at the end of a batch, from operands that are kept.
    pub(super) deferred: bool,
    /// Ranges of trained weights, none longer than a chunk.
    chunks: Vec<(usize, usize)>,
    /// The gradient of each group; the first becomes the sum.
    groups: Vec<Vec<T>>,
    losses: Vec<f64>,
    /// Squares of the gradient, by chunk.
    squares: Vec<f64>,
    /// The gradient as the optimiser takes it.
    pub(super) total: Vec<f32>,
    pub(super) batches: Batches<T>,
    /// Places of the program's conditions among those of the data, and how many classes they have.
    order: Vec<(usize, u32)>,
    workspaces: Vec<pass::Workspace<T>>,
    /// Version of the weights that the executor has.
    version: Option<u64>,
}

impl<T: Math> Training<T> {
    fn new(program: &'static Program) -> Result<Self> {
        let deferred = program.parameter_count() > DEFERRED;
        Self::with_usage(program, if deferred { Use::TrainingDeferred } else { Use::Training })
    }

    /// As `new`, with the sums of one way or the other.
    pub(super) fn with_usage(program: &'static Program, usage: Use) -> Result<Self> {
        let parameters = program.parameter_count();
        let gradient = program.gradient(Wanted { parameters: true, state: false })?;
        Ok(Self {
            executor: Executor::new(&gradient.program, gradient.parameters, usage),
            deferred: usage == Use::TrainingDeferred,
            chunks: chunks(&Layout::of(program)),
            groups: Vec::new(),
            losses: Vec::new(),
            squares: Vec::new(),
            total: vec![0.0; parameters],
            batches: Batches::default(),
            order: Vec::new(),
            workspaces: Vec::new(),
            version: None,
        })
    }

    /// Takes over weights, unless it has them.
    pub(super) fn load(&mut self, weights: &[f32], version: Option<u64>) {
        if version.is_none() || self.version != version {
            self.executor.load(weights);
            self.version = version;
        }
    }
}

/// Trained ranges of the weights in chunks.
fn chunks(layout: &Layout) -> Vec<(usize, usize)> {
    let pieces = |range: Range<usize>| range.clone().step_by(CHUNK).map(move |at| (at, range.end.min(at + CHUNK)));
    layout.trained_ranges().into_iter().flat_map(pieces).collect()
}

impl<M: Model, T: Precision> CpuEngine<M, T> {
    /// The memory of training, made by the first call.
    fn training(&mut self) -> Result<(&mut Training<T>, &mut super::team::Team)> {
        if self.training.is_none() {
            self.training = Some(Training::new(M::PROGRAM)?);
        }
        match &mut self.training {
            Some(training) => Ok((training, &mut self.team)),
            None => Err(Error::Device {
                asked: "cpu".to_owned(),
                found: "no memory for training".to_owned(),
                help: "train a smaller model".to_owned(),
            }),
        }
    }
}

impl<M: Model, T: Precision> TrainEngine for CpuEngine<M, T> {
    fn name(&self) -> String {
        Resolved::Cpu.to_string()
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
        check_batch::<M>(batch, usize::MAX)?;
        check_length("the weights", weights.len(), M::PARAMETERS)?;
        check_length("the gradient", gradient.len(), M::PARAMETERS)?;
        let (training, team) = self.training()?;
        training.load(weights, None);
        let bound = M::PROGRAM.bind_conditions("training", &batch.conditions, batch.size)?;
        training.batches.take(batch, &bound);
        let pass =
            Pass { loss, seed, draws: step..step + 1, batch: batch.size, dim: M::PROGRAM.state_dim(), drawn: None };
        let value = training.pass(team, &pass)?;
        gradient.copy_from_slice(&training.total);
        Ok(value)
    }

    fn loss(&mut self, weights: &[f32], batch: &Batch, loss: Loss) -> Result<f64> {
        check_batch::<M>(batch, usize::MAX)?;
        self.load(weights)?;
        let convert = |values: &[f32]| values.iter().map(|x| <T as Element>::from_f32(*x)).collect::<Vec<T>>();
        let (t, x) = (convert(&batch.t), convert(&batch.xt));
        let mut velocity = vec![T::default(); x.len()];
        self.velocity(&t, &x, &batch.conditions, &mut velocity)?;
        let values = velocity.iter().zip(&batch.ut);
        let sum: f64 = values.map(|(v, u)| loss.value(<T as Element>::to_f64(*v), f64::from(*u))).sum();
        Ok(sum / batch.ut.len().max(1) as f64)
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
        let (training, team) = self.training()?;
        training.optimize(team, optimizer, lr, time, weights, gradient, state)
    }

    fn step(&mut self, task: &StepTask<'_>, state: &mut TrainState) -> Option<Result<StepOutcome>> {
        Some(self.whole_step(task, state))
    }
}

impl<M: Model, T: Precision> CpuEngine<M, T> {
    fn whole_step(&mut self, task: &StepTask<'_>, state: &mut TrainState) -> Result<StepOutcome> {
        check_task::<M>(task, state)?;
        let (training, team) = self.training()?;
        training.load(state.weights.values(), Some(state.weights.version()));
        let accumulate = task.recipe.accumulate as u64;
        let first = state.step * accumulate;
        let (batch, dim) = (task.recipe.batch, M::PROGRAM.state_dim());
        let columns = &task.data.conditions().columns;
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        let mut order = std::mem::take(&mut training.order);
        order.clear();
        order.extend(M::PROGRAM.conditions().filter_map(|(_, input)| Some((place(input.name)?, classes(input)))));
        let drawn = Drawn { recipe: task.recipe, data: task.data, order: &order, sample: task.sample };
        training.batches.reserve(&drawn, batch, dim);
        let pass = Pass {
            loss: task.recipe.loss,
            seed: task.recipe.seed,
            draws: first..first + accumulate,
            batch,
            dim,
            drawn: Some(drawn),
        };
        let outcome = training.step(team, &pass, task, state);
        training.order = order;
        if outcome.is_err() {
            // A label that is out of range has been drawn as NaN: looking through all of them every step would take too long.
            check_data(M::PROGRAM, task.data, "the data set")?;
        }
        outcome
    }
}

/// Classes of a condition, whose labels are below; no bound for others.
fn classes(input: &Input) -> u32 {
    match input.kind {
        InputKind::Class { classes } => u32::try_from(classes).unwrap_or(u32::MAX),
        _ => u32::MAX,
    }
}

/// Refuses a step whose data or state are not the model's: what is drawn goes into the kernels unchecked.
fn check_task<M: Model>(task: &StepTask<'_>, state: &TrainState) -> Result<()> {
    let (program, data, recipe) = (M::PROGRAM, task.data, task.recipe);
    check_size("the size of the batch", recipe.batch, usize::MAX)?;
    check_size("`accumulate`", recipe.accumulate, usize::MAX)?;
    check_length("the weights", state.weights.values().len(), M::PARAMETERS)?;
    if let Some(ema) = &state.ema {
        check_length("the moving average", ema.weights().len(), M::PARAMETERS)?;
    }
    let (rows, columns) = (data.rows(), &data.conditions().columns);
    let fits = |input: &Input| {
        let column = columns.iter().find(|column| column.name == input.name);
        match (column.map(|column| &column.values), input.kind) {
            (Some(ConditionValues::Class(labels)), InputKind::Class { .. }) => labels.len() == rows,
            (Some(ConditionValues::Vector { dim, values }), InputKind::Vector) => {
                *dim == input.size() && values.len() == rows * dim
            }
            _ => false,
        }
    };
    if rows > 0 && data.dim() == program.state_dim() && program.conditions().all(|(_, input)| fits(input)) {
        return Ok(());
    }
    check_data(program, data, "the data set")?;
    check_rows::<M>("training", "the data set", data.values().len(), rows)
}
