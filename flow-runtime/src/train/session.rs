//! One session of a run: from its start, or its last checkpoint, to its end.

use std::{fs, path::Path as FilePath, path::PathBuf, time::Instant};

use super::{
    Checkpoint, Control, EpochInfo, EvaluationInfo, Recipe, StartInfo, StepInfo, StepOutcome, StoppedBy, TrainEngine,
    TrainReport, TrainState,
    callback::{Callbacks, CheckpointInfo},
    checkpoint::{self, Origin},
    interrupt,
    run::{Runner, evaluate},
    trainer::Options,
};
use crate::{
    data::{ConditionValues, Dataset, write_atomically},
    error::{Error, Result},
    flow::Path,
    model::{Model, Weights},
    program::Program,
};

pub(super) struct Session<'a, P> {
    recipe: &'a Recipe,
    options: &'a Options,
    path: &'a P,
    data: &'a Dataset,
    program: &'static Program,
    callbacks: &'a mut Callbacks,
    runner: Runner<'a, P>,
    state: TrainState,
    fingerprint: String,
    epoch_steps: u64,
    resumed_from: Option<u64>,
    last_checkpoint: Option<(u64, PathBuf)>,
    started: Instant,
    interrupts: Option<interrupt::Guard>,
    device: String,
}

impl<'a, P: Path> Session<'a, P> {
    /// Reads the checkpoint that is resumed, prepares the folder and tells the callbacks; refusals come first.
    pub(super) fn start<M: Model>(
        recipe: &'a Recipe,
        options: &'a Options,
        path: &'a P,
        data: &'a Dataset,
        weights: Weights,
        callbacks: &'a mut Callbacks,
    ) -> Result<Self> {
        let fingerprint = fingerprint(data);
        let mut warnings = Vec::new();
        let mut state = TrainState::new(recipe, weights);
        let mut last_checkpoint = None;
        if let Some((folder, _)) = &options.checkpoints {
            if let Some(found) = resumable::<M>(folder, options.resume, &mut warnings)? {
                last_checkpoint = Some((found.step(), found.path().to_owned()));
                state = found.into_state(recipe, path, &fingerprint, |warning| warnings.push(warning.to_owned()))?;
            }
            prepare_folder(folder)?;
            let left = checkpoint::remove_leftovers(folder).into_iter();
            warnings.extend(left.map(|(path, error)| format!("{path:?} could not be deleted: {error}")));
        }
        let resumed_from = last_checkpoint.is_some().then_some(state.step);
        let interrupts = options.handle_interrupts.then(|| {
            let (guard, installed) = interrupt::Guard::enter();
            if !installed {
                warnings
                    .push("Ctrl-C will not end the run in good order: the program has a handler of its own".to_owned());
            }
            guard
        });
        let per_step = (recipe.batch as u64).saturating_mul(recipe.accumulate as u64);
        let epoch_steps = (data.rows() as u64).div_ceil(per_step);
        let info = StartInfo {
            recipe: recipe.name,
            model: M::PROGRAM.name,
            parameters: state.weights.values().len(),
            rows: data.rows(),
            step: state.step,
            steps: recipe.steps,
            epoch_steps,
            seed: recipe.seed,
            resumed: resumed_from.is_some(),
            losses: &state.losses,
            evaluations: &state.evaluations,
        };
        callbacks.tell(|callback| callback.on_start(&info))?;
        for warning in &warnings {
            callbacks.tell(|callback| callback.on_warning(warning))?;
        }
        let runner = Runner::new(recipe, path, data, state.weights.layout());
        let program = M::PROGRAM;
        let started = Instant::now();
        Ok(Self {
            recipe,
            options,
            path,
            data,
            program,
            callbacks,
            runner,
            state,
            fingerprint,
            epoch_steps,
            resumed_from,
            last_checkpoint,
            started,
            interrupts,
            device: String::new(),
        })
    }

    pub(super) fn state(&self) -> &TrainState {
        &self.state
    }

