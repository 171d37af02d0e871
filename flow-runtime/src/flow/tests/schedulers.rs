use crate::{Error, prelude::*};
use proptest::prelude::*;
use std::f64::consts::FRAC_PI_2;

/// `[alpha, sigma, d_alpha, d_sigma]`.
fn values<S: Scheduler>(scheduler: &S, t: f64) -> [f64; 4] {
    [scheduler.alpha(t), scheduler.sigma(t), scheduler.d_alpha(t), scheduler.d_sigma(t)]
}

#[track_caller]
fn assert_close(got: [f64; 4], expected: [f64; 4]) {
    for (got, expected) in got.into_iter().zip(expected) {
        assert!((got - expected).abs() <= 4.0 * f64::EPSILON * expected.abs().max(1.0), "{got} {expected}");
    }
}

#[test]
fn values_and_derivatives_in_closed_form() {
    for t in [0.1, 0.25, 0.5, 0.75, 0.9] {
        assert_close(values(&CondOt, t), [t, 1.0 - t, 1.0, -1.0]);
        for n in [1.0, 2.0, 3.5] {
            let polynomial = Polynomial::new(n).expect("a sound exponent");
            let slope = n * t.powf(n - 1.0);
            assert_close(values(&polynomial, t), [t.powf(n), 1.0 - t.powf(n), slope, -slope]);
        }
        let (sin, cos) = (FRAC_PI_2 * t).sin_cos();
        assert_close(values(&Cosine, t), [sin, cos, FRAC_PI_2 * cos, -FRAC_PI_2 * sin]);
        let sigma = (1.0 - t * t).sqrt();
        assert_close(values(&LinearVp, t), [t, sigma, 1.0, -t / sigma]);
        let (low, high) = (0.1, 20.0);
        let alpha = (-(1.0 - t).powi(2) * (high - low) / 4.0 - (1.0 - t) * low / 2.0).exp();
        let sigma = (1.0 - alpha * alpha).sqrt();
        let d_alpha = alpha * ((1.0 - t) * (high - low) + low) / 2.0;
        assert_close(values(&Vp::default(), t), [alpha, sigma, d_alpha, -alpha * d_alpha / sigma]);
    }
}

/// Reference values of `alpha(0.5)`: `exp(−(19.9 / 16 + 0.1 / 4)) = exp(−1.26875)` and its complement.
#[test]
fn the_diffusion_at_one_half() {
    let vp = Vp::default();
    assert!((vp.alpha(0.5) - 0.281_182_880_796_752_4).abs() < 1e-15, "{}", vp.alpha(0.5));
    assert!((vp.alpha(0.0) - (-5.025f64).exp()).abs() < 1e-15);
    assert_eq!(Vp::BOUNDARY, 0.01);
    assert_eq!((vp.beta_min, vp.beta_max), (0.1, 20.0));
}

#[test]
fn intervals() {
    let intervals = [CondOt::INTERVAL, Polynomial::INTERVAL, Cosine::INTERVAL, LinearVp::INTERVAL, Vp::INTERVAL];
    assert_eq!(intervals.map(|i| i.to_string()), ["[0, 1]", "[0, 1]", "[0, 1]", "[0, 1)", "[0, 1)"]);
    let open = Interval { open_start: true, open_end: true };
    assert!(!open.contains(0.0) && !open.contains(1.0) && open.contains(1e-300));
    assert!(!Interval::CLOSED.contains(f64::NAN) && !Interval::CLOSED.contains(-1e-300));
    let error = LinearVp::INTERVAL.check("sampling", 1.0).expect_err("an open end").to_string();
    assert_eq!(
        error,
        "sampling: the time is 1, expected a time in [0, 1)\nhelp: there is a pole at the open end; stay away from \
         it, for example by 1e-3"
    );
}

