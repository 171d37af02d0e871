use super::{difference, weights};
use crate::{
    engine::cpu::{
        math::Math,
        plan::Use,
        team::Team,
        train::{Pass, Training},
    },
    program::{Program, Wanted, builder::moons, random},
    train::{Batch, Loss},
};

const SEED: u64 = 9;
const STEP: u64 = 4;

fn batch(inputs: &random::Inputs, target: &[f64]) -> Batch {
    let single = |values: &[f64]| values.iter().map(|x| *x as f32).collect();
    Batch {
        size: inputs.t.len(),
        t: single(&inputs.t),
        xt: single(&inputs.x),
        ut: single(target),
        conditions: inputs.conditions.clone(),
    }
}

/// Loss and gradient.
fn engine<T: Math>(
    program: &'static Program,
    inputs: &random::Inputs,
    target: &[f64],
    loss: Loss,
    usage: Use,
    threads: usize,
) -> (f64, Vec<f32>) {
    let mut training = Training::<T>::with_usage(program, usage).unwrap();
    let batch = batch(inputs, target);
    training.load(&weights(inputs), None);
    let bound = program.bind_conditions("test", &batch.conditions, batch.size).unwrap();
    training.batches.take(&batch, &bound);
    let pass =
        Pass { loss, seed: SEED, draws: STEP..STEP + 1, batch: batch.size, dim: program.state_dim(), drawn: None };
    let value = training.pass(&mut Team::new(threads).unwrap(), &pass).unwrap();
    (value, training.total.clone())
}

fn reference(program: &'static Program, inputs: &random::Inputs, target: &[f64], loss: Loss) -> (f64, Vec<f64>) {
    let gradient = program.gradient(Wanted { parameters: true, state: false }).unwrap();
    let random::Inputs { parameters, t, x, conditions } = inputs;
    let velocity = program.evaluate_training(parameters, t, x, conditions, SEED, STEP).unwrap();
    let share = 1.0 / velocity.len() as f64;
    let pairs = || velocity.iter().zip(target);
    let cotangent: Vec<f64> = pairs().map(|(v, u)| share * loss.derivative(*v, *u)).collect();
    let values = gradient.evaluate_training(parameters, t, x, conditions, &cotangent, SEED, STEP).unwrap();
    (pairs().map(|(v, u)| share * loss.value(*v, *u)).sum(), values.parameters)
}

fn target(inputs: &random::Inputs) -> Vec<f64> {
    inputs.x.iter().map(|x| f64::from((0.5 - 1.5 * x) as f32)).collect()
}

#[test]
fn random_programs_agree_with_the_interpreter() {
    for seed in 0..300 {
        let program = random::program(seed).unwrap();
        let inputs = random::inputs(program, seed, 1 + seed as usize * 7 % 150);
        let target = target(&inputs);
        let loss = [Loss::Mse, Loss::L1, Loss::Huber { delta: 0.5 }][seed as usize % 3];
        let (value, gradient) = reference(program, &inputs, &target, loss);
        let scale = gradient.iter().fold(1.0f64, |scale, g| scale.max(g.abs()));
        for usage in [Use::Training, Use::TrainingDeferred] {
            let (got, row) = engine::<f64>(program, &inputs, &target, loss, usage, 2);
            assert!((got - value).abs() < 1e-12 * value.abs().max(1.0), "seed {seed}: {got} {value}");
            // The engine's row is rounded to f32.
            let exact = difference(&row, &gradient) / scale;
            assert!(exact < 1e-7, "seed {seed} {usage:?}: {exact:e}\n{program}");
        }
    }
}

#[test]
fn moons_is_right_to_the_precision_of_f32() {
    let program = moons();
    let mut inputs = random::inputs(program, 1, 300);
    inputs.parameters.iter_mut().for_each(|w| *w = f64::from((*w * 0.4) as f32));
    let target = target(&inputs);
    let (value, gradient) = reference(program, &inputs, &target, Loss::Mse);
    for usage in [Use::Training, Use::TrainingDeferred] {
        let (got, row) = engine::<f32>(program, &inputs, &target, Loss::Mse, usage, 2);
        assert!((got - value).abs() < 1e-6 * value, "{got} {value}");
        let single = difference(&row, &gradient);
        assert!(single < 2e-6, "{usage:?}: {single:e}");
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for seed in 0..30 {
        let program = if seed == 0 { moons() } else { random::program(seed).unwrap() };
        let inputs = random::inputs(program, seed, 333);
        let target = target(&inputs);
        for usage in [Use::Training, Use::TrainingDeferred] {
            let run = |threads| engine::<f32>(program, &inputs, &target, Loss::Mse, usage, threads);
            let one = run(1);
            for threads in [2, 16] {
                let many = run(threads);
                assert_eq!(one.0.to_bits(), many.0.to_bits(), "seed {seed}");
                assert!(one.1.iter().zip(&many.1).all(|(a, b)| a.to_bits() == b.to_bits()), "seed {seed}");
            }
        }
    }
}
