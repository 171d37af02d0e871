//! What the unrolled steps compute.

use super::*;
use crate::{
    error::Result,
    solve::{Embedded, Method, State, VectorField},
};

/// A vector of doubles, so that these tests need no other state.
#[derive(Clone, Debug, PartialEq)]
struct Vector(Vec<f64>);

impl State for Vector {
    type Scalar = f64;

    fn combine_into<const N: usize>(&self, terms: [(f64, &Self); N], out: &mut Self) -> Result<()> {
        for (i, out) in out.0.iter_mut().enumerate() {
            *out = terms.iter().fold(self.0[i], |sum, (w, k)| sum + w * k.0[i]);
        }
        Ok(())
    }

    fn sum_into<const N: usize>(terms: [(f64, &Self); N], out: &mut Self) -> Result<()> {
        for (i, out) in out.0.iter_mut().enumerate() {
            *out = terms.iter().map(|(w, k)| w * k.0[i]).sum();
        }
        Ok(())
    }

    fn is_finite(&self) -> bool {
        self.0.is_finite()
    }

    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn copy_into(&self, values: &mut [f64]) {
        self.0.copy_into(values);
    }

    fn copy_from(&mut self, values: &[f64]) -> Result<()> {
        self.0.copy_from(values)
    }
}

/// A right-hand side that keeps the times it was asked for.
struct Field<F> {
    function: F,
    times: Vec<f64>,
}

impl<F: Fn(f64, f64) -> f64> VectorField<Vector> for Field<F> {
    fn evaluate(&mut self, t: f64, x: &Vector, out: &mut Vector) -> Result<()> {
        self.times.push(t);
        out.0[0] = (self.function)(t, x.0[0]);
        Ok(())
    }
}

fn field<F: Fn(f64, f64) -> f64>(function: F) -> Field<F> {
    Field { function, times: Vec::new() }
}

fn step<M: Method>(function: impl Fn(f64, f64) -> f64, t0: f64, t1: f64, x: f64) -> (f64, Vec<f64>) {
    let (mut field, x) = (field(function), Vector(vec![x]));
    let (mut work, mut out) = (M::work(&x), x.clone());
    match M::step(&mut field, t0, t1, &x, &mut work, &mut out) {
        Ok(()) => (out.0[0], field.times),
        Err(error) => panic!("{error}"),
    }
}

/// The result, the error estimate and the times, over steps that reuse what they can.
fn solve_embedded<M: Embedded>(function: impl Fn(f64, f64) -> f64, grid: &[f64], x: f64) -> (f64, Vec<f64>, Vec<f64>) {
    let (mut field, mut x) = (field(function), Vector(vec![x]));
    let (mut work, mut out, mut error) = (M::work(&x), x.clone(), x.clone());
    let mut errors = Vec::new();
    for (i, ends) in grid.windows(2).enumerate() {
        let reuse = i > 0 && M::TABLEAU.fsal;
        match M::step_embedded(&mut field, ends[0], ends[1], &x, reuse, &mut work, &mut out, &mut error) {
            Ok(()) => errors.push(error.0[0]),
            Err(error) => panic!("{error}"),
        }
        std::mem::swap(&mut x, &mut out);
    }
    (x.0[0], errors, field.times)
}

macro_rules! for_each {
    ($check:ident: $($method:ident),*) => { $($check::<$method>();)* };
}

macro_rules! for_each_explicit {
    ($check:ident) => {
        for_each!($check: Euler, Midpoint, Heun2, Ralston2, Heun3, Kutta3, SspRk33, BogackiShampine32, Rk4, Rk4ThreeEighths,
            Fehlberg45, CashKarp54, DormandPrince54, Tsit5, DormandPrince87, CooperVerner8);
    };
}

macro_rules! for_each_pair {
    ($check:ident) => {
        for_each!($check: Midpoint, Heun2, Ralston2, BogackiShampine32, Fehlberg45, CashKarp54, DormandPrince54, Tsit5,
            DormandPrince87);
    };
}

/// `x' = x` over a step of one gives the stability function at one.
#[test]
fn exponential() {
    fn check<M: Method>() {
        let expected: f64 = M::TABLEAU.stability.numerator.iter().sum();
        let (value, _) = step::<M>(|_, x| x, 0.0, 1.0, 1.0);
        assert!((value - expected).abs() < 1e-13, "{}: {value} {expected}", M::TABLEAU.name);
    }
    for_each_explicit!(check);
    assert_eq!(step::<Rk4>(|_, x| x, 0.0, 1.0, 24.0).0, 65.0);
}

