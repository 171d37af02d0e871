//! Properties of any program, batch and number of threads.

use super::{converted, difference, weights};
use crate::{
    engine::cpu::{
        executor::{Bound, Executor},
        math::Math,
        plan::Use,
        team::Team,
        train::{Pass, Training},
        velocity::{Times, velocity},
    },
    program::{Program, Wanted, random},
    train::{Batch, Loss},
};
use proptest::prelude::*;

fn velocities<T: Math>(program: &'static Program, inputs: &random::Inputs, usage: Use, threads: usize) -> Vec<T> {
    let mut executor = Executor::new(program, &[], usage);
    executor.load(&weights(inputs));
    let (t, x) = (converted::<T>(&inputs.t), converted::<T>(&inputs.x));
    let bound = program.bind_conditions("test", &inputs.conditions, t.len()).unwrap();
    let times = if usage == Use::SharedTime { Times::Shared(t[0]) } else { Times::Rows(&t) };
    let mut out = vec![T::from_f64(f64::NAN); x.len()];
    // Work enough for all threads, whatever the program.
    let sizes = (program.state_dim(), 1 << 30);
    let mut team = Team::new(threads).unwrap();
    velocity(&executor, &mut team, &mut Vec::new(), times, &x, &Bound::new(&bound), sizes, &mut out);
    out
}

/// The loss and the gradient, with memory that a larger or smaller batch was trained in before.
fn gradient<T: Math>(
    program: &'static Program,
    inputs: &random::Inputs,
    before: &random::Inputs,
    usage: Use,
    threads: usize,
) -> (f64, Vec<f32>) {
    let mut training = Training::<T>::with_usage(program, usage).unwrap();
    training.load(&weights(inputs), None);
    let mut team = Team::new(threads).unwrap();
    let mut result = None;
    for inputs in [before, inputs] {
        let single = |values: &[f64]| values.iter().map(|x| *x as f32).collect::<Vec<f32>>();
        let (size, xt) = (inputs.t.len(), single(&inputs.x));
        let ut = vec![0.25; xt.len()];
        let batch = Batch { size, t: single(&inputs.t), xt, ut, conditions: inputs.conditions.clone() };
        let bound = program.bind_conditions("test", &batch.conditions, size).unwrap();
        training.batches.take(&batch, &bound);
        let pass = Pass { loss: Loss::Mse, seed: 5, draws: 3..4, batch: size, dim: program.state_dim(), drawn: None };
        let value = training.pass(&mut team, &pass).unwrap();
        result = Some((value, training.total.clone()));
    }
    result.unwrap()
}

fn reference(program: &'static Program, inputs: &random::Inputs) -> (f64, Vec<f64>) {
    let gradient = program.gradient(Wanted { parameters: true, state: false }).unwrap();
    let random::Inputs { parameters, t, x, conditions } = inputs;
    let velocity = program.evaluate_training(parameters, t, x, conditions, 5, 3).unwrap();
    let share = 1.0 / velocity.len() as f64;
    let cotangent: Vec<f64> = velocity.iter().map(|v| 2.0 * share * (v - 0.25)).collect();
    let values = gradient.evaluate_training(parameters, t, x, conditions, &cotangent, 5, 3).unwrap();
    (velocity.iter().map(|v| share * (v - 0.25).powi(2)).sum(), values.parameters)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn velocities_are_the_interpreters(seed in 1000u64..1_000_000, rows in 1usize..400, threads in 1usize..6, shared: bool) {
        let program = random::program(seed).unwrap();
        let inputs = random::inputs(program, seed, rows);
        let usage = if shared { Use::SharedTime } else { Use::TimePerRow };
        let t = if shared { vec![inputs.t[0]; rows] } else { inputs.t.clone() };
        let expected = program.evaluate(&inputs.parameters, &t, &inputs.x, &inputs.conditions).unwrap();
        let exact = difference(&velocities::<f64>(program, &inputs, usage, threads), &expected);
        prop_assert!(exact < 1e-12, "{exact:e}\n{program}");
        let one = velocities::<f32>(program, &inputs, usage, 1);
        let many = velocities::<f32>(program, &inputs, usage, threads);
        prop_assert!(one.iter().zip(&many).all(|(a, b)| a.to_bits() == b.to_bits()));
    }

    #[test]
    fn gradients_are_the_interpreters(
        seed in 1000u64..1_000_000, rows in 1usize..400, before in 1usize..400, threads in 1usize..6, deferred: bool,
    ) {
        let program = random::program(seed).unwrap();
        let inputs = random::inputs(program, seed, rows);
        let usage = if deferred { Use::TrainingDeferred } else { Use::Training };
        let before = random::inputs(program, seed, before);
        let (value, expected) = reference(program, &inputs);
        let scale = expected.iter().fold(1.0f64, |scale, g| scale.max(g.abs()));
        let (got, row) = gradient::<f64>(program, &inputs, &before, usage, threads);
        prop_assert!((got - value).abs() < 1e-12 * value.abs().max(1.0), "{got} {value}");
        // The engine's row is rounded to f32.
        let apart = difference(&row, &expected) / scale;
        prop_assert!(apart < 1e-7, "{apart:e}\n{program}");
        let one = gradient::<f32>(program, &inputs, &inputs, usage, 1);
        let many = gradient::<f32>(program, &inputs, &before, usage, threads);
        prop_assert_eq!(one.0.to_bits(), many.0.to_bits());
        prop_assert!(one.1.iter().zip(&many.1).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}
