//! W2: samples per second with fixed weights over 100 uniform steps.

use super::{
    arguments::Arguments,
    measure::{Measured, Row},
    network::{self, MoonsEuler, MoonsMidpoint, MoonsRk4},
    reference,
};
use flow_runtime::prelude::*;
use serde_json::json;

/// A method of the workload.
#[derive(Clone, Copy)]
pub enum Named {
    Rk4,
    Midpoint,
    Euler,
}

pub fn run(row: Row, arguments: &Arguments, method: Named, count: usize) -> Row {
    let work = || -> Result<_, Error> {
        let reference = match method {
            Named::Rk4 => reference::samples(Rk4, 4),
            Named::Midpoint => reference::samples(Midpoint, 4),
            Named::Euler => reference::samples(Euler, 4),
        };
        Ok((network::model()?, network::start_points(count)?, reference?))
    };
    let (model, start, reference) = match work() {
        Ok(ready) => ready,
        Err(error) => return row.failed(error),
    };
    row.rates(arguments, "samples_per_s", "samples/s", count as f64, || -> Measured {
        let device = arguments.device;
        let samples = match method {
            Named::Rk4 => MoonsRk4::new(&model).device(device).transport(&start),
            Named::Midpoint => MoonsMidpoint::new(&model).device(device).transport(&start),
            Named::Euler => MoonsEuler::new(&model).device(device).transport(&start),
        }?;
        let error = samples.values().iter().zip(&reference).map(|(&x, y)| (f64::from(x) - y).abs()).fold(0.0, f64::max);
        Ok(json!({ "max_abs_err_vs_f64_ref": error }))
    })
}
