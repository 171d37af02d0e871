//! The slope of the error against the step size is the order, for every built-in method, on nonlinear problems that
//! depend on time and whose solutions are known.
//!
//! A row names a method, a problem, the end of the interval, the first of four step counts in ratios of √2, and the
//! slope there. The rows are pinned: a method has no other problem to turn to if it misses its own.
//!
//! Where the steps are long, the slope is not yet the order; where they are short, the error is rounding. What lies
//! between is narrow for a method of high order. It can even be empty, if the principal error is so small that the term
//! after it outweighs it: on `x' = -2 t x²` the slopes of Dormand and Prince's pair of order five fall from 7 to 5.2
//! before the error is rounding, and Tsitouras' and the eighth-order pair fare worse. They have room on systems alone,
//! over intervals long enough for the error to gather. So the problem is chosen by the method.

use crate::{
    for_each_method,
    order::ByEmbedded,
    problems::{
        A5, FORCED, LOGISTIC, Problem, SQUARE, TANGENT, WARPED_KEPLER, WARPED_TORUS, WITCH, a5_at, kepler_at,
        relative_error, torus_at, warped,
    },
};
use flow_runtime::prelude::*;

/// Errors below this may be rounding.
const ROUNDING: f64 = 2e-12;

/// The largest relative error over all nodes, so that no change of its sign can flatter.
fn error<const N: usize, M: Method>(
    method: M,
    problem: &Problem<N>,
    exact: impl Fn(f64) -> [f64; N],
    t1: f64,
    steps: usize,
) -> f64 {
    let grid = Grid::uniform(0.0, t1, steps).unwrap();
    let solution = solve_with(method, problem.field, problem.x0, &grid, Save::EveryNode).unwrap();
    let nodes = solution.times.iter().zip(&solution.states).skip(1);
    nodes.map(|(t, x)| relative_error(x, &exact(*t))).fold(0.0, f64::max)
}

/// Every slope between neighbouring step counts is the order to within 0.2, and their mean is `expected`.
fn check<const N: usize, M: Method>(
    method: M,
    order: usize,
    problem: &Problem<N>,
    exact: impl Fn(f64) -> [f64; N],
    (t1, first, expected): (f64, usize, f64),
) {
    let name = format!("{} on {} to {t1}", M::TABLEAU.name, problem.name);
    let counts = [0, 1, 2, 3].map(|i| (first as f64 * 2.0_f64.powf(f64::from(i) / 2.0)).round() as usize);
    let errors = counts.map(|steps| error(method, problem, &exact, t1, steps));
    assert!(errors.iter().all(|error| (ROUNDING..0.01).contains(error)), "{name}: {errors:?}");
    let slope = |i: usize, j: usize| (errors[i] / errors[j]).ln() / (counts[j] as f64 / counts[i] as f64).ln();
    let slopes = [slope(0, 1), slope(1, 2), slope(2, 3)];
    assert!(slopes.iter().all(|slope| (slope - order as f64).abs() < 0.2), "{name}: order {order}, slopes {slopes:?}");
    assert!((slope(0, 3) - expected).abs() < 0.01, "{name}: slope {}, not {expected}", slope(0, 3));
}

/// Each problem with its solution.
macro_rules! check_on {
    (A5, $($row:tt)*) => { check_on!(@ A5, |t| [a5_at(t)], $($row)*) };
    (FORCED, $($row:tt)*) => { check_on!(@ FORCED, |t: f64| [t.cos(), -t.sin()], $($row)*) };
    (LOGISTIC, $($row:tt)*) => { check_on!(@ LOGISTIC, |t: f64| [1.0 / (1.0 + (-t * t / 2.0).exp())], $($row)*) };
    (SQUARE, $($row:tt)*) => { check_on!(@ SQUARE, |t: f64| [1.0 / (2.0 - t.sin())], $($row)*) };
    (TANGENT, $($row:tt)*) => { check_on!(@ TANGENT, |t: f64| [t.sin().tan()], $($row)*) };
    (WITCH, $($row:tt)*) => { check_on!(@ WITCH, |t: f64| [1.0 / (1.0 + t * t)], $($row)*) };
    (WARPED_KEPLER, $($row:tt)*) => { check_on!(@ WARPED_KEPLER, |t| kepler_at(0.3, warped(t).0), $($row)*) };
    (WARPED_TORUS, $($row:tt)*) => { check_on!(@ WARPED_TORUS, |t| torus_at(warped(t).0), $($row)*) };
    (@ $problem:ident, $exact:expr, $method:expr, $order:expr, $row:expr) => {
        check($method, $order, &$problem, $exact, $row)
    };
}

macro_rules! slopes {
    ($($method:ident: $($problem:ident to $t1:literal from $first:literal: $slope:literal),+;)*) => {
        const MEASURED: &[&str] = &[$(stringify!($method)),*];
        $(
            #[test]
            #[allow(non_snake_case)]
            fn $method() {
                let order = flow_runtime::solve::$method::TABLEAU.order;
                $(check_on!($problem, flow_runtime::solve::$method, order, ($t1, $first, $slope));)+
            }
        )*
    };
}

