//! The trainer on a model whose gradient is written by hand: `v = W [x, t] + b + E[y]`, with Adam written by hand.

mod batches;
mod callbacks;
mod checkpoints;
mod loops;
mod refusals;
mod resuming;

use super::{
    Batch, Loss, Optimizer, OptimizerState, Recipe, Schedule, ScheduleShape, TimeSampling, TrainEngine, TrainRecipe,
    Trainer,
};
use crate::{
    data::{ConditionValues, Dataset},
    error::Result,
    flow::{Interval, Path, Source},
    model::{Layout, Model, Weights},
    program::{Init, Input, InputKind, Parameter, Program},
};

const STATE: Input = Input { name: "x", kind: InputKind::State, shape: &[2] };
const TIME: Input = Input { name: "t", kind: InputKind::Time, shape: &[1] };
const LABEL: Input = Input { name: "y", kind: InputKind::Class { classes: 3 }, shape: &[] };
const CONTEXT: Input = Input { name: "c", kind: InputKind::Vector, shape: &[2] };

const fn parameter(name: &'static str, shape: &'static [usize], trained: bool) -> Parameter {
    Parameter { name, shape, init: Init::Zeros, trained }
}

/// `out.weight`, `out.bias`, `y.weight` and two fixed frequencies that nothing uses.
pub(super) const PARAMETERS: &[Parameter] = &[
    parameter("out.weight", &[2, 3], true),
    parameter("fixed", &[2], false),
    parameter("out.bias", &[2], true),
    parameter("y.weight", &[3, 2], true),
];
const SIZE: usize = 6 + 2 + 2 + 6;

macro_rules! model {
    ($name:ident, $inputs:expr) => {
        #[derive(Clone, Debug, PartialEq)]
        pub(super) struct $name(Weights);

        impl Model for $name {
            const PROGRAM: &'static Program =
                &Program { name: stringify!($name), inputs: $inputs, nodes: &[], parameters: PARAMETERS, output: 0 };
            fn initial_weights(seed: u64) -> Weights {
                initial(Self::PROGRAM, seed)
            }
            fn weights(&self) -> &Weights {
                &self.0
            }
            fn weights_mut(&mut self) -> &mut Weights {
                &mut self.0
            }
            fn from_weights_unchecked(weights: Weights) -> Self {
                Self(weights)
            }
        }
    };
}

model!(Plain, &[STATE, TIME]);
model!(Labelled, &[STATE, TIME, LABEL]);
model!(Contextual, &[STATE, TIME, CONTEXT]);

fn initial(program: &Program, seed: u64) -> Weights {
    let values = (0..SIZE).map(|i| 0.01 * i as f32 + 0.1 * seed as f32).collect();
    Weights::new(Layout::of(program), values).unwrap()
}

/// The straight path of Lipman et al.: `xt = t x1 + (1 − t) x0`.
#[derive(Clone, Debug)]
pub(super) struct Straight;

impl Path for Straight {
    fn interval(&self) -> Interval {
        Interval { open_start: false, open_end: false }
    }
    fn sample(&self, t: f64, x0: &[f32], x1: &[f32], xt: &mut [f32], ut: &mut [f32]) {
        for i in 0..x0.len() {
            xt[i] = (t * f64::from(x1[i]) + (1.0 - t) * f64::from(x0[i])) as f32;
            ut[i] = x1[i] - x0[i];
        }
    }
}

macro_rules! recipe {
    ($name:ident, $model:ty, $recipe:expr) => {
        #[derive(Clone, Copy, Default)]
        pub(super) struct $name;

        impl TrainRecipe for $name {
            type Model = $model;
            type Path = Straight;
            const RECIPE: Recipe = $recipe;
            fn path() -> Straight {
                Straight
            }
        }
    };
}

const ADAM: Optimizer = Optimizer::Adam { lr: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 };
const BASE: Recipe = Recipe {
    name: "Base",
    loss: Loss::Mse,
    optimizer: ADAM,
    schedule: Schedule::CONSTANT,
    batch: 8,
    accumulate: 1,
    steps: 20,
    ema: None,
    clip: None,
    time: TimeSampling::Uniform,
    source: Source::Gaussian,
    seed: 7,
};
/// Everything that has a memory or depends on the step.
const FULL: Recipe = Recipe {
    name: "Full",
    schedule: Schedule { warmup: 4, shape: ScheduleShape::Cosine { floor: 0.1 } },
    accumulate: 3,
    ema: Some(0.99),
    clip: Some(1.0),
    time: TimeSampling::LogitNormal { mean: 0.0, std: 1.0 },
    ..BASE
};

