//! The dfdx engine against the interpreter: velocities and gradients of a model with every layer.

use crate::models::{Everything, EverythingNetwork, everything_conditions, numbers, wide};
use dfdx::{
    nn::BuildModule,
    tensor::{Cpu, Tensor, TensorFromVec, Trace},
    tensor_ops::{Backward, MeanTo},
};
use flow_runtime::{
    engine::{Condition, DfdxEngine, Inputs, Network, entries, load},
    prelude::*,
    train::{Batch, Loss},
};

const ROWS: usize = 9;

/// Times with both ends, points of size one, and the model's conditions.
fn arguments() -> (Everything, Vec<f32>, Vec<f32>, Conditions) {
    let t = (0..ROWS).map(|row| row as f32 / (ROWS - 1) as f32).collect();
    (Everything::new(11), t, numbers(6 * ROWS, 5), everything_conditions(ROWS))
}

fn reference(model: &Everything, t: &[f32], x: &[f32], conditions: &Conditions) -> Vec<f64> {
    model.velocity_reference(&wide(t), &wide(x), conditions).expect("the arguments fit")
}

fn far(got: impl IntoIterator<Item = f64>, expected: &[f64]) -> f64 {
    got.into_iter().zip(expected).map(|(got, expected)| (got - expected).abs()).fold(0.0, f64::max)
}

#[test]
fn velocity_in_f32() {
    for scale in [0.0, 1.0, 30.0] {
        let (model, t, mut x, conditions) = arguments();
        x.iter_mut().for_each(|x| *x *= scale);
        let expected = reference(&model, &t, &x, &conditions);
        let mut got = vec![f32::NAN; x.len()];
        let mut engine = DfdxEngine::<Everything>::new().expect("there is memory");
        engine.velocity(model.weights().values(), &t, &x, &conditions, &mut got).expect("the arguments fit");
        let error = far(wide(&got), &expected);
        assert!(error < 1e-5, "scale {scale}: {error:e}");
    }
}

/// The network in `f64` with the model's weights, and the inputs as tensors.
fn network(
    model: &Everything,
    t: &[f32],
    x: &[f32],
    conditions: &Conditions,
) -> (EverythingNetwork<f64, Cpu>, Inputs<f64, Cpu>, Tensor<(usize, usize), f64, Cpu>) {
    let device = Cpu::default();
    let mut network: EverythingNetwork<f64, Cpu> = BuildModule::build(&device);
    load::<f64, Cpu, _>(&mut network, &wide(model.weights().values())).expect("the layout is the model's");
    let labels = conditions.labels("y").expect("there are labels").iter().map(|&label| label as usize).collect();
    let Some(data::ConditionValues::Vector { values, .. }) = conditions.get("c") else { panic!("there are vectors") };
    let inputs = Inputs {
        t: device.tensor_from_vec(wide(t), (ROWS,)),
        conditions: vec![
            Condition::Class(device.tensor_from_vec(labels, (ROWS,))),
            Condition::Vector(device.tensor_from_vec(wide(values), (ROWS, 3))),
        ],
    };
    let x = device.tensor_from_vec(wide(x), (ROWS, 6));
    (network, inputs, x)
}

#[test]
fn velocity_in_f64() {
    let (model, t, x, conditions) = arguments();
    let expected = reference(&model, &t, &x, &conditions);
    let (network, inputs, x) = network(&model, &t, &x, &conditions);
    let got = network.velocity(&inputs, x).expect("the arguments fit").as_vec();
    let error = far(got, &expected);
    assert!(error < 1e-12, "{error:e}");
}

/// The mean square of the velocity against zero, by the interpreter, as a function of the weights.
fn square(parameters: &[f64], t: &[f64], x: &[f64], conditions: &Conditions) -> f64 {
    let velocity = Everything::PROGRAM.evaluate(parameters, t, x, conditions).expect("the arguments fit");
    velocity.iter().map(|v| v * v).sum::<f64>() / velocity.len() as f64
}

