//! The trainer: a recipe, what a program changes about it, and what goes on around the loop.

use std::path::PathBuf;

use super::{
    Callback, Control, CsvLog, JsonLog, Progress, Recipe, StepInfo, StoppedBy, TrainEngine, TrainRecipe, TrainState,
    Trained,
    callback::Callbacks,
    check::{check_data, check_options, check_recipe},
    session::Session,
};
use crate::{
    data::Dataset,
    engine::{CudaPrecision, Device},
    error::Result,
    flow::Path,
    model::Model,
};

/// Checkpoints kept unless [`Trainer::keep`] says otherwise.
const KEEP: usize = 3;

/// Trains the model of a recipe.
///
/// Everything is checked before anything is created or overwritten: the recipe with its changes, the data against
/// the model, and the checkpoint that is resumed.
///
/// ```no_run
/// use flow_runtime::{data, train::{EarlyStopping, TrainEngine, TrainRecipe, Trained, Trainer}};
///
/// fn train<R: TrainRecipe>(engine: &mut dyn TrainEngine) -> flow_runtime::Result<Trained<R::Model>> {
///     let (moons, held_out) = data::two_moons(10_000, 0.05, 0)?.split(0.9, 0)?;
///     Trainer::<R>::new()
///         .steps(2_000)
///         .progress(true)
///         .checkpoints("runs/moons", 500)
///         .resume(true)
///         .evaluate_every(100, held_out)
///         .callback(EarlyStopping::new(5))
///         .fit_with(engine, &moons)
/// }
/// ```
pub struct Trainer<R: TrainRecipe> {
    pub(super) recipe: Recipe,
    pub(super) options: Options,
    pub(super) callbacks: Callbacks,
    model: Option<R::Model>,
    salvaged: Option<Trained<R::Model>>,
}

/// What surrounds the loop.
pub(super) struct Options {
    pub(super) checkpoints: Option<(PathBuf, u64)>,
    pub(super) keep: usize,
    pub(super) resume: bool,
    pub(super) evaluation: Option<(u64, Dataset)>,
    pub(super) handle_interrupts: bool,
    pub(super) device: Device,
    pub(super) threads: Option<usize>,
    /// Engines on the CPU have one.
    pub(super) precision: CudaPrecision,
}

impl<R: TrainRecipe> Default for Trainer<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: TrainRecipe> Trainer<R> {
    /// A trainer that does what the recipe says and nothing around it.
    pub fn new() -> Self {
        let options = Options {
            checkpoints: None,
            keep: KEEP,
            resume: false,
            evaluation: None,
            handle_interrupts: true,
            device: Device::Auto,
            threads: None,
            precision: CudaPrecision::Strict,
        };
        Self { recipe: R::RECIPE, options, callbacks: Callbacks::default(), model: None, salvaged: None }
    }

