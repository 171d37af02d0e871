//! One revolution of a planet: an ordinary differential equation, solved from a closure.
//!
//! Kepler's problem `r'' = −r / |r|³` with semi-major axis 1 has period 2π, so after one revolution the distance from
//! the start is the error. The example prints it against the step size for several methods, and draws the orbits and
//! the errors.
//!
//! ```text
//! cargo run --release --example orbit -- [--steps N] [--out DIR]
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

mod common;

use common::{Arguments, Flag};
use flow_runtime::{
    plot::{Errors, Options, Series},
    prelude::*,
    solve::VectorField,
};
use serde_json::json;
use std::{f64::consts::TAU, process::ExitCode};

const ECCENTRICITY: f64 = 0.5;
const REFINEMENTS: u32 = 6;

/// Errors below this are rounding.
const ROUNDING: f64 = 1e-12;

/// Errors of a method after one revolution, and the orbit it draws with the fewest steps.
struct Run {
    name: &'static str,
    order: usize,
    /// Step size and error.
    errors: Vec<(f64, f64)>,
    evaluations: Vec<u64>,
    orbit: Vec<[f32; 2]>,
}

impl Run {
    /// Step sizes and errors above rounding.
    fn resolved(&self) -> Vec<(f64, f64)> {
        self.errors.iter().copied().filter(|(_, error)| *error > ROUNDING).collect()
    }

    /// Order between the two finest step sizes whose errors are above rounding.
    fn observed_order(&self) -> Option<f64> {
        let [.., (h0, e0), (h1, e1)] = self.resolved()[..] else { return None };
        Some((e0 / e1).ln() / (h0 / h1).ln())
    }
}

/// From the pericentre, where the planet is fastest.
fn start() -> [f64; 4] {
    [1.0 - ECCENTRICITY, 0.0, 0.0, ((1.0 + ECCENTRICITY) / (1.0 - ECCENTRICITY)).sqrt()]
}

fn measure<M: Method>(method: M, field: impl VectorField<[f64; 4]> + Copy, steps: usize) -> Result<Run, Error> {
    let tableau = M::TABLEAU;
    let mut run = Run { name: tableau.name, order: tableau.order, errors: vec![], evaluations: vec![], orbit: vec![] };
    for refinement in 0..REFINEMENTS {
        let grid = Grid::uniform(0.0, TAU, steps << refinement)?;
        let save = if refinement == 0 { Save::EveryNode } else { Save::Final };
        let solution = solve_with(method, field, start(), &grid, save)?;
        let distance = |i: usize| solution.state[i] - start()[i];
        run.errors.push((TAU / grid.steps() as f64, distance(0).hypot(distance(1))));
        run.evaluations.push(solution.statistics.evaluations);
        if refinement == 0 {
            run.orbit = solution.states.iter().map(|x| [x[0] as f32, x[1] as f32]).collect();
        }
    }
    Ok(run)
}

fn orbit(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let kepler = |_t: f64, x: &[f64; 4]| {
        let cube = x[0].hypot(x[1]).powi(3);
        [x[2], x[3], -x[0] / cube, -x[1] / cube]
    };
    let steps = arguments.steps as usize;
    let runs = [
        measure(Euler, kepler, steps)?,
        measure(Midpoint, kepler, steps)?,
        measure(BogackiShampine32, kepler, steps)?,
        measure(Rk4, kepler, steps)?,
        measure(DormandPrince54, kepler, steps)?,
        measure(DormandPrince87, kepler, steps)?,
    ];

    println!("error after one revolution, eccentricity {ECCENTRICITY}");
    print!("{:>20} {:>5}", "steps", "order");
    (0..REFINEMENTS).for_each(|refinement| print!(" {:>9}", steps << refinement));
    println!(" {:>9}", "observed");
    for run in &runs {
        print!("{:>20} {:>5}", run.name, run.order);
        run.errors.iter().for_each(|(_, error)| print!(" {error:>9.1e}"));
        println!(" {:>9}", run.observed_order().map_or("-".to_owned(), |order| format!("{order:.2}")));
    }

    let orbits: Vec<_> = runs[..4].iter().map(|run| Series::new(run.name, &run.orbit)).collect();
    let title = format!("One revolution in {steps} steps");
    let view = Options { x_range: Some((-2.5, 1.5)), y_range: Some((-2.0, 2.0)), ..Options::titled(title) };
    plot::scatter(arguments.out.join("orbit.png"), &orbits, &view)?;

    let points: Vec<_> = runs.iter().map(Run::resolved).collect();
    let errors: Vec<_> = runs.iter().zip(&points).map(|(run, points)| Errors { name: run.name, points }).collect();
    let axes = Options {
        x_label: "step size".to_owned(),
        y_label: "error after one revolution".to_owned(),
        ..Options::titled("Kepler's problem")
    };
    plot::convergence(arguments.out.join("error.png"), &errors, &[1, 2, 3, 4, 5], &axes)?;

    let methods: Vec<_> = runs
        .iter()
        .map(|run| {
            let (steps, errors): (Vec<f64>, Vec<f64>) = run.errors.iter().copied().unzip();
            json!({
                "method": run.name,
                "order": run.order,
                "observed_order": run.observed_order(),
                "step_sizes": steps,
                "errors": errors,
                "evaluations": run.evaluations,
            })
        })
        .collect();
    let report = json!({ "example": "orbit", "eccentricity": ECCENTRICITY, "steps": steps, "methods": methods });
    println!("wrote orbit.png and error.png");
    arguments.report(&report)
}

fn main() -> ExitCode {
    let flags = [Flag::Steps(64, "steps in the coarsest revolution; each of the next five has twice as many")];
    common::run("orbit", &flags, orbit)
}
