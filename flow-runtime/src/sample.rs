//! Sampling: from the source along the learned velocity to the data, on a declared grid with a declared method.

use crate::{
    data::{Conditions, Dataset},
    engine::Device,
    error::{Error, Result},
    flow::Source,
    model::Model,
    rng::Stream,
    solve::{Grid, Method, Statistics},
};

/// What `flow_model! { sampler … }` generates: a model, a method, a grid and a source.
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
/// A sample depends on the seed and its own number alone, not on how many are drawn together.
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
/// # if cfg!(feature = "dfdx") {
/// let samples = LineSampler::new(&model).seed(1).sample(5)?;
/// assert_eq!((samples.rows(), samples.dim()), (5, 2));
/// # }
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Sampler<'m, R: SampleRecipe> {
    model: &'m R::Model,
    device: Device,
    seed: u64,
    grid: Option<Grid>,
}

impl<'m, R: SampleRecipe> Sampler<'m, R> {
    /// A sampler as declared, with seed 0, on the device that [`Device::Auto`] finds.
    pub fn new(model: &'m R::Model) -> Self {
        Sampler { model, device: Device::Auto, seed: 0, grid: None }
    }

    /// Draws other start points.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Integrates on this device.
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Integrates over another grid than the declared one.
    pub fn grid(mut self, grid: Grid) -> Self {
        self.grid = Some(grid);
        self
    }

    fn chosen_grid(&self) -> Result<Grid> {
        match &self.grid {
            Some(grid) => Ok(grid.clone()),
            None => R::GRID.grid(),
        }
    }

    /// The first `count` start points, `[count, dim]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `count` is zero.
    pub fn source(&self, count: usize) -> Result<Dataset> {
        if count == 0 {
            return Err(Error::Invalid {
                operation: "sampling",
                what: "the number of samples".to_owned(),
                got: "0".to_owned(),
                expected: "at least 1".to_owned(),
                help: "ask for a sample or more".to_owned(),
            });
        }
        let dim = R::Model::PROGRAM.state_dim();
        let mut values = vec![0.0; count * dim];
        R::SOURCE.fill(self.seed, Stream::Sample, 0, 0, &mut values);
        Dataset::from_flat(values, dim)
    }
}

/// Samples start at `t = 0`; a grid that runs the other way carries data to the source.
fn check_forward(grid: &Grid) -> Result<()> {
    if grid.t0() < grid.t1() {
        return Ok(());
    }
    Err(Error::Invalid {
        operation: "sampling",
        what: "the grid".to_owned(),
        got: format!("running from {} to {}", grid.t0(), grid.t1()),
        expected: "one that runs from the source at 0 to the data at 1".to_owned(),
        help: "carry points that you have with `transport`".to_owned(),
    })
}

#[cfg(feature = "dfdx")]
mod run {
    use super::*;
    use crate::engine::{DfdxEngine, DfdxModel};

    impl<R: SampleRecipe<Model: DfdxModel>> Sampler<'_, R> {
        /// `count` samples, `[count, dim]`.
        ///
        /// # Errors
        /// [`Error::Invalid`] if `count` is zero, the grid runs backwards or a condition is missing,
        /// [`Error::Device`] if the device is not there, [`Error::NotFinite`] if the integration leaves the numbers.
        pub fn sample(&self, count: usize) -> Result<Dataset> {
            self.sample_given(count, &Conditions::none())
        }

        /// `count` samples under conditions, one row of each per sample.
        ///
        /// # Errors
        /// As [`Self::sample`]; [`Error::Shape`] if the conditions have another number of rows.
        pub fn sample_given(&self, count: usize, conditions: &Conditions) -> Result<Dataset> {
            let grid = self.chosen_grid()?;
            check_forward(&grid)?;
            let (samples, _) = self.integrate(&self.source(count)?, conditions, &grid, |_, _| Ok(()))?;
            Ok(samples)
        }

        /// Carries points along the flow, from the first node of the grid to the last.
        ///
        /// With a grid reversed, data are carried to the source.
        ///
        /// # Errors
        /// As [`Self::sample`]; [`Error::Shape`] if the points have another dimension than the state.
        pub fn transport(&self, points: &Dataset) -> Result<Dataset> {
            let grid = self.chosen_grid()?;
            let (ends, _) = self.integrate(points, points.conditions(), &grid, |_, _| Ok(()))?;
            Ok(ends)
        }

        /// The way of `count` samples, at every `every`-th node and at both ends.
        ///
        /// # Errors
        /// As [`Self::sample`]; [`Error::Invalid`] if `every` is zero.
        pub fn trajectories(&self, count: usize, conditions: &Conditions, every: usize) -> Result<Trajectories> {
            let grid = self.chosen_grid()?;
            check_forward(&grid)?;
            if every == 0 {
                return Err(Error::Invalid {
                    operation: "sampling",
                    what: "`every`".to_owned(),
                    got: "0".to_owned(),
                    expected: "at least 1".to_owned(),
                    help: "1 saves every node".to_owned(),
                });
            }
            let start = self.source(count)?;
            let dim = start.dim();
            let steps = grid.steps();
            let saved: Vec<usize> = (0..=steps).filter(|index| index % every == 0 || *index == steps).collect();
            let times = saved.iter().filter_map(|&index| grid.node(index)).collect();
            let mut values: Vec<Vec<f32>> = saved.iter().map(|_| Vec::with_capacity(start.values().len())).collect();
            // The engine takes the rows chunk by chunk, each chunk through all nodes.
            let (_, statistics) = self.integrate(&start, conditions, &grid, |node, rows| {
                if let Ok(place) = saved.binary_search(&node) {
                    values[place].extend_from_slice(rows);
                }
                Ok(())
            })?;
            let states = values.into_iter().map(|values| Dataset::from_flat(values, dim)).collect::<Result<_>>()?;
            Ok(Trajectories { times, states, statistics })
        }

        fn integrate(
            &self,
            start: &Dataset,
            conditions: &Conditions,
            grid: &Grid,
            mut save: impl FnMut(usize, &[f32]) -> Result<()>,
        ) -> Result<(Dataset, Statistics)> {
            self.device.resolve()?;
            let mut engine = DfdxEngine::<R::Model>::new()?;
            let mut values = start.values().to_vec();
            let nodes: Vec<f64> = grid.nodes().collect();
            let weights = self.model.weights().values();
            let statistics = engine.integrate::<R::Solver>(weights, &nodes, &mut values, conditions, &mut save)?;
            Ok((Dataset::from_flat(values, R::Model::PROGRAM.state_dim())?, statistics))
        }
    }
}
