//! Sampling: what does not depend on what, the way there and back, and a user's own parts.

use crate::models::{Small, SmallSampler, SmallTraining, bits, moons};
use flow_runtime::{engine::ModelField, prelude::*};
use std::sync::OnceLock;

mod own {
    use flow_runtime::prelude::*;

    /// A straight line, bent upwards.
    #[derive(Clone, Debug, Default)]
    pub struct Arc;

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
}

flow_model! {
    /// Smooth at both ends.
    scheduler Smoothstep { alpha: t * t * (3 - 2 * t), sigma: 1 - t * t * (3 - 2 * t) }

    /// Heun's method, typed in.
    solver Typed { order: 2, tableau: { 0 | ; 1 | 1; | 1/2, 1/2; } }

    model Local(x: [2], t: Time) -> [2] { linear(tanh(linear(concat(x, t), 12)), 2) }

    train WithScheduler for Local { path: Affine(Smoothstep), optimizer: adam(lr = 1e-2), batch: 64, steps: 150 }
    train WithPath for Local { path: own::Arc, optimizer: adam(lr = 1e-2), batch: 64, steps: 150 }

    sampler TypedSampler for Local { solver: Typed, grid: uniform(20) }
    sampler HeunSampler for Local { solver: Heun2, grid: uniform(20) }
    sampler GaussSampler for Local { solver: GaussLegendre4, grid: uniform(20) }
    sampler BackwardSampler for Local { solver: Rk4, grid: reversed(uniform(20)) }
    sampler FineSampler for Local { solver: Rk4, grid: uniform(20) }
}

fn trained() -> &'static Small {
    static MODEL: OnceLock<Small> = OnceLock::new();
    MODEL.get_or_init(|| SmallTraining::trainer().fit(&moons()).expect("the data fit").model)
}

#[test]
fn a_sample_does_not_depend_on_how_many_are_drawn() {
    let sampler = SmallSampler::new(trained()).seed(8);
    let all = sampler.sample(5000).expect("the model is finite");
    for count in [1, 2, 17, 4096, 4097] {
        let some = sampler.sample(count).expect("the model is finite");
        assert_eq!(bits(some.values()), bits(&all.values()[..2 * count]), "{count}");
    }
    let other = SmallSampler::new(trained()).seed(9).sample(17).expect("the model is finite");
    assert_ne!(other.values(), &all.values()[..34]);
}

#[test]
fn trajectories_begin_at_the_source_and_end_at_the_samples() {
    let sampler = SmallSampler::new(trained()).seed(8);
    let ways = sampler.trajectories(4100, &Conditions::none(), 7).expect("the model is finite");
    assert_eq!(ways.times.len(), ways.states.len());
    assert_eq!(ways.times, [0.0, 7.0 / 20.0, 14.0 / 20.0, 1.0]);
    assert_eq!(ways.states.first(), Some(&sampler.source(4100).expect("there are some")));
    assert_eq!(ways.states.last(), Some(&sampler.sample(4100).expect("the model is finite")));
    assert_eq!((ways.statistics.steps, ways.statistics.evaluations), (20, 80));
}

#[test]
fn transport_backwards_undoes_transport() {
    let grid = Grid::uniform(0.0, 1.0, 50).expect("a grid");
    let points = SmallSampler::new(trained()).source(300).expect("there are some");
    let there = SmallSampler::new(trained()).grid(grid.clone());
    let back = SmallSampler::new(trained()).grid(grid.reversed());
    let ends = there.transport(&points).expect("the model is finite");
    let again = back.transport(&ends).expect("the model is finite");
    let error = points.values().iter().zip(again.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let moved = points.values().iter().zip(ends.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(error < 1e-3 && moved > 0.5, "{error} {moved}");
}

#[test]
fn a_scheduler_and_a_path_of_ones_own() {
    let losses = |losses: &[f32]| {
        let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
        (mean(&losses[..10]), mean(&losses[140..]))
    };
    let (first, last) = losses(&WithScheduler::trainer().fit(&moons()).expect("the data fit").losses);
    assert!(last < first, "{first} {last}");
    let (first, last) = losses(&WithPath::trainer().fit(&moons()).expect("the data fit").losses);
    assert!(last < first, "{first} {last}");
}

#[test]
fn a_method_typed_in_is_the_method() {
    let model = Local::new(1);
    let typed = TypedSampler::new(&model).sample(50).expect("the model is finite");
    assert_eq!(typed.values(), HeunSampler::new(&model).sample(50).expect("the model is finite").values());
}

#[test]
fn an_implicit_method_in_a_sampler() {
    let model = Local::new(1);
    let implicit = GaussSampler::new(&model);
    let samples = implicit.sample(300).expect("the equations are solved");
    let fine = FineSampler::new(&model).sample(300).expect("the model is finite");
    let error = samples.values().iter().zip(fine.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(error < 1e-5, "{error}");
    // Newton's iteration is each sample's own.
    let few = implicit.sample(3).expect("the equations are solved");
    assert_eq!(bits(few.values()), bits(&samples.values()[..6]));
}

#[test]
fn a_grid_declared_backwards_carries_data_to_the_source() {
    let model = Local::new(1);
    let backward = BackwardSampler::new(&model);
    assert!(matches!(backward.sample(3), Err(Error::Invalid { .. })));
    let ends = FineSampler::new(&model).sample(20).expect("the model is finite");
    let again = backward.transport(&ends).expect("the model is finite");
    let start = backward.source(20).expect("there are some");
    let error = start.values().iter().zip(again.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(error < 1e-4, "{error}");
}

#[test]
fn the_model_keeps_its_samples_through_a_file() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let file = folder.path().join("small.safetensors");
    trained().save_safetensors(&file).expect("the folder is writable");
    let back = Small::load_safetensors(&file).expect("the file is whole");
    let draw = |model| SmallSampler::new(model).sample(64).expect("the model is finite");
    assert_eq!(draw(trained()), draw(&back));
}

#[test]
fn a_model_is_a_field_for_the_solvers() {
    let model = Local::new(1);
    let start = FineSampler::new(&model).source(60).expect("60 points");
    let field = ModelField::new(&model, &Conditions::none()).expect("an engine");
    let grid = Grid::uniform(0.0, 1.0, 20).expect("20 steps");
    let end = solve(Rk4, field, start.values().to_vec(), &grid).expect("the model is finite");
    assert_eq!(end.statistics.evaluations, 80);
    let samples = FineSampler::new(&model).sample(60).expect("the model is finite");
    for (a, b) in end.state.iter().zip(samples.values()) {
        assert!((a - b).abs() < 1e-5, "{a} and {b}");
    }
}
