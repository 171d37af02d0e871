//! From what one model predicts to what another one would.

use super::{Interval, Scheduler};
use crate::{
    error::{Error, Result},
    solve::Real,
};
use std::fmt;

const OPERATION: &str = "conversion of a prediction";

/// Divisors below this count as zero: `cos(pi / 2)` is 6e-17 in floating point.
const SMALLEST_DIVISOR: f64 = 1e-12;

/// What a model predicts at a point `xt` and a time `t`.
///
/// ```
/// use flow_runtime::prelude::*;
/// // x0 = 1 and x1 = 5 at t = 0.5: the noise is x0, the score −x0 / sigma.
/// let mut score = [0.0];
/// convert(&CondOt, Prediction::Noise, Prediction::Score, &[0.5], &[3.0], &[1.0], &mut score)?;
/// assert_eq!(score, [-2.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prediction {
    /// The velocity `u = E[d_alpha x1 + d_sigma x0 | xt]`.
    Velocity,
    /// The data point `E[x1 | xt]`.
    Target,
    /// The source point `E[x0 | xt]`.
    Noise,
    /// The score `∇ log p_t(xt) = −E[x0 | xt] / sigma`, for a Gaussian source.
    Score,
}

impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Velocity => "velocity",
            Self::Target => "target",
            Self::Noise => "noise",
            Self::Score => "score",
        })
    }
}

/// Converts what was predicted at the points `xt`, each row at its own time.
///
/// Velocity, target and noise are `p = a x1 + b x0` with `(a, b) = (d_alpha, d_sigma)`, `(1, 0)`, `(0, 1)`, and
/// `xt = alpha x1 + sigma x0`; so any of them follows from `xt` and any other, by Cramer's rule with the determinant
/// `alpha b − sigma a`. It is linear in the prediction, so conditional and marginal predictions convert alike. The
/// score is `−noise / sigma`.
///
/// # Shapes
/// `t: [rows]`; `xt`, `value`, `out`: `[rows, dim]`, row-major. A time belongs to its row: nothing is broadcast, and
/// with a single time all of `xt` is one row.
///
/// # Errors
/// [`Error::Shape`] if the lengths differ or `t` does not divide them; [`Error::Invalid`] for a time where the
/// determinant vanishes or a derivative has a pole, naming the interval where the conversion exists: noise to target
/// at `t = 0`, target to velocity at `t = 1`, velocity to anything at `t = 0` for [`Polynomial`](super::Polynomial).
/// `out` is then as it was.
///
/// ```
/// use flow_runtime::prelude::*;
/// // x0 = 1 and x1 = 5, seen at t = 0.5 and t = 0.75.
/// let (t, xt) = ([0.5, 0.75], [3.0, 4.0]);
/// let mut target = [0.0; 2];
/// convert(&CondOt, Prediction::Velocity, Prediction::Target, &t, &xt, &[4.0, 4.0], &mut target)?;
/// assert_eq!(target, [5.0, 5.0]);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn convert<S: Scheduler, R: Real>(
    scheduler: &S,
    from: Prediction,
    to: Prediction,
    t: &[R],
    xt: &[R],
    value: &[R],
    out: &mut [R],
) -> Result<()> {
    let dim = check_shapes(t.len(), xt.len(), value.len(), out.len())?;
    let mut factors = Vec::with_capacity(t.len());
    for (row, t) in t.iter().map(|t| t.to_f64()).enumerate() {
        match coefficients(scheduler, from, to, t) {
            Some(pair) => factors.push(pair),
            None => return Err(no_conversion(scheduler, from, to, row, t)),
        }
    }
    if dim == 0 {
        return Ok(());
    }
    let rows = out.chunks_exact_mut(dim).zip(xt.chunks_exact(dim)).zip(value.chunks_exact(dim));
    for (((out, xt), value), (of_xt, of_value)) in rows.zip(factors) {
        for ((out, xt), value) in out.iter_mut().zip(xt).zip(value) {
            *out = R::from_f64(of_xt * xt.to_f64() + of_value * value.to_f64());
        }
    }
    Ok(())
}

/// The length of a row.
fn check_shapes(rows: usize, xt: usize, value: usize, out: usize) -> Result<usize> {
    for (what, got) in [("value", value), ("out", out)] {
        if got != xt {
            return Err(Error::Shape {
                operation: OPERATION,
                what: format!("`{what}`"),
                got: format!("[{got}]"),
                expected: format!("[{xt}] as `xt`"),
                help: "pass rows of the same number and length".to_owned(),
            });
        }
    }
    match xt.checked_rem(rows) {
        Some(0) => Ok(xt / rows),
        None if xt == 0 => Ok(0),
        _ => Err(Error::Shape {
            operation: OPERATION,
            what: "`t`".to_owned(),
            got: format!("[{rows}]"),
            expected: format!("[rows] for the {xt} values of `xt: [rows, dim]`"),
            help: "pass one time per row".to_owned(),
        }),
    }
}

/// `(c, d)` in `to = c xt + d from`; `None` where there is no such pair.
fn coefficients<S: Scheduler>(scheduler: &S, from: Prediction, to: Prediction, t: f64) -> Option<(f64, f64)> {
    if !Interval::CLOSED.contains(t) {
        return None;
    }
    if from == to {
        return Some((0.0, 1.0));
    }
    let (alpha, sigma) = (scheduler.alpha(t), scheduler.sigma(t));
    // A score is a multiple of the noise, and the two convert where others do not.
    let (from, from_factor) = match from {
        Prediction::Score => (Prediction::Noise, -sigma),
        other => (other, 1.0),
    };
    let (to, to_factor) = match to {
        Prediction::Score if sigma.abs() <= SMALLEST_DIVISOR => return None,
        Prediction::Score => (Prediction::Noise, -1.0 / sigma),
        other => (other, 1.0),
    };
    if from == to {
        return Some((0.0, from_factor * to_factor));
    }
    let weights = |prediction| match prediction {
        Prediction::Velocity => (scheduler.d_alpha(t), scheduler.d_sigma(t)),
        Prediction::Target => (1.0, 0.0),
        Prediction::Noise | Prediction::Score => (0.0, 1.0),
    };
    let ((a, b), (to_a, to_b)) = (weights(from), weights(to));
    let determinant = alpha * b - sigma * a;
    let of_xt = (to_a * b - to_b * a) / determinant * to_factor;
    let of_value = (alpha * to_b - sigma * to_a) / determinant * to_factor * from_factor;
    // An infinite determinant would give zeros, as wrong as the infinities that a vanishing one gives.
    let exists = determinant.is_finite() && determinant.abs() > SMALLEST_DIVISOR;
    (exists && of_xt.is_finite() && of_value.is_finite()).then_some((of_xt, of_value))
}

fn no_conversion<S: Scheduler>(scheduler: &S, from: Prediction, to: Prediction, row: usize, t: f64) -> Error {
    let missing = |end| coefficients(scheduler, from, to, end).is_none();
    let interval = Interval { open_start: missing(0.0), open_end: missing(1.0) };
    let help = if Interval::CLOSED.contains(t) {
        format!("with {scheduler:?} there is no way from {from} to {to} there; keep away from it, for example by 1e-3")
    } else {
        "time runs from the source at 0 to the data at 1".to_owned()
    };
    Error::Invalid {
        operation: OPERATION,
        what: format!("`t[{row}]`"),
        got: t.to_string(),
        expected: format!("a time in {interval}"),
        help,
    }
}