    /// Steps until the end, an interrupt or a callback that says stop; then the last checkpoint.
    pub(super) fn run<E: TrainEngine + ?Sized>(&mut self, engine: &mut E) -> Result<StoppedBy> {
        self.device = engine.name();
        let mut stopped_by = StoppedBy::Completed;
        while self.state.step < self.recipe.steps {
            if self.interrupts.is_some() && interrupt::requested() {
                stopped_by = StoppedBy::Interrupted;
                break;
            }
            let control = self.step(engine)?;
            if control == Control::Stop && self.state.step < self.recipe.steps {
                stopped_by = StoppedBy::Callback;
                break;
            }
        }
        self.check_weights()?;
        if self.last_checkpoint.as_ref().is_none_or(|(step, _)| *step != self.state.step) {
            self.checkpoint()?;
        }
        Ok(stopped_by)
    }

    /// Some steps, of which the last ends where something is due: an evaluation, a checkpoint.
    fn step<E: TrainEngine + ?Sized>(&mut self, engine: &mut E) -> Result<Control> {
        let (before, most) = (self.state.step, self.steps_until_due());
        let (outcomes, result) = self.runner.steps(engine, &mut self.state, most);
        let mut stop = false;
        for (step, outcome) in (before + 1..).zip(&outcomes) {
            stop |= self.tell(step, outcome)?;
        }
        result.map_err(|mut error| {
            if let Error::Diverged { checkpoint, .. } = &mut error {
                *checkpoint = self.last_checkpoint.as_ref().map(|(_, path)| path.clone());
            }
            error
        })?;
        let step = self.state.step;
        if let Some((every, held_out)) = &self.options.evaluation
            && (step.is_multiple_of(*every) || step == self.recipe.steps)
        {
            let loss = evaluate(engine, self.recipe, self.path, held_out, self.state.averaged())?;
            let before = self.state.best_evaluation().unwrap_or(f64::INFINITY);
            self.state.evaluations.push((step, loss));
            let info = EvaluationInfo { step, loss, best: before.min(loss), improved: loss < before };
            stop |= self.callbacks.ask(|callback| callback.on_evaluation(&info))? == Control::Stop;
        }
        if self.options.checkpoints.as_ref().is_some_and(|(_, every)| step.is_multiple_of(*every)) {
            self.check_weights()?;
            self.checkpoint()?;
        }
        Ok(if stop { Control::Stop } else { Control::Continue })
    }

    /// Steps until the end of the run, the next evaluation or the next checkpoint, whichever comes first.
    fn steps_until_due(&self) -> u64 {
        let step = self.state.step;
        let until = |every: u64| (step / every.max(1) + 1).saturating_mul(every.max(1)) - step;
        let every = [
            self.options.evaluation.as_ref().map(|(every, _)| *every),
            self.options.checkpoints.as_ref().map(|(_, every)| *every),
        ];
        every.into_iter().flatten().map(until).fold(self.recipe.steps - step, u64::min)
    }

    /// Tells the callbacks of a step; whether one of them says stop.
    fn tell(&mut self, step: u64, outcome: &StepOutcome) -> Result<bool> {
        let info = StepInfo {
            step,
            steps: self.recipe.steps,
            epoch: (step - 1) / self.epoch_steps + 1,
            loss: outcome.loss,
            learning_rate: outcome.learning_rate,
            gradient_norm: outcome.gradient_norm,
            seconds: self.started.elapsed().as_secs_f64(),
        };
        let mut stop = self.callbacks.ask(|callback| callback.on_step(&info))? == Control::Stop;
        if step.is_multiple_of(self.epoch_steps) {
            let losses = &self.state.losses[(step - self.epoch_steps) as usize..step as usize];
            let loss = losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / losses.len() as f64;
            let info = EpochInfo { epoch: step / self.epoch_steps, step, loss };
            stop |= self.callbacks.ask(|callback| callback.on_epoch(&info))? == Control::Stop;
        }
        Ok(stop)
    }

    /// A step can overflow weights although its gradient was finite; such weights are not to become a checkpoint.
    fn check_weights(&self) -> Result<()> {
        match self.state.weights.values().iter().position(|weight| !weight.is_finite()) {
            None => Ok(()),
            Some(at) => Err(Error::NotFinite {
                operation: "training",
                what: format!("weight {at}"),
                at: format!("step {}", self.state.step),
                help: "lower the learning rate, or set `clip: 1.0` in the recipe".to_owned(),
            }),
        }
    }

