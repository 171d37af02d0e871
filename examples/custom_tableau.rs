//! Two methods typed in from their papers, proved by the compiler, and measured.
//!
//! Change a coefficient and build again: the compiler names the order condition that fails, and the entry.
//!
//! ```text
//! cargo run --release --example custom_tableau -- [--steps N] [--out DIR]
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

mod common;

use common::{Arguments, Flag};
use flow_runtime::{
    plot::{Errors, Options},
    prelude::*,
    tableau::Tableau,
};
use serde_json::json;
use std::process::ExitCode;

flow_model! {
    /// Ralston's fourth-order method, whose bound of the truncation error is the least of four stages.
    ///
    /// # Reference
    /// A. Ralston (1962), Runge-Kutta methods with minimum error bounds, doi:10.1090/S0025-5718-1962-0150954-0
    pub solver Ralston4 {
        order: 4,
        tableau: {
            0                  | ;
            2/5                | 2/5;
            7/8 - 3*sqrt(5)/16 | (-2889 + 1428*sqrt(5))/1024, (3785 - 1620*sqrt(5))/1024;
            1                  | (-3365 + 2094*sqrt(5))/6040, (-975 - 3046*sqrt(5))/2552,
                                 (467040 + 203968*sqrt(5))/240845;
                               | (263 + 24*sqrt(5))/1812, (125 - 1000*sqrt(5))/3828,
                                 1024*(3346 + 1623*sqrt(5))/5924787, (30 - 4*sqrt(5))/123;
        }
    }

    /// Bogacki and Shampine's third-order method with a second-order error estimate.
    ///
    /// # Reference
    /// P. Bogacki, L. F. Shampine (1989), A 3(2) pair of Runge-Kutta formulas, doi:10.1016/0893-9659(89)90079-7
    pub solver BogackiShampine {
        order: 3,
        embedded: 2,
        tableau: {
            0   | ;
            1/2 | 1/2;
            3/4 | 0,   3/4;
            1   | 2/9, 1/3, 4/9;
                | 2/9, 1/3, 4/9, 0;
                | 7/24, 1/4, 1/3, 1/8;
        }
    }
}

const REFINEMENTS: u32 = 7;

/// What the compiler derived from the coefficients.
fn describe(tableau: &Tableau) {
    println!("{}", tableau.name);
    println!("  stages               {}", tableau.stages());
    println!("  order                {}", tableau.order);
    if let (Some(order), Some(norm)) = (tableau.embedded_order, tableau.embedded_error_norm) {
        println!("  embedded order       {order}, principal error norm {norm:.4e}");
    }
    println!("  coefficients         {:?}", tableau.exactness);
    println!("  principal error norm {:.4e}", tableau.error_norm);
    println!("  stage order          {}", tableau.stage_order);
    println!("  first same as last   {}", if tableau.fsal { "yes" } else { "no" });
    println!("  stability function   {}", polynomial(tableau.stability.numerator));
    println!(
        "  |R| <= 1 on          [-{:.4}, 0] and i [0, {:.4}]",
        tableau.stability.real, tableau.stability.imaginary
    );
}

/// `1 + z + 0.5 z^2`, from the constant term up.
fn polynomial(coefficients: &[f64]) -> String {
    let terms = coefficients.iter().enumerate().map(|(power, coefficient)| match (power, coefficient) {
        (0, c) => format!("{c}"),
        (1, 1.0) => "z".to_owned(),
        (1, c) => format!("{c:.6} z"),
        (power, c) => format!("{c:.6} z^{power}"),
    });
    terms.collect::<Vec<_>>().join(" + ")
}

/// Step sizes and errors on `x' = x cos t`, `x(0) = 1`, whose solution is `exp(sin t)`, at `t = 5`.
fn errors<M: Method>(method: M, steps: usize) -> Result<Vec<(f64, f64)>, Error> {
    (0..REFINEMENTS)
        .map(|refinement| {
            let grid = Grid::uniform(0.0, 5.0, steps << refinement)?;
            let x = solve(method, |t: f64, x: &f64| x * t.cos(), 1.0, &grid)?.state;
            Ok((5.0 / grid.steps() as f64, (x - 5.0_f64.sin().exp()).abs()))
        })
        .collect()
}

fn custom_tableau(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let steps = arguments.steps as usize;
    let methods = [
        (Ralston4::TABLEAU, errors(Ralston4, steps)?),
        (BogackiShampine::TABLEAU, errors(BogackiShampine, steps)?),
        (Rk4::TABLEAU, errors(Rk4, steps)?),
    ];
    for (tableau, errors) in &methods {
        describe(tableau);
        println!("  error on x' = x cos t");
        for pair in errors.windows(2) {
            let [(h0, e0), (h1, e1)] = [pair[0], pair[1]];
            println!("    step {h1:.5}  error {e1:.2e}  observed order {:.2}", (e0 / e1).ln() / (h0 / h1).ln());
        }
        println!();
    }

    // Logarithmic axes have no place for an error of zero.
    let positive: Vec<Vec<_>> =
        methods.iter().map(|(_, errors)| errors.iter().copied().filter(|(_, error)| *error > 0.0).collect()).collect();
    let series: Vec<_> =
        methods.iter().zip(&positive).map(|((tableau, _), points)| Errors { name: tableau.name, points }).collect();
    let axes = Options {
        x_label: "step size".to_owned(),
        y_label: "error at t = 5".to_owned(),
        ..Options::titled("x' = x cos t")
    };
    plot::convergence(arguments.out.join("convergence.png"), &series, &[3, 4], &axes)?;

    let report: Vec<_> = methods
        .iter()
        .map(|(tableau, errors)| {
            let (steps, errors): (Vec<f64>, Vec<f64>) = errors.iter().copied().unzip();
            json!({
                "method": tableau.name,
                "stages": tableau.stages(),
                "order": tableau.order,
                "embedded_order": tableau.embedded_order,
                "fsal": tableau.fsal,
                "error_norm": tableau.error_norm,
                "stability_real": tableau.stability.real,
                "stability_imaginary": tableau.stability.imaginary,
                "step_sizes": steps,
                "errors": errors,
            })
        })
        .collect();
    let report = json!({ "example": "custom_tableau", "steps": steps, "methods": report });
    println!("wrote convergence.png");
    arguments.report(&report)
}

fn main() -> ExitCode {
    let flags = [Flag::Steps(20, "steps of the coarsest solve; each of the next six has twice as many")];
    common::run("custom_tableau", &flags, custom_tableau)
}
