//! Wide models on the CPU header, against the interpreter.

mod sampling;
mod stopgap;
mod text;
mod training;

use super::{At, Precision, Sampling, SamplingPlan, Training, TrainingPlan, Velocity, VelocityPlan};
use crate::{
    data::ConditionValues,
    engine::cuda::backend::{Backend, Memory, bytes_of, bytes_of_mut},
    program::{Op, Program, builder::Builder, random},
};

/// What runs kernels on the CPU, with the threads in another order for another seed; none where that cannot be.
fn backend(seed: u64) -> Option<impl Backend> {
    stopgap::Stopgap::new(seed)
}

/// A multilayer perceptron with an embedding of the time beside the state.
fn perceptron(state: usize, hidden: &[usize], time: usize, op: Op) -> &'static Program {
    let mut b = Builder::new("Perceptron", &[state]);
    let mut h = b.state();
    if time > 0 {
        let e = b.sinusoidal(b.time(), time, 64.0);
        h = b.concat(&[h, e]);
    }
    for (i, &width) in hidden.iter().enumerate() {
        h = b.linear(&format!("h{i}"), h, width, true);
        h = b.apply(op, h);
    }
    let out = b.linear("out", h, state, true);
    b.finish(out).unwrap()
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|x| *x as f32).collect()
}

/// Values in memory of their own.
fn upload(values: &[u8], backend: &mut dyn Backend) -> Memory {
    let memory = backend.allocate(values.len().max(4), "a test").unwrap();
    backend.upload(&memory, 0, values).unwrap();
    memory
}

fn start(memory: &Memory) -> At<'_> {
    At { memory, offset: 0 }
}

fn download(from: At<'_>, count: usize, backend: &mut dyn Backend) -> Vec<f32> {
    let mut values = vec![f32::NAN; count];
    backend.download(from.memory, from.offset, bytes_of_mut(&mut values)).unwrap();
    values
}

/// The conditions of a program, each in memory of its own, in its order.
fn conditions(program: &Program, inputs: &random::Inputs, backend: &mut dyn Backend) -> Vec<Memory> {
    let bound = program.bind_conditions("test", &inputs.conditions, inputs.t.len()).unwrap();
    let bytes = |values: &&ConditionValues| match values {
        ConditionValues::Class(labels) => bytes_of(labels).to_vec(),
        ConditionValues::Vector { values, .. } => bytes_of(values).to_vec(),
    };
    bound.iter().map(|values| upload(&bytes(values), backend)).collect()
}

/// Largest difference, relative to the larger of 1 and the expected value.
fn difference(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let relative = |(got, expected): (&f32, &f64)| (f64::from(*got) - expected).abs() / expected.abs().max(1.0);
    got.iter().zip(expected).map(relative).fold(0.0, |a, b| if b > a || b.is_nan() { b } else { a })
}
