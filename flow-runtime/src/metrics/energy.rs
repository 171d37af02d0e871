//! The energy distance.

use super::{Points, check_pair, pairs};
use crate::error::{Error, Result};

/// The energy distance `2 E|A − B| − E|A − A'| − E|B − B'|` of two sets of samples, `[rows, dim]` each.
///
/// The means are over all pairs, a sample with itself included (the V-statistic), so that the distance of a set to
/// itself is 0 and no distance is negative, up to rounding. It is not rooted. Distances are computed in `f32` and summed
/// in `f64`; the cost is of order `rows² · dim`.
///
/// # Errors
///
/// [`crate::Error::Invalid`] for an empty set, [`crate::Error::Shape`] if the dimensions differ,
/// [`crate::Error::NotFinite`] with the row of a sample that is not finite, and for samples so far apart (1e19) that the
/// square of their distance is beyond `f32`.
///
/// # Reference
///
/// G. J. Székely and M. L. Rizzo, *Energy statistics*, Journal of Statistical Planning and Inference 143 (2013).
///
/// ```
/// use flow_runtime::metrics::energy_distance;
/// // Two points at a distance of 3: twice 3, less nothing.
/// assert_eq!(energy_distance(&[[0.0_f32]], &[[3.0]])?, 6.0);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn energy_distance<'a>(a: impl Into<Points<'a>>, b: impl Into<Points<'a>>) -> Result<f64> {
    let (a, b) = (a.into(), b.into());
    check_pair("energy distance", a, b, 1)?;
    let (n, m) = (a.rows() as f64, b.rows() as f64);
    let distance = |squared: f32| f64::from(squared.sqrt());
    let between = pairs::sum(a, b, distance) / (n * m);
    let within_a = pairs::sum_within(a, distance) / (n * n);
    let within_b = pairs::sum_within(b, distance) / (m * m);
    let distance = 2.0 * (between - within_a - within_b);
    if distance.is_finite() {
        return Ok(distance);
    }
    Err(Error::NotFinite {
        operation: "energy distance",
        what: "a distance".to_owned(),
        at: "samples that lie more than 1e19 apart".to_owned(),
        help: "look for samples that are far out, or scale both sets down".to_owned(),
    })
}
