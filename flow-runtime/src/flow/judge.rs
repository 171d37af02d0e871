//! What the macro proves at a scheduler's defaults, for any values of its parameters.

use super::Scheduler;
use crate::error::{Error, Result};

/// The grid, and how far it goes on towards the ends by halves: as the macro's.
const SAMPLES: u32 = 1024;
const HALVINGS: std::ops::RangeInclusive<i32> = 11..=24;

pub(super) fn check_scheduler<S: Scheduler>(scheduler: &S) -> Result<()> {
    check_ends(scheduler)?;
    check_finite(scheduler)?;
    check_growth(scheduler)
}

fn refuse<S: Scheduler>(scheduler: &S, what: &str, got: String, expected: String, help: &str) -> Result<()> {
    Err(Error::Invalid {
        operation: "scheduler",
        what: format!("{what} of {scheduler:?}"),
        got,
        expected,
        help: help.to_owned(),
    })
}

fn check_ends<S: Scheduler>(scheduler: &S) -> Result<()> {
    let ends = [
        ("alpha(0)", scheduler.alpha(0.0), 0.0),
        ("alpha(1)", scheduler.alpha(1.0), 1.0),
        ("sigma(0)", scheduler.sigma(0.0), 1.0),
        ("sigma(1)", scheduler.sigma(1.0), 0.0),
    ];
    for (what, value, expected) in ends {
        let met = (value - expected).abs() <= S::BOUNDARY;
        if !met {
            let expected = format!("{expected} to within {:e}", S::BOUNDARY);
            let help = "choose parameters with which alpha goes from 0 to 1 and sigma from 1 to 0";
            refuse(scheduler, what, value.to_string(), expected, help)?;
        }
    }
    Ok(())
}

fn check_finite<S: Scheduler>(scheduler: &S) -> Result<()> {
    let inside = (1..SAMPLES).map(|i| f64::from(i) / f64::from(SAMPLES));
    let near_ends = HALVINGS.flat_map(|k| [2f64.powi(-k), 1.0 - 2f64.powi(-k)]);
    let ends = [0.0, 1.0].into_iter().filter(|&t| S::INTERVAL.contains(t));
    for t in inside.chain(near_ends).chain(ends) {
        let values = [
            ("alpha", scheduler.alpha(t)),
            ("sigma", scheduler.sigma(t)),
            ("d_alpha", scheduler.d_alpha(t)),
            ("d_sigma", scheduler.d_sigma(t)),
        ];
        for (name, value) in values {
            if !value.is_finite() {
                let help = format!("choose parameters nearer to the defaults, with which it is finite on {}", S::INTERVAL);
                refuse(scheduler, &format!("{name}({t})"), value.to_string(), "a finite number".to_owned(), &help)?;
            }
        }
    }
    Ok(())
}

fn check_growth<S: Scheduler>(scheduler: &S) -> Result<()> {
    let ratio = |i: u32| {
        let t = f64::from(i) / f64::from(SAMPLES);
        (t, scheduler.alpha(t) / scheduler.sigma(t))
    };
    for i in 1..SAMPLES - 1 {
        let ((t0, from), (t1, to)) = (ratio(i), ratio(i + 1));
        let grows = from < to;
        if !grows {
            let help = "alpha is to rise and sigma to fall; each noise level belongs to one time";
            let expected = format!("more than its value {from} at t = {t0}");
            refuse(scheduler, &format!("alpha/sigma at t = {t1}"), to.to_string(), expected, help)?;
        }
    }
    Ok(())
}
