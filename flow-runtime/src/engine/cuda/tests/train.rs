//! Training against the CPU engine: the same batches, the same losses.

use super::{
    engine, header_of,
    models::{
        Broad, BroadTraining, Deep, DeepTraining, Everything, EverythingTraining, Moons, MoonsPlain, MoonsTraining,
    },
};
use crate::{
    engine::{CpuEngine, CudaEngine, CudaPrecision, cuda::header::Settings},
    prelude::*,
    train::{Recipe, TrainState, run_steps},
};

fn data_for<M: Model>(rows: usize) -> Dataset {
    let random = crate::rng::Philox::new(2, crate::rng::Stream::Data, 4);
    let dim = M::PROGRAM.state_dim();
    let mut values = vec![0.0; rows * dim];
    random.fill_normal(0, &mut values);
    let data = Dataset::from_flat(values, dim).unwrap();
    if M::PROGRAM.conditions().count() == 0 {
        return data;
    }
    let labels: Vec<u32> = (0..rows as u32).map(|row| row * 5 % 4).collect();
    if M::PROGRAM.conditions().count() == 1 {
        return data.with_class("y", &labels).unwrap();
    }
    let mut c = vec![0.0; 3 * rows];
    random.fill_normal(1 << 20, &mut c);
    data.with_class("y", &labels).unwrap().with_vector("c", 3, &c).unwrap()
}

fn compare<M: Model, P: Path>(recipe: &Recipe, path: &P, seed: u64) {
    compare_in::<M, P>(CudaPrecision::Strict, recipe, path, seed);
}

fn compare_in<M: Model, P: Path>(precision: CudaPrecision, recipe: &Recipe, path: &P, seed: u64) {
    if let Some(cuda) = engine::<M>(seed) {
        compare_on(cuda.with_precision(precision), recipe, path);
    }
}

fn compare_on<M: Model, P: Path>(mut cuda: CudaEngine<M>, recipe: &Recipe, path: &P) {
    let mut cpu = CpuEngine::<M>::with_threads(1).unwrap();
    let data = data_for::<M>(57);
    let start = TrainState::new(recipe, M::initial_weights(recipe.seed));
    let (mut ours, mut theirs) = (start.clone(), start);
    let got = run_steps(&mut cuda, recipe, path, &data, &mut ours, recipe.steps).unwrap();
    let expected = run_steps(&mut cpu, recipe, path, &data, &mut theirs, recipe.steps).unwrap();
    assert_eq!((ours.step, ours.losses.len()), (theirs.step, theirs.losses.len()));
    for (step, (got, expected)) in got.iter().zip(&expected).enumerate() {
        assert!(
            (got.loss - expected.loss).abs() < 1e-4 * expected.loss,
            "{} {step}: {got:?} {expected:?}",
            recipe.name
        );
        let norm = (got.gradient_norm - expected.gradient_norm).abs();
        assert!(norm < 1e-3 * expected.gradient_norm, "{} {step}: {got:?} {expected:?}", recipe.name);
        assert_eq!(got.learning_rate, expected.learning_rate);
    }
    let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 2e-3 * b.abs().max(0.1));
    assert!(near(ours.weights.values(), theirs.weights.values()), "{}", recipe.name);
    assert!(near(ours.averaged(), theirs.averaged()), "{}", recipe.name);
}

#[test]
fn losses_follow_those_of_the_cpu_engine() {
    compare::<Moons, _>(&MoonsTraining::RECIPE, &MoonsTraining::path(), 0);
    compare::<Moons, _>(&MoonsPlain::RECIPE, &MoonsPlain::path(), 5);
    compare::<Everything, _>(&EverythingTraining::RECIPE, &EverythingTraining::path(), 1);
}

/// Split halves follow the losses of single precision.
#[test]
fn losses_of_split_halves_follow_too() {
    compare_in::<Moons, _>(CudaPrecision::X3, &MoonsTraining::RECIPE, &MoonsTraining::path(), 3);
    compare_in::<Everything, _>(CudaPrecision::X3, &EverythingTraining::RECIPE, &EverythingTraining::path(), 0);
}

