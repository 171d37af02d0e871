//! W2 and W5: samples per second with fixed weights over uniform steps.

use super::{
    arguments::Arguments,
    engine::sampler,
    measure::{Measured, Row},
    moons::{self, MoonsEuler, MoonsMidpoint, MoonsRk4},
    reference, wide,
};
use flow_runtime::{
    engine::Runnable,
    prelude::*,
    sample::{SampleRecipe, Sampler},
};
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
    match method {
        Named::Rk4 => rates(row, arguments, &reference, &start, &sampler::<MoonsRk4>(arguments, &model)),
        Named::Midpoint => rates(row, arguments, &reference, &start, &sampler::<MoonsMidpoint>(arguments, &model)),
        Named::Euler => rates(row, arguments, &reference, &start, &sampler::<MoonsEuler>(arguments, &model)),
    }
}

pub fn wide(row: Row, arguments: &Arguments, count: usize) -> Row {
    let prepared = || -> Result<_, Error> {
        let (model, start) = (wide::model()?, wide::start_points(count)?);
        let reference = reference::samples(&model, Rk4, wide::STEPS, &start, CHECKED_WIDE)?;
        Ok((model, start, reference))
    };
    let (model, start, reference) = match prepared() {
        Ok(prepared) => prepared,
        Err(error) => return row.failed(error),
    };
    rates(row, arguments, &reference, &start, &sampler::<wide::WideRk4>(arguments, &model))
}

/// The sampler is made once, as a program that samples often keeps it. A run is a call of it, from the points in this
/// process's memory to their ends there: when it returns, every device has finished.
fn rates<R: SampleRecipe<Model: Runnable>>(
    row: Row,
    arguments: &Arguments,
    reference: &[f64],
    start: &Dataset,
    sampler: &Sampler<R>,
) -> Row {
    let mut points = start.values().to_vec();
    row.rates(arguments, "samples_per_s", "samples/s", start.rows() as f64, || -> Measured {
        points.copy_from_slice(start.values());
        sampler.transport_in_place(&mut points, &Conditions::none())?;
        let error = points.iter().zip(reference).map(|(&x, y)| (f64::from(x) - y).abs()).fold(0.0, f64::max);
        Ok(json!({ "max_abs_err_vs_f64_ref": error }))
    })
}
