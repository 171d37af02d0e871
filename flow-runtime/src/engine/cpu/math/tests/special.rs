//! Zeros, infinities, NaN and the ends of the range, exactly.

use super::{Function, Function::*, Math, Set};
use std::f64::consts::LN_2;

fn values<E: Math>(set: Set, function: Function, xs: &[f64]) -> Vec<f64> {
    let xs: Vec<_> = xs.iter().map(|&x| E::from_f64(x)).collect();
    let mut ys = vec![E::default(); xs.len()];
    set.map(function, &xs, &mut ys);
    ys.into_iter().map(E::to_f64).collect()
}

fn check<E: Math>(tiny: f64, largest: f64) {
    const INF: f64 = f64::INFINITY;
    // The argument, and the result down to the sign of zero.
    let pinned: &[(Function, &[(f64, f64)])] = &[
        (
            Exp,
            &[
                (0.0, 1.0),
                (-0.0, 1.0),
                (tiny, 1.0),
                (-tiny, 1.0),
                (INF, INF),
                (largest, INF),
                (-INF, 0.0),
                (-largest, 0.0),
            ],
        ),
        (
            ExpM1,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (2.0 * tiny, 2.0 * tiny),
                (-2.0 * tiny, -2.0 * tiny),
                (INF, INF),
                (largest, INF),
                (-INF, -1.0),
                (-largest, -1.0),
            ],
        ),
        (ExpM1OfNegative, &[(0.0, 0.0), (-tiny, -tiny), (-INF, -1.0), (-largest, -1.0)]),
        (
            Tanh,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (tiny, tiny),
                (-tiny, -tiny),
                (INF, 1.0),
                (largest, 1.0),
                (-INF, -1.0),
                (-largest, -1.0),
            ],
        ),
        (Sigmoid, &[(0.0, 0.5), (-0.0, 0.5), (tiny, 0.5), (INF, 1.0), (largest, 1.0), (-INF, 0.0), (-largest, 0.0)]),
        (Sin, &[(0.0, 0.0), (-0.0, -0.0), (tiny, tiny), (-tiny, -tiny)]),
        (Cos, &[]),
        (Erf, &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (largest, 1.0), (-INF, -1.0), (-largest, -1.0)]),
        (Erfc, &[(0.0, 1.0), (-0.0, 1.0), (tiny, 1.0), (INF, 0.0), (largest, 0.0), (-INF, 2.0), (-largest, 2.0)]),
        (Softplus, &[(INF, INF), (largest, largest), (-INF, 0.0), (-largest, 0.0)]),
        (Ln1pOfUnit, &[(0.0, 0.0), (tiny, tiny)]),
    ];
    for set in Set::all() {
        for &(function, pairs) in pinned {
            let xs: Vec<_> = pairs.iter().map(|pair| pair.0).collect();
            for (&(x, expected), y) in pairs.iter().zip(values::<E>(set, function, &xs)) {
                assert_eq!(
                    expected.to_bits(),
                    y.to_bits(),
                    "{function:?} {set:?} at {x:e}: {y:e}, expected {expected:e}"
                );
            }
            assert!(values::<E>(set, function, &[f64::NAN])[0].is_nan(), "{function:?} {set:?}");
        }
        for function in [Sin, Cos, SinOfPair, CosOfPair] {
            assert!(
                values::<E>(set, function, &[INF, -INF, f64::NAN]).iter().all(|y| y.is_nan()),
                "{function:?} {set:?}"
            );
        }
        if set.has_fused_products() {
            assert_eq!(values::<E>(set, Cos, &[0.0, -0.0, tiny, -tiny]), [1.0; 4], "{set:?}");
            let ln_2 = E::from_f64(LN_2).to_f64();
            assert_eq!(values::<E>(set, Softplus, &[0.0, -0.0]), [ln_2, ln_2], "{set:?}");
            assert_eq!(values::<E>(set, Ln1pOfUnit, &[1.0]), [ln_2], "{set:?}");
        }
    }
}

#[test]
fn special_values_of_f32() {
    check::<f32>(f32::from_bits(1) as f64, f32::MAX as f64);
}

#[test]
fn special_values_of_f64() {
    check::<f64>(f64::from_bits(1), f64::MAX);
}

/// Values of a bounded function do not leave its range, at any rounding.
#[test]
fn ranges_hold() {
    fn check<E: Math>() {
        let xs: Vec<_> = (-100_000..=100_000).map(|i| i as f64 * 2.5e-4).collect();
        for set in Set::all() {
            for (function, low, high) in [
                (Tanh, -1.0, 1.0),
                (Sigmoid, 0.0, 1.0),
                (Erf, -1.0, 1.0),
                (Erfc, 0.0, 2.0),
                (Sin, -1.0, 1.0),
                (Cos, -1.0, 1.0),
            ] {
                for (y, x) in values::<E>(set, function, &xs).into_iter().zip(&xs) {
                    assert!((low..=high).contains(&y), "{function:?} {set:?} at {x}: {y}");
                }
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn sine_and_cosine_come_as_a_pair_too() {
    fn check<E: Math>() {
        let xs: Vec<_> = (-1_000..1_000).map(|i| i as f64 * 1.7).chain([1e30, -1e9, 3.0e5]).collect();
        for set in Set::all() {
            assert_eq!(values::<E>(set, SinOfPair, &xs), values::<E>(set, Sin, &xs), "{set:?}");
            assert_eq!(values::<E>(set, CosOfPair, &xs), values::<E>(set, Cos, &xs), "{set:?}");
        }
    }
    check::<f32>();
    check::<f64>();
}
