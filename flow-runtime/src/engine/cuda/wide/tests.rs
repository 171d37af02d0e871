//! Wide models on the CPU header, against the interpreter.

#[cfg(feature = "cuda-header")]
mod sampling;
mod text;
#[cfg(feature = "cuda-header")]
mod training;

#[cfg(any(feature = "cuda", feature = "cuda-header"))]
use super::VelocityPlan;
#[cfg(feature = "cuda-header")]
use super::{At, Sampling, Training, Velocity};
use super::{Precision, SamplingPlan, TrainingPlan};
#[cfg(any(feature = "cuda", feature = "cuda-header"))]
use crate::program::random;
use crate::program::{Op, Program, builder::Builder};
#[cfg(feature = "cuda-header")]
use crate::{
    data::ConditionValues,
    engine::cuda::{
        backend::{Backend, Memory, bytes_of, bytes_of_mut},
        header::{self, Header, Settings},
    },
};

/// What runs kernels on the CPU, with the threads in another order for another seed; none where there is no g++.
#[cfg(feature = "cuda-header")]
fn backend(seed: u64) -> Option<impl Backend> {
    if let Some(reason) = header::unavailable() {
        eprintln!("skipped: {reason}");
        return None;
    }
    Some(Header::new(Settings { seed, ..Settings::default() }).unwrap())
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

#[cfg(feature = "cuda-header")]
fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|x| *x as f32).collect()
}

#[cfg(feature = "cuda-header")]
/// Values in memory of their own.
fn upload(values: &[u8], backend: &mut dyn Backend) -> Memory {
    let memory = backend.allocate(values.len().max(4), "a test").unwrap();
    backend.upload(&memory, 0, values).unwrap();
    memory
}

#[cfg(feature = "cuda-header")]
fn download(from: &Memory, count: usize, backend: &mut dyn Backend) -> Vec<f32> {
    let mut values = vec![f32::NAN; count];
    backend.download(from, 0, bytes_of_mut(&mut values)).unwrap();
    values
}

#[cfg(feature = "cuda-header")]
/// The conditions of a program, each in memory of its own, in its order.
fn conditions(program: &Program, inputs: &random::Inputs, backend: &mut dyn Backend) -> Vec<Memory> {
    let bound = program.bind_conditions("test", &inputs.conditions, inputs.t.len()).unwrap();
    let bytes = |values: &&ConditionValues| match values {
        ConditionValues::Class(labels) => bytes_of(labels).to_vec(),
        ConditionValues::Vector { values, .. } => bytes_of(values).to_vec(),
    };
    bound.iter().map(|values| upload(&bytes(values), backend)).collect()
}

#[cfg(feature = "cuda-header")]
/// Largest difference, relative to the larger of 1 and the expected value.
fn difference(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let relative = |(got, expected): (&f32, &f64)| (f64::from(*got) - expected).abs() / expected.abs().max(1.0);
    got.iter().zip(expected).map(relative).fold(0.0, |a, b| if b > a || b.is_nan() { b } else { a })
}
