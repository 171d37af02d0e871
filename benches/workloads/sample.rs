//! W2 and W5: samples per second with fixed weights over uniform steps.

use super::{
    arguments::Arguments,
    engine::sampler,
    measure::{Measured, Row},
    moons::{self, MoonsEuler, MoonsMidpoint, MoonsRk4},
    reference, wide,
};
use flow_runtime::prelude::*;
use serde_json::json;

/// A method of W2.
#[derive(Clone, Copy)]
pub enum Named {
    Rk4,
    Midpoint,
    Euler,
}

/// Samples of W2 that are held against the reference.
const CHECKED: usize = 4;
/// The same of W5: the interpreter takes about a second for each there.
const CHECKED_WIDE: usize = 2;
/// Samples of a run of W5.
const WIDE: usize = 512;

pub fn moons(row: Row, arguments: &Arguments, method: Named, count: usize) -> Row {
    let prepared = || -> Result<_, Error> {
        let (model, start) = (moons::model()?, moons::start_points(count)?);
        let reference = match method {
            Named::Rk4 => reference::samples(&model, Rk4, moons::STEPS, &start, CHECKED),
            Named::Midpoint => reference::samples(&model, Midpoint, moons::STEPS, &start, CHECKED),
            Named::Euler => reference::samples(&model, Euler, moons::STEPS, &start, CHECKED),
        }?;
        Ok((model, start, reference))
    };
    let (model, start, reference) = match prepared() {
        Ok(prepared) => prepared,
        Err(error) => return row.failed(error),
    };
    rates(row, arguments, &reference, count, || match method {
        Named::Rk4 => sampler::<MoonsRk4>(arguments, &model).transport(&start),
        Named::Midpoint => sampler::<MoonsMidpoint>(arguments, &model).transport(&start),
        Named::Euler => sampler::<MoonsEuler>(arguments, &model).transport(&start),
    })
}

pub fn wide(row: Row, arguments: &Arguments) -> Row {
    let prepared = || -> Result<_, Error> {
        let (model, start) = (wide::model()?, wide::start_points(WIDE)?);
        let reference = reference::samples(&model, Rk4, wide::STEPS, &start, CHECKED_WIDE)?;
        Ok((model, start, reference))
    };
    let (model, start, reference) = match prepared() {
        Ok(prepared) => prepared,
        Err(error) => return row.failed(error),
    };
    rates(row, arguments, &reference, WIDE, || sampler::<wide::WideRk4>(arguments, &model).transport(&start))
}

fn rates(
    row: Row,
    arguments: &Arguments,
    reference: &[f64],
    count: usize,
    run: impl Fn() -> Result<Dataset, Error>,
) -> Row {
    row.rates(arguments, "samples_per_s", "samples/s", count as f64, || -> Measured {
        let samples = run()?;
        let error = samples.values().iter().zip(reference).map(|(&x, y)| (f64::from(x) - y).abs()).fold(0.0, f64::max);
        Ok(json!({ "max_abs_err_vs_f64_ref": error }))
    })
}
