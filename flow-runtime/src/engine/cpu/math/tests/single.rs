//! The error of `f32` against `f64`, over all bit patterns: every 1,021st, or each one under `FLOW_EXHAUSTIVE=1`.

use super::{Function, Set, Worst};

const CHUNK: usize = 4096;

fn ulp(true_value: f64) -> f64 {
    let exponent = ((true_value.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    f64::from_bits(((exponent.clamp(-126, 127) - 23 + 1023) as u64) << 52)
}

fn error(function: Function, true_value: f64, y: f32) -> f64 {
    if true_value.is_nan() || y.is_nan() {
        return if true_value.is_nan() && y.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if true_value as f32 == y || function.flushes() && y == 0.0 && true_value.abs() < f32::MIN_POSITIVE as f64 {
        return 0.0;
    }
    // What overflows is one step above the largest number.
    let y = (y as f64).clamp(-(128f64.exp2()), 128f64.exp2());
    (y - true_value).abs() / ulp(true_value)
}

fn check(function: Function, reference: fn(f64) -> f64) {
    let stride = if std::env::var_os("FLOW_EXHAUSTIVE").is_some_and(|value| value == "1") { 1 } else { 1_021 };
    let sets = Set::all();
    let mut worst = vec![Worst::default(); sets.len()];
    let mut patterns = (0..=u32::MAX).step_by(stride).map(f32::from_bits).filter(|&x| function.accepts(x as f64));
    let (mut xs, mut ys) = (Vec::with_capacity(CHUNK), vec![0.0; CHUNK]);
    loop {
        xs.clear();
        xs.extend(patterns.by_ref().take(CHUNK));
        if xs.is_empty() {
            break;
        }
        let true_values: Vec<_> = xs.iter().map(|&x| reference(x as f64)).collect();
        for (set, worst) in sets.iter().zip(&mut worst) {
            set.map(function, &xs, &mut ys[..xs.len()]);
            for ((&x, &y), &true_value) in xs.iter().zip(&ys).zip(&true_values) {
                worst.add(error(function, true_value, y), x as f64, y as f64);
            }
        }
    }
    for (set, worst) in sets.iter().zip(&worst) {
        assert!(worst.ulp <= function.bound(*set), "{function:?} {set:?}: {worst}");
    }
}

#[test]
fn exp() {
    check(Function::Exp, libm::exp);
}

#[test]
fn exp_m1() {
    check(Function::ExpM1, libm::expm1);
}

#[test]
fn exp_m1_of_negative() {
    check(Function::ExpM1OfNegative, libm::expm1);
}

#[test]
fn tanh() {
    check(Function::Tanh, libm::tanh);
}

#[test]
fn sigmoid() {
    check(Function::Sigmoid, |x| 1.0 / (1.0 + libm::exp(-x)));
}

#[test]
fn sin() {
    check(Function::Sin, libm::sin);
}

#[test]
fn cos() {
    check(Function::Cos, libm::cos);
}

#[test]
fn erf() {
    check(Function::Erf, libm::erf);
}

#[test]
fn erfc() {
    check(Function::Erfc, libm::erfc);
}

#[test]
fn softplus() {
    check(Function::Softplus, |x| x.max(0.0) + libm::log1p(libm::exp(-x.abs())));
}

#[test]
fn ln_1p_of_unit() {
    check(Function::Ln1pOfUnit, libm::log1p);
}
