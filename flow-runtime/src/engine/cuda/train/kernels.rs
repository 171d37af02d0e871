//! Which kernels train a model.

use crate::{
    engine::cuda::{
        backend::Backend,
        tile::{Batches, Rates, Spec, State, Steps, Trainer},
        ways::wide_precision,
        wide::WideTrainer,
    },
    error::Result,
    program::Program,
};

/// The kernels of a training: all in one where the weights fit beside the values of a tile, else products of the whole batch.
pub(super) enum Kernels {
    Tiles(Box<Trainer>),
    Wide(Box<WideTrainer>),
}

/// Weights up to which a gradient for every block is kept.
const FUSED: usize = 1 << 17;

impl Kernels {
    pub(super) fn new(program: &'static Program, spec: Spec, backend: &dyn Backend) -> Result<Self> {
        if program.parameter_count() > FUSED && backend.multiplies() {
            let precision = wide_precision(spec.precision);
            return Ok(Self::Wide(Box::new(WideTrainer::new(program, spec, precision))));
        }
        Ok(Self::Tiles(Box::new(Trainer::new(program, spec, backend)?)))
    }

    pub(super) fn spec(&self) -> &Spec {
        match self {
            Self::Tiles(trainer) => &trainer.spec,
            Self::Wide(trainer) => &trainer.spec,
        }
    }

    /// Steps that a launch may take.
    pub(super) fn most_steps(&self) -> u64 {
        match self {
            Self::Tiles(trainer) => trainer.most_steps(),
            Self::Wide(_) => u64::MAX,
        }
    }

    pub(super) fn upload(&mut self, backend: &mut dyn Backend, state: &State<'_>) -> Result<()> {
        match self {
            Self::Tiles(trainer) => trainer.upload(backend, state),
            Self::Wide(trainer) => trainer.upload(backend, state),
        }
    }

    pub(super) fn download(&mut self, backend: &mut dyn Backend, state: &mut State<'_>) -> Result<()> {
        match self {
            Self::Tiles(trainer) => trainer.download(backend, state),
            Self::Wide(trainer) => trainer.download(backend, state),
        }
    }

    pub(super) fn gradient(&mut self, backend: &mut dyn Backend, gradient: &mut [f32]) -> Result<()> {
        match self {
            Self::Tiles(trainer) => trainer.gradient(backend, gradient),
            Self::Wide(trainer) => trainer.gradient(backend, gradient),
        }
    }

    pub(super) fn optimize(&mut self, backend: &mut dyn Backend, rates: Rates, gradient: &[f32]) -> Result<()> {
        match self {
            Self::Tiles(trainer) => trainer.optimize(backend, rates, gradient),
            Self::Wide(trainer) => trainer.optimize(backend, rates, gradient),
        }
    }

    pub(super) fn run(
        &mut self,
        backend: &mut dyn Backend,
        steps: &Steps<'_>,
        batches: &Batches<'_>,
    ) -> Result<Vec<[f64; 2]>> {
        match self {
            Self::Tiles(trainer) => trainer.run(backend, steps, batches),
            Self::Wide(trainer) => trainer.run(backend, steps, batches),
        }
    }
}
