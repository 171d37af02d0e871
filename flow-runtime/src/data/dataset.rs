//! Building, reading and splitting a [`Dataset`].

use super::{
    Conditions, Dataset,
    conditions::{check_indices, gather_rows},
    splitmix,
    version::Version,
};
use crate::error::{Error, Result};

impl Dataset {
    /// Samples of `N` values each.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there are no rows or `N` is 0, [`Error::NotFinite`] with row and column of a NaN or infinity.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// assert_eq!(Dataset::from_rows(&[[0.0, 1.0], [2.0, 3.0]])?.rows(), 2);
    /// let error = Dataset::from_rows(&[[0.0, 1.0], [2.0, f32::NAN]]).unwrap_err();
    /// assert!(error.to_string().contains("not finite at row 1, column 1"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn from_rows<const N: usize>(rows: &[[f32; N]]) -> Result<Self> {
        Self::from_flat(rows.as_flattened().to_vec(), N)
    }

    /// Samples of `dim` values each from one row-major list, `[rows, dim]`.
    ///
    /// # Errors
    ///
    /// As for [`Dataset::from_rows`], and [`Error::Shape`] if the list is not a whole number of rows.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let data = Dataset::from_flat(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 3)?;
    /// assert_eq!((data.rows(), data.dim()), (2, 3));
    /// assert!(Dataset::from_flat(vec![0.0, 1.0, 2.0], 2).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn from_flat(values: Vec<f32>, dim: usize) -> Result<Self> {
        const OPERATION: &str = "building a data set";
        if values.is_empty() || dim == 0 {
            return Err(Error::Invalid {
                operation: OPERATION,
                what: "the data".to_owned(),
                got: if dim == 0 { "rows of no values".to_owned() } else { "empty".to_owned() },
                expected: "at least one row of at least one value".to_owned(),
                help: "check that the samples were loaded before the data set is built".to_owned(),
            });
        }
        if !values.len().is_multiple_of(dim) {
            return Err(Error::Shape {
                operation: OPERATION,
                what: "the list of values".to_owned(),
                got: format!("[{}]", values.len()),
                expected: format!("[rows * {dim}]"),
                help: format!("the last row has {} of {dim} values; give whole rows, row by row", values.len() % dim),
            });
        }
        check_finite(OPERATION, "the data", &values, dim)?;
        Ok(Self { values, dim, conditions: Conditions::none(), version: Version::default() })
    }

    /// Adds a class label per sample, under the name of the model's input.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there are not as many labels as rows, [`Error::Invalid`] if the name is taken.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let data = Dataset::from_rows(&[[0.0], [1.0]])?.with_class("y", &[4, 2])?;
    /// assert_eq!(data.conditions().labels("y")?, [4, 2]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with_class(self, name: &str, labels: &[u32]) -> Result<Self> {
        self.check_rows(name, labels.len())?;
        let conditions = self.conditions.class(name, labels)?;
        Ok(Self { conditions, version: Version::default(), ..self })
    }

    /// Adds a vector per sample, `[rows, dim]`, under the name of the model's input.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there are not as many vectors as rows, [`Error::NotFinite`] for NaN or infinity,
    /// [`Error::Invalid`] if the name is taken.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let data = Dataset::from_rows(&[[0.0], [1.0]])?.with_vector("c", 2, &[0.1, 0.2, 0.3, 0.4])?;
    /// assert_eq!(data.conditions().rows(), Some(2));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with_vector(self, name: &str, dim: usize, values: &[f32]) -> Result<Self> {
        if dim > 0 && values.len().is_multiple_of(dim) {
            self.check_rows(name, values.len() / dim)?;
        }
        let conditions = self.conditions.vector(name, dim, values)?;
        Ok(Self { conditions, version: Version::default(), ..self })
    }

    fn check_rows(&self, name: &str, rows: usize) -> Result<()> {
        if rows == self.rows() {
            return Ok(());
        }
        Err(Error::Shape {
            operation: "adding a condition",
            what: format!("`{name}`"),
            got: format!("[{rows} rows]"),
            expected: format!("[{} rows]", self.rows()),
            help: "every sample needs one value of each condition".to_owned(),
        })
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

    /// One sample, or `None` past the end.
    #[must_use]
    pub fn row(&self, i: usize) -> Option<&[f32]> {
        let start = i.checked_mul(self.dim)?;
        self.values.get(start..start.checked_add(self.dim)?)
    }

    /// All values, `[rows, dim]`, row-major.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The samples as arrays, or `None` if `N` is not [`Dataset::dim`].
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let data = Dataset::from_rows(&[[0.0, 1.0], [2.0, 3.0]])?;
    /// assert_eq!(data.as_rows::<2>(), Some(&[[0.0, 1.0], [2.0, 3.0]][..]));
    /// assert_eq!(data.as_rows::<3>(), None);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn as_rows<const N: usize>(&self) -> Option<&[[f32; N]]> {
        if N != self.dim { None } else { Some(self.values.as_chunks().0) }
    }

    /// What belongs to each sample.
    #[must_use]
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// The same samples without conditions, for an unconditional model.
    #[must_use]
    pub fn without_conditions(self) -> Self {
        Self { conditions: Conditions::none(), version: Version::default(), ..self }
    }

    /// The samples with these indices, in this order, with their conditions; an index may come more than once.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there are no indices, or for one past the end.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let data = Dataset::from_rows(&[[0.0], [1.0], [2.0]])?.with_class("y", &[7, 8, 9])?;
    /// let picked = data.subset(&[2, 0])?;
    /// assert_eq!((picked.values(), picked.conditions().labels("y")?), (&[2.0, 0.0][..], &[9, 7][..]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn subset(&self, indices: &[usize]) -> Result<Self> {
        check_indices(indices, self.rows())?;
        if indices.is_empty() {
            return Err(Error::Invalid {
                operation: "picking rows",
                what: "the list of indices".to_owned(),
                got: "empty".to_owned(),
                expected: "at least one index".to_owned(),
                help: "a data set has at least one row".to_owned(),
            });
        }
        Ok(Self {
            values: gather_rows(&self.values, self.dim, indices),
            dim: self.dim,
            conditions: self.conditions.gather(indices)?,
            version: Version::default(),
        })
    }

    /// Two data sets that share no sample: `fraction` of the rows, rounded, chosen by `seed`, and the rest.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if `fraction` is not between 0 and 1, or leaves one part empty.
    ///
    /// ```
    /// let digits = flow_runtime::data::circles(100, 0.1, 7)?;
    /// let (train, test) = digits.split(0.8, 1)?;
    /// assert_eq!((train.rows(), test.rows()), (80, 20));
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn split(&self, fraction: f64, seed: u64) -> Result<(Self, Self)> {
        let rows = self.rows();
        let first = (fraction * rows as f64).round();
        if !(first >= 1.0 && first < rows as f64) {
            return Err(Error::Invalid {
                operation: "splitting a data set",
                what: "the fraction".to_owned(),
                got: fraction.to_string(),
                expected: format!("a number in (0, 1) that leaves both parts of {rows} rows at least one"),
                help: "0.8 keeps four fifths for training".to_owned(),
            });
        }
        let order = splitmix::permutation(seed, rows);
        let (a, b) = order.split_at(first as usize);
        Ok((self.subset(a)?, self.subset(b)?))
    }
}

/// Refuses NaN and infinity, naming row and column.
pub(crate) fn check_finite(operation: &'static str, what: &str, values: &[f32], dim: usize) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error::NotFinite {
            operation,
            what: what.to_owned(),
            at: format!("row {}, column {} ({})", at / dim.max(1), at % dim.max(1), values[at]),
            help: "rows and columns are counted from 0; remove or replace that value".to_owned(),
        }),
    }
}
