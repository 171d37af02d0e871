//! What the macro derived, against the literature.

use super::*;
use crate::tableau::{Exactness, Kind, Tableau};

fn all() -> Vec<&'static Tableau> {
    vec![
        &Euler::TABLEAU,
        &Midpoint::TABLEAU,
        &Heun2::TABLEAU,
        &Ralston2::TABLEAU,
        &Heun3::TABLEAU,
        &Kutta3::TABLEAU,
        &SspRk33::TABLEAU,
        &BogackiShampine32::TABLEAU,
        &Rk4::TABLEAU,
        &Rk4ThreeEighths::TABLEAU,
        &Fehlberg45::TABLEAU,
        &CashKarp54::TABLEAU,
        &DormandPrince54::TABLEAU,
        &Tsit5::TABLEAU,
        &DormandPrince87::TABLEAU,
        &CooperVerner8::TABLEAU,
        &ImplicitEuler::TABLEAU,
        &ImplicitMidpoint::TABLEAU,
        &Trapezoid::TABLEAU,
        &Sdirk2::TABLEAU,
        &GaussLegendre4::TABLEAU,
        &GaussLegendre6::TABLEAU,
        &RadauIIA3::TABLEAU,
        &RadauIIA5::TABLEAU,
    ]
}

/// To the digits that the reference has.
fn close(value: f64, reference: f64, digits: i32) -> bool {
    (value - reference).abs() <= 0.5001 * 10f64.powi(-digits)
}

/// Stages, order, embedded order, principal error norm, embedded one, real and imaginary stability.
#[test]
fn reference_values() {
    type Values = (usize, usize, Option<usize>, f64, Option<f64>, f64, f64);
    let table: [(&Tableau, Values); 15] = [
        (&Euler::TABLEAU, (1, 1, None, 0.5, None, 2.0, 0.0)),
        (&Midpoint::TABLEAU, (2, 2, Some(1), 0.171796, Some(0.5), 2.0, 0.0)),
        (&Heun2::TABLEAU, (2, 2, Some(1), 0.186339, Some(0.5), 2.0, 0.0)),
        (&Ralston2::TABLEAU, (2, 2, Some(1), 0.166667, Some(0.5), 2.0, 0.0)),
        (&Heun3::TABLEAU, (3, 3, None, 0.0462963, None, 2.5127, 1.7321)),
        (&Kutta3::TABLEAU, (3, 3, None, 0.0589256, None, 2.5127, 1.7321)),
        (&BogackiShampine32::TABLEAU, (4, 3, Some(2), 0.0418111, Some(0.0294628), 2.5127, 1.7321)),
        (&SspRk33::TABLEAU, (3, 3, None, 0.0721688, None, 2.5127, 1.7321)),
        (&Rk4::TABLEAU, (4, 4, None, 0.0145046, None, 2.7853, 2.8284)),
        (&Rk4ThreeEighths::TABLEAU, (4, 4, None, 0.0126694, None, 2.7853, 2.8284)),
        (&Fehlberg45::TABLEAU, (6, 5, Some(4), 0.00335574, Some(0.00183924), 3.6777, 0.0)),
        (&CashKarp54::TABLEAU, (6, 5, Some(4), 0.000948289, Some(0.000539075), 3.7344, 0.0)),
        (&DormandPrince54::TABLEAU, (7, 5, Some(4), 0.00039908, Some(0.00118296), 3.3066, 0.9972)),
        // These two from a computation with 60 digits that shares no code.
        (&Tsit5::TABLEAU, (7, 5, Some(4), 0.000138515, Some(0.00106497), 3.5068, 0.4780)),
        (&DormandPrince87::TABLEAU, (13, 8, Some(7), 4.50745e-6, Some(2.87967e-5), 5.1666, 0.0)),
    ];
    for (tableau, (stages, order, embedded, norm, embedded_norm, real, imaginary)) in table {
        let name = tableau.name;
        assert_eq!((tableau.stages(), tableau.order, tableau.embedded_order), (stages, order, embedded), "{name}");
        // Six significant digits at least, counted from the first.
        let digits = |value: f64| 5 - value.log10().floor() as i32 - i32::from(value < 1e-3);
        assert!(close(tableau.error_norm, norm, digits(norm)), "{name}: {}", tableau.error_norm);
        if let (Some(value), Some(reference)) = (tableau.embedded_error_norm, embedded_norm) {
            assert!(close(value, reference, digits(reference)), "{name}: {value}");
        }
        assert!(close(tableau.stability.real, real, 4), "{name}: {}", tableau.stability.real);
        assert!(close(tableau.stability.imaginary, imaginary, 4), "{name}: {}", tableau.stability.imaginary);
    }
}