    fn checkpoint(&mut self) -> Result<()> {
        let Some((folder, _)) = &self.options.checkpoints else { return Ok(()) };
        let origin = Origin {
            folder,
            keep: self.options.keep,
            model: self.program.name,
            schema: self.program.schema_hash(),
            recipe: self.recipe,
            path: self.path,
            data: &self.fingerprint,
        };
        let mut warnings = Vec::new();
        let path = origin.write(&self.state, |warning| warnings.push(warning.to_owned()))?;
        let info = CheckpointInfo { step: self.state.step, path };
        self.last_checkpoint = Some((info.step, info.path.clone()));
        self.callbacks.tell(|callback| callback.on_checkpoint(&info))?;
        warnings.iter().try_for_each(|warning| self.callbacks.tell(|callback| callback.on_warning(warning)))
    }

    pub(super) fn report(&self, stopped_by: StoppedBy) -> TrainReport {
        let seconds = self.started.elapsed().as_secs_f64();
        let taken = self.state.step - self.resumed_from.unwrap_or(0);
        TrainReport {
            recipe: self.recipe.name.to_owned(),
            model: self.program.name.to_owned(),
            parameters: self.state.weights.values().len(),
            device: self.device.clone(),
            rows: self.data.rows(),
            batch: self.recipe.batch,
            accumulate: self.recipe.accumulate,
            seed: self.recipe.seed,
            steps: self.state.step,
            resumed_from: self.resumed_from,
            seconds,
            steps_per_second: if seconds > 0.0 { taken as f64 / seconds } else { 0.0 },
            final_loss: self.state.losses.last().map(|&loss| f64::from(loss)),
            best_evaluation: self.state.best_evaluation(),
            stopped_by,
            checkpoint: self.last_checkpoint.as_ref().map(|(_, path)| path.clone()),
        }
    }

    pub(super) fn end(self, report: &TrainReport) -> Result<()> {
        self.callbacks.tell(|callback| callback.on_end(report))
    }

    pub(super) fn fail(self, error: &Error) {
        self.callbacks.0.iter_mut().for_each(|callback| callback.on_error(error));
    }
}

/// The checkpoint to go on from, if there is one and it is asked for.
fn resumable<M: Model>(folder: &FilePath, resume: bool, warnings: &mut Vec<String>) -> Result<Option<Checkpoint>> {
    if resume {
        return Checkpoint::latest::<M>(folder, |warning| warnings.push(warning.to_owned()));
    }
    match checkpoint::list(folder)?.last() {
        None => Ok(None),
        Some((_, path)) => Err(Error::Invalid {
            operation: "training",
            what: "the folder for checkpoints".to_owned(),
            got: format!("one that holds {path:?}"),
            expected: "a folder without checkpoints".to_owned(),
            help: "go on from them with `.resume(true)`, or choose another folder".to_owned(),
        }),
    }
}

/// Creates the folder and tries to write there: better now than after the first thousand steps.
fn prepare_folder(folder: &FilePath) -> Result<()> {
    fs::create_dir_all(folder).map_err(|source| Error::Io {
        operation: "creating",
        path: folder.to_owned(),
        source,
        help: "choose a folder for checkpoints that you may write to".to_owned(),
    })?;
    let probe = folder.join(format!(".writable-{}", std::process::id()));
    write_atomically(&probe, |_| Ok(()))?;
    fs::remove_file(&probe).map_err(|source| Error::Io {
        operation: "deleting",
        path: probe.clone(),
        source,
        help: "choose a folder in which you may delete files, too".to_owned(),
    })
}

/// Tells data sets apart: rows, dimension and the CRC-32 of the values and the conditions.
fn fingerprint(data: &Dataset) -> String {
    let mut crc = flate2::Crc::new();
    update(&mut crc, data.values(), |value| value.to_le_bytes());
    for column in data.conditions().iter() {
        crc.update(column.name.as_bytes());
        match &column.values {
            ConditionValues::Class(labels) => update(&mut crc, labels, |label| label.to_le_bytes()),
            ConditionValues::Vector { values, .. } => update(&mut crc, values, |value| value.to_le_bytes()),
        }
    }
    format!("{}x{} {:08x}", data.rows(), data.dim(), crc.sum())
}

fn update<T: Copy>(crc: &mut flate2::Crc, values: &[T], bytes_of: impl Fn(T) -> [u8; 4]) {
    // A buffer of some size: CRC is fast on long pieces only.
    let mut bytes = Vec::with_capacity(4 * 1024);
    for values in values.chunks(1024) {
        bytes.clear();
        bytes.extend(values.iter().flat_map(|value| bytes_of(*value)));
        crc.update(&bytes);
    }
}
