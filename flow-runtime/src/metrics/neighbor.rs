//! Classification by the nearest neighbour.

use super::{Points, check_points, pairs};
use crate::{
    data::Dataset,
    error::{Error, Result},
};

/// Gives a sample the class of the nearest known one, by Euclidean distance; of equally near ones the first.
///
/// Trained on real data, its agreement with the asked classes says how many conditional samples look as they should.
///
/// ```
/// use flow_runtime::{data::Dataset, metrics::NearestNeighbor};
///
/// let known = Dataset::from_rows(&[[0.0, 0.0], [4.0, 4.0]])?.with_class("y", &[3, 8])?;
/// let classifier = NearestNeighbor::fit(&known, "y")?;
/// assert_eq!(classifier.predict(&vec![[1.0, 0.5], [3.0, 5.0]])?, [3, 8]);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct NearestNeighbor {
    values: Vec<f32>,
    dim: usize,
    labels: Vec<u32>,
}

impl NearestNeighbor {
    /// Remembers samples and their class labels, the condition `name`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the data has no class labels of that name.
    pub fn fit(data: &Dataset, name: &str) -> Result<Self> {
        let labels = data.conditions.labels(name)?.to_vec();
        Ok(Self { values: data.values.clone(), dim: data.dim, labels })
    }

    /// The class of each sample, `[rows, dim]`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the samples have another dimension than the known ones, [`Error::NotFinite`] with the row of
    /// a sample that is not finite.
    pub fn predict<'a>(&self, samples: impl Into<Points<'a>>) -> Result<Vec<u32>> {
        const OPERATION: &str = "classifying by the nearest neighbour";
        let samples = samples.into();
        check_points(OPERATION, "the samples", samples, 0)?;
        if samples.dim != self.dim {
            return Err(Error::Shape {
                operation: OPERATION,
                what: "the samples".to_owned(),
                got: format!("[{}, {}]", samples.rows(), samples.dim),
                expected: format!("[rows, {}]", self.dim),
                help: "classify samples of the kind that the classifier was fitted to".to_owned(),
            });
        }
        let known = Points { values: &self.values, dim: self.dim };
        Ok(pairs::in_order(samples.rows(), |i| {
            let sample = pairs::row(samples, i);
            let mut nearest = (f32::INFINITY, 0);
            for (other, &label) in known.iter().zip(&self.labels) {
                let squared = pairs::squared_distance(sample, other);
                if squared < nearest.0 {
                    nearest = (squared, label);
                }
            }
            nearest.1
        }))
    }

    /// The share of samples whose predicted class is the given one, from 0 to 1.
    ///
    /// # Errors
    ///
    /// As for [`NearestNeighbor::predict`]; also [`Error::Shape`] if there are not as many labels as samples and
    /// [`Error::Invalid`] if there are none.
    ///
    /// ```
    /// use flow_runtime::{data::Dataset, metrics::NearestNeighbor};
    /// let known = Dataset::from_rows(&[[0.0], [4.0]])?.with_class("y", &[3, 8])?;
    /// let samples = vec![[0.5], [1.0], [3.0], [5.0]];
    /// assert_eq!(NearestNeighbor::fit(&known, "y")?.agreement(&samples, &[3, 8, 8, 8])?, 0.75);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn agreement<'a>(&self, samples: impl Into<Points<'a>>, labels: &[u32]) -> Result<f64> {
        const OPERATION: &str = "comparing classes";
        let samples = samples.into();
        if labels.len() != samples.rows() {
            return Err(Error::Shape {
                operation: OPERATION,
                what: "the list of labels".to_owned(),
                got: format!("[{}]", labels.len()),
                expected: format!("[{}]", samples.rows()),
                help: "give the asked class of every sample".to_owned(),
            });
        }
        check_points(OPERATION, "the samples", samples, 1)?;
        let predicted = self.predict(samples)?;
        let equal = predicted.iter().zip(labels).filter(|(a, b)| a == b).count();
        Ok(equal as f64 / labels.len() as f64)
    }
}