#[test]
fn stability_functions() {
    let exponential = [1.0, 1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0];
    for (tableau, tail) in [
        (&Rk4::TABLEAU, None),
        (&Fehlberg45::TABLEAU, Some(1.0 / 2080.0)),
        (&CashKarp54::TABLEAU, Some(1.0 / 800.0)),
        (&DormandPrince54::TABLEAU, Some(1.0 / 600.0)),
    ] {
        let order = tableau.order;
        let mut expected = exponential[..=order].to_vec();
        expected.extend(tail);
        assert_eq!(tableau.stability.numerator, expected, "{}", tableau.name);
        assert_eq!(tableau.stability.denominator, [1.0]);
    }
    // Ends that have closed forms.
    assert_eq!(Kutta3::TABLEAU.stability.imaginary, 3f64.sqrt());
    assert_eq!(Rk4::TABLEAU.stability.imaginary, 8f64.sqrt());
    // Padé approximants of the exponential.
    let function = |tableau: &'static Tableau| (tableau.stability.numerator, tableau.stability.denominator);
    assert_eq!(function(&ImplicitEuler::TABLEAU), (&[1.0][..], &[1.0, -1.0][..]));
    assert_eq!(function(&ImplicitMidpoint::TABLEAU), (&[1.0, 0.5][..], &[1.0, -0.5][..]));
    assert_eq!(function(&Trapezoid::TABLEAU), (&[1.0, 0.5][..], &[1.0, -0.5][..]));
    let twelfth = 1.0 / 12.0;
    assert_eq!(function(&GaussLegendre4::TABLEAU), (&[1.0, 0.5, twelfth][..], &[1.0, -0.5, twelfth][..]));
    let (tenth, last) = (1.0 / 10.0, 1.0 / 120.0);
    assert_eq!(function(&GaussLegendre6::TABLEAU), (&[1.0, 0.5, tenth, last][..], &[1.0, -0.5, tenth, -last][..]));
    assert_eq!(function(&RadauIIA3::TABLEAU), (&[1.0, 1.0 / 3.0][..], &[1.0, -2.0 / 3.0, 1.0 / 6.0][..]));
    let radau = (&[1.0, 2.0 / 5.0, 1.0 / 20.0][..], &[1.0, -3.0 / 5.0, 3.0 / 20.0, -1.0 / 60.0][..]);
    assert_eq!(function(&RadauIIA5::TABLEAU), radau);
}

#[test]
fn implicit_methods() {
    for (tableau, kind, stage_order, stiffly_accurate, l_stable) in [
        (&ImplicitEuler::TABLEAU, Kind::DiagonallyImplicit, 1, true, true),
        (&ImplicitMidpoint::TABLEAU, Kind::DiagonallyImplicit, 1, false, false),
        (&Trapezoid::TABLEAU, Kind::DiagonallyImplicit, 2, true, false),
        (&Sdirk2::TABLEAU, Kind::DiagonallyImplicit, 1, true, true),
        (&GaussLegendre4::TABLEAU, Kind::FullyImplicit, 2, false, false),
        (&GaussLegendre6::TABLEAU, Kind::FullyImplicit, 3, false, false),
        (&RadauIIA3::TABLEAU, Kind::FullyImplicit, 2, true, true),
        (&RadauIIA5::TABLEAU, Kind::FullyImplicit, 3, true, true),
    ] {
        let name = tableau.name;
        assert_eq!(tableau.kind, kind, "{name}");
        assert_eq!(tableau.stage_order, stage_order, "{name}");
        assert_eq!(tableau.stiffly_accurate, stiffly_accurate, "{name}");
        assert!(tableau.stability.a_stable, "{name}");
        assert_eq!(tableau.stability.l_stable, l_stable, "{name}");
        assert_eq!(tableau.stability.real, f64::INFINITY, "{name}");
        assert_eq!(tableau.stability.imaginary, f64::INFINITY, "{name}");
    }
}

