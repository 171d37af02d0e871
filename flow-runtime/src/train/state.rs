//! What a training run carries from step to step.

use super::{Ema, Optimizer, OptimizerState, Recipe};
use crate::{error::Result, model::Weights};

/// Everything that a run carries from one step to the next; random numbers are functions of seed and step.
///
/// Two runs whose states are equal go on equally, bit for bit.
///
/// ```
/// use flow_runtime::{prelude::*, train::TrainState};
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 10, ema: 0.99 }
/// # }
/// let state = TrainState::new(&LineTraining::RECIPE, Line::initial_weights(0));
/// assert_eq!((state.step, state.averaged()), (0, state.weights.values()));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TrainState {
    /// The weights as the optimiser left them.
    pub weights: Weights,
    /// Their moving average, if the recipe has `ema`.
    pub ema: Option<Ema>,
    /// Moments of the optimiser.
    pub optimizer: OptimizerState,
    /// Steps done.
    pub step: u64,
    /// The loss of every step done.
    pub losses: Vec<f32>,
    /// Evaluations on held-out data: steps done and loss.
    pub evaluations: Vec<(u64, f64)>,
}

impl TrainState {
    /// The state before the first step, from these weights.
    pub fn new(recipe: &Recipe, weights: Weights) -> Self {
        Self {
            ema: recipe.ema.map(|decay| Ema::new(decay, weights.values())),
            optimizer: OptimizerState::new(&recipe.optimizer, weights.values().len()),
            weights,
            step: 0,
            losses: Vec::new(),
            evaluations: Vec::new(),
        }
    }

    /// The weights to use: the moving average if there is one, else the raw ones.
    pub fn averaged(&self) -> &[f32] {
        self.ema.as_ref().map_or(self.weights.values(), Ema::weights)
    }

    /// [`Self::averaged`] with their layout.
    ///
    /// # Errors
    /// As [`Weights::new`].
    pub fn averaged_weights(&self) -> Result<Weights> {
        Weights::new(self.weights.layout().clone(), self.averaged().to_vec())
    }

    /// The lowest loss on held-out data so far.
    pub fn best_evaluation(&self) -> Option<f64> {
        self.evaluations.iter().map(|&(_, loss)| loss).filter(|loss| !loss.is_nan()).min_by(f64::total_cmp)
    }
}

impl OptimizerState {
    /// Zero moments, as many as the optimiser has, for `parameters` weights.
    pub fn new(optimizer: &Optimizer, parameters: usize) -> Self {
        let (first, second) = match *optimizer {
            Optimizer::Adam { .. } | Optimizer::AdamW { .. } => (true, true),
            Optimizer::Sgd { momentum, .. } => (momentum != 0.0, false),
        };
        let zeros = |there: bool| vec![0.0; if there { parameters } else { 0 }];
        Self { moment1: zeros(first), moment2: zeros(second) }
    }
}

impl Optimizer {
    /// The base learning rate, before the schedule's factor.
    pub const fn lr(&self) -> f64 {
        match *self {
            Self::Adam { lr, .. } | Self::AdamW { lr, .. } | Self::Sgd { lr, .. } => lr,
        }
    }
}
