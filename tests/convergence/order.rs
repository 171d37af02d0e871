//! The slope of the error against the step size is the order.

use crate::{for_each_method, problems::*};
use flow_runtime::{
    prelude::*,
    solve::{Embedded, Real, Solution, State, VectorField},
    tableau::Tableau,
};

/// How slopes of a method of some order can be measured in `f64`.
struct Measurement {
    /// End of the interval.
    t1: f64,
    /// Nodes at which the error is looked at; the largest counts, so that no sign change of the error can flatter.
    samples: usize,
    /// Errors below this are rounding.
    rounding: f64,
}

impl Measurement {
    fn of(order: usize) -> Self {
        match order {
            // Longer intervals would need too many steps.
            0..4 => Self { t1: 5.0, samples: 32, rounding: 1e-11 },
            // Long enough that errors are above rounding where the steps are short.
            4..6 => Self { t1: 20.0, samples: 32, rounding: 1e-11 },
            // Few steps, and little rounding.
            _ => Self { t1: 20.0, samples: 4, rounding: 3e-13 },
        }
    }

    /// Error against step size over the three finest step counts, in ratios of √2, whose errors are not rounding.
    fn slope<const N: usize, M: Method>(&self, _: M, problem: &Problem<N>, exact: fn(f64) -> [f64; N]) -> f64 {
        let mut points = Vec::new();
        for doubling in 2..=25 {
            let steps = self.samples * 2.0_f64.powf(f64::from(doubling) / 2.0).round() as usize;
            let (grid, save) = (Grid::uniform(0.0, self.t1, steps).unwrap(), Save::EveryNth(steps / self.samples));
            // Steps that are too long may blow up; the finer ones count.
            let Ok(solution) = solve_with(M::default(), problem.field, problem.x0, &grid, save) else { continue };
            let errors = solution.times.iter().zip(&solution.states).map(|(t, x)| relative_error(x, &exact(*t)));
            let error = errors.fold(0.0, f64::max);
            if error < self.rounding || steps > 25_000 {
                break;
            }
            points.push((-(steps as f64).ln(), error.ln()));
        }
        let [.., a, b, c] = points[..] else {
            panic!("{} on {}: too few step counts above rounding", M::TABLEAU.name, problem.name);
        };
        // The least-squares line through three points.
        let (x, y) = ((a.0 + b.0 + c.0) / 3.0, (a.1 + b.1 + c.1) / 3.0);
        let covariance: f64 = [a, b, c].iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
        covariance / [a, b, c].iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
    }
}

/// Slopes on nonlinear problems; the second to the fourth depend on time.
fn slopes<M: Method>(method: M, order: usize) -> [(&'static str, f64); 6] {
    let measurement = Measurement::of(order);
    fn named<const N: usize>(problem: Problem<N>, slope: impl FnOnce(&Problem<N>) -> f64) -> (&'static str, f64) {
        (problem.name, slope(&problem))
    }
    [
        named(A2, |problem| measurement.slope(method, problem, |t| [1.0 / (t + 1.0).sqrt()])),
        named(A3, |problem| measurement.slope(method, problem, |t| [t.sin().exp()])),
        named(A5, |problem| measurement.slope(method, problem, |t| [a5_at(t)])),
        named(WITCH, |problem| measurement.slope(method, problem, |t| [1.0 / (1.0 + t * t)])),
        named(B4, |problem| measurement.slope(method, problem, torus_at)),
        named(kepler("Kepler", 0.3), |problem| measurement.slope(method, problem, |t| kepler_at(0.3, t))),
    ]
}

/// The order is seen on two problems at least, one of which depends on time, and no more than one shows less.
///
/// On some problems the principal error of a good method is so small, or changes its sign at such a step size, that
/// the limit lies below rounding: Dormand and Prince's pair looks like order six on A2.
pub fn check_slopes<M: Method>(method: M, order: usize) {
    let slopes = slopes(method, order);
    let is_order = |(_, slope): &&(&str, f64)| (slope - order as f64).abs() < 0.2;
    let is_less = |(_, slope): &&(&str, f64)| *slope < order as f64 - 0.2;
    let (seen, less) = (slopes.iter().filter(is_order).count(), slopes.iter().filter(is_less).count());
    let fits = seen >= 2 && less <= 1 && slopes[1..4].iter().any(|slope| is_order(&slope));
    assert!(fits, "{} has order {order}, but slopes are {slopes:.3?}", M::TABLEAU.name);
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

fn check_order<M: Method>(method: M) {
    check_slopes(method, M::TABLEAU.order);
}

fn check_embedded_order<M: Embedded>(_: M) {
    check_slopes(ByEmbedded::<M>::default(), M::TABLEAU.embedded_order.unwrap());
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