/// Some sums stay in registers, others go to memory tile after tile.
#[test]
fn gradients_of_more_numbers_than_registers_follow_too() {
    compare_in::<Deep, _>(CudaPrecision::Strict, &DeepTraining::RECIPE, &DeepTraining::path(), 0);
    compare_in::<Deep, _>(CudaPrecision::X3, &DeepTraining::RECIPE, &DeepTraining::path(), 1);
}

/// Nine tiles on sixteen blocks, and five on a cluster of eight.
#[test]
fn blocks_without_tiles_take_their_part() {
    for (batch, seed) in [(72, 1), (40, 2)] {
        let settings = Settings { seed, multiprocessors: 16, ..Settings::default() };
        let Some(backend) = header_of(settings) else { return };
        let recipe = Recipe { batch, steps: 3, ..MoonsTraining::RECIPE };
        compare_on::<Moons, _>(CudaEngine::on(backend).unwrap(), &recipe, &MoonsTraining::path());
    }
}

/// Weights that fit in no shared memory: a step is a graph.
#[test]
fn wide_models_follow_too() {
    compare_in::<Broad, _>(CudaPrecision::Strict, &BroadTraining::RECIPE, &BroadTraining::path(), 0);
    compare::<Broad, _>(&BroadTraining::RECIPE, &Arc, 0);
}

/// The gradient of a batch in every precision, against the CPU engine in `f64`.
#[test]
fn gradients_in_every_precision() {
    gradients::<Moons>(&MoonsPlain::RECIPE, &MoonsPlain::path(), 150);
    gradients::<Everything>(&EverythingTraining::RECIPE, &EverythingTraining::path(), 70);
}

fn gradients<M: Model>(recipe: &Recipe, path: &impl Path, rows: usize) {
    let (data, weights) = (data_for::<M>(57), M::initial_weights(1));
    let mut batch = crate::train::Batch::default();
    crate::train::Batcher::new(recipe, path, &data).draw(3, rows, &mut batch).unwrap();
    let mut cpu = CpuEngine::<M, f64>::with_threads(1).unwrap();
    let mut expected = vec![0.0; M::PARAMETERS];
    // A loss with a smooth slope: at the kink of |d| rounding would decide the sign.
    let of = crate::train::Loss::Huber { delta: 0.5 };
    let loss = cpu.gradient(weights.values(), &batch, of, 5, 2, &mut expected).unwrap();
    let size = expected.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
    for (precision, bound) in [(CudaPrecision::Strict, 3e-6), (CudaPrecision::X3, 3e-6), (CudaPrecision::Half, 3e-3)] {
        let Some(cuda) = engine::<M>(2) else { return };
        let mut cuda = cuda.with_precision(precision);
        let mut got = vec![f32::NAN; M::PARAMETERS];
        let ours = cuda.gradient(weights.values(), &batch, of, 5, 2, &mut got).unwrap();
        let off = got.iter().zip(&expected).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt() / size;
        eprintln!(
            "{} {precision}: gradient off by {off:.2e}, loss by {:.2e}",
            M::PROGRAM.name,
            (ours - loss).abs() / loss
        );
        assert!(
            off < bound && (ours - loss).abs() < bound * loss,
            "{} {precision}: {off} {ours} {loss}",
            M::PROGRAM.name
        );
    }
}

/// The same points with other labels are other data.
#[test]
fn other_labels_on_one_engine_are_seen() {
    let Some(mut cuda) = engine::<Broad>(0) else { return };
    let recipe = Recipe { steps: 2, accumulate: 1, ..BroadTraining::RECIPE };
    let path = BroadTraining::path();
    let points = data_for::<Broad>(57).without_conditions();
    let mut run = |labels: &[u32]| {
        let data = points.clone().with_class("y", labels).unwrap();
        let mut state = TrainState::new(&recipe, Broad::initial_weights(0));
        run_steps(&mut cuda, &recipe, &path, &data, &mut state, 2).unwrap();
        state
    };
    let (one, other) = (run(&[1; 57]), run(&[2; 57]));
    assert_ne!(one, other);
    assert_eq!(one, run(&[1; 57]));
}

/// A path in Rust alone: the host draws its batches.
#[derive(Clone, Debug)]
struct Arc;

