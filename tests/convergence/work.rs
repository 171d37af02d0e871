//! Evaluations of the right-hand side, counted.

use crate::for_each_method;
use flow_runtime::prelude::*;

/// A fixed step evaluates every stage that its weights need: the last stage of a FSAL method serves the estimate only.
fn check_work<M: Method>(method: M) {
    let (mut calls, mut last) = (0, 0.0);
    let field = |t: f64, x: &f64| {
        calls += 1;
        last = f64::max(last, t);
        x * t.cos()
    };
    let solution = solve(method, field, 1.0, &Grid::uniform(0.0, 0.7, 7).unwrap()).unwrap();
    let stages = M::TABLEAU.stages() as u64 - u64::from(M::TABLEAU.fsal);
    let name = M::TABLEAU.name;
    assert_eq!((solution.statistics.steps, solution.statistics.evaluations), (7, 7 * stages), "{name}");
    assert_eq!(calls, 7 * stages, "{name}");
    assert!(last <= 0.7, "{name}: a stage at {last}");
}

macro_rules! work_tests {
    (pairs: $($pair:ident)*; single: $($single:ident)*; implicit: $($implicit:ident)*;) => {
        #[test]
        fn evaluations_are_stages_times_steps() {
            $(check_work(flow_runtime::solve::$pair);)*
            $(check_work(flow_runtime::solve::$single);)*
        }
    };
}
for_each_method!(work_tests);

#[test]
fn counts_of_the_literature() {
    let count =
        |solution: flow_runtime::Result<flow_runtime::solve::Solution<f64>>| solution.unwrap().statistics.evaluations;
    let field = |t: f64, x: &f64| x * t.cos();
    let grid = Grid::uniform(0.0, 1.0, 10).unwrap();
    assert_eq!(count(solve(Euler, field, 1.0, &grid)), 10);
    assert_eq!(count(solve(Rk4, field, 1.0, &grid)), 40);
    assert_eq!(count(solve(BogackiShampine32, field, 1.0, &grid)), 30);
    assert_eq!(count(solve(DormandPrince54, field, 1.0, &grid)), 60);
    assert_eq!(count(solve(Tsit5, field, 1.0, &grid)), 60);
    assert_eq!(count(solve(DormandPrince87, field, 1.0, &grid)), 130);
}

#[test]
fn euler_with_ten_steps_of_a_tenth() {
    let solution = solve(Euler, |_: f64, x: &f64| *x, 1.0, &Grid::uniform(0.0, 1.0, 10).unwrap()).unwrap();
    assert!((solution.state - 2.593_742_460_1).abs() < 1e-14);
}
