//! Implicit methods, declared here from their papers.

use crate::{
    order::{check_quadrature, for_each_known, slope},
    problems::*,
};
use flow_runtime::prelude::*;

flow_model! {
    /// Backward Euler.
    solver ImplicitEuler {
        order: 1,
        tableau: {
            1 | 1;
              | 1;
        }
    }

    /// The trapezoidal rule.
    solver Trapezoid {
        order: 2,
        tableau: {
            0 | 0;
            1 | 1/2, 1/2;
              | 1/2, 1/2;
        }
    }

    /// Alexander's L-stable method of order two (1977).
    solver Sdirk2 {
        order: 2,
        tableau: {
            1 - sqrt(2)/2 | 1 - sqrt(2)/2;
            1             | sqrt(2)/2, 1 - sqrt(2)/2;
                          | sqrt(2)/2, 1 - sqrt(2)/2;
        }
    }

    /// The two-stage method of Gauss, Hammer and Hollingsworth (1955).
    solver GaussLegendre4 {
        order: 4,
        tableau: {
            1/2 - sqrt(3)/6 | 1/4,             1/4 - sqrt(3)/6;
            1/2 + sqrt(3)/6 | 1/4 + sqrt(3)/6, 1/4;
                            | 1/2,             1/2;
        }
    }

    /// Radau IIA of order three.
    solver RadauIia3 {
        order: 3,
        tableau: {
            1/3 | 5/12, -1/12;
            1   | 3/4,  1/4;
                | 3/4,  1/4;
        }
    }
}

fn check<M: Method>(method: M) {
    check_quadrature(method);
    for_each_known!(|known| {
        let order = M::TABLEAU.order as f64;
        let slope =
            slope(&known, |grid, save| solve_with(method, known.problem.field, known.problem.x0, grid, save).unwrap());
        let (name, problem) = (M::TABLEAU.name, known.problem.name);
        assert!((slope - order).abs() < 0.2, "{name} on {problem}: slope {slope:.3}, order {order}");
    });
}

#[test]
fn implicit_euler() {
    check(ImplicitEuler);
}

#[test]
fn trapezoid() {
    check(Trapezoid);
}

#[test]
fn sdirk2() {
    check(Sdirk2);
}

#[test]
fn gauss_legendre4() {
    check(GaussLegendre4);
}

#[test]
fn radau_iia3() {
    check(RadauIia3);
}

#[test]
fn symmetric_methods_come_back_to_where_they_started() {
    // A symmetric method over the reversed grid undoes itself, whatever the step size.
    fn check<M: Method>(method: M) {
        let grid = Grid::uniform(0.0, 6.0, 12).unwrap();
        let end = solve(method, A3.field, A3.x0, &grid).unwrap().state;
        let start = solve(method, A3.field, end, &grid.reversed()).unwrap().state;
        assert!((start[0] - A3.x0[0]).abs() < 1e-13, "{}: {start:?}", M::TABLEAU.name);
    }
    check(Trapezoid);
    check(GaussLegendre4);
}

#[test]
fn stiff_problem_of_prothero_and_robinson() {
    // x' = λ (x − cos t) − sin t with λ = −1e6; steps of 0.1 keep to the slow solution cos t.
    let field = |t: f64, x: &f64| -1e6 * (x - t.cos()) - t.sin();
    let grid = Grid::uniform(0.0, 10.0, 100).unwrap();
    let error = |x: flow_runtime::Result<flow_runtime::solve::Solution<f64>>| (x.unwrap().state - 10.0_f64.cos()).abs();
    assert!(error(solve(ImplicitEuler, field, 1.0, &grid)) < 1e-6);
    assert!(error(solve(Sdirk2, field, 1.0, &grid)) < 1e-6);
    assert!(error(solve(RadauIia3, field, 1.0, &grid)) < 1e-6);
    // Off the slow solution by one: an L-stable method forgets it at once, an explicit one blows up.
    assert!(error(solve(RadauIia3, field, 2.0, &grid)) < 1e-6);
    assert!(matches!(solve(Rk4, field, 2.0, &grid), Err(Error::NotFinite { .. })));
}
