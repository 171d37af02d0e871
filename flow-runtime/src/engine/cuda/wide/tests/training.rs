use super::*;
use crate::{
    engine::plan::{Plan, Step, Use},
    program::Wanted,
    train::Loss,
};

const SEED: u64 = 9;
const DRAW: u64 = 4;

fn target(inputs: &random::Inputs) -> Vec<f64> {
    inputs.x.iter().map(|x| f64::from((0.5 - 1.5 * x) as f32)).collect()
}

/// Loss and gradient, twice the batch as two draws if `turns` is 2.
fn engine(
    program: &'static Program,
    inputs: &random::Inputs,
    loss: Loss,
    precision: Precision,
    turns: usize,
    backend: &mut dyn Backend,
) -> (f64, Vec<f32>) {
    let plan = TrainingPlan::new(program, precision, loss).unwrap();
    let mut training = Training::new(plan, inputs.t.len(), turns, backend).unwrap();
    let write =
        |at: At<'_>, bytes: &[u8], backend: &mut dyn Backend| backend.upload(at.memory, at.offset, bytes).unwrap();
    write(training.weights(), bytes_of(&single(&inputs.parameters)), backend);
    write(training.xt(), bytes_of(&single(&inputs.x)), backend);
    write(training.t(), bytes_of(&single(&inputs.t)), backend);
    write(training.ut(), bytes_of(&single(&target(inputs))), backend);
    write(training.keys(), bytes_of(&[SEED, DRAW]), backend);
    for (i, condition) in conditions(program, inputs, backend).iter().enumerate() {
        let to = training.condition(i);
        let bytes = training.condition_bytes()[i] * inputs.t.len();
        backend.copy((condition, 0), (to.memory, to.offset), bytes).unwrap();
    }
    for _ in 0..2 {
        for turn in 0..turns {
            training.compute(turn == 0, backend).unwrap();
        }
    }
    let mut value = [f64::NAN];
    let at = training.loss();
    backend.download(at.memory, at.offset, bytes_of_mut(&mut value)).unwrap();
    let (at, mut gradient) = (training.gradient(), vec![f32::NAN; inputs.parameters.len()]);
    backend.download(at.memory, at.offset, bytes_of_mut(&mut gradient)).unwrap();
    (value[0], gradient)
}

fn reference(program: &'static Program, inputs: &random::Inputs, loss: Loss) -> (f64, Vec<f64>) {
    let gradient = program.gradient(Wanted { parameters: true, state: false }).unwrap();
    let random::Inputs { parameters, t, x, conditions } = inputs;
    let velocity = program.evaluate_training(parameters, t, x, conditions, SEED, DRAW).unwrap();
    let share = 1.0 / velocity.len() as f64;
    let target = target(inputs);
    let pairs = || velocity.iter().zip(&target);
    let cotangent: Vec<f64> = pairs().map(|(v, u)| share * loss.derivative(*v, *u)).collect();
    let values = gradient.evaluate_training(parameters, t, x, conditions, &cotangent, SEED, DRAW).unwrap();
    (pairs().map(|(v, u)| share * loss.value(*v, *u)).sum(), values.parameters)
}

fn check(seeds: impl IntoIterator<Item = u64>, precision: Precision, tolerance: f64) {
    for seed in seeds {
        let program = random::program(seed).unwrap();
        let inputs = random::inputs(program, seed, 1 + seed as usize * 7 % 40);
        let loss = [Loss::Mse, Loss::L1, Loss::Huber { delta: 0.5 }][seed as usize % 3];
        let (value, gradient) = reference(program, &inputs, loss);
        let scale = gradient.iter().fold(1.0f64, |scale, g| scale.max(g.abs()));
        let Some(mut backend) = backend(seed % 3) else { return };
        let (got, row) = engine(program, &inputs, loss, precision, 1 + seed as usize % 2, &mut backend);
        assert!((got - value).abs() < tolerance * value.abs().max(1.0), "seed {seed}: {got} {value}\n{program}");
        let apart = difference(&row, &gradient) / scale;
        assert!(apart < tolerance, "seed {seed} {precision:?}: {apart:e}\n{program}");
    }
}

/// Programs that have every step between them.
const SEEDS: [u64; 9] = [0, 1, 2, 3, 4, 8, 13, 17, 23];

#[test]
fn every_kind_of_step_is_among_them() {
    let mut kinds: Vec<std::mem::Discriminant<Step>> = Vec::new();
    for seed in SEEDS {
        let gradient = random::program(seed).unwrap().gradient(Wanted { parameters: true, state: false }).unwrap();
        let plan = Plan::of(&gradient.program, gradient.parameters, Use::TrainingDeferred);
        for kind in plan.body.iter().chain(&plan.sums).map(std::mem::discriminant) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    assert_eq!(kinds.len(), 16);
}

#[test]
fn random_programs_have_the_interpreters_gradients() {
    check(SEEDS, Precision::Strict, 1e-4);
}

#[test]
fn rounded_gradients_are_near() {
    check(50..54, Precision::X3, 3e-3);
}

#[test]
fn a_perceptron_is_trained_in_every_precision() {
    let program = perceptron(20, &[96, 96], 8, Op::Silu);
    let mut inputs = random::inputs(program, 5, 300);
    inputs.parameters.iter_mut().for_each(|w| *w = f64::from((*w * 0.25) as f32));
    let (value, gradient) = reference(program, &inputs, Loss::Mse);
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    for (precision, tolerance) in [(Precision::Strict, 1e-6), (Precision::X3, 1e-4), (Precision::Half, 3e-2)] {
        let Some(mut backend) = backend(1) else { return };
        let (got, row) = engine(program, &inputs, Loss::Mse, precision, 1, &mut backend);
        assert!((got - value).abs() < tolerance * value, "{precision:?}: {got} {value}");
        let apart = row.iter().zip(&gradient).map(|(g, e)| (f64::from(*g) - e).powi(2)).sum::<f64>().sqrt();
        assert!(apart < tolerance * norm, "{precision:?}: {apart:e} of {norm:e}");
    }
}
