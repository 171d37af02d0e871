//! The sliced Wasserstein distance.

use std::f64::consts::PI;

use super::{Points, check_pair, pairs};
use crate::{
    data::splitmix,
    error::{Error, Result},
};

const DIRECTIONS: usize = 500;
const SEED: u64 = 4;

/// The sliced Wasserstein-2 distance of two sets of samples, `[rows, dim]` each, over 500 fixed directions.
///
/// The root of the mean, over the directions `θ`, of the squared one-dimensional distance of the projections,
/// `W₂² = ∫ (F⁻¹(q) − G⁻¹(q))² dq` with the two quantile functions, which for sets of one size is the mean squared
/// difference of the sorted projections. The sets may differ in size. See [`sliced_wasserstein2_with`] for the directions.
///
/// # Errors
///
/// [`Error::Invalid`] for an empty set, [`Error::Shape`] if the dimensions differ, [`Error::NotFinite`] with the row of
/// a sample that is not finite.
///
/// # Reference
///
/// N. Bonneel et al., *Sliced and Radon Wasserstein barycenters of measures*, J. Math. Imaging and Vision 51 (2015).
///
/// ```
/// use flow_runtime::metrics::sliced_wasserstein2;
/// // Everything is moved by 3.
/// assert!((sliced_wasserstein2(&[[0.0_f32], [1.0]], &[[4.0], [3.0]])? - 3.0).abs() < 1e-12);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn sliced_wasserstein2<'a>(a: impl Into<Points<'a>>, b: impl Into<Points<'a>>) -> Result<f64> {
    sliced_wasserstein2_with(a, b, DIRECTIONS, SEED)
}

/// [`sliced_wasserstein2`] with another number of directions or another seed.
///
/// In one dimension there is one direction. In two, direction `k` is `(cos a, sin a)` with `a = π u(k)`; in more it is
/// `(n(k dim), …, n(k dim + dim − 1))` divided by its length, where `u` and `n` are the [`splitmix::uniform`] and
/// [`splitmix::normal`] numbers of the seed.
///
/// # Errors
///
/// As for [`sliced_wasserstein2`]; also [`Error::Invalid`] for no directions.
///
/// ```
/// use flow_runtime::{data, metrics::sliced_wasserstein2_with};
/// let (a, b) = (data::two_moons(500, 0.05, 1)?, data::circles(500, 0.05, 1)?);
/// let (few, many) = (sliced_wasserstein2_with(&a, &b, 100, 0)?, sliced_wasserstein2_with(&a, &b, 1000, 1)?);
/// assert!((few / many - 1.0).abs() < 0.1);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn sliced_wasserstein2_with<'a>(
    a: impl Into<Points<'a>>,
    b: impl Into<Points<'a>>,
    directions: usize,
    seed: u64,
) -> Result<f64> {
    let (a, b) = (a.into(), b.into());
    check_pair("sliced Wasserstein distance", a, b, 1)?;
    if directions == 0 {
        return Err(Error::Invalid {
            operation: "sliced Wasserstein distance",
            what: "the number of directions".to_owned(),
            got: "0".to_owned(),
            expected: "at least 1".to_owned(),
            help: "500 are usual".to_owned(),
        });
    }
    let directions = if a.dim == 1 { 1 } else { directions };
    let squares = pairs::in_order(directions, |k| {
        let direction = direction(a.dim, seed, k as u64);
        wasserstein2_squared(&project(a, &direction), &project(b, &direction))
    });
    Ok((squares.iter().sum::<f64>() / directions as f64).sqrt())
}

fn direction(dim: usize, seed: u64, k: u64) -> Vec<f64> {
    match dim {
        1 => vec![1.0],
        2 => {
            let a = PI * splitmix::uniform(seed, k);
            vec![libm::cos(a), libm::sin(a)]
        }
        _ => {
            let start = k.wrapping_mul(dim as u64);
            let normal: Vec<f64> = (0..dim as u64).map(|j| splitmix::normal(seed, start.wrapping_add(j))).collect();
            let length = normal.iter().map(|x| x * x).sum::<f64>().sqrt();
            normal.into_iter().map(|x| x / length).collect()
        }
    }
}

/// Sorted projections.
fn project(points: Points, direction: &[f64]) -> Vec<f64> {
    let dot = |row: &[f32]| row.iter().zip(direction).map(|(&x, d)| f64::from(x) * d).sum();
    let mut projected: Vec<f64> = points.iter().map(dot).collect();
    projected.sort_unstable_by(f64::total_cmp);
    projected
}

/// Of two sorted lists; each step of the two quantile functions is one term.
fn wasserstein2_squared(a: &[f64], b: &[f64]) -> f64 {
    if a.len() == b.len() {
        return a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>() / a.len() as f64;
    }
    // Quantiles are counted in units of 1 / (n m), in which every step of both functions is whole.
    let (n, m) = (a.len() as u128, b.len() as u128);
    let (mut i, mut j, mut at) = (0, 0, 0);
    let mut total = 0.0;
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        let (next_a, next_b) = ((i as u128 + 1) * m, (j as u128 + 1) * n);
        let next = next_a.min(next_b);
        total += (x - y) * (x - y) * (next - at) as f64;
        at = next;
        i += usize::from(next_a == next);
        j += usize::from(next_b == next);
    }
    total / (n as f64 * m as f64)
}
