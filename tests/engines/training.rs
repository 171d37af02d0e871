//! Training on every engine: the same batches, and the same weights but for rounding.

use crate::{
    engines::{ALL, Engine, far},
    models::{Added, BASE, Dropped, Everything, Joined, Steered, data_for, exactly},
};
use flow_runtime::{
    engine::{CpuEngine, DfdxModel},
    prelude::*,
    train::{
        Batch, Loss, Optimizer, OptimizerState, Recipe, Schedule, ScheduleShape, StepOutcome, TimeSampling, TrainState,
        run_steps,
    },
};

/// Takes steps, and gives what each did and the state after them.
pub fn run<M: DfdxModel>(engine: &mut dyn TrainEngine, recipe: &Recipe, steps: u64) -> (Vec<StepOutcome>, TrainState) {
    let data = data_for(M::PROGRAM, 400);
    let mut state = TrainState::new(recipe, M::initial_weights(recipe.seed));
    let outcomes = run_steps(engine, recipe, &Affine(CondOt), &data, &mut state, steps).expect("they fit");
    (outcomes, state)
}

/// Adam divides by the root of the second moment: where the gradient is near zero, its rounding decides the sign of a step
/// of full length `lr`. So weights may part by a share of all steps, while losses, which do not feel such weights, stay close.
fn agrees<M: DfdxModel>(recipe: &Recipe) {
    const STEPS: u64 = 6;
    let (outcomes, state) = run::<M>(&mut *Engine::Double(1).trainer::<M>(), recipe, STEPS);
    let losses: Vec<f64> = outcomes.iter().map(|outcome| outcome.loss).collect();
    let norms: Vec<f64> = outcomes.iter().map(|outcome| outcome.gradient_norm).collect();
    assert!(losses.iter().all(|loss| loss.is_finite()) && norms.iter().all(|norm| *norm > 0.0));
    for engine in ALL {
        let (own, own_state) = run::<M>(&mut *engine.trainer::<M>(), recipe, STEPS);
        let context = || format!("{}, {engine:?}, {recipe:?}", M::PROGRAM.name);
        let got: Vec<f64> = own.iter().map(|outcome| outcome.loss).collect();
        assert!(far(&got, &losses) < 2e-5, "{}: {got:?} {losses:?}", context());
        let got: Vec<f64> = own.iter().map(|outcome| outcome.gradient_norm).collect();
        assert!(far(&got, &norms) < 1e-4, "{}: {got:?} {norms:?}", context());
        assert!(own.iter().zip(&outcomes).all(|(a, b)| a.learning_rate == b.learning_rate));
        let apart = far(&exactly(own_state.weights.values()), &exactly(state.weights.values()));
        let bound = recipe.optimizer.lr() * STEPS as f64 * 0.5;
        assert!(apart < bound, "{}: weights {apart:e}", context());
        assert_eq!((own_state.step, own_state.losses.len()), (STEPS, STEPS as usize));
        let first = M::initial_weights(recipe.seed);
        for entry in M::layout().entries() {
            let (before, after) = (&first.values()[entry.range()], &own_state.weights.values()[entry.range()]);
            assert_eq!(before == after, !entry.trained, "{}: {}", context(), entry.name);
        }
    }
}

fn changed(change: impl FnOnce(&mut Recipe)) -> Recipe {
    let mut recipe = BASE;
    change(&mut recipe);
    recipe
}

#[test]
fn every_loss() {
    for loss in [Loss::Mse, Loss::L1, Loss::Huber { delta: 0.7 }] {
        agrees::<Joined>(&changed(|recipe| recipe.loss = loss));
    }
}

#[test]
fn every_optimizer() {
    let (beta1, beta2, eps) = (0.8, 0.95, 1e-6);
    let sgd = |momentum, nesterov, weight_decay| Optimizer::Sgd { lr: 2e-2, momentum, nesterov, weight_decay };
    for optimizer in [
        Optimizer::Adam { lr: 2e-3, beta1, beta2, eps, weight_decay: 0.1 },
        Optimizer::AdamW { lr: 2e-3, beta1, beta2, eps, weight_decay: 0.1 },
        sgd(0.0, false, 0.0),
        sgd(0.0, false, 0.1),
        sgd(0.9, false, 0.0),
        sgd(0.9, true, 0.1),
    ] {
        agrees::<Dropped>(&changed(|recipe| recipe.optimizer = optimizer));
    }
}

