//! What is asked of implicit methods alone: symmetry and stiff problems.

use crate::problems::A3;
use flow_runtime::prelude::*;

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
    assert!(error(solve(RadauIIA3, field, 1.0, &grid)) < 1e-6);
    // Off the slow solution by one: an L-stable method forgets it at once, an explicit one blows up.
    assert!(error(solve(RadauIIA3, field, 2.0, &grid)) < 1e-6);
    assert!(matches!(solve(Rk4, field, 2.0, &grid), Err(Error::NotFinite { .. })));
}
