//! Sampling: from the source along the learned velocity to the data, on a declared grid with a declared method.
//!
//! A `sampler` item declares a [`SampleRecipe`]; a [`Sampler`] is made of it and a model. It draws samples from the source
//! ([`sample`](Sampler::sample), [`sample_given`](Sampler::sample_given)), keeps their way
//! ([`trajectories`](Sampler::trajectories)), and carries points that a program has, to a new data set
//! ([`transport`](Sampler::transport)) or where they lie ([`transport_in_place`](Sampler::transport_in_place)). The whole
//! integration is one call of an engine, which carries each tile of the batch through all steps at once.

mod run;

use crate::{
    data::Dataset,
    engine::{CudaPrecision, Device},
    error::{Error, Result},
    flow::Source,
    model::Model,
    rng::{Philox, Stream},
    solve::{Grid, Method, Statistics},
};
use std::{fmt, sync::Mutex};

/// What `flow_model! { sampler … }` generates: a model, a method, a grid and a source.
///
/// ```
/// use flow_runtime::{prelude::*, sample::{GridSpec, SampleRecipe}};
/// flow_model! {
///     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
///     sampler LineSampler for Line { solver: Midpoint, grid: given([0.0, 0.4, 1.0]), source: uniform(-1, 1) }
/// }
///
/// assert_eq!(LineSampler::NAME, "LineSampler");
/// assert_eq!(LineSampler::GRID, GridSpec::Given(&[0.0, 0.4, 1.0]));
/// assert_eq!(LineSampler::SOURCE, Source::Uniform { low: -1.0, high: 1.0 });
/// ```
pub trait SampleRecipe: Copy + Default + Send + Sync + 'static {
    /// The model that gives the velocity.
    type Model: Model;
    /// The method that integrates it.
    type Solver: Method;
    /// Name of the `sampler` item.
    const NAME: &'static str;
    /// The times of the steps.
    const GRID: GridSpec;
    /// Distribution of the points that samples start from.
    const SOURCE: Source;
}

/// A grid as it was declared.
///
/// ```
/// use flow_runtime::{prelude::*, sample::GridSpec};
/// let nodes = |spec: GridSpec| spec.grid().map(|grid| grid.nodes().collect::<Vec<_>>());
/// assert_eq!(nodes(GridSpec::Uniform { steps: 2, reversed: true })?, [1.0, 0.5, 0.0]);
/// assert_eq!(nodes(GridSpec::Given(&[0.0, 0.3, 1.0]))?, [0.0, 0.3, 1.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum GridSpec {
    /// Equal steps from 0 to 1, or from 1 to 0.
    Uniform {
        /// Number of steps.
        steps: usize,
        /// From 1 to 0.
        reversed: bool,
    },
    /// These nodes.
    Given(&'static [f64]),
}

impl GridSpec {
    /// The grid.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are no steps, or the nodes are not strictly monotone.
    pub fn grid(&self) -> Result<Grid> {
        match *self {
            GridSpec::Uniform { steps, reversed: false } => Grid::uniform(0.0, 1.0, steps),
            GridSpec::Uniform { steps, reversed: true } => Grid::uniform(1.0, 0.0, steps),
            GridSpec::Given(nodes) => Grid::given(nodes),
        }
    }
}

/// States of a batch at the nodes of a grid.
///
/// ```
/// use flow_runtime::prelude::*;
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     sampler LineSampler for Line { solver: Rk4, grid: uniform(10) }
/// # }
/// # let model = Line::new(0);
/// let ways = LineSampler::new(&model).trajectories(3, &Conditions::none(), 5)?;
/// assert_eq!(ways.times, [0.0, 0.5, 1.0]);
/// assert_eq!((ways.states.len(), ways.states[1].rows()), (3, 3));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectories {
    /// The saved times, the first and the last node among them.
    pub times: Vec<f64>,
    /// The states at each of them.
    pub states: Vec<Dataset>,
    /// Steps and evaluations.
    pub statistics: Statistics,
}

/// Draws samples from a model.
///
/// A sample depends on the seed and its own number alone, not on how many are drawn together. The first call makes the
/// engine, which the next ones use again: keep a sampler that is called often.
///
/// ```
/// use flow_runtime::prelude::*;
///
/// flow_model! {
///     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 8)), 2) }
///     sampler LineSampler for Line { solver: Rk4, grid: uniform(10) }
/// }
///
/// let model = Line::new(0);
/// let samples = LineSampler::new(&model).seed(1).sample(5)?;
/// assert_eq!((samples.rows(), samples.dim()), (5, 2));
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[must_use]
pub struct Sampler<'m, R: SampleRecipe> {
    model: &'m R::Model,
    device: Device,
    seed: u64,
    grid: Option<Grid>,
    threads: Option<usize>,
    precision: CudaPrecision,
    progress: bool,
    /// What the first call made, for the next.
    ready: Mutex<Option<run::Ready<R>>>,
}