/// Central differences of [`square`], of fifth order: `h` can be large enough for ten digits.
fn differences(model: &Everything, t: &[f32], x: &[f32], conditions: &Conditions) -> Vec<f64> {
    let (t, x) = (wide(t), wide(x));
    let mut parameters = wide(model.weights().values());
    let h = 1e-4;
    let mut at = |index: usize, offset: f64| {
        let before = parameters[index];
        parameters[index] = before + offset;
        let value = square(&parameters, &t, &x, conditions);
        parameters[index] = before;
        value
    };
    (0..model.weights().values().len())
        .map(|i| (8.0 * (at(i, h) - at(i, -h)) - (at(i, 2.0 * h) - at(i, -2.0 * h))) / (12.0 * h))
        .collect()
}

#[test]
fn gradients_are_those_of_the_interpreters_loss() {
    let (model, t, x, conditions) = arguments();
    let expected = differences(&model, &t, &x, &conditions);
    let layout = Everything::layout();
    let trained: Vec<bool> = layout.entries().iter().flat_map(|e| vec![e.trained; e.size()]).collect();
    assert!(trained.contains(&false), "the frequencies of `fourier` are fixed");

    let mut engine = DfdxEngine::<Everything>::new().expect("there is memory");
    let batch = Batch {
        size: ROWS,
        t: t.clone(),
        xt: x.clone(),
        ut: vec![0.0; x.len()],
        conditions: conditions.clone(),
    };
    let mut gradient = vec![f32::NAN; expected.len()];
    let weights = model.weights().values();
    let loss = engine.gradient(weights, &batch, Loss::Mse, 0, 0, &mut gradient).expect("the arguments fit");
    let value = square(&wide(model.weights().values()), &wide(&t), &wide(&x), &conditions);
    assert!((loss - value).abs() < 1e-6 * value.max(1.0), "{loss} {value}");
    let entry_of = |at: usize| layout.entries().iter().find(|entry| entry.range().contains(&at)).map(|e| e.name.as_str());
    for (at, ((&got, &expected), &trained)) in gradient.iter().zip(&expected).zip(&trained).enumerate() {
        let expected = if trained { expected } else { 0.0 };
        assert!((f64::from(got) - expected).abs() < 2e-6 * (1.0 + expected.abs()), "{:?}: {got} {expected}", entry_of(at));
    }
}

#[test]
fn gradients_in_f64_agree_to_ten_digits() {
    let (model, t, x, conditions) = arguments();
    let expected = differences(&model, &t, &x, &conditions);
    let (network, inputs, x) = network(&model, &t, &x, &conditions);
    let gradients = dfdx::nn::ZeroGrads::alloc_grads(&network);
    let velocity = network.traced(&inputs, x.traced(gradients), None).expect("the arguments fit");
    let gradients = velocity.square().mean().backward();
    // A parameter is known by its name; the largest tensor and one of each normalisation stand for all.
    let layout = entries::<f64, Cpu, _>(&network).expect("there is memory");
    let of = |name: &str| {
        let entry = layout.iter().find(|entry| entry.name == name).unwrap_or_else(|| panic!("{name}: {layout:?}"));
        expected[entry.range()].to_vec()
    };
    let close = |got: Vec<f64>, name: &str| {
        let error = far(got, &of(name));
        assert!(error < 1e-10, "{name}: {error:e}");
    };
    close(gradients.get(&network.h.weight).as_vec(), "h.weight");
    close(gradients.get(&network.a.weight).as_vec(), "a.weight");
    close(gradients.get(&network.a2.bias).as_vec(), "a2.bias");
    close(gradients.get(&network.b.weight).as_vec(), "b.weight");
    close(gradients.get(&network.e.weight).as_vec(), "e.weight");
    close(gradients.get(&network.e2.weight).as_vec(), "e2.weight");
    close(gradients.get(&network.label.weight).as_vec(), "label.weight");
}
