//! Weights that PyTorch saved, and what PyTorch computes with them; `make_reference.py` wrote the files in `data/`.

mod models;
mod reference;

use flow_runtime::{
    engine::{CpuEngine, DfdxEngine, DfdxModel, Resolved},
    prelude::*,
    sample::{SampleRecipe, Sampler},
};
use models::{Conditional, ConditionalSampler, Moons, MoonsSampler, conditional_map, moons_map};
use reference::{Case, Reference, Rows, data_folder, wide};

/// Every engine is held to the same numbers.
const DEVICES: [Device; 2] = [Device::Dfdx, Device::Cpu];

/// The interpreter and PyTorch round in `f64`, at `1e-16`, and differ in the order of sums of up to 128 terms and in the
/// last digit of `exp`, `sin` and `erf`: by 1.4e-15 at most here.
const ORACLE: f64 = 1e-14;

/// The same in `f32`, at `6e-8`; angles of up to 64 are in error by `2e-6` at most, before the layers divide that among
/// them: by 5e-7 in all here. A flow of length one that moves points by their own size adds up no more than that.
const ENGINE: f64 = 2e-6;

/// The largest difference, relative to the size of the values or to one.
fn far(got: &[f64], expected: &Rows) -> f64 {
    let expected: Vec<f64> = expected.iter().flatten().copied().collect();
    assert_eq!(got.len(), expected.len());
    let size = expected.iter().fold(1.0f64, |size, value| size.max(value.abs()));
    got.iter().zip(&expected).map(|(got, expected)| (got - expected).abs() / size).fold(0.0, f64::max)
}

/// The velocity by an engine; a new one has its line here.
fn velocity<M: DfdxModel>(device: Device, model: &M, t: &[f32], points: &Dataset) -> Vec<f32> {
    let mut out = vec![f32::NAN; points.values().len()];
    let (weights, x, conditions) = (model.weights().values(), points.values(), points.conditions());
    match device.resolve().expect("it is built") {
        Resolved::Dfdx => DfdxEngine::<M>::new().and_then(|mut e| e.velocity(weights, t, x, conditions, &mut out)),
        _ => CpuEngine::<M>::new().and_then(|mut engine| {
            engine.load(weights)?;
            engine.velocity(t, x, conditions, &mut out)
        }),
    }
    .expect("the arguments fit");
    out
}

/// The velocities and samples of one file, by the interpreter and by every engine.
fn holds<R: SampleRecipe<Model: DfdxModel>>(model: &R::Model, reference: &Reference, points: &Dataset, case: &Case) {
    let (name, t, conditions) = (&case.file, &reference.times, points.conditions());
    let oracle = |t: &[f64], x: &[f64]| model.velocity_reference(t, x, conditions);
    let x = wide(points.values());
    let error = far(&oracle(t, &x).expect("the arguments fit"), &case.velocity);
    assert!(error < ORACLE, "{name}: velocity of the interpreter: {error:e}");

    let grid = Grid::uniform(0.0, 1.0, reference.steps).expect("there are steps");
    let field = fallible(|t: f64, x: &Vec<f64>| oracle(&[t], x));
    let ends = solve(Rk4, field, x, &grid).expect("the model is finite").state;
    let error = far(&ends, &case.ends);
    assert!(error < ORACLE, "{name}: samples of the interpreter: {error:e}");

    let narrow: Vec<f32> = t.iter().map(|&t| t as f32).collect();
    for device in DEVICES {
        let error = far(&wide(&velocity(device, model, &narrow, points)), &case.velocity);
        assert!(error < ENGINE, "{name}: velocity on {device}: {error:e}");
        let sampler = Sampler::<R>::new(model).device(device).grid(grid.clone());
        let ends = sampler.transport(points).expect("the model is finite");
        let error = far(&wide(ends.values()), &case.ends);
        assert!(error < ENGINE, "{name}: samples on {device}: {error:e}");
    }
}

#[test]
fn two_moons() {
    let reference = Reference::read();
    for case in &reference.moons.cases {
        let model = Moons::load_safetensors_mapped(data_folder().join(&case.file), &moons_map()).expect("it fits");
        holds::<MoonsSampler>(&model, &reference, &reference.moons.points(), case);
    }
}

#[test]
fn conditional_in_every_type() {
    let reference = Reference::read();
    assert_eq!(reference.conditional.cases.len(), 4);
    let points = reference.conditional.points();
    for case in &reference.conditional.cases {
        let path = data_folder().join(&case.file);
        let model = Conditional::load_safetensors_mapped(path, &conditional_map()).expect("it fits");
        holds::<ConditionalSampler>(&model, &reference, &points, case);
    }
}

/// The file that is written has the very tensors that PyTorch wrote, but for what was ignored.
#[test]
fn the_way_back() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("back.safetensors");
    let theirs = data_folder().join("moons.safetensors");
    let model = Moons::load_safetensors_mapped(&theirs, &moons_map()).expect("it fits");
    model.save_safetensors_mapped(&path, &moons_map()).expect("the folder is writable");
    assert_eq!(reference::tensors(&path), reference::tensors(&theirs));

    let theirs = data_folder().join("conditional-f32.safetensors");
    let model = Conditional::load_safetensors_mapped(&theirs, &conditional_map()).expect("it fits");
    model.save_safetensors_mapped(&path, &conditional_map()).expect("the folder is writable");
    let mut expected = reference::tensors(&theirs);
    assert!(expected.remove("model.updates").is_some());
    assert_eq!(reference::tensors(&path), expected);
}

#[test]
fn without_the_map_every_name_is_told() {
    let error = Moons::load_safetensors(data_folder().join("moons.safetensors")).expect_err("the names differ");
    let text = error.to_string();
    for name in ["no `h.weight` [64, 34]", "no `out.bias` [2]", "the unknown `net.0.weight` [64, 34]", "`net.6.bias`"] {
        assert!(text.contains(name), "{text}");
    }
}