/// A sampler with the same settings.
impl<R: SampleRecipe> Clone for Sampler<'_, R> {
    fn clone(&self) -> Self {
        let Self { model, device, seed, threads, precision, progress, .. } = *self;
        Self { model, device, seed, grid: self.grid.clone(), threads, precision, progress, ready: Mutex::new(None) }
    }
}

impl<R: SampleRecipe> fmt::Debug for Sampler<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(R::NAME)
            .field("model", &R::Model::PROGRAM.name)
            .field("device", &self.device)
            .field("seed", &self.seed)
            .field("grid", &self.grid)
            .field("threads", &self.threads)
            .field("precision", &self.precision)
            .finish()
    }
}

impl<'m, R: SampleRecipe> Sampler<'m, R> {
    /// A sampler as declared, with seed 0, on the device that [`Device::Auto`] finds.
    pub fn new(model: &'m R::Model) -> Self {
        Sampler {
            model,
            device: Device::Auto,
            seed: 0,
            grid: None,
            threads: None,
            precision: CudaPrecision::Strict,
            progress: false,
            ready: Mutex::new(None),
        }
    }

    /// Draws other start points.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Integrates on this device.
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self.changed()
    }

    /// Integrates on that many threads, instead of as many as the system offers.
    ///
    /// Samples are the same, bit for bit, whatever the number. None is refused by the call that samples; the dfdx engine has
    /// one.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self.changed()
    }

    /// How exactly the CUDA engine multiplies matrices, instead of [`CudaPrecision::Strict`]; other engines ignore it.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     sampler LineSampler for Line { solver: Rk4, grid: uniform(10) }
    /// # }
    /// # let model = Line::new(0);
    /// let cpu = LineSampler::new(&model).device(Device::Cpu);
    /// assert_eq!(cpu.clone().precision(CudaPrecision::Half).sample(3)?, cpu.sample(3)?);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn precision(mut self, precision: CudaPrecision) -> Self {
        self.precision = precision;
        self.changed()
    }

    /// What was made for other settings is dropped.
    fn changed(mut self) -> Self {
        self.ready = Mutex::new(None);
        self
    }

    /// Shows on the terminal how far a batch is that the CUDA engine carries in pieces; nothing where there is no terminal, or one
    /// piece.
    pub fn progress(mut self, progress: bool) -> Self {
        self.progress = progress;
        self.changed()
    }

    /// Integrates over another grid than the declared one.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     sampler LineSampler for Line { solver: Rk4, grid: uniform(10) }
    /// # }
    /// # let model = Line::new(0);
    /// let fine = LineSampler::new(&model).grid(Grid::uniform(0.0, 1.0, 1000)?);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn grid(mut self, grid: Grid) -> Self {
        self.grid = Some(grid);
        self.changed()
    }

    /// The model.
    pub fn model(&self) -> &'m R::Model {
        self.model
    }

    /// The first `count` start points, `[count, dim]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `count` is zero.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     sampler LineSampler for Line { solver: Rk4, grid: uniform(10) }
    /// # }
    /// # let model = Line::new(0);
    /// let sampler = LineSampler::new(&model).seed(3);
    /// let (few, many) = (sampler.source(2)?, sampler.source(5)?);
    /// assert_eq!(few.row(1), many.row(1));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn source(&self, count: usize) -> Result<Dataset> {
        self.check_count(count)?;
        let dim = R::Model::PROGRAM.state_dim();
        let mut values = vec![0.0; count * dim];
        R::SOURCE.fill(&Philox::new(self.seed, Stream::Sample, 0), 0, dim, &mut values)?;
        Dataset::from_flat(values, dim)
    }

    fn check_count(&self, count: usize) -> Result<()> {
        if count > 0 {
            return Ok(());
        }
        Err(Error::Invalid {
            operation: "sampling",
            what: "the number of samples".to_owned(),
            got: "0".to_owned(),
            expected: "at least 1".to_owned(),
            help: "ask for a sample or more".to_owned(),
        })
    }
}
