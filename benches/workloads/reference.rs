//! The first samples integrated in `f64`, which every row is held against.

use flow_runtime::{
    prelude::*,
    solve::{Method, fallible, solve},
};

/// The ends of the first `count` start points over uniform steps from 0 to 1.
pub fn samples<M: Model>(
    model: &M,
    method: impl Method,
    steps: usize,
    start: &Dataset,
    count: usize,
) -> Result<Vec<f64>, Error> {
    let parameters: Vec<f64> = model.weights().values().iter().map(|&value| f64::from(value)).collect();
    let start: Vec<f64> = start.values().iter().take(count * start.dim()).map(|&value| f64::from(value)).collect();
    let field = fallible(|t: f64, x: &Vec<f64>| M::PROGRAM.evaluate(&parameters, &[t], x, &Conditions::none()));
    Ok(solve(method, field, start, &Grid::uniform(0.0, 1.0, steps)?)?.state)
}