impl Path for Arc {
    fn interval(&self) -> Interval {
        Interval::CLOSED
    }
    fn sample(&self, t: f64, x0: &[f32], x1: &[f32], xt: &mut [f32], ut: &mut [f32]) {
        let t = t as f32;
        for i in 0..xt.len() {
            xt[i] = (1.0 - t) * x0[i] + t * x1[i] + t * (1.0 - t);
            ut[i] = x1[i] - x0[i] + 1.0 - 2.0 * t;
        }
    }
}

#[test]
fn a_path_without_text_is_drawn_by_the_host() {
    compare::<Moons, _>(&MoonsPlain::RECIPE, &Arc, 0);
    compare::<Everything, _>(&EverythingTraining::RECIPE, &Arc, 0);
}

#[test]
fn a_seed_gives_the_same_bits_however_steps_are_cut_into_launches() {
    let Some(mut one) = engine::<Moons>(0) else { return };
    let Some(mut other) = engine::<Moons>(7) else { return };
    let (recipe, path, data) = (MoonsTraining::RECIPE, MoonsTraining::path(), data_for::<Moons>(57));
    let start = TrainState::new(&recipe, Moons::initial_weights(0));
    let (mut a, mut b) = (start.clone(), start);
    run_steps(&mut one, &recipe, &path, &data, &mut a, 12).unwrap();
    for steps in [1, 4, 7] {
        run_steps(&mut other, &recipe, &path, &data, &mut b, steps).unwrap();
    }
    assert_eq!(a, b);
}

/// A loss that leaves the numbers in the middle of a launch: the state is that of the last good step.
#[test]
fn a_divergence_leaves_the_state_of_the_last_good_step() {
    let recipe = Recipe {
        optimizer: crate::train::Optimizer::Sgd { lr: 1e6, momentum: 0.0, nesterov: false, weight_decay: 0.0 },
        ..MoonsPlain::RECIPE
    };
    let recipe = Recipe {
        loss: crate::train::Loss::Mse,
        accumulate: 1,
        schedule: MoonsTraining::RECIPE.schedule,
        steps: 40,
        ..recipe
    };
    let (path, data) = (MoonsPlain::path(), data_for::<Moons>(57));
    let Some(mut cuda) = engine::<Moons>(0) else { return };
    let mut cpu = CpuEngine::<Moons>::with_threads(1).unwrap();
    let start = TrainState::new(&recipe, Moons::initial_weights(0));
    let (mut ours, mut theirs) = (start.clone(), start);
    let got = run_steps(&mut cuda, &recipe, &path, &data, &mut ours, 40).unwrap_err();
    let expected = run_steps(&mut cpu, &recipe, &path, &data, &mut theirs, 40).unwrap_err();
    assert!(
        matches!((&got, &expected), (Error::Diverged { step: a, .. }, Error::Diverged { step: b, .. }) if a == b),
        "{got} {expected}"
    );
    assert_eq!(ours.step, theirs.step);
    assert!(ours.weights.values().iter().all(|weight| weight.is_finite()));
}

#[test]
fn the_optimiser_by_itself_is_that_of_the_cpu_engine() {
    let Some(mut cuda) = engine::<Moons>(0) else { return };
    let mut cpu = CpuEngine::<Moons>::with_threads(1).unwrap();
    let start = Moons::initial_weights(1);
    let gradient: Vec<f32> = (0..Moons::PARAMETERS).map(|i| (i as f32 * 0.37).sin()).collect();
    for recipe in [MoonsTraining::RECIPE, MoonsPlain::RECIPE, EverythingTraining::RECIPE] {
        let (mut a, mut b) = (start.values().to_vec(), start.values().to_vec());
        let (mut sa, mut sb) = (crate::train::OptimizerState::default(), crate::train::OptimizerState::default());
        for time in 1..4 {
            cuda.optimize(&recipe.optimizer, 0.01, time, &mut a, &gradient, &mut sa).unwrap();
            cpu.optimize(&recipe.optimizer, 0.01, time, &mut b, &gradient, &mut sb).unwrap();
        }
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-6), "{}", recipe.name);
        assert!(sa.moment1.iter().zip(&sb.moment1).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
