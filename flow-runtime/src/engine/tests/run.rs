//! Velocities, integrations and training through the engine.

use super::*;
use crate::{
    Error,
    engine::DfdxEngine,
    solve::methods::{Euler, Rk4},
    train::{Loss, Optimizer, OptimizerState, TrainEngine},
};

fn engine() -> (DfdxEngine<Moons>, Vec<f32>) {
    (DfdxEngine::new().expect("there is memory"), rounded(&weights::<Moons>()))
}

#[test]
fn velocities_are_the_interpreters() {
    let ((mut engine, flat), sample) = (engine(), Sample::moons(11));
    let (t, x): (Vec<f32>, Vec<f32>) = (rounded(&sample.t), rounded(&sample.x));
    let mut out = vec![0.0; 22];
    engine.velocity(&flat, &t, &x, &sample.conditions, &mut out).expect("the inputs fit");
    let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
    let expected = Moons::PROGRAM.evaluate(&weights::<Moons>(), &wide(&t), &wide(&x), &sample.conditions);
    assert_close(&wide(&out), &expected.expect("the inputs fit"), 2e-6);
    let error = engine.velocity(&flat, &t, &x[1..], &sample.conditions, &mut out).expect_err("a value is missing");
    assert!(matches!(error, Error::Shape { .. }), "{error}");
    engine.velocity(&flat, &[], &[], &sample.conditions, &mut []).expect("nothing is nothing");
}

#[test]
fn rk4_is_the_interpreters_rk4() {
    let (mut engine, flat) = engine();
    let sample = Sample::moons(3);
    let mut x: Vec<f32> = rounded(&sample.x);
    let mut expected: Vec<f64> = x.iter().map(|value| f64::from(*value)).collect();
    let nodes = [0.0, 0.25, 0.5, 1.0];
    let mut saved = Vec::new();
    let statistics = engine
        .integrate::<Rk4>(&flat, &nodes, &mut x, &sample.conditions, |node, rows| {
            saved.push((node, rows.to_vec()));
            Ok(())
        })
        .expect("the inputs fit");
    let f = |t: f64, x: &[f64]| {
        Moons::PROGRAM.evaluate(&weights::<Moons>(), &[t], x, &sample.conditions).expect("the inputs fit")
    };
    let ahead = |x: &[f64], h: f64, k: &[f64]| x.iter().zip(k).map(|(x, k)| x + h * k).collect::<Vec<_>>();
    for ends in nodes.windows(2) {
        let (t, h) = (ends[0], ends[1] - ends[0]);
        let k1 = f(t, &expected);
        let k2 = f(t + h / 2.0, &ahead(&expected, h / 2.0, &k1));
        let k3 = f(t + h / 2.0, &ahead(&expected, h / 2.0, &k2));
        let k4 = f(t + h, &ahead(&expected, h, &k3));
        for (i, x) in expected.iter_mut().enumerate() {
            *x += h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
        }
    }
    assert_close(&x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>(), &expected, 5e-6);
    assert_eq!((statistics.steps, statistics.evaluations), (3, 12));
    assert_eq!(saved.iter().map(|(node, _)| *node).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(saved[0].1, rounded::<f32>(&sample.x));
    assert_eq!(saved[3].1, x);
}

#[test]
fn chunks_change_nothing_but_the_calls() {
    let (mut engine, flat) = engine();
    let (rows, nodes) = (4096 + 5, [0.0, 0.5, 1.0]);
    let start: Vec<f32> = rounded(&normal(4, rows * 2));
    let mut x = start.clone();
    let mut calls = Vec::new();
    let conditions = Conditions::default();
    let save = |node, rows: &[f32]| {
        calls.push((node, rows.len()));
        Ok(())
    };
    engine.integrate::<Euler>(&flat, &nodes, &mut x, &conditions, save).expect("the inputs fit");
    assert_eq!(calls, [(0, 8192), (1, 8192), (2, 8192), (0, 10), (1, 10), (2, 10)]);
    let mut last = start[8192..].to_vec();
    engine.integrate::<Euler>(&flat, &nodes, &mut last, &conditions, |_, _| Ok(())).expect("the inputs fit");
    assert_eq!(last, x[8192..]);
}

#[test]
fn conditions_follow_their_rows_through_the_chunks() {
    let (rows, flat) = (4096 + 3, rounded::<f32>(&weights::<Every>()));
    let sample = Sample::every(rows);
    let mut engine = DfdxEngine::<Every>::new().expect("there is memory");
    let mut x: Vec<f32> = rounded(&sample.x);
    let start = x.clone();
    engine.integrate::<Euler>(&flat, &[0.0, 1.0], &mut x, &sample.conditions, |_, _| Ok(())).expect("the inputs fit");
    let mut v = vec![0.0; x.len()];
    engine.velocity(&flat, &vec![0.0; rows], &start, &sample.conditions, &mut v).expect("the inputs fit");
    let expected: Vec<f64> = start.iter().zip(&v).map(|(x, v)| f64::from(x + v)).collect();
    assert_close(&x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>(), &expected, 1e-5);
}

#[test]
fn a_state_that_explodes_names_its_sample_and_time() {
    let (mut engine, flat) = engine();
    let huge: Vec<f32> = flat.iter().map(|weight| weight * 1e20).collect();
    let mut x = vec![1.0; 4];
    let result = engine.integrate::<Euler>(&huge, &[0.0, 0.5, 1.0], &mut x, &Conditions::default(), |_, _| Ok(()));
    let error = result.expect_err("it overflows").to_string();
    assert!(
        error.contains(
            "the state is not finite at step 1, from t = 0 to 0.5, in 2 of the 2 samples, the first being sample 0"
        ),
        "{error}"
    );
}

#[test]
fn training_lowers_the_loss_and_repeats_itself() {
    let run = || {
        let mut engine = DfdxEngine::<Moons>::new().expect("there is memory");
        let mut weights = Moons::new(0).weights().values().to_vec();
        let adam = Optimizer::Adam { lr: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 };
        let batch = gradient::batch(&Sample::moons(64), 2);
        let (mut gradient, mut state) = (vec![0.0; weights.len()], OptimizerState::default());
        let losses: Vec<f64> = (0..60)
            .map(|step| {
                let loss = engine.gradient(&weights, &batch, Loss::Mse, 0, step, &mut gradient).expect("it fits");
                engine.optimize(&adam, 1e-2, step + 1, &mut weights, &gradient, &mut state).expect("it fits");
                loss
            })
            .collect();
        (losses, weights)
    };
    let (losses, weights) = run();
    assert!(losses[59] < 0.5 * losses[0], "{losses:?}");
    assert_eq!((losses, weights), run());
}