recipe!(Simple, Plain, BASE);
recipe!(Full, Labelled, FULL);
recipe!(WithContext, Contextual, BASE);

fn trainer<R: TrainRecipe>() -> Trainer<R> {
    // Other tests of this process are not to be stopped by the one of interrupts.
    Trainer::new().handle_interrupts(false)
}

fn points(rows: usize) -> Dataset {
    let rows: Vec<_> = (0..rows).map(|i| [2.0 + 0.1 * (i % 5) as f32, -1.0 + 0.2 * (i % 3) as f32]).collect();
    Dataset::from_rows(&rows).unwrap()
}

fn labelled(rows: usize) -> Dataset {
    points(rows).with_class("y", &(0..rows as u32).map(|i| i % 3).collect::<Vec<_>>()).unwrap()
}

/// The engine; it can be told to fail.
#[derive(Default)]
pub(super) struct Analytic {
    calls: usize,
    /// The call of `gradient`, counted from one, that gives this loss and gradient.
    fault: Option<(usize, f64, f32)>,
    /// Draws of all batches.
    draws: Vec<u64>,
}

impl TrainEngine for Analytic {
    fn gradient(
        &mut self,
        weights: &[f32],
        batch: &Batch,
        loss: Loss,
        _seed: u64,
        step: u64,
        gradient: &mut [f32],
    ) -> Result<f64> {
        self.calls += 1;
        self.draws.push(step);
        let labels = match batch.conditions.columns.first().map(|column| &column.values) {
            Some(ConditionValues::Class(labels)) => Some(labels),
            _ => None,
        };
        let (w, rest) = weights.split_at(8);
        let (b, e) = rest.split_at(2);
        let mut sums = [0.0f64; SIZE];
        let (mut total, share) = (0.0, 1.0 / (2 * batch.size) as f64);
        for i in 0..batch.size {
            let input = [batch.xt[2 * i], batch.xt[2 * i + 1], batch.t[i]];
            let label = labels.map(|labels| labels[i] as usize);
            for j in 0..2 {
                let row = &w[3 * j..3 * j + 3];
                let mut v = f64::from(b[j]) + label.map_or(0.0, |y| f64::from(e[2 * y + j]));
                v += row.iter().zip(input).map(|(w, x)| f64::from(w * x)).sum::<f64>();
                let u = f64::from(batch.ut[2 * i + j]);
                total += share * loss.value(v, u);
                let d = share * loss.derivative(v, u);
                for (k, x) in input.into_iter().enumerate() {
                    sums[3 * j + k] += d * f64::from(x);
                }
                sums[8 + j] += d;
                if let Some(y) = label {
                    sums[10 + 2 * y + j] += d;
                }
            }
        }
        // What an engine leaves for a weight that is not trained must not matter.
        sums[6] = f64::NAN;
        for (g, sum) in gradient.iter_mut().zip(sums) {
            *g = sum as f32;
        }
        match self.fault {
            Some((call, loss, g)) if call == self.calls => {
                gradient[0] = g;
                Ok(loss)
            }
            _ => Ok(total),
        }
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
        match *optimizer {
            Optimizer::Adam { beta1, beta2, eps, .. } => {
                let (c1, c2) = (1.0 - beta1.powi(time as i32), 1.0 - beta2.powi(time as i32));
                for (i, &g) in gradient.iter().enumerate() {
                    let g = f64::from(g);
                    let m = beta1 * f64::from(state.moment1[i]) + (1.0 - beta1) * g;
                    let v = beta2 * f64::from(state.moment2[i]) + (1.0 - beta2) * g * g;
                    (state.moment1[i], state.moment2[i]) = (m as f32, v as f32);
                    weights[i] -= (lr * (m / c1) / ((v / c2).sqrt() + eps)) as f32;
                }
            }
            Optimizer::Sgd { weight_decay, .. } => {
                for (w, &g) in weights.iter_mut().zip(gradient) {
                    *w -= (lr * (f64::from(g) + weight_decay * f64::from(*w))) as f32;
                }
            }
            Optimizer::AdamW { .. } => {}
        }
        Ok(())
    }
}
