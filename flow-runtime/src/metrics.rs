//! How far two sets of samples are apart, with fixed seeds: the same samples give the same number.
//!
//! Every function takes [`Points`], which a [`Dataset`] or a slice of arrays becomes by itself. Results do not depend on
//! the number of threads.
//!
//! ```
//! use flow_runtime::{data, metrics};
//!
//! let (a, b) = (data::two_moons(500, 0.05, 1)?, data::two_moons(500, 0.05, 2)?);
//! let far = data::circles(500, 0.05, 1)?;
//! assert!(metrics::sliced_wasserstein2(&a, &b)? < 0.1);
//! assert!(metrics::sliced_wasserstein2(&a, &far)? > 0.5);
//! # Ok::<(), flow_runtime::Error>(())
//! ```

mod energy;
mod frechet;
mod kernel;
mod neighbor;
mod pairs;
#[cfg(test)]
mod tests;
mod wasserstein;

pub use self::{
    energy::energy_distance,
    frechet::frechet_distance,
    kernel::{Bandwidth, Estimator, rbf_mmd},
    neighbor::NearestNeighbor,
    wasserstein::{sliced_wasserstein2, sliced_wasserstein2_with},
};

use crate::{
    data::Dataset,
    error::{Error, Result},
};

/// Borrowed samples, `[rows, dim]`, row-major.
///
/// ```
/// use flow_runtime::metrics::{self, Points};
/// // Slices, arrays and data sets become points by themselves; a flat row needs its dimension.
/// let (a, b) = (vec![[0.0, 0.0], [1.0, 1.0]], [3.0, 4.0, 4.0, 5.0]);
/// assert!(metrics::energy_distance(&a, Points::new(&b, 2)?)? > 1.0);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Points<'a> {
    values: &'a [f32],
    dim: usize,
}

impl<'a> Points<'a> {
    /// Samples of `dim` values each from one row-major list.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the list is not a whole number of rows of at least one value.
    ///
    /// ```
    /// use flow_runtime::metrics::Points;
    /// assert_eq!(Points::new(&[0.0; 6], 2)?.rows(), 3);
    /// assert!(Points::new(&[0.0; 6], 4).is_err());
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn new(values: &'a [f32], dim: usize) -> Result<Self> {
        if dim == 0 || !values.len().is_multiple_of(dim) {
            return Err(Error::Shape {
                operation: "reading samples",
                what: "the list of values".to_owned(),
                got: format!("[{}]", values.len()),
                expected: format!("[rows, {dim}]"),
                help: "give whole rows of at least one value, row by row".to_owned(),
            });
        }
        Ok(Self { values, dim })
    }

    /// Number of samples.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.dim).unwrap_or(0)
    }

    /// Values in one sample.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Refuses NaN and infinity, naming row and column.
    pub(crate) fn check_finite(&self, operation: &'static str, what: &str) -> Result<()> {
        crate::data::check_finite(operation, what, self.values, self.dim)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &'a [f32]> {
        self.values.chunks_exact(self.dim.max(1))
    }
}

impl<'a> From<&'a Dataset> for Points<'a> {
    fn from(dataset: &'a Dataset) -> Self {
        Self { values: &dataset.values, dim: dataset.dim }
    }
}

impl<'a, const N: usize> From<&'a [[f32; N]]> for Points<'a> {
    fn from(rows: &'a [[f32; N]]) -> Self {
        Self { values: rows.as_flattened(), dim: N }
    }
}

impl<'a, const N: usize, const ROWS: usize> From<&'a [[f32; N]; ROWS]> for Points<'a> {
    fn from(rows: &'a [[f32; N]; ROWS]) -> Self {
        rows.as_slice().into()
    }
}

impl<'a, const N: usize> From<&'a Vec<[f32; N]>> for Points<'a> {
    fn from(rows: &'a Vec<[f32; N]>) -> Self {
        rows.as_slice().into()
    }
}

/// Refuses samples that cannot be compared: too few, of two dimensions, not finite.
fn check_pair(operation: &'static str, a: Points, b: Points, fewest: usize) -> Result<()> {
    for (name, points) in [("the first set", a), ("the second set", b)] {
        check_points(operation, name, points, fewest)?;
    }
    if a.dim == b.dim {
        return Ok(());
    }
    Err(Error::Shape {
        operation,
        what: "the second set".to_owned(),
        got: format!("[{}, {}]", b.rows(), b.dim),
        expected: format!("[rows, {}]", a.dim),
        help: "both sets need samples of one length".to_owned(),
    })
}

fn check_points(operation: &'static str, name: &str, points: Points, fewest: usize) -> Result<()> {
    if points.rows() < fewest {
        return Err(Error::Invalid {
            operation,
            what: name.to_owned(),
            got: format!("{} samples", points.rows()),
            expected: format!("at least {fewest}"),
            help: "draw more samples; some thousands give a steady number".to_owned(),
        });
    }
    points.check_finite(operation, name)
}