#[test]
fn first_same_as_last() {
    let fsal: Vec<_> = all().iter().filter(|tableau| tableau.fsal).map(|tableau| tableau.name).collect();
    assert_eq!(fsal, ["BogackiShampine32", "DormandPrince54", "Tsit5", "Trapezoid"]);
}

#[test]
fn how_the_coefficients_were_given() {
    for tableau in all() {
        match (tableau.name, tableau.exactness) {
            ("Tsit5", Exactness::Rounded { residual, .. }) => {
                assert!(residual > 1e-42 && residual < 1e-36, "{residual:e}")
            }
            ("DormandPrince87", Exactness::Rounded { residual, .. }) => {
                assert!(residual > 1e-18 && residual < 1e-16, "{residual:e}");
            }
            ("Sdirk2", exactness) => assert_eq!(exactness, Exactness::Quadratic { radicand: 2 }),
            ("GaussLegendre4", exactness) => assert_eq!(exactness, Exactness::Quadratic { radicand: 3 }),
            ("GaussLegendre6", exactness) => assert_eq!(exactness, Exactness::Quadratic { radicand: 15 }),
            ("CooperVerner8", exactness) => assert_eq!(exactness, Exactness::Quadratic { radicand: 21 }),
            ("RadauIIA5", exactness) => assert_eq!(exactness, Exactness::Quadratic { radicand: 6 }),
            (name, exactness) => assert_eq!(exactness, Exactness::Rational, "{name}"),
        }
    }
}

/// The doubles that a program computes with: the row sums and the quadrature conditions hold to rounding.
#[test]
fn emitted_coefficients_add_up() {
    for tableau in all() {
        let size = |row: &[f64]| row.iter().map(|a| a.abs()).sum::<f64>();
        for (row, c) in tableau.a.iter().zip(tableau.c) {
            assert!((row.iter().sum::<f64>() - c).abs() <= 4.0 * f64::EPSILON * (1.0 + size(row)), "{}", tableau.name);
        }
        for (weights, order) in [(Some(tableau.b), tableau.order)]
            .into_iter()
            .chain([(tableau.b_hat, tableau.embedded_order.unwrap_or(0))])
            .filter_map(|(weights, order)| weights.map(|weights| (weights, order)))
        {
            for k in 1..=order as i32 {
                let sum: f64 = weights.iter().zip(tableau.c).map(|(b, c)| b * c.powi(k - 1)).sum();
                let bound = 8.0 * f64::EPSILON * (1.0 + size(weights));
                assert!((sum - 1.0 / f64::from(k)).abs() <= bound, "{} at {k}", tableau.name);
            }
        }
    }
}

/// Where nothing of the prelude is there, and the names that generated code would like mean something else.
#[no_implicit_prelude]
#[allow(dead_code, non_camel_case_types)]
mod hostile {
    struct Option;
    struct Result;
    struct Tableau;
    struct usize;
    struct f64;
    struct bool;
    mod core {}
    mod std {}

    ::flow_runtime::flow_model! {
        /// A pair.
        pub(super) solver Pair {
            order: 2,
            embedded: 1,
            tableau: { 0 | ; 1 | 1; | 1/2, 1/2; | 1, 0; }
        }

        /// An implicit method.
        pub(super) solver Rule {
            order: 2,
            tableau: { 1/2 | 1/2; | 1; }
        }
    }
}

#[test]
fn hostile_callers() {
    assert_eq!((hostile::Pair::STAGES, hostile::Pair::EMBEDDED_ORDER), (2, Some(1)));
    assert_eq!(hostile::Rule::TABLEAU.kind, Kind::DiagonallyImplicit);
    assert_eq!(hostile::Pair, <hostile::Pair as Default>::default());
}
