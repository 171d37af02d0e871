//! Bringing data to a scale on which a network learns well, and samples back.

use super::Dataset;
use crate::error::{Error, Result};

/// An affine change of every column, `y = (x − shift) / scale`.
///
/// Train on the changed data, then take samples back with [`Transform::invert`].
///
/// ```
/// use flow_runtime::data::Transform;
/// let centre = Transform { shift: vec![1.0, 2.0], scale: vec![2.0, 2.0] };
/// let mut row = [5.0, 2.0];
/// centre.apply(&mut row)?;
/// assert_eq!(row, [2.0, 0.0]);
/// centre.invert(&mut row)?;
/// assert_eq!(row, [5.0, 2.0]);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Transform {
    /// Subtracted from each column, `[dim]`.
    pub shift: Vec<f64>,
    /// What each column is divided by, `[dim]`; never 0.
    pub scale: Vec<f64>,
}

impl Transform {
    /// Changes row-major values `[rows, dim]` in place.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `values` is not a whole number of rows.
    pub fn apply(&self, values: &mut [f32]) -> Result<()> {
        self.each(values, |x, shift, scale| (x - shift) / scale)
    }

    /// Takes changed values `[rows, dim]` back in place, `x = shift + scale · y`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `values` is not a whole number of rows.
    pub fn invert(&self, values: &mut [f32]) -> Result<()> {
        self.each(values, |y, shift, scale| shift + scale * y)
    }

    fn each(&self, values: &mut [f32], change: impl Fn(f64, f64, f64) -> f64) -> Result<()> {
        let dim = self.shift.len();
        if dim == 0 || self.scale.len() != dim || !values.len().is_multiple_of(dim) {
            return Err(Error::Shape {
                operation: "transforming values",
                what: "the list of values".to_owned(),
                got: format!("[{}]", values.len()),
                expected: format!("[rows * {dim}]"),
                help: "use the transform of the data set that the values come from".to_owned(),
            });
        }
        for row in values.chunks_exact_mut(dim) {
            for ((value, &shift), &scale) in row.iter_mut().zip(&self.shift).zip(&self.scale) {
                *value = change(f64::from(*value), shift, scale) as f32;
            }
        }
        Ok(())
    }
}

impl Dataset {
    /// Every column with mean 0 and standard deviation 1; a column without spread is only shifted.
    ///
    /// Returns the changed data and the [`Transform`] that leads there and back.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] if a changed value does not fit into an `f32`.
    ///
    /// ```
    /// # use flow_runtime::data::Dataset;
    /// let (scaled, transform) = Dataset::from_rows(&[[1.0], [3.0]])?.standardize()?;
    /// assert_eq!(scaled.values(), [-1.0, 1.0]);
    /// let mut samples = vec![0.5];
    /// transform.invert(&mut samples)?;
    /// assert_eq!(samples, [2.5]);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn standardize(mut self) -> Result<(Self, Transform)> {
        let rows = self.rows() as f64;
        let mut mean = vec![0.0; self.dim];
        for row in self.values.chunks_exact(self.dim.max(1)) {
            mean.iter_mut().zip(row).for_each(|(mean, &x)| *mean += f64::from(x) / rows);
        }
        let mut variance = vec![0.0; self.dim];
        for row in self.values.chunks_exact(self.dim.max(1)) {
            for ((variance, &mean), &x) in variance.iter_mut().zip(&mean).zip(row) {
                *variance += (f64::from(x) - mean).powi(2) / rows;
            }
        }
        let scale = variance.iter().zip(&mean).map(|(&variance, &mean)| {
            let deviation = variance.sqrt();
            // Rounding alone gives a constant column a spread of some ulps of its mean.
            if deviation > 1e-12 * mean.abs().max(f64::MIN_POSITIVE) { deviation } else { 1.0 }
        });
        let transform = Transform { scale: scale.collect(), shift: mean };
        transform.apply(&mut self.values)?;
        self.version = super::version::Version::default();
        super::dataset::check_finite("standardizing", "the changed data", &self.values, self.dim)?;
        Ok((self, transform))
    }

    /// All values into `[low, high]`, by one shift and one scale that keep the shape of the data.
    ///
    /// The smallest value of the whole set becomes `low`, the largest `high`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless `low < high`, both finite, and the data has more than one value.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let (images, _) = Dataset::from_rows(&[[0.0, 255.0], [51.0, 102.0]])?.rescale(-1.0, 1.0)?;
    /// assert_eq!(images.values(), [-1.0, 1.0, -0.6, -0.2]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn rescale(mut self, low: f64, high: f64) -> Result<(Self, Transform)> {
        let smallest = self.values.iter().copied().fold(f32::INFINITY, f32::min);
        let largest = self.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if !(low < high && (high - low).is_finite()) {
            return Err(Error::Invalid {
                operation: "rescaling",
                what: "the range".to_owned(),
                got: format!("[{low}, {high}]"),
                expected: "two finite numbers, the smaller one first".to_owned(),
                help: "images are usually brought to [-1, 1]".to_owned(),
            });
        }
        if smallest >= largest {
            return Err(Error::Invalid {
                operation: "rescaling",
                what: "the data".to_owned(),
                got: format!("{smallest} everywhere"),
                expected: "more than one value".to_owned(),
                help: "data without spread has no scale".to_owned(),
            });
        }
        let scale = (f64::from(largest) - f64::from(smallest)) / (high - low);
        let shift = f64::from(smallest) - low * scale;
        let transform = Transform { shift: vec![shift; self.dim], scale: vec![scale; self.dim] };
        transform.apply(&mut self.values)?;
        self.version = super::version::Version::default();
        super::dataset::check_finite("rescaling", "the changed data", &self.values, self.dim)?;
        Ok((self, transform))
    }
}
