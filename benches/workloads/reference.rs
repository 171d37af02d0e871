//! The first samples integrated in `f64`, which every row is held against.

use super::network;
use flow_runtime::{
    prelude::*,
    solve::{Method, fallible, solve},
};

/// The first `count` samples with the peers' weights over 100 steps.
pub fn samples<M: Method>(method: M, count: usize) -> Result<Vec<f64>, Error> {
    let model = network::model()?;
    let parameters: Vec<f64> = model.weights().values().iter().map(|&value| f64::from(value)).collect();
    let start: Vec<f64> = network::start_points(count)?.values().iter().map(|&value| f64::from(value)).collect();
    let field =
        fallible(|t: f64, x: &Vec<f64>| Moons::PROGRAM.evaluate(&parameters, &vec![t; count], x, &Conditions::none()));
    let solution = solve(method, field, start, &Grid::uniform(0.0, 1.0, 100)?)?;
    Ok(solution.state)
}

use network::Moons;