/// Nonlinear and non-autonomous: `x' = x cos t`, `x = e^{sin t}`.
#[test]
fn orders_are_seen() {
    fn check<M: Method>() {
        let order = M::TABLEAU.order;
        let error = |steps: u32| {
            let h = 4.0 / f64::from(steps);
            let (mut x, mut largest) = (1.0, 0.0_f64);
            for i in 0..steps {
                let (t0, t1) = (f64::from(i) * h, f64::from(i + 1) * h);
                x = step::<M>(|t, x| x * t.cos(), t0, t1, x).0;
                // At one time alone the leading error may happen to vanish, as Kutta3's nearly does at 4.
                largest = largest.max((x - t1.sin().exp()).abs());
            }
            largest
        };
        // Coarse enough for order 8 to stay above rounding.
        let steps = if order >= 8 { 8 } else { 64 };
        let slope = (error(steps) / error(2 * steps)).log2();
        assert!((slope - order as f64).abs() < 0.35, "{}: {slope}", M::TABLEAU.name);
    }
    for_each_explicit!(check);
}

/// `x' = t^(q−1)` is integrated exactly by a quadrature rule of order `q`.
#[test]
fn quadrature_is_exact() {
    fn check<M: Method>() {
        for q in 1..=M::TABLEAU.order as i32 {
            let (value, _) = step::<M>(|t, _| f64::from(q) * t.powi(q - 1), 0.5, 1.5, 0.0);
            let exact = 1.5f64.powi(q) - 0.5f64.powi(q);
            assert!((value - exact).abs() < 1e-13 * exact.max(1.0) * 10.0, "{} q={q}: {value}", M::TABLEAU.name);
        }
    }
    for_each_explicit!(check);
}

/// Stage times never leave the step, and are its ends exactly, whatever rounding `t0 + (t1 − t0)` makes.
#[test]
fn stages_stay_inside() {
    fn check<M: Method>() {
        for (t0, t1) in [(0.1, 0.7), (1.0 / 3.0, 1e3), (0.7, 0.1), (-1e-3, 1e17)] {
            let (_, times) = step::<M>(|_, x| x, t0, t1, 1.0);
            let (low, high) = (f64::min(t0, t1), f64::max(t0, t1));
            assert!(times.iter().all(|t| (low..=high).contains(t)), "{}: {times:?}", M::TABLEAU.name);
            assert_eq!(times[0], t0, "{}", M::TABLEAU.name);
            let ends = M::TABLEAU.c.iter().zip(M::TABLEAU.b).filter(|(c, b)| **c == 1.0 && **b != 0.0).count();
            assert!(times.iter().filter(|t| **t == t1).count() >= ends, "{}: {times:?}", M::TABLEAU.name);
        }
    }
    for_each_explicit!(check);
}

/// A stage that only the error estimate needs is not evaluated without it.
#[test]
fn evaluations() {
    let count = |times: Vec<f64>| times.len();
    assert_eq!(count(step::<BogackiShampine32>(|_, x| x, 0.0, 1.0, 1.0).1), 3);
    assert_eq!(count(step::<DormandPrince54>(|_, x| x, 0.0, 1.0, 1.0).1), 6);
    assert_eq!(count(step::<Tsit5>(|_, x| x, 0.0, 1.0, 1.0).1), 6);
    assert_eq!(count(step::<DormandPrince87>(|_, x| x, 0.0, 1.0, 1.0).1), 13);
    // First same as last: one more at the very start.
    let grid: Vec<f64> = (0..=10).map(f64::from).collect();
    assert_eq!(count(solve_embedded::<BogackiShampine32>(|_, x| -x, &grid, 1.0).2), 31);
    assert_eq!(count(solve_embedded::<DormandPrince54>(|_, x| -x, &grid, 1.0).2), 61);
    assert_eq!(count(solve_embedded::<CashKarp54>(|_, x| -x, &grid, 1.0).2), 60);
}

/// With and without the error estimate, the same numbers to the last bit.
#[test]
fn embedded_steps_agree() {
    fn check<M: Embedded>() {
        let grid: Vec<f64> = (0..=20).map(|i| f64::from(i) / 10.0).collect();
        let function = |t: f64, x: f64| (t - x * x).sin();
        let plain = grid.windows(2).fold(0.3, |x, ends| step::<M>(function, ends[0], ends[1], x).0);
        assert_eq!(solve_embedded::<M>(function, &grid, 0.3).0, plain, "{}", M::TABLEAU.name);
    }
    for_each_pair!(check);
}

/// The estimate vanishes where both results are exact, and has the order of the lower one.
#[test]
fn error_estimates() {
    fn check<M: Embedded>() {
        let (name, lower) = (M::TABLEAU.name, M::TABLEAU.embedded_order.unwrap_or(0).min(M::TABLEAU.order));
        for q in 1..=lower as i32 {
            let (_, errors, _) = solve_embedded::<M>(|t, _| f64::from(q) * t.powi(q - 1), &[0.0, 1.0], 0.0);
            assert!(errors[0].abs() < 1e-14, "{name} q={q}: {}", errors[0]);
        }
        let size = |h: f64| solve_embedded::<M>(|t, x| x * t.cos(), &[0.2, 0.2 + h], 1.0).1[0].abs();
        let slope = (size(0.2) / size(0.1)).log2();
        assert!((slope - (lower + 1) as f64).abs() < 0.35, "{name}: {slope}");
    }
    for_each_pair!(check);
}
