//! Problems that a method of some order solves exactly: integrals of polynomials.

use crate::for_each_method;
use flow_runtime::{
    prelude::*,
    solve::{Embedded, Real, State, VectorField},
    tableau::Tableau,
};

/// The method whose weights are the embedded ones: its result is `x + h Σ b_hat k`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByEmbedded<M>(M);

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

macro_rules! quadrature_tests {
    (pairs: $($pair:ident)*; single: $($single:ident)*; implicit: $($implicit:ident)*;) => {
        #[test]
        fn pure_quadrature_is_the_rule_of_b_and_c() {
            $(check_quadrature(flow_runtime::solve::$pair);)*
            $(check_quadrature(flow_runtime::solve::$single);)*
            $(check_quadrature(flow_runtime::solve::$implicit);)*
        }

        #[test]
        fn estimates_of_polynomials_are_rounding() {
            $(check_estimate(flow_runtime::solve::$pair);)*
        }
    };
}
for_each_method!(quadrature_tests);

/// `x' = g(t)` is integrated by the quadrature rule `(b, c)`, exactly if `g` is a polynomial of degree below the order.
fn check_quadrature<M: Method>(method: M) {
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
