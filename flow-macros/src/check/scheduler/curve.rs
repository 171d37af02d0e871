//! `alpha` or `sigma` as numbers: its ends, its growth, where it is finite. All at the parameters' defaults.

use crate::{
    ast::Entry,
    error::Errors,
    math::expression::{Expression, show},
};
use proc_macro2::TokenStream;

/// The uniform part of the grid on which the curves are looked at.
const SAMPLES: u32 = 1024;
/// The grid goes on towards both ends by halves, down to `2^-24`, the nearest that a training time comes.
const HALVINGS: std::ops::RangeInclusive<i32> = 11..=24;

/// `alpha` or `sigma`.
pub(super) struct Curve<'a> {
    name: &'static str,
    pub(super) expression: Expression,
    pub(super) derivative: Expression,
    parameters: &'a [f64],
    written: &'a TokenStream,
}

impl<'a> Curve<'a> {
    pub(super) fn new(name: &'static str, expression: Expression, parameters: &'a [f64], entry: &'a Entry) -> Self {
        let derivative = expression.simplified().derivative();
        Self { name, expression, derivative, parameters, written: &entry.value }
    }

    fn value(&self, t: f64) -> f64 {
        self.expression.evaluate(t, self.parameters)
    }

    pub(super) fn slope(&self, t: f64) -> f64 {
        self.derivative.evaluate(t, self.parameters)
    }
}

fn grid() -> impl Iterator<Item = f64> {
    (1..SAMPLES).map(|i| f64::from(i) / f64::from(SAMPLES))
}

/// Curve and derivative are finite inside `(0, 1)`.
pub(super) fn check_finite(alpha: &Curve, sigma: &Curve, cx: &mut Errors) -> bool {
    let ends = HALVINGS.flat_map(|k| [2f64.powi(-k), 1.0 - 2f64.powi(-k)]);
    let times: Vec<f64> = grid().chain(ends).collect();
    let mut sound = true;
    for curve in [alpha, sigma] {
        let name = curve.name;
        let message = times.iter().find_map(|&t| {
            let (value, slope) = (curve.value(t), curve.slope(t));
            if !value.is_finite() {
                let help = format!("help: `{name}` is to be finite between t = 0 and t = 1");
                Some(format!("{name}({}) is {}, expected a finite number\n{help}", show(t), show(value)))
            } else if !slope.is_finite() {
                let help = "help: only at t = 0 and t = 1 may a derivative have a pole";
                Some(format!("the derivative of {name} is {} at t = {}\n{help}", show(slope), show(t)))
            } else {
                None
            }
        });
        if let Some(message) = message {
            cx.at(curve.written, message);
            sound = false;
        }
    }
    sound
}

/// The four values that a scheduler is to have.
fn ends<'a>(alpha: &'a Curve<'a>, sigma: &'a Curve<'a>) -> [(&'a Curve<'a>, f64, f64); 4] {
    [(alpha, 0.0, 0.0), (alpha, 1.0, 1.0), (sigma, 0.0, 1.0), (sigma, 1.0, 0.0)]
}

pub(super) fn meets_ends(alpha: &Curve, sigma: &Curve, tolerance: f64) -> bool {
    ends(alpha, sigma).iter().all(|(curve, t, expected)| (curve.value(*t) - expected).abs() <= tolerance)
}

/// `alpha(0) = sigma(1) = 0`, `alpha(1) = sigma(0) = 1`; `false` if time runs backwards, which explains all the rest.
pub(super) fn check_ends(alpha: &Curve, sigma: &Curve, boundary: Option<f64>, cx: &mut Errors) -> bool {
    let tolerance = boundary.unwrap_or(super::ROUNDING);
    let reversed = ends(alpha, sigma).iter().all(|(curve, t, expected)| (curve.value(1.0 - t) - expected).abs() <= 0.1);
    if reversed {
        let help = "help: write `1 - t` for `t`: the source is at t = 0, the data at t = 1";
        cx.at(alpha.written, format!("alpha goes from 1 to 0, expected from 0 to 1\n{help}"));
        return false;
    }
    for (curve, t, expected) in ends(alpha, sigma) {
        let (name, value) = (curve.name, curve.value(t));
        let deviation = (value - expected).abs();
        if deviation <= tolerance {
            continue;
        }
        let nearly = boundary.map(|boundary| format!(" to within `boundary: {boundary}`")).unwrap_or_default();
        let help = if deviation <= 0.1 {
            format!("help: if it is to hold only nearly, say so: `boundary: {}`", above(deviation))
        } else if name == "alpha" {
            "help: `alpha` is to go from 0 at t = 0 to 1 at t = 1".to_owned()
        } else {
            "help: `sigma` is to go from 1 at t = 0 to 0 at t = 1".to_owned()
        };
        cx.at(curve.written, format!("{name}({t}) is {}, expected {expected}{nearly}\n{help}", show(value)));
    }
    true
}

/// The next number with one digit: 0.00657 gives 0.007.
fn above(deviation: f64) -> String {
    let unit = 10f64.powf(deviation.log10().floor());
    show((deviation / unit).ceil() * unit)
}

/// `alpha / sigma` grows strictly: each noise level belongs to one time, and conversions between velocity, target and
/// noise have an answer.
pub(super) fn check_growth(alpha: &Curve, sigma: &Curve, cx: &mut Errors) {
    let times: Vec<f64> = grid().collect();
    let ratio = |t: f64| alpha.value(t) / sigma.value(t);
    let fall = times.windows(2).map(|pair| (pair[0], pair[1])).find(|&(t0, t1)| {
        let grows = ratio(t0) < ratio(t1);
        !grows
    });
    if let Some((t0, t1)) = fall {
        let (curve, help) = if alpha.value(t0) < alpha.value(t1) {
            (sigma, "help: `sigma` is to fall from 1 to 0 and to stay above 0 before t = 1")
        } else {
            (alpha, "help: `alpha` is to rise from 0 to 1")
        };
        let (from, to) = (show(ratio(t0)), show(ratio(t1)));
        let (t0, t1) = (show(t0), show(t1));
        cx.at(
            curve.written,
            format!("alpha / sigma goes from {from} at t = {t0} to {to} at t = {t1}, expected it to grow\n{help}"),
        );
    }
}
