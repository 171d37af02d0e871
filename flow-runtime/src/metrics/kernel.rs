//! The maximum mean discrepancy with a Gaussian kernel.

use super::{Points, check_pair, pairs};
use crate::{
    data::splitmix,
    error::{Error, Result},
};

/// Width `h` of the kernel `exp(−|x − y|² / (2 h²))`.
///
/// ```
/// use flow_runtime::{data, metrics::{Bandwidth, Estimator, rbf_mmd}};
/// let (a, b) = (data::two_moons(200, 0.05, 1)?, data::circles(200, 0.05, 1)?);
/// assert!(rbf_mmd(&a, &b, Bandwidth::Median, Estimator::Unbiased)? > 0.0);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bandwidth {
    /// The median distance between samples of both sets together, on at most 1,000 of them chosen by a fixed seed.
    Median,
    /// A given width.
    Fixed(f64),
}

/// How the mean over the pairs of one set is taken.
///
/// ```
/// use flow_runtime::{data, metrics::{Bandwidth, Estimator, rbf_mmd}};
/// let a = data::two_moons(200, 0.05, 1)?;
/// assert!(rbf_mmd(&a, &a, Bandwidth::Median, Estimator::Biased)?.abs() < 1e-12);
/// assert!(rbf_mmd(&a, &a, Bandwidth::Median, Estimator::Unbiased)? < 0.0);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimator {
    /// Over all pairs, a sample with itself included: never negative, and 0 for a set and itself.
    Biased,
    /// Over pairs of two different samples: 0 in expectation for sets of one distribution, and so negative at times.
    Unbiased,
}

/// Sample of both sets on which the median is taken.
const SUBSAMPLE: usize = 1000;
const SEED: u64 = 7;

/// The squared maximum mean discrepancy of two sets of samples, `[rows, dim]` each, with the Gaussian kernel `k`.
///
/// `MMD² = E k(A, A') + E k(B, B') − 2 E k(A, B)`. Distances are computed in `f32`, kernels and sums in `f64`; the cost
/// is of order `rows² · dim`.
///
/// # Errors
///
/// [`Error::Invalid`] for an empty set (fewer than two samples if [`Estimator::Unbiased`]), for a width that is not
/// positive and finite, or if the median is 0; [`Error::Shape`] if the dimensions differ, [`Error::NotFinite`] with the
/// row of a sample that is not finite.
///
/// # Reference
///
/// A. Gretton et al., *A kernel two-sample test*, JMLR 13 (2012), equations (3) and (5).
///
/// ```
/// use flow_runtime::metrics::{Bandwidth, Estimator, rbf_mmd};
/// // One point each at a distance of one width: 2 − 2 exp(−½).
/// let mmd = rbf_mmd(&[[0.0_f32]], &[[2.0]], Bandwidth::Fixed(2.0), Estimator::Biased)?;
/// assert!((mmd - (2.0 - 2.0 * (-0.5_f64).exp())).abs() < 1e-12);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn rbf_mmd<'a>(
    a: impl Into<Points<'a>>,
    b: impl Into<Points<'a>>,
    bandwidth: Bandwidth,
    estimator: Estimator,
) -> Result<f64> {
    const OPERATION: &str = "maximum mean discrepancy";
    let (a, b) = (a.into(), b.into());
    check_pair(OPERATION, a, b, if estimator == Estimator::Unbiased { 2 } else { 1 })?;
    let width = match bandwidth {
        Bandwidth::Fixed(width) => width,
        Bandwidth::Median => median_distance(a, b),
    };
    let factor = -0.5 / (width * width);
    if !(width > 0.0 && width.is_finite() && factor.is_finite()) {
        return Err(Error::Invalid {
            operation: OPERATION,
            what: "the bandwidth".to_owned(),
            got: format!("{width}"),
            expected: "a positive finite number".to_owned(),
            help: "the median of equal samples is 0; give `Bandwidth::Fixed`".to_owned(),
        });
    }
    let kernel = |squared: f32| libm::exp(factor * f64::from(squared));
    let mean_within = |points: Points| {
        let n = points.rows() as f64;
        let sum = 2.0 * pairs::sum_within(points, kernel);
        match estimator {
            Estimator::Biased => (sum + n) / (n * n),
            Estimator::Unbiased => sum / (n * (n - 1.0)),
        }
    };
    let between = pairs::sum(a, b, kernel) / (a.rows() as f64 * b.rows() as f64);
    Ok(mean_within(a) + mean_within(b) - 2.0 * between)
}

fn median_distance(a: Points, b: Points) -> f64 {
    let rows = a.rows() + b.rows();
    let mut chosen = splitmix::permutation(SEED, rows);
    chosen.truncate(SUBSAMPLE);
    let at = |i: usize| if i < a.rows() { pairs::row(a, i) } else { pairs::row(b, i - a.rows()) };
    let mut squared = Vec::with_capacity(chosen.len() * chosen.len() / 2);
    for (k, &i) in chosen.iter().enumerate() {
        squared.extend(chosen[..k].iter().map(|&j| pairs::squared_distance(at(i), at(j))));
    }
    if squared.is_empty() {
        return 0.0;
    }
    let middle = squared.len() / 2;
    let (_, median, _) = squared.select_nth_unstable_by(middle, f32::total_cmp);
    f64::from(*median).sqrt()
}
