//! The engines of this binary, under the names that the tests of all engines use.

use crate::models::exactly;
use flow_runtime::{
    engine::{CpuEngine, CudaEngine, CudaPrecision, DfdxModel},
    prelude::*,
};

/// An engine, and how it computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Engine {
    /// The reference, in `f64`.
    Double(usize),
    /// The CUDA engine on the CPU header, its warps in the order of that seed.
    Header(u64),
}

/// Those that there are here.
#[derive(Clone, Copy)]
pub struct All;

pub const ALL: All = All;

impl IntoIterator for All {
    type Item = Engine;
    type IntoIter = std::vec::IntoIter<Engine>;

    fn into_iter(self) -> Self::IntoIter {
        let engines = match header(0) {
            Some(()) => vec![Engine::Header(0), Engine::Header(5)],
            None => Vec::new(),
        };
        engines.into_iter()
    }
}

/// Whether the CPU header runs here; if not, the test says so and passes, unless `FLOW_REQUIRE_HEADER` is set.
fn header(seed: u64) -> Option<()> {
    match CudaEngine::<crate::models::Joined>::on_header(seed) {
        Ok(_) => Some(()),
        Err(error) => {
            assert!(std::env::var_os("FLOW_REQUIRE_HEADER").is_none(), "{error}");
            println!("skipped: {error}");
            None
        }
    }
}

impl Engine {
    /// What rounding may make of values of size one, as for the other engines in `f32`.
    pub fn tolerance(self) -> f64 {
        if matches!(self, Self::Double(_)) { 2e-12 } else { 2e-5 }
    }

    pub fn trainer<M: DfdxModel>(self) -> Box<dyn TrainEngine> {
        match self {
            Self::Double(threads) => {
                Box::new(CpuEngine::<M, f64>::with_threads(threads).expect("the model is the engine's"))
            }
            Self::Header(seed) => Box::new(CudaEngine::<M>::on_header(seed).expect("it was there before")),
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
        let Self::Header(seed) = self else { panic!("the reference only trains here") };
        let saved: Vec<usize> = (0..nodes.len()).collect();
        let mut engine = CudaEngine::<M>::on_header(seed)?;
        engine.load(model.weights().values())?;
        let (mut last, mut states) = (x.to_vec(), vec![Vec::new(); nodes.len()]);
        engine.integrate::<S>(nodes, &mut last, conditions, &saved, &mut states)?;
        assert_eq!(states.last(), Some(&last));
        Ok(states.iter().map(|state| exactly(state)).collect())
    }

    pub fn velocity<M: DfdxModel>(
        self,
        model: &M,
        t: &[f32],
        x: &[f32],
        conditions: &Conditions,
    ) -> Result<Vec<f64>, Error> {
        let Self::Header(seed) = self else { panic!("the reference only trains here") };
        let mut engine = CudaEngine::<M>::on_header(seed)?;
        engine.load(model.weights().values())?;
        let mut out = vec![f32::NAN; x.len()];
        engine.velocity(t, x, conditions, &mut out)?;
        Ok(exactly(&out))
    }
}

/// The largest difference, relative to the larger of 1 and the expected value; NaN is as far as can be.
pub fn far(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let relative = |(got, expected): (&f64, &f64)| (got - expected).abs() / expected.abs().max(1.0);
    got.iter().zip(expected).map(relative).fold(0.0, |a, b| if b > a || b.is_nan() { b } else { a })
}

/// The precisions, and what they may be off by on values of size one.
pub const PRECISIONS: [(CudaPrecision, f64); 3] =
    [(CudaPrecision::Strict, 2e-5), (CudaPrecision::X3, 4e-5), (CudaPrecision::Half, 2e-2)];
