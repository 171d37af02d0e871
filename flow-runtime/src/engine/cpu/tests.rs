//! The engine against the `f64` interpreter, on random programs.

mod gradient;
mod integrate;
mod product;
mod random;
mod velocity;

use super::{executor::Executor, math::Math, plan::Use};
use crate::program::{Program, random::Inputs};

/// Largest difference, relative to the larger of 1 and the expected value.
fn difference<T: Math>(got: &[T], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let relative = |(got, expected): (&T, &f64)| (got.to_f64() - expected).abs() / expected.abs().max(1.0);
    got.iter().zip(expected).map(relative).fold(0.0, |a, b| if b > a || b.is_nan() { b } else { a })
}

fn converted<T: Math>(values: &[f64]) -> Vec<T> {
    values.iter().map(|x| T::from_f64(*x)).collect()
}

fn weights(inputs: &Inputs) -> Vec<f32> {
    inputs.parameters.iter().map(|w| *w as f32).collect()
}

fn executor<T: Math>(program: &Program, inputs: &Inputs, usage: Use) -> Executor<T> {
    let mut executor = Executor::new(program, &[], usage);
    executor.load(&weights(inputs));
    executor
}
