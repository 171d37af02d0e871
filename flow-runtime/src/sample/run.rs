//! Sampling on the engine of a device.

use super::{SampleRecipe, Sampler, Trajectories};
use crate::{
    data::{Conditions, Dataset},
    engine::{CpuEngine, CudaEngine, Device, Resolved, Runnable},
    error::{Error, Result},
    model::Model,
    solve::{Grid, Method, Statistics},
    tableau::Kind,
};
use std::sync::PoisonError;

/// An engine with the model's weights, and the nodes of the grid.
pub(super) struct Ready<R: SampleRecipe> {
    engine: Engine<R::Model>,
    nodes: Vec<f64>,
}

/// The engines that are kept from call to call.
enum Engine<M> {
    Cpu(Box<CpuEngine<M>>),
    Cuda(Box<CudaEngine<M>>),
}

/// Where the points come from that are carried.
#[derive(Clone, Copy)]
enum Start {
    /// They are there.
    Given,
    /// They are the first of the source, which the device draws.
    Drawn,
}

impl<R: SampleRecipe<Model: Runnable>> Sampler<'_, R> {
    /// `count` samples, `[count, dim]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `count` is zero, the grid runs backwards or a condition is missing,
    /// [`Error::Device`] if the device is not there, [`Error::NotFinite`] if the integration leaves the numbers.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     sampler LineSampler for Line { solver: Rk4, grid: uniform(10) }
    /// # }
    /// # let model = Line::new(0);
    /// assert_eq!(LineSampler::new(&model).sample(5)?.rows(), 5);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn sample(&self, count: usize) -> Result<Dataset> {
        self.sample_given(count, &Conditions::none())
    }

    /// `count` samples under conditions, one row of each per sample.
    ///
    /// # Errors
    /// As [`Self::sample`]; [`Error::Shape`] if the conditions have another number of rows.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// flow_model! {
    ///     model Spots(x: [2], t: Time, y: Class<3>) -> [2] { linear(concat(x, t, embedding(y, 4)), 2) }
    ///     sampler SpotSampler for Spots { solver: Rk4, grid: uniform(10) }
    /// }
    ///
    /// let asked = Conditions::none().class("y", &[0, 1, 2, 2])?;
    /// let samples = SpotSampler::new(&Spots::new(0)).sample_given(4, &asked)?;
    /// assert_eq!(samples.rows(), 4);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn sample_given(&self, count: usize, conditions: &Conditions) -> Result<Dataset> {
        let grid = self.chosen_grid()?;
        check_forward(&grid)?;
        if let Resolved::Cuda(_) = self.resolved()? {
            self.check_count(count)?;
            let dim = R::Model::PROGRAM.state_dim();
            let mut values = vec![0.0; count * dim];
            self.integrate(Start::Drawn, &mut values, conditions, &[], &mut [])?;
            return Dataset::from_flat(values, dim);
        }
        self.carried(self.source(count)?, conditions)
    }

    /// Carries points along the flow, from the first node of the grid to the last.
    ///
    /// With a grid reversed, data are carried to the source.
    ///
    /// # Errors
    /// As [`Self::sample`]; [`Error::Shape`] if the points have another dimension than the state.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     sampler LineSampler for Line { solver: Rk4, grid: uniform(10) }
    /// # }
    /// # let model = Line::new(0);
    /// let sampler = LineSampler::new(&model);
    /// let samples = sampler.sample(5)?;
    /// // There and back again.
    /// let back = LineSampler::new(&model).grid(Grid::uniform(1.0, 0.0, 10)?).transport(&samples)?;
    /// assert!(back.values().iter().zip(sampler.source(5)?.values()).all(|(a, b)| (a - b).abs() < 1e-4));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn transport(&self, points: &Dataset) -> Result<Dataset> {
        let dim = R::Model::PROGRAM.state_dim();
        if points.dim() != dim {
            return Err(Error::Shape {
                operation: "sampling",
                what: "the data set of points".to_owned(),
                got: format!("[{}, {}]", points.rows(), points.dim()),
                expected: format!("[rows, {dim}], for that is the size of the state of `{}`", R::Model::PROGRAM.name),
                help: "carry points of the model's dimension".to_owned(),
            });
        }
        self.carried(points.clone(), points.conditions())
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
        let mut values: Vec<Vec<f32>> = saved.iter().map(|_| Vec::new()).collect();
        let statistics = self.integrate(Start::Given, &mut start.values().to_vec(), conditions, &saved, &mut values)?;
        let states = values.into_iter().map(|values| Dataset::from_flat(values, dim)).collect::<Result<_>>()?;
        Ok(Trajectories { times, states, statistics })
    }

    /// The engine that carries the points: `auto` leaves implicit methods to the CPU, which has them.
    fn resolved(&self) -> Result<Resolved> {
        match self.device.resolve_for(R::Model::PROGRAM)? {
            Resolved::Cuda(_) if self.device == Device::Auto && R::Solver::TABLEAU.kind != Kind::Explicit => {
                Ok(Resolved::Cpu)
            }
            resolved => Ok(resolved),
        }
    }

    fn chosen_grid(&self) -> Result<Grid> {
        let grid = match &self.grid {
            Some(grid) => grid.clone(),
            None => R::GRID.grid()?,
        };
        check_times(&grid)?;
        Ok(grid)
    }

    /// Carries points along the flow in place, `points: [rows, dim]`, one row of conditions for each.
    ///
    /// On the CPU engine nothing is allocated after the first call of a size, and a few points are carried on the calling thread: made
    /// for programs that ask for a sample now and then, soon. On a GPU the points go there and back.
    ///
    /// # Errors
    /// As [`Self::transport`]; [`Error::Shape`] if `points` is no whole number of rows. The points are then partly carried.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # flow_model! {
    /// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    /// #     sampler LineSampler for Line { solver: Rk4, grid: uniform(10) }
    /// # }
    /// # let model = Line::new(0);
    /// let sampler = LineSampler::new(&model);
    /// let mut point = [0.3, -0.2];
    /// sampler.transport_in_place(&mut point, &Conditions::none())?;
    /// assert_eq!(point, sampler.transport(&Dataset::from_flat(vec![0.3, -0.2], 2)?)?.values());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn transport_in_place(&self, points: &mut [f32], conditions: &Conditions) -> Result<Statistics> {
        self.integrate(Start::Given, points, conditions, &[], &mut [])
    }

    fn carried(&self, points: Dataset, conditions: &Conditions) -> Result<Dataset> {
        let mut values = points.values().to_vec();
        self.integrate(Start::Given, &mut values, conditions, &[], &mut [])?;
        Dataset::from_flat(values, R::Model::PROGRAM.state_dim())
    }

    /// Carries `values` over the grid; the states at the nodes `saved` are written into `saves`.
    fn integrate(
        &self,
        start: Start,
        values: &mut [f32],
        conditions: &Conditions,
        saved: &[usize],
        saves: &mut [Vec<f32>],
    ) -> Result<Statistics> {
        crate::engine::check_threads(self.threads)?;
        match self.resolved()? {
            #[cfg(feature = "dfdx")]
            Resolved::Dfdx => self.integrate_with_dfdx(values, conditions, saved, saves),
            resolved => {
                let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
                let Ready { engine, nodes } = match &mut *ready {
                    Some(ready) => ready,
                    empty => empty.insert(self.make_ready(resolved)?),
                };
                match (engine, start) {
                    (Engine::Cpu(engine), _) => engine.integrate::<R::Solver>(nodes, values, conditions, saved, saves),
                    (Engine::Cuda(engine), Start::Given) => {
                        engine.integrate::<R::Solver>(nodes, values, conditions, saved, saves)
                    }
                    (Engine::Cuda(engine), Start::Drawn) => {
                        engine.sample::<R::Solver>(R::SOURCE, self.seed, nodes, values, conditions, saved, saves)
                    }
                }
            }
        }
    }

    fn make_ready(&self, resolved: Resolved) -> Result<Ready<R>> {
        let weights = self.model.weights().values();
        let engine = match (resolved, self.threads) {
            (Resolved::Cuda(index), _) => {
                let mut engine = CudaEngine::new(index)?.with_precision(self.precision);
                if self.progress {
                    let mut bar = None;
                    engine = engine.on_progress(move |done, all| {
                        let own = bar.get_or_insert_with(|| indicatif::ProgressBar::new(all as u64));
                        own.set_position(done as u64);
                        if done == all {
                            own.finish_and_clear();
                            bar = None;
                        }
                    });
                }
                engine.load(weights)?;
                Engine::Cuda(Box::new(engine))
            }
            (_, threads) => {
                let mut engine = threads.map_or_else(CpuEngine::new, CpuEngine::with_threads)?;
                engine.load(weights)?;
                Engine::Cpu(Box::new(engine))
            }
        };
        Ok(Ready { engine, nodes: self.chosen_grid()?.nodes().collect() })
    }

    #[cfg(feature = "dfdx")]
    fn integrate_with_dfdx(
        &self,
        values: &mut [f32],
        conditions: &Conditions,
        saved: &[usize],
        saves: &mut [Vec<f32>],
    ) -> Result<Statistics> {
        let mut engine = crate::engine::DfdxEngine::<R::Model>::new()?;
        let nodes: Vec<f64> = self.chosen_grid()?.nodes().collect();
        let weights = self.model.weights().values();
        // The engine takes the rows chunk by chunk, each chunk through all nodes.
        engine.integrate::<R::Solver>(weights, &nodes, values, conditions, |node, rows| {
            if let Ok(place) = saved.binary_search(&node) {
                saves[place].extend_from_slice(rows);
            }
            Ok(())
        })
    }
}

