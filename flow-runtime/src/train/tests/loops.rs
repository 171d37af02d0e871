//! The loop itself.

use super::*;
use crate::{
    error::Error,
    train::{Batcher, Control, Ema, StoppedBy, TrainState, run_steps},
};

const SGD: Optimizer = Optimizer::Sgd { lr: 0.1, momentum: 0.0, nesterov: false, weight_decay: 0.5 };

fn state(recipe: &Recipe) -> TrainState {
    TrainState::new(recipe, initial(Plain::PROGRAM, recipe.seed))
}

#[test]
fn the_loss_falls_to_that_of_the_best_constant() {
    let trained = trainer::<Simple>().steps(1500).batch(64).fit_with(&mut Analytic::default(), &points(60)).unwrap();
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let (first, last) = (mean(&trained.losses[..20]), mean(&trained.losses[1400..]));
    assert!(first > 2.5, "{first}");
    // The part of `x1 − x0` that a function of `(xt, t)`, linear in both, can explain leaves about 0.25 … 0.35.
    assert!(last < 0.45, "{last}");
    assert_eq!(trained.model, trained.raw_model);
    assert_eq!(trained.report.stopped_by, StoppedBy::Completed);
    assert_eq!((trained.report.steps, trained.report.rows, trained.losses.len()), (1500, 60, 1500));
}

#[test]
fn a_seed_gives_the_same_bits_and_another_seed_others() {
    let fit = |seed| {
        let trained = trainer::<Full>().seed(seed).fit_with(&mut Analytic::default(), &labelled(10)).unwrap();
        (trained.model, trained.raw_model, trained.losses)
    };
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1).2, fit(2).2);
}

#[test]
fn accumulated_gradients_are_the_mean_over_the_draws() {
    let recipe = Recipe { accumulate: 3, optimizer: SGD, ..BASE };
    let data = points(10);
    let (mut engine, mut once) = (Analytic::default(), state(&recipe));
    let outcome = run_steps(&mut engine, &recipe, &Straight, &data, &mut once, 2).unwrap()[0];
    assert_eq!(engine.draws, [0, 1, 2, 3, 4, 5], "every batch of the run has its own number");

    let weights = initial(Plain::PROGRAM, recipe.seed);
    let (mut batch, mut losses, mut sum) = (Batch::default(), 0.0, vec![0.0f32; SIZE]);
    for draw in 0..3 {
        Batcher::new(&recipe, &Straight, &data).draw(draw, recipe.batch, &mut batch).unwrap();
        let mut gradient = vec![0.0; SIZE];
        losses += engine.gradient(weights.values(), &batch, recipe.loss, recipe.seed, draw, &mut gradient).unwrap();
        sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g);
    }
    assert!((outcome.loss - losses / 3.0).abs() < 1e-12);
    let norm = sum.iter().filter(|g| !g.is_nan()).map(|&g| (f64::from(g) / 3.0).powi(2)).sum::<f64>().sqrt();
    assert!((outcome.gradient_norm - norm).abs() < 1e-6 * norm);
}

#[test]
fn weights_that_are_not_trained_stay_in_spite_of_decay() {
    let recipe = Recipe { optimizer: SGD, clip: Some(0.1), ..BASE };
    let mut state = state(&recipe);
    let before = state.weights.values().to_vec();
    run_steps(&mut Analytic::default(), &recipe, &Straight, &points(5), &mut state, 4).unwrap();
    let after = state.weights.values();
    assert_eq!(after[6..8], before[6..8]);
    assert!(after.iter().zip(&before).enumerate().all(|(i, (a, b))| (6..8).contains(&i) || a != b || *b == 0.0));
}

#[test]
fn the_rate_follows_the_schedule_and_the_average_the_weights() {
    let recipe = Recipe { ema: Some(0.5), ..FULL };
    let mut state = state(&recipe);
    let mut ema = Ema::new(0.5, state.weights.values());
    for step in 0..6 {
        let outcome = run_steps(&mut Analytic::default(), &recipe, &Straight, &points(9), &mut state, 1).unwrap()[0];
        assert_eq!(outcome.learning_rate, 1e-2 * recipe.schedule.factor(step, 20));
        ema.update(state.weights.values());
    }
    assert_eq!(state.ema, Some(ema));
    assert_eq!(state.averaged_weights().unwrap().values(), state.averaged());
}

#[test]
fn clipping_bounds_the_step_of_gradient_descent() {
    let optimizer = Optimizer::Sgd { lr: 1.0, momentum: 0.0, nesterov: false, weight_decay: 0.0 };
    let recipe = Recipe { clip: Some(0.25), optimizer, ..BASE };
    let mut state = state(&recipe);
    let before = state.weights.values().to_vec();
    let outcome = run_steps(&mut Analytic::default(), &recipe, &Straight, &points(9), &mut state, 1).unwrap()[0];
    let moved = state.weights.values().iter().zip(&before).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
    assert!(outcome.gradient_norm > 1.0);
    assert!((moved - 0.25).abs() < 1e-6, "{moved}");
}

#[test]
fn a_loss_or_gradient_that_is_not_finite_stops_before_the_weights_are_touched() {
    for fault in [(4, f64::NAN, 0.0), (4, f64::INFINITY, 0.0), (4, 1.0, f32::NAN), (4, 1.0, f32::NEG_INFINITY)] {
        let mut trainer = trainer::<Simple>();
        let mut engine = Analytic { fault: Some(fault), ..Analytic::default() };
        let error = trainer.fit_with(&mut engine, &points(9)).unwrap_err();
        assert!(matches!(error, Error::Diverged { step: 4, learning_rate: 1e-2, checkpoint: None, .. }), "{error}");
        let salvaged = trainer.salvage().unwrap();
        let good = super::trainer::<Simple>()
            .on_step(|info| if info.step == 3 { Control::Stop } else { Control::Continue })
            .fit_with(&mut Analytic::default(), &points(9))
            .unwrap();
        assert_eq!(salvaged.raw_model, good.raw_model);
        assert_eq!((salvaged.report.steps, salvaged.report.stopped_by), (3, StoppedBy::Failed));
        assert!(trainer.salvage().is_none());
    }
}

#[test]
fn weights_that_overflow_are_not_given_back() {
    let optimizer = Optimizer::Sgd { lr: 1e300, momentum: 0.0, nesterov: false, weight_decay: 0.0 };
    struct Steep;
    impl TrainEngine for Steep {
        fn gradient(&mut self, _: &[f32], _: &Batch, _: Loss, _: u64, _: u64, g: &mut [f32]) -> Result<f64> {
            g.fill(1.0);
            Ok(1.0)
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
            Analytic::default().optimize(optimizer, lr, time, weights, gradient, state)
        }
    }
    let mut trainer = trainer::<Simple>().steps(1);
    trainer.recipe.optimizer = optimizer;
    assert!(matches!(trainer.fit_with(&mut Steep, &points(3)), Err(Error::NotFinite { .. })));
}
