//! The error of `f64`, against values of 420 digits and, at many more places, against the library.

use super::{Function, Function::*, Set, Worst};

/// Function, argument, result rounded to nearest, and what rounding took away in ulp; filled by `reference.py`.
const REFERENCE: &str = include_str!("reference.txt");

fn ulp(x: f64) -> f64 {
    let exponent = ((x.to_bits() >> 52) & 0x7ff).max(1);
    if exponent > 52 { f64::from_bits((exponent - 52) << 52) } else { f64::from_bits(1 << (exponent - 1)) }
}

/// The error of `y` where the true value is `rest` ulp above `rounded`.
fn error(function: Function, rounded: f64, rest: f64, y: f64) -> f64 {
    if rounded.is_nan() || y.is_nan() {
        return if rounded.is_nan() && y.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if rounded == y && y.is_infinite() || function.flushes() && y == 0.0 && rounded.abs() < f64::MIN_POSITIVE {
        return 0.0;
    }
    ((y - rounded) / ulp(rounded) - rest).abs()
}

fn check(function: Function, xs: &[f64], true_values: &[(f64, f64)], error_of_reference: f64) {
    let mut ys = vec![0.0; xs.len()];
    for set in Set::all() {
        set.map(function, xs, &mut ys);
        let mut worst = Worst::default();
        for ((&x, &y), &(rounded, rest)) in xs.iter().zip(&ys).zip(true_values) {
            worst.add(error(function, rounded, rest, y), x, y);
        }
        assert!(worst.ulp <= function.bound(set) + error_of_reference, "{function:?} {set:?}: {worst}");
    }
}

#[test]
fn errors_of_f64_against_reference_values() {
    let number = |field: Option<&str>| field.and_then(|field| field.parse::<f64>().ok());
    for function in [Exp, ExpM1, ExpM1OfNegative, Tanh, Sigmoid, Sin, Cos, Erf, Erfc, Softplus, Ln1pOfUnit] {
        let name = format!("{function:?}");
        let lines = REFERENCE.lines().map(|line| line.split(' ')).filter_map(|mut fields| {
            (fields.next()? == name).then_some(())?;
            Some((number(fields.next())?, (number(fields.next())?, number(fields.next())?)))
        });
        let (xs, true_values): (Vec<_>, Vec<_>) = lines.unzip();
        assert!(xs.len() >= 150, "{name}: {}", xs.len());
        check(function, &xs, &true_values, 0.0);
    }
}

/// The library's functions, and its own error in ulp.
#[test]
fn errors_of_f64_against_the_library() {
    let functions: &[(Function, fn(f64) -> f64, f64)] = &[
        (Exp, libm::exp, 1.0),
        (ExpM1, libm::expm1, 1.0),
        (ExpM1OfNegative, libm::expm1, 1.0),
        (Tanh, libm::tanh, 2.0),
        (Sigmoid, |x| 1.0 / (1.0 + libm::exp(-x)), 2.0),
        (Sin, libm::sin, 1.0),
        (Cos, libm::cos, 1.0),
        (Erf, libm::erf, 1.0),
        (Erfc, libm::erfc, 1.0),
        (Softplus, |x| x.max(0.0) + libm::log1p(libm::exp(-x.abs())), 2.5),
        (Ln1pOfUnit, libm::log1p, 1.0),
    ];
    // Multiples of the golden ratio are spread evenly: over all bit patterns, and over arguments of ordinary size.
    let golden = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let all_patterns = (0..40_000).map(|i| f64::from_bits(golden(i)));
    let ordinary = (0..40_000).map(|i| (golden(i) >> 11) as f64 * 2f64.powi(-53));
    let scales = [1.0, -1.0, 6.0, -6.0, 40.0, -40.0, 800.0, -800.0];
    let xs: Vec<_> = all_patterns.chain(ordinary.zip(scales.iter().cycle()).map(|(x, scale)| x * scale)).collect();
    for &(function, library, error_of_library) in functions {
        let xs: Vec<_> = xs.iter().copied().filter(|&x| function.accepts(x)).collect();
        let true_values: Vec<_> = xs.iter().map(|&x| (library(x), 0.0)).collect();
        check(function, &xs, &true_values, error_of_library);
    }
}