slopes! {
    Euler: A5 to 2.0 from 40: 1.00, LOGISTIC to 2.0 from 160: 1.00;
    Heun3: A5 to 2.0 from 20: 3.00, LOGISTIC to 2.0 from 40: 3.00;
    Kutta3: SQUARE to 5.0 from 160: 3.00, TANGENT to 2.0 from 226: 3.00;
    SspRk33: A5 to 2.0 from 20: 3.00, TANGENT to 2.0 from 80: 3.00;
    Rk4: A5 to 5.0 from 113: 4.00, FORCED to 2.0 from 160: 4.00;
    Rk4ThreeEighths: WARPED_TORUS to 2.0 from 160: 4.00, A5 to 2.0 from 20: 4.00;
    CooperVerner8: FORCED to 5.0 from 20: 8.08, WARPED_TORUS to 20.0 from 80: 8.11;
    Midpoint: A5 to 2.0 from 57: 2.00, FORCED to 2.0 from 226: 2.00;
    Heun2: FORCED to 2.0 from 40: 2.00, A5 to 2.0 from 57: 2.00;
    Ralston2: LOGISTIC to 2.0 from 113: 2.00, FORCED to 2.0 from 160: 2.00;
    BogackiShampine32: A5 to 2.0 from 57: 3.00, LOGISTIC to 2.0 from 57: 3.00;
    Fehlberg45: SQUARE to 20.0 from 226: 5.00, A5 to 2.0 from 10: 5.00;
    CashKarp54: FORCED to 10.0 from 226: 5.00, WARPED_KEPLER to 10.0 from 226: 5.00;
    DormandPrince54: FORCED to 20.0 from 905: 4.99, TANGENT to 2.0 from 20: 5.06;
    Tsit5: WARPED_KEPLER to 20.0 from 905: 5.04, FORCED to 20.0 from 640: 4.93;
    DormandPrince87: WARPED_TORUS to 10.0 from 40: 8.03, WARPED_TORUS to 20.0 from 80: 8.00;
    ImplicitEuler: A5 to 2.0 from 40: 1.00, LOGISTIC to 2.0 from 160: 1.00;
    ImplicitMidpoint: A5 to 2.0 from 10: 2.00, LOGISTIC to 2.0 from 10: 2.00;
    Trapezoid: A5 to 2.0 from 10: 2.00, FORCED to 2.0 from 20: 2.00;
    Sdirk2: WARPED_TORUS to 2.0 from 40: 2.00, FORCED to 2.0 from 80: 2.00;
    RadauIIA3: A5 to 2.0 from 57: 3.00, WARPED_TORUS to 2.0 from 57: 3.00;
    GaussLegendre4: A5 to 2.0 from 28: 4.00, FORCED to 2.0 from 28: 4.00;
    RadauIIA5: WARPED_KEPLER to 5.0 from 113: 5.00, SQUARE to 10.0 from 160: 5.00;
    GaussLegendre6: WARPED_KEPLER to 5.0 from 80: 6.00, WARPED_TORUS to 10.0 from 160: 6.00;
}

/// The second result of a pair, of its own order.
mod embedded {
    use super::*;

    macro_rules! slopes {
        ($($method:ident: $($problem:ident to $t1:literal from $first:literal: $slope:literal),+;)*) => {
            pub const MEASURED: &[&str] = &[$(stringify!($method)),*];
            $(
                #[test]
                #[allow(non_snake_case)]
                fn $method() {
                    let method = ByEmbedded::<flow_runtime::solve::$method>::default();
                    let order = flow_runtime::solve::$method::TABLEAU.embedded_order.unwrap();
                    $(check_on!($problem, method, order, ($t1, $first, $slope));)+
                }
            )*
        };
    }

    slopes! {
        Midpoint: A5 to 2.0 from 40: 1.00, LOGISTIC to 2.0 from 160: 1.00;
        Heun2: A5 to 2.0 from 40: 1.00, LOGISTIC to 2.0 from 160: 1.00;
        Ralston2: A5 to 2.0 from 40: 1.00, LOGISTIC to 2.0 from 160: 1.00;
        BogackiShampine32: A5 to 2.0 from 80: 2.00, LOGISTIC to 2.0 from 80: 2.00;
        Fehlberg45: FORCED to 2.0 from 160: 4.00, LOGISTIC to 2.0 from 28: 4.01;
        CashKarp54: WITCH to 2.0 from 20: 4.00, FORCED to 5.0 from 57: 4.01;
        DormandPrince54: FORCED to 2.0 from 40: 4.00, TANGENT to 2.0 from 57: 3.99;
        Tsit5: FORCED to 5.0 from 226: 4.00, SQUARE to 2.0 from 57: 3.99;
        DormandPrince87: SQUARE to 10.0 from 28: 6.91, WARPED_TORUS to 2.0 from 10: 6.87;
    }
}

macro_rules! complete {
    (pairs: $($pair:ident)*; single: $($single:ident)*; implicit: $($implicit:ident)*;) => {
        #[test]
        fn every_method_is_measured() {
            assert_eq!(MEASURED, [$(stringify!($single),)* $(stringify!($pair),)* $(stringify!($implicit)),*]);
            assert_eq!(embedded::MEASURED, [$(stringify!($pair)),*]);
        }
    };
}
for_each_method!(complete);