#[test]
fn schedules_clipping_accumulation_and_averages() {
    agrees::<Joined>(&changed(|recipe| {
        recipe.schedule = Schedule { warmup: 2, shape: ScheduleShape::Cosine { floor: 0.1 } };
        recipe.clip = Some(0.2);
        recipe.ema = Some(0.8);
    }));
    agrees::<Dropped>(&changed(|recipe| {
        recipe.schedule = Schedule { warmup: 0, shape: ScheduleShape::Step { every: 2, gamma: 0.5 } };
        recipe.accumulate = 3;
        recipe.clip = Some(1e3);
        recipe.time = TimeSampling::LogitNormal { mean: 0.0, std: 1.0 };
        recipe.source = Source::Uniform { low: -1.0, high: 1.0 };
    }));
}

#[test]
fn conditions_and_every_layer() {
    agrees::<Steered>(&BASE);
    agrees::<Everything>(&BASE);
    agrees::<Added>(&BASE);
}

#[test]
fn batches_of_any_size() {
    for batch in [1, 2, 15, 16, 17, 63, 65, 257, 1100] {
        agrees::<Steered>(&changed(|recipe| recipe.batch = batch));
    }
}

/// An engine that leaves the putting together of a step to the loop.
struct Unfused<E>(E);

impl<E: TrainEngine> TrainEngine for Unfused<E> {
    fn gradient(
        &mut self,
        weights: &[f32],
        batch: &Batch,
        loss: Loss,
        seed: u64,
        step: u64,
        gradient: &mut [f32],
    ) -> Result<f64, Error> {
        self.0.gradient(weights, batch, loss, seed, step, gradient)
    }

    fn optimize(
        &mut self,
        optimizer: &Optimizer,
        lr: f64,
        time: u64,
        weights: &mut [f32],
        gradient: &[f32],
        state: &mut OptimizerState,
    ) -> Result<(), Error> {
        self.0.optimize(optimizer, lr, time, weights, gradient, state)
    }
}

fn fused_is_unfused<M: DfdxModel>(recipe: &Recipe) {
    let mut fused = CpuEngine::<M>::with_threads(2).expect("the model is the engine's");
    let mut unfused = Unfused(CpuEngine::<M>::with_threads(2).expect("the model is the engine's"));
    let ((one, fused), (other, unfused)) = (run::<M>(&mut fused, recipe, 5), run::<M>(&mut unfused, recipe, 5));
    for (one, other) in one.iter().zip(&other) {
        assert!((one.loss - other.loss).abs() < 1e-6 * one.loss, "{one:?} {other:?}");
        assert!((one.gradient_norm - other.gradient_norm).abs() < 1e-6 * one.gradient_norm, "{one:?} {other:?}");
    }
    let all = |state: &TrainState| {
        let average = state.ema.iter().flat_map(|ema| ema.weights());
        let moments = state.optimizer.moment1.iter().chain(&state.optimizer.moment2);
        exactly(&state.weights.values().iter().chain(moments).chain(average).copied().collect::<Vec<_>>())
    };
    let apart = far(&all(&fused), &all(&unfused));
    assert!(apart < 2e-5, "{apart:e}");
    assert_eq!(fused.ema.map(|ema| ema.updates()), unfused.ema.map(|ema| ema.updates()));
}

#[test]
fn the_fused_step_is_the_loops() {
    let sgd = Optimizer::Sgd { lr: 2e-2, momentum: 0.9, nesterov: true, weight_decay: 0.1 };
    fused_is_unfused::<Dropped>(&changed(|recipe| (recipe.ema, recipe.clip) = (Some(0.9), Some(0.3))));
    fused_is_unfused::<Steered>(&changed(|recipe| (recipe.optimizer, recipe.accumulate) = (sgd, 3)));
    fused_is_unfused::<crate::models::Wide>(&changed(|recipe| (recipe.optimizer, recipe.accumulate) = (sgd, 2)));
}

/// An engine has the weights of the state that it is given, whatever it had before.
#[test]
fn one_engine_serves_several_runs() {
    for engine in ALL {
        let mut engine = engine.trainer::<Joined>();
        let once = run::<Joined>(&mut *engine, &BASE, 3);
        let other = run::<Joined>(&mut *engine, &changed(|recipe| recipe.seed = 8), 3);
        assert_ne!(once.1, other.1);
        assert_eq!(run::<Joined>(&mut *engine, &BASE, 3), once);
    }
}
