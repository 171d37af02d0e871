//! The table of engines.

use crate::models::exactly;
use flow_runtime::{
    engine::{CpuEngine, DfdxEngine, DfdxModel},
    prelude::*,
};

/// An engine, its precision and its threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Engine {
    /// The reference, in `f32`.
    Dfdx,
    /// In `f32`.
    Cpu(usize),
    /// In `f64`.
    Double(usize),
}

use Engine::{Cpu, Dfdx, Double};

pub const ALL: [Engine; 6] = [Dfdx, Cpu(1), Cpu(2), Cpu(16), Double(1), Double(3)];

impl Engine {
    /// What rounding may make of values of size one: 170 units of the last place in `f32`, through some ten layers and steps;
    /// in `f64` as much, and with it the functions' own errors.
    pub fn tolerance(self) -> f64 {
        if matches!(self, Double(_)) { 2e-12 } else { 2e-5 }
    }

    pub fn trainer<M: DfdxModel>(self) -> Box<dyn TrainEngine> {
        match self {
            Dfdx => Box::new(DfdxEngine::<M>::new().expect("there is memory")),
            Cpu(threads) => Box::new(CpuEngine::<M>::with_threads(threads).expect("the model is the engine's")),
            Double(threads) => Box::new(CpuEngine::<M, f64>::with_threads(threads).expect("the model is the engine's")),
        }
    }

    pub fn velocity<M: DfdxModel>(
        self,
        model: &M,
        t: &[f32],
        x: &[f32],
        conditions: &Conditions,
    ) -> Result<Vec<f64>, Error> {
        let weights = model.weights().values();
        match self {
            Dfdx => {
                let mut out = vec![f32::NAN; x.len()];
                DfdxEngine::<M>::new()?.velocity(weights, t, x, conditions, &mut out)?;
                Ok(exactly(&out))
            }
            Cpu(threads) => {
                let mut engine = CpuEngine::<M>::with_threads(threads)?;
                engine.load(weights)?;
                let mut out = vec![f32::NAN; x.len()];
                engine.velocity(t, x, conditions, &mut out)?;
                Ok(exactly(&out))
            }
            Double(threads) => {
                let mut engine = CpuEngine::<M, f64>::with_threads(threads)?;
                engine.load(weights)?;
                let mut out = vec![f64::NAN; x.len()];
                engine.velocity(&exactly(t), &exactly(x), conditions, &mut out)?;
                Ok(out)
            }
        }
    }

    /// The states at all nodes.
    pub fn integrate<M: DfdxModel, S: Method>(
        self,
        model: &M,
        nodes: &[f64],
        x: &[f32],
        conditions: &Conditions,
    ) -> Result<Vec<Vec<f64>>, Error> {
        let weights = model.weights().values();
        let saved: Vec<usize> = (0..nodes.len()).collect();
        match self {
            Dfdx => {
                let mut states = vec![Vec::new(); nodes.len()];
                let save = |node: usize, values: &[f32]| {
                    states[node].extend(exactly(values));
                    Ok(())
                };
                DfdxEngine::<M>::new()?.integrate::<S>(weights, nodes, &mut x.to_vec(), conditions, save)?;
                Ok(states)
            }
            Cpu(threads) => {
                let mut engine = CpuEngine::<M>::with_threads(threads)?;
                engine.load(weights)?;
                let (mut last, mut states) = (x.to_vec(), vec![Vec::new(); nodes.len()]);
                engine.integrate::<S>(nodes, &mut last, conditions, &saved, &mut states)?;
                assert_eq!(states.last(), Some(&last));
                Ok(states.iter().map(|state| exactly(state)).collect())
            }
            Double(threads) => {
                let mut engine = CpuEngine::<M, f64>::with_threads(threads)?;
                engine.load(weights)?;
                let (mut last, mut states) = (exactly(x), vec![Vec::new(); nodes.len()]);
                engine.integrate::<S>(nodes, &mut last, conditions, &saved, &mut states)?;
                assert_eq!(states.last(), Some(&last));
                Ok(states)
            }
        }
    }
}

/// The largest difference, relative to the larger of 1 and the expected value; NaN is as far as can be.
pub fn far(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let relative = |(got, expected): (&f64, &f64)| (got - expected).abs() / expected.abs().max(1.0);
    got.iter().zip(expected).map(relative).fold(0.0, |a, b| if b > a || b.is_nan() { b } else { a })
}
