//! The slope of the error against the step size is the order.

use crate::{for_each_method, problems::*};
use flow_runtime::{
    prelude::*,
    solve::{Embedded, Real, Solution, State, VectorField},
    tableau::Tableau,
};

/// Errors below this are rounding.
const ROUNDING: f64 = 2e-12;
/// Nodes at which the error is looked at; the largest counts, so that no sign change of the error can flatter.
const SAMPLES: usize = 16;

/// Error against step size over the finest four step counts, in ratios of √2, whose errors are not rounding.
pub fn slope<const N: usize>(known: &Known<N>, run: impl Fn(&Grid, Save) -> Solution<[f64; N]>) -> f64 {
    let mut points = Vec::new();
    for doubling in 0..=22 {
        let steps = SAMPLES * 2.0_f64.powf(f64::from(doubling) / 2.0).round() as usize;
        let solution = run(&Grid::uniform(0.0, known.t1, steps).unwrap(), Save::EveryNth(steps / SAMPLES));
        let errors = solution.times.iter().zip(&solution.states).map(|(t, x)| relative_error(x, &(known.exact)(*t)));
        let error = errors.fold(0.0, f64::max);
        if error < ROUNDING {
            break;
        }
        points.push((-(steps as f64).ln(), error.ln()));
    }
    let finest = &points[points.len().saturating_sub(4)..];
    assert_eq!(finest.len(), 4, "{}: too few step counts above rounding", known.problem.name);
    let mean = |f: fn(&(f64, f64)) -> f64| finest.iter().map(f).sum::<f64>() / 4.0;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let covariance: f64 = finest.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    covariance / finest.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

/// The problems on which orders are measured: nonlinear, some depend on time.
macro_rules! for_each_known {
    (|$known:ident| $body:expr) => {{
        {
            let $known = Known { problem: A2, t1: 20.0, exact: |t| [1.0 / (t + 1.0).sqrt()] };
            $body;
        }
        {
            let $known = Known { problem: A3, t1: 20.0, exact: |t| [t.sin().exp()] };
            $body;
        }
        {
            let $known = Known { problem: A5, t1: 20.0, exact: |t| [a5_at(t)] };
            $body;
        }
        {
            let $known = Known { problem: WITCH, t1: 5.0, exact: |t| [1.0 / (1.0 + t * t)] };
            $body;
        }
        {
            let $known = Known { problem: B4, t1: 20.0, exact: torus_at };
            $body;
        }
        {
            let $known = Known { problem: kepler("Kepler", 0.3), t1: 20.0, exact: |t| kepler_at(0.3, t) };
            $body;
        }
    }};
}
pub(crate) use for_each_known;

fn check_order<M: Method>(method: M) {
    for_each_known!(|known| {
        let order = M::TABLEAU.order as f64;
        let slope =
            slope(&known, |grid, save| solve_with(method, known.problem.field, known.problem.x0, grid, save).unwrap());
        let (name, problem) = (M::TABLEAU.name, known.problem.name);
        assert!((slope - order).abs() < 0.2, "{name} on {problem}: slope {slope:.3}, order {order}");
    });
}

/// The method whose weights are the embedded ones: its result is `x + h Σ b_hat k`.
#[derive(Clone, Copy, Debug, Default)]
struct ByEmbedded<M>(M);

impl<M: Embedded> Method for ByEmbedded<M> {
    const TABLEAU: &'static Tableau = M::TABLEAU;
    type Work<S: State> = (M::Work<S>, S, S);

    fn work<S: State>(like: &S) -> Self::Work<S> {
        (M::work(like), like.clone(), like.clone())
    }

    fn step<S: State, F: VectorField<S>>(
        field: &mut F,
        t0: S::Scalar,
        t1: S::Scalar,
        x: &S,
        (work, propagated, error): &mut Self::Work<S>,
        out: &mut S,
    ) -> Result<(), Error> {
        M::step_embedded(field, t0, t1, x, false, work, propagated, error)?;
        propagated.combine_into([(S::Scalar::from_f64(-1.0), &*error)], out)
    }
}

fn check_embedded_order<M: Embedded>(_: M) {
    for_each_known!(|known| {
        let order = M::TABLEAU.embedded_order.unwrap() as f64;
        let slope = slope(&known, |grid, save| {
            solve_with(ByEmbedded::<M>::default(), known.problem.field, known.problem.x0, grid, save).unwrap()
        });
        let (name, problem) = (M::TABLEAU.name, known.problem.name);
        assert!((slope - order).abs() < 0.2, "b_hat of {name} on {problem}: slope {slope:.3}, order {order}");
    });
}

macro_rules! order_tests {
    (pairs: $($pair:ident)*; single: $($single:ident)*;) => {
        #[allow(non_snake_case)]
        mod weights {
            use super::*;
            $(#[test] fn $pair() { check_order(flow_runtime::solve::$pair); })*
            $(#[test] fn $single() { check_order(flow_runtime::solve::$single); })*
        }
        #[allow(non_snake_case)]
        mod embedded_weights {
            use super::*;
            $(#[test] fn $pair() { check_embedded_order(flow_runtime::solve::$pair); })*
        }

        #[test]
        fn pure_quadrature_is_the_rule_of_b_and_c() {
            $(check_quadrature(flow_runtime::solve::$pair);)*
            $(check_quadrature(flow_runtime::solve::$single);)*
        }

        #[test]
        fn estimates_of_polynomials_are_rounding() {
            $(check_estimate(flow_runtime::solve::$pair);)*
        }
    };
}
for_each_method!(order_tests);

/// `x' = g(t)` is integrated by the quadrature rule `(b, c)`, exactly if `g` is a polynomial of degree below the order.
pub fn check_quadrature<M: Method>(method: M) {
    let (name, order) = (M::TABLEAU.name, M::TABLEAU.order as i32);
    let (t0, t1) = (0.25, 1.0);
    let grid = Grid::given([t0, t1]).unwrap();
    let h = t1 - t0;
    let rule: f64 = M::TABLEAU.b.iter().zip(M::TABLEAU.c).map(|(b, c)| h * b * (t0 + c * h).exp()).sum();
    let x = solve(method, |t: f64, _: &f64| t.exp(), 0.0, &grid).unwrap().state;
    assert!((x - rule).abs() < 1e-14, "{name}: {x} is not {rule}");
    for degree in 0..order {
        let x = solve(method, |t: f64, _: &f64| t.powi(degree), 0.0, &grid).unwrap().state;
        let exact = (t1.powi(degree + 1) - t0.powi(degree + 1)) / f64::from(degree + 1);
        assert!((x - exact).abs() < 1e-14, "{name}: the integral of t^{degree} is {x}, not {exact}");
    }
    let x = solve(method, |t: f64, _: &f64| t.powi(12), 0.0, &grid).unwrap().state;
    assert!((x - (1.0 - t0.powi(13)) / 13.0).abs() > 1e-12, "{name} is not exact for t^12");
}

/// The error estimate of `x' = t^d` vanishes for `d` below both orders.
fn check_estimate<M: Embedded>(_: M) {
    let (x, mut work, mut out, mut error) = (0.0, M::work(&0.0), 0.0, f64::NAN);
    for degree in 0..M::TABLEAU.order.min(M::TABLEAU.embedded_order.unwrap()) as i32 {
        let mut field = |t: f64, _: &f64| Real::to_f64(t).powi(degree);
        M::step_embedded(&mut field, 0.5, 1.5, &x, false, &mut work, &mut out, &mut error).unwrap();
        assert!(error.abs() < 1e-14, "{}: estimate {error} for t^{degree}", M::TABLEAU.name);
    }
}