/// The ends, the growth of `alpha / sigma` and the derivatives as differences.
fn check_properties<S: Scheduler>(scheduler: &S) {
    let nearly = |value: f64, expected: f64| assert!((value - expected).abs() <= S::BOUNDARY, "{scheduler:?} {value}");
    nearly(scheduler.alpha(0.0), 0.0);
    nearly(scheduler.alpha(1.0), 1.0);
    nearly(scheduler.sigma(0.0), 1.0);
    nearly(scheduler.sigma(1.0), 0.0);
    let snr = |t: f64| scheduler.alpha(t) / scheduler.sigma(t);
    for i in 1..999 {
        assert!(snr(f64::from(i) / 1000.0) < snr(f64::from(i + 1) / 1000.0), "{scheduler:?} {i}");
    }
    for t in [0.05, 0.3, 0.5, 0.7, 0.95] {
        let h = 1e-4;
        let difference =
            |f: &dyn Fn(f64) -> f64| (8.0 * (f(t + h) - f(t - h)) - (f(t + 2.0 * h) - f(t - 2.0 * h))) / (12.0 * h);
        for (slope, difference) in [
            (scheduler.d_alpha(t), difference(&|t| scheduler.alpha(t))),
            (scheduler.d_sigma(t), difference(&|t| scheduler.sigma(t))),
        ] {
            assert!((slope - difference).abs() < 1e-9 * slope.abs().max(1.0), "{scheduler:?} {t} {slope} {difference}");
        }
    }
    scheduler.check().expect("a sound scheduler");
}

#[test]
fn properties_of_all() {
    check_properties(&CondOt);
    check_properties(&Polynomial::default());
    check_properties(&Cosine);
    check_properties(&LinearVp);
    check_properties(&Vp::default());
}

proptest! {
    #[test]
    fn properties_for_other_parameters(n in 1.0f64..8.0, low in 0.01f64..0.5, width in 18.5f64..40.0) {
        check_properties(&Polynomial::new(n).expect("sound"));
        check_properties(&Vp::new(low, low + width).expect("sound"));
    }

    #[test]
    fn no_parameter_panics(n: f64, low: f64, high: f64) {
        let _ = Polynomial::new(n);
        let _ = Vp::new(low, high);
    }
}

#[test]
fn parameters_that_do_not_fit_are_refused() {
    let message = |result: Result<Polynomial, Error>| result.expect_err("refused").to_string();
    // A pole at t = 0, where the interval is closed.
    assert_eq!(
        message(Polynomial::new(0.5)),
        "scheduler: d_alpha(0) of Polynomial { n: 0.5 } is inf, expected a finite number\n\
         help: choose parameters nearer to the defaults, with which it is finite on [0, 1]"
    );
    assert_eq!(
        message(Polynomial::new(0.0)),
        "scheduler: alpha(0) of Polynomial { n: 0.0 } is 1, expected 0 to within 1e-12\n\
         help: choose parameters with which alpha goes from 0 to 1 and sigma from 1 to 0"
    );
    assert!(message(Polynomial::new(-1.0)).contains("is inf"));
    assert!(message(Polynomial::new(f64::NAN)).contains("is NaN"));
    // Rises too late to be told apart from nothing.
    assert!(message(Polynomial::new(1e4)).contains("alpha/sigma at t = "));
    let vp = Vp::new(0.1, 5.0).expect_err("alpha(0) is 0.28").to_string();
    assert!(vp.contains("alpha(0) of Vp { beta_min: 0.1, beta_max: 5.0 } is 0.2"), "{vp}");
}

mod hostile {
    //! A caller without prelude whose names shadow everything.
    #![no_implicit_prelude]
    #![allow(dead_code, non_camel_case_types)]
    #![deny(warnings, missing_docs, unused_qualifications)]

    struct f64;
    struct Result;
    struct Option;
    struct Default;
    struct Scheduler;
    mod core {}
    mod std {}
    fn pow() {}
    fn sin() {}

    ::flow_runtime::flow_model! {
        pub(super) scheduler Mine(n = 2.0, r#type = -1) {
            alpha: pow(t, n) + 0 * r#type,
            sigma: 1 - pow(sin(pi / 2 * t), n),
        }
        scheduler Plain { alpha: t, sigma: 1 - t }
    }

    pub(super) fn plain() -> impl ::flow_runtime::flow::Scheduler {
        Plain
    }
}

#[test]
fn the_expansion_stands_on_its_own() {
    let mine = hostile::Mine::default();
    assert_eq!((mine.n, mine.r#type), (2.0, -1.0));
    assert_eq!(hostile::Mine::new(2.0, 0.0).expect("sound").alpha(0.5), 0.25);
    assert_eq!(hostile::plain().sigma(0.25), 0.75);
}