/// The model was trained on the times from 0 to 1; it says something at any other, too, and that means nothing.
fn check_times(grid: &Grid) -> Result<()> {
    // Nodes are monotone: the ends speak for all.
    match [grid.t0(), grid.t1()].into_iter().find(|t| !(0.0..=1.0).contains(t)) {
        None => Ok(()),
        Some(t) => Err(Error::Invalid {
            operation: "sampling",
            what: "a time of the grid".to_owned(),
            got: t.to_string(),
            expected: "a time in [0, 1]".to_owned(),
            help: "time runs from the source at 0 to the data at 1".to_owned(),
        }),
    }
}

/// Samples start at `t = 0`; a grid that runs the other way carries data to the source.
fn check_forward(grid: &Grid) -> Result<()> {
    if grid.t0() < grid.t1() {
        return Ok(());
    }
    if grid.steps() == 0 {
        return Err(Error::Invalid {
            operation: "sampling",
            what: "the grid".to_owned(),
            got: format!("the one time {}", grid.t0()),
            expected: "one step at least".to_owned(),
            help: "start at 0 and end at 1".to_owned(),
        });
    }
    Err(Error::Invalid {
        operation: "sampling",
        what: "the grid".to_owned(),
        got: format!("running from {} to {}", grid.t0(), grid.t1()),
        expected: "one that runs from the source at 0 to the data at 1".to_owned(),
        help: "carry points that you have with `transport`".to_owned(),
    })
}
