//! Building and picking apart [`Conditions`].

use super::{Condition, ConditionValues, Conditions, dataset::check_finite};
use crate::error::{Error, Result};

impl Conditions {
    /// No condition at all: what an unconditional model takes.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// assert!(Conditions::none().is_empty());
    /// assert_eq!(Conditions::none().rows(), None);
    /// ```
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a class label per sample.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if `labels` is empty or the name is taken, [`Error::Shape`] if the other conditions have
    /// another number of rows.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let asked = Conditions::none().class("y", &[3, 1, 4])?;
    /// assert_eq!(asked.rows(), Some(3));
    /// assert!(asked.class("y", &[0, 0, 0]).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn class(self, name: &str, labels: &[u32]) -> Result<Self> {
        self.push(name, ConditionValues::Class(labels.to_vec()))
    }

    /// Adds a vector per sample; `values: [rows, dim]`, row-major.
    ///
    /// # Errors
    ///
    /// As for [`Conditions::class`]; also [`Error::Shape`] if `values` is not a whole number of rows, and
    /// [`Error::NotFinite`] if one of them is NaN or infinite.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let asked = Conditions::none().vector("c", 2, &[0.0, 1.0, 2.0, 3.0])?;
    /// assert_eq!(asked.rows(), Some(2));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn vector(self, name: &str, dim: usize, values: &[f32]) -> Result<Self> {
        if dim == 0 || !values.len().is_multiple_of(dim) {
            return Err(Error::Shape {
                operation: "adding a condition",
                what: format!("`{name}`"),
                got: format!("[{}]", values.len()),
                expected: format!("[rows, {dim}]"),
                help: "give one vector per sample, all of one length of at least 1".to_owned(),
            });
        }
        check_finite("adding a condition", &format!("`{name}`"), values, dim)?;
        self.push(name, ConditionValues::Vector { dim, values: values.to_vec() })
    }

    fn push(mut self, name: &str, values: ConditionValues) -> Result<Self> {
        if self.get(name).is_some() {
            return Err(Error::Invalid {
                operation: "adding a condition",
                what: "its name".to_owned(),
                got: format!("`{name}`, which is there already"),
                expected: "a name of its own".to_owned(),
                help: "name each condition as the model's input is named".to_owned(),
            });
        }
        if values.rows() == 0 {
            return Err(Error::Invalid {
                operation: "adding a condition",
                what: format!("`{name}`"),
                got: "empty".to_owned(),
                expected: "one value per sample".to_owned(),
                help: "leave the condition out if the model does not take it".to_owned(),
            });
        }
        if let Some(rows) = self.rows().filter(|&rows| rows != values.rows()) {
            return Err(Error::Shape {
                operation: "adding a condition",
                what: format!("`{name}`"),
                got: format!("[{} rows]", values.rows()),
                expected: format!("[{rows} rows]"),
                help: "every condition needs one value per sample".to_owned(),
            });
        }
        self.columns.push(Condition { name: name.to_owned(), values });
        Ok(self)
    }

    /// Number of samples, or `None` without conditions.
    #[must_use]
    pub fn rows(&self) -> Option<usize> {
        self.columns.first().map(|column| column.values.rows())
    }

    /// Whether there is no condition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The conditions in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.columns.iter()
    }

    /// The values of the condition `name`.
    ///
    /// ```
    /// use flow_runtime::{data::ConditionValues, prelude::*};
    /// let asked = Conditions::none().class("y", &[3, 1])?;
    /// assert_eq!(asked.get("y"), Some(&ConditionValues::Class(vec![3, 1])));
    /// assert_eq!(asked.get("z"), None);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ConditionValues> {
        self.columns.iter().find(|column| column.name == name).map(|column| &column.values)
    }

    /// The class labels called `name`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there are none of that name, or if they are vectors.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let asked = Conditions::none().class("y", &[3, 1])?;
    /// assert_eq!(asked.labels("y")?, [3, 1]);
    /// assert!(asked.labels("z").is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn labels(&self, name: &str) -> Result<&[u32]> {
        let found = match self.get(name) {
            Some(ConditionValues::Class(labels)) => return Ok(labels),
            Some(ConditionValues::Vector { dim, .. }) => format!("vectors of length {dim}"),
            None if self.columns.is_empty() => "not there; there are no conditions".to_owned(),
            None => {
                let names: Vec<_> = self.columns.iter().map(|column| format!("`{}`", column.name)).collect();
                format!("not there; there is {}", names.join(", "))
            }
        };
        Err(Error::Invalid {
            operation: "reading class labels",
            what: format!("condition `{name}`"),
            got: found,
            expected: "a class label per sample".to_owned(),
            help: format!("add labels with `.with_class(\"{name}\", &labels)`"),
        })
    }

    /// The rows with these indices, in this order; an index may come more than once.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an index past the end.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let asked = Conditions::none().class("y", &[3, 1, 4])?;
    /// assert_eq!(asked.gather(&[2, 2, 0])?.labels("y")?, [4, 4, 3]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn gather(&self, indices: &[usize]) -> Result<Self> {
        if let Some(rows) = self.rows() {
            check_indices(indices, rows)?;
        }
        let columns = self.columns.iter().map(|column| {
            let values = match &column.values {
                ConditionValues::Class(labels) => {
                    ConditionValues::Class(indices.iter().filter_map(|&i| labels.get(i).copied()).collect())
                }
                ConditionValues::Vector { dim, values } => {
                    ConditionValues::Vector { dim: *dim, values: gather_rows(values, *dim, indices) }
                }
            };
            Condition { name: column.name.clone(), values }
        });
        Ok(Self { columns: columns.collect() })
    }

    /// All rows one after the other, `times` over, as `slice::repeat` does it.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if `times` is zero or the result would not fit into memory.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let asked = Conditions::none().class("y", &[3, 1])?.repeat(2)?;
    /// assert_eq!(asked.labels("y")?, [3, 1, 3, 1]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn repeat(&self, times: usize) -> Result<Self> {
        let widest = self.columns.iter().map(|column| match &column.values {
            ConditionValues::Class(labels) => labels.len(),
            ConditionValues::Vector { values, .. } => values.len(),
        });
        let fits = widest.max().unwrap_or(0).checked_mul(times).is_some_and(|n| n <= isize::MAX as usize / 4);
        if times == 0 || !fits {
            return Err(Error::Invalid {
                operation: "repeating conditions",
                what: "the number of times".to_owned(),
                got: times.to_string(),
                expected: "at least 1, and a result that fits into memory".to_owned(),
                help: "ask for the number of samples per condition".to_owned(),
            });
        }
        let columns = self.columns.iter().map(|column| {
            let values = match &column.values {
                ConditionValues::Class(labels) => ConditionValues::Class(labels.repeat(times)),
                ConditionValues::Vector { dim, values } => {
                    ConditionValues::Vector { dim: *dim, values: values.repeat(times) }
                }
            };
            Condition { name: column.name.clone(), values }
        });
        Ok(Self { columns: columns.collect() })
    }
}

impl ConditionValues {
    /// Number of samples.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Self::Class(labels) => labels.len(),
            Self::Vector { dim, values } => values.len().checked_div(*dim).unwrap_or(0),
        }
    }
}

/// Refuses an index past the end.
pub(super) fn check_indices(indices: &[usize], rows: usize) -> Result<()> {
    match indices.iter().position(|&i| i >= rows) {
        None => Ok(()),
        Some(at) => Err(Error::Invalid {
            operation: "picking rows",
            what: format!("index number {at}"),
            got: indices[at].to_string(),
            expected: format!("less than {rows}, the number of rows"),
            help: "rows are counted from 0".to_owned(),
        }),
    }
}

/// The rows with these indices, which are in range.
pub(super) fn gather_rows(values: &[f32], dim: usize, indices: &[usize]) -> Vec<f32> {
    let mut out = Vec::with_capacity(indices.len() * dim);
    for &i in indices {
        out.extend_from_slice(&values[i * dim..(i + 1) * dim]);
    }
    out
}
