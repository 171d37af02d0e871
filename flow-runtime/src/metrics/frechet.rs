//! The Wasserstein-2 distance of the normal distributions that fit two sets.

use super::{Points, check_pair};
use crate::error::{Error, Result};

/// Beyond this the eigenvalues take longer than anything that is measured.
const LARGEST_DIM: usize = 512;
/// Jacobi's method needs some ten sweeps; each doubles the correct digits once it converges.
const SWEEPS: usize = 64;

/// The Fréchet distance of two sets of samples, `[rows, dim]` each: the squared Wasserstein-2 distance of the normal
/// distributions with their means and covariances.
///
/// `|m − m'|² + tr(S + S' − 2 (S^½ S' S^½)^½)` with the unbiased covariances; not rooted, as in the Fréchet inception
/// distance. The cost is of order `rows · dim² + dim³`. Where a covariance is singular, some 1e-7 of it is rounding.
///
/// # Errors
///
/// [`Error::Invalid`] for fewer than two samples or more than 512 dimensions, [`Error::Shape`] if the dimensions differ,
/// [`Error::NotFinite`] with the row of a sample that is not finite.
///
/// # Reference
///
/// D. C. Dowson and B. V. Landau, *The Fréchet distance between multivariate normal distributions*, J. Multivariate
/// Analysis 12 (1982).
///
/// ```
/// use flow_runtime::metrics::frechet_distance;
/// // The same spread about two means at a distance of 3.
/// let (a, b) = ([[-1.0_f32], [1.0]], [[2.0], [4.0]]);
/// assert!((frechet_distance(&a, &b)? - 9.0).abs() < 1e-12);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn frechet_distance<'a>(a: impl Into<Points<'a>>, b: impl Into<Points<'a>>) -> Result<f64> {
    const OPERATION: &str = "Fréchet distance";
    let (a, b) = (a.into(), b.into());
    check_pair(OPERATION, a, b, 2)?;
    if a.dim > LARGEST_DIM {
        return Err(Error::Invalid {
            operation: OPERATION,
            what: "the dimension".to_owned(),
            got: a.dim.to_string(),
            expected: format!("at most {LARGEST_DIM}"),
            help: "use `sliced_wasserstein2`, or compare features of the samples".to_owned(),
        });
    }
    let n = a.dim;
    let ((mean_a, cov_a), (mean_b, cov_b)) = (moments(a), moments(b));
    let means: f64 = mean_a.iter().zip(&mean_b).map(|(x, y)| (x - y) * (x - y)).sum();
    let (values, vectors) = eigen(cov_a.clone(), n);
    let root: Vec<f64> = (0..n * n)
        .map(|at| {
            let (i, j) = (at / n, at % n);
            (0..n).map(|k| values[k].max(0.0).sqrt() * vectors[i * n + k] * vectors[j * n + k]).sum()
        })
        .collect();
    let (middle, _) = eigen(multiply(&multiply(&root, &cov_b, n), &root, n), n);
    let trace = |matrix: &[f64]| (0..n).map(|i| matrix[i * n + i]).sum::<f64>();
    let mixed: f64 = middle.iter().map(|value| value.max(0.0).sqrt()).sum();
    Ok((means + trace(&cov_a) + trace(&cov_b) - 2.0 * mixed).max(0.0))
}

/// Mean `[dim]` and covariance `[dim, dim]`.
fn moments(points: Points) -> (Vec<f64>, Vec<f64>) {
    let (n, rows) = (points.dim, points.rows() as f64);
    let mut mean = vec![0.0; n];
    for row in points.iter() {
        mean.iter_mut().zip(row).for_each(|(mean, &x)| *mean += f64::from(x) / rows);
    }
    let mut covariance = vec![0.0; n * n];
    let mut centred = vec![0.0; n];
    for row in points.iter() {
        centred.iter_mut().zip(row.iter().zip(&mean)).for_each(|(c, (&x, mean))| *c = f64::from(x) - mean);
        for (line, &x) in covariance.chunks_exact_mut(n).zip(&centred) {
            line.iter_mut().zip(&centred).for_each(|(entry, y)| *entry += x * y / (rows - 1.0));
        }
    }
    (mean, covariance)
}

fn multiply(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    for (line, row) in out.chunks_exact_mut(n).zip(a.chunks_exact(n)) {
        for (&x, other) in row.iter().zip(b.chunks_exact(n)) {
            line.iter_mut().zip(other).for_each(|(entry, y)| *entry += x * y);
        }
    }
    out
}

/// Eigenvalues and eigenvectors (in columns) of a symmetric matrix by Jacobi's cyclic rotations.
fn eigen(mut m: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut vectors = vec![0.0; n * n];
    (0..n).for_each(|i| vectors[i * n + i] = 1.0);
    for _ in 0..SWEEPS {
        let (mut off, mut all) = (0.0, 0.0);
        for (at, entry) in m.iter().enumerate() {
            all += entry * entry;
            off += if at / n == at % n { 0.0 } else { entry * entry };
        }
        if off <= 1e-30 * all {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let pivot = m[p * n + q];
                if pivot == 0.0 {
                    continue;
                }
                // The smaller of the two rotations that make the pivot zero.
                let theta = (m[q * n + q] - m[p * n + p]) / (2.0 * pivot);
                let tan = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let cos = 1.0 / tan.hypot(1.0);
                let sin = tan * cos;
                for k in 0..n {
                    rotate(&mut m, k * n + p, k * n + q, cos, sin);
                    rotate(&mut vectors, k * n + p, k * n + q, cos, sin);
                }
                for k in 0..n {
                    rotate(&mut m, p * n + k, q * n + k, cos, sin);
                }
            }
        }
    }
    ((0..n).map(|i| m[i * n + i]).collect(), vectors)
}

fn rotate(m: &mut [f64], p: usize, q: usize, cos: f64, sin: f64) {
    (m[p], m[q]) = (cos * m[p] - sin * m[q], sin * m[p] + cos * m[q]);
}