    /// Trains on this device.
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.options.device = device;
        self
    }

    /// Trains on that many threads, instead of as many as the system offers.
    ///
    /// The weights are the same, bit for bit, whatever the number. None is refused by [`fit`](Self::fit); the dfdx engine has
    /// one.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 200, steps: 10 }
    /// # }
    /// let moons = data::two_moons(100, 0.05, 0)?;
    /// let (one, three) = (LineTraining::trainer().threads(1).fit(&moons)?, LineTraining::trainer().threads(3).fit(&moons)?);
    /// assert_eq!(one.model.weights(), three.model.weights());
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.options.threads = Some(threads);
        self
    }

    /// How exactly the CUDA engine multiplies matrices, instead of [`CudaPrecision::Strict`]; other engines ignore it.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 10 }
    /// # }
    /// let moons = data::two_moons(100, 0.05, 0)?;
    /// let cpu = || LineTraining::trainer().device(Device::Cpu);
    /// let (strict, half) = (cpu().fit(&moons)?, cpu().precision(CudaPrecision::Half).fit(&moons)?);
    /// assert_eq!(strict.model.weights(), half.model.weights());
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn precision(mut self, precision: CudaPrecision) -> Self {
        self.options.precision = precision;
        self
    }

    /// The recipe with the changes made so far.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 1_000 }
    /// # }
    /// let trainer = LineTraining::trainer().steps(50).batch(32).seed(7);
    /// assert_eq!((trainer.recipe().steps, trainer.recipe().batch, trainer.recipe().seed), (50, 32, 7));
    /// ```
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Steps of the optimiser, instead of the recipe's.
    #[must_use]
    pub fn steps(mut self, steps: u64) -> Self {
        self.recipe.steps = steps;
        self
    }

    /// Seed of the initial weights, the batches, the times, the source points and dropout, instead of the recipe's.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.recipe.seed = seed;
        self
    }

    /// Samples in one gradient, instead of the recipe's.
    #[must_use]
    pub fn batch(mut self, batch: usize) -> Self {
        self.recipe.batch = batch;
        self
    }

    /// Starts from this model's weights rather than from random ones.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 5 }
    /// # }
    /// let moons = data::two_moons(100, 0.05, 0)?;
    /// let first = LineTraining::trainer().fit(&moons)?;
    /// let more = LineTraining::trainer().model(first.model).seed(1).fit(&moons)?;
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn model(mut self, model: R::Model) -> Self {
        self.model = Some(model);
        self
    }

    /// Adds a callback; they are told in the order in which they were added.
    #[must_use]
    pub fn callback(mut self, callback: impl Callback + 'static) -> Self {
        self.callbacks.0.push(Box::new(callback));
        self
    }

    /// Adds a closure that is called after every step, and may stop the run.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 10 }
    /// # }
    /// let trainer = LineTraining::trainer().on_step(|info| {
    ///     println!("step {}: {}", info.step, info.loss);
    ///     Control::Continue
    /// });
    /// ```
    #[must_use]
    pub fn on_step(self, closure: impl FnMut(&StepInfo) -> Control + 'static) -> Self {
        self.callback(closure)
    }

    /// Writes a checkpoint into `folder` after every `every` steps and at the end.
    ///
    /// The folder is created if it is not there. One that holds checkpoints already is refused, unless they are
    /// [resumed](Self::resume).
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let folder = folder.path().join("runs");
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 10 }
    /// # }
    /// let moons = data::two_moons(100, 0.05, 0)?;
    /// let whole = LineTraining::trainer().fit(&moons)?;
    /// // Stopped at step 6, then resumed: the same weights, bit for bit.
    /// let stop = |info: &flow_runtime::train::StepInfo| if info.step == 6 { Control::Stop } else { Control::Continue };
    /// let _ = LineTraining::trainer().checkpoints(&folder, 4).on_step(stop).fit(&moons)?;
    /// let resumed = LineTraining::trainer().checkpoints(&folder, 4).resume(true).fit(&moons)?;
    /// assert_eq!(resumed.report.resumed_from, Some(6));
    /// assert_eq!(resumed.model.weights(), whole.model.weights());
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn checkpoints(mut self, folder: impl Into<PathBuf>, every: u64) -> Self {
        self.options.checkpoints = Some((folder.into(), every));
        self
    }

    /// Keeps the last `keep` checkpoints (three, unless this is called) and deletes older ones.
    #[must_use]
    pub fn keep(mut self, keep: usize) -> Self {
        self.options.keep = keep;
        self
    }

    /// Goes on from the newest checkpoint in the folder that can be read, if there is one.
    ///
    /// The resumed run gives the same weights, bit for bit, as one that was never stopped.
    #[must_use]
    pub fn resume(mut self, resume: bool) -> Self {
        self.options.resume = resume;
        self
    }

    /// Shows a progress bar on the standard error stream.
    #[must_use]
    pub fn progress(self, show: bool) -> Self {
        if show { self.callback(Progress::new()) } else { self }
    }

    /// Writes a [`JsonLog`].
    #[must_use]
    pub fn log_json(self, path: impl AsRef<std::path::Path>) -> Self {
        self.callback(JsonLog::new(path))
    }

    /// Writes a [`CsvLog`].
    #[must_use]
    pub fn log_csv(self, path: impl AsRef<std::path::Path>) -> Self {
        self.callback(CsvLog::new(path))
    }

    /// Computes the loss on `held_out` after every `every` steps and at the end.
    ///
    /// With the averaged weights if the recipe has `ema`; every sample keeps its time and its source point, so that
    /// evaluations differ by the weights alone.
    #[must_use]
    pub fn evaluate_every(mut self, every: u64, held_out: Dataset) -> Self {
        self.options.evaluation = Some((every, held_out));
        self
    }

    /// Whether Ctrl-C ends the run in good order (it does, unless this is called); see [`interrupt`](super::interrupt).
    #[must_use]
    pub fn handle_interrupts(mut self, handle: bool) -> Self {
        self.options.handle_interrupts = handle;
        self
    }

    /// Trains on `data` with this engine.
    ///
    /// # Errors
    /// `Invalid`, `Shape`, `NotFinite` for a recipe or data that do not fit, and `Invalid`, `Schema`, `Format` for a
    /// checkpoint that cannot be resumed, all before anything is created or overwritten;
    /// [`Error::Diverged`](crate::Error::Diverged) if a loss or gradient is not finite;
    /// [`Error::Io`](crate::Error::Io) if a checkpoint or log cannot be written; what the engine or a callback
    /// returns. After an error on the way [`salvage`](Self::salvage) has what had been trained, and the checkpoints
    /// written before are intact.
    pub fn fit_with<E: TrainEngine + ?Sized>(&mut self, engine: &mut E, data: &Dataset) -> Result<Trained<R::Model>> {
        self.salvaged = None;
        let program = R::Model::PROGRAM;
        check_recipe(&self.recipe)?;
        check_options(&self.options)?;
        let path = R::path();
        path.check()?;
        check_data(program, data, "the data set")?;
        if let Some((_, held_out)) = &self.options.evaluation {
            check_data(program, held_out, "the held-out data set")?;
        }
        let weights = match &self.model {
            Some(model) => model.weights().clone(),
            None => R::Model::initial_weights(self.recipe.seed),
        };
        weights.check_finite("training")?;
        let (recipe, options) = (&self.recipe, &self.options);
        let mut session = Session::start::<R::Model>(recipe, options, &path, data, weights, &mut self.callbacks)?;
        match session.run(engine) {
            Ok(stopped_by) => {
                let trained = Self::trained(&session, stopped_by)?;
                session.end(&trained.report)?;
                Ok(trained)
            }
            Err(error) => {
                self.salvaged = Self::trained(&session, StoppedBy::Failed).ok();
                session.fail(&error);
                Err(error)
            }
        }
    }

    /// What had been trained when [`fit_with`](Self::fit_with) failed on the way, such as for a full disk.
    ///
    /// The state after the last step that was taken whole; `None` if the run did not start.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     train LineTraining for Line { optimizer: sgd(lr = 1e10), batch: 8, steps: 1_000 }
    /// # }
    /// let mut trainer = LineTraining::trainer();
    /// let error = trainer.fit(&data::two_moons(100, 0.05, 0)?).unwrap_err();
    /// assert!(matches!(error, Error::Diverged { .. }));
    /// assert_eq!(trainer.salvage().unwrap().report.stopped_by, StoppedBy::Failed);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn salvage(&mut self) -> Option<Trained<R::Model>> {
        self.salvaged.take()
    }

    fn trained(session: &Session<'_, R::Path>, stopped_by: StoppedBy) -> Result<Trained<R::Model>> {
        let state: &TrainState = session.state();
        let model = R::Model::from_weights(state.averaged_weights()?)?;
        let raw_model = R::Model::from_weights(state.weights.clone())?;
        Ok(Trained { model, raw_model, losses: state.losses.clone(), report: session.report(stopped_by) })
    }
}
