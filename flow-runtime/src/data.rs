//! Data sets: what a user trains on, how it is loaded, and the toy sets of the literature.
//!
//! A [`Dataset`] holds finite `f32` samples, row by row, and the [`Conditions`] that belong to them. It comes from memory
//! ([`Dataset::from_rows`]), from a file ([`Dataset::load`]: `.npy`, `.npz`, CSV, IDX, each also gzipped where that is
//! usual) or from a formula ([`two_moons`], [`checkerboard`], …). What cannot be trained on is refused here, with the row
//! and the column named, and never later.
//!
//! ```
//! use flow_runtime::data::{self, Dataset};
//!
//! let moons = data::two_moons(1_000, 0.05, 2)?;
//! assert_eq!((moons.rows(), moons.dim()), (1_000, 2));
//!
//! let labelled = Dataset::from_rows(&[[0.0, 1.0], [2.0, 3.0]])?.with_class("y", &[0, 1])?;
//! assert_eq!(labelled.row(1), Some(&[2.0, 3.0][..]));
//! assert!(Dataset::from_rows(&[[f32::NAN]]).is_err());
//! # Ok::<(), flow_runtime::Error>(())
//! ```

mod array;
pub mod atomic;
mod conditions;
mod csv;
mod dataset;
mod digits;
mod idx;
#[cfg(test)]
mod loader_tests;
mod npy;
mod npz;
mod read;
pub mod splitmix;
#[cfg(test)]
mod tests;
mod toy;
mod transform;
mod version;

pub(crate) use self::dataset::check_finite;
pub use self::{
    atomic::write_atomically,
    csv::{CsvOptions, Header, LabelColumn},
    digits::digits,
    toy::{checkerboard, circles, eight_gaussians, pinwheel, spirals, swiss_roll, two_moons},
    transform::Transform,
};

/// Samples with their conditions.
///
/// Values are `f32`, `[rows, dim]`, row-major; there is at least one row and one column, every value is finite, and
/// every condition has one entry a row.
///
/// ```
/// use flow_runtime::prelude::*;
/// let data = Dataset::from_rows(&[[0.0, 1.0], [2.0, 3.0]])?.with_class("y", &[0, 1])?;
/// assert_eq!((data.rows(), data.dim()), (2, 2));
/// assert_eq!(data.values(), [0.0, 1.0, 2.0, 3.0]);
/// assert_eq!(data.row(1), Some(&[2.0, 3.0][..]));
/// assert_eq!(data.conditions().labels("y")?, [0, 1]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// Values, `[rows, dim]`, row-major.
    pub(crate) values: Vec<f32>,
    /// Values in one sample.
    pub(crate) dim: usize,
    /// One column per condition, in any order.
    pub(crate) conditions: Conditions,
    /// Another number after every change.
    pub(crate) version: version::Version,
}

/// Named conditions of a batch of samples.
///
/// ```
/// use flow_runtime::data::Conditions;
///
/// // The classes 0, 1, 2, 0, 1, 2: two samples of each are to be drawn.
/// let asked = Conditions::none().class("y", &[0, 1, 2])?.repeat(2)?;
/// assert_eq!(asked.rows(), Some(6));
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    pub(crate) columns: Vec<Condition>,
}

/// One named condition.
///
/// ```
/// use flow_runtime::prelude::*;
/// let given = Conditions::none().class("y", &[7])?.vector("c", 2, &[0.5, 1.5])?;
/// let names: Vec<&str> = given.iter().map(|condition| condition.name.as_str()).collect();
/// assert_eq!(names, ["y", "c"]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Its name in the model.
    pub name: String,
    /// One value per sample.
    pub values: ConditionValues,
}

/// The values of one condition.
///
/// ```
/// use flow_runtime::{data::ConditionValues, prelude::*};
/// let given = Conditions::none().vector("c", 2, &[0.5, 1.5])?;
/// assert_eq!(given.get("c"), Some(&ConditionValues::Vector { dim: 2, values: vec![0.5, 1.5] }));
/// assert_eq!(ConditionValues::Class(vec![0, 1, 2]).rows(), 3);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum ConditionValues {
    /// A class label per sample.
    Class(Vec<u32>),
    /// A vector per sample, `[rows, dim]`.
    Vector {
        /// Length of one.
        dim: usize,
        /// Row-major.
        values: Vec<f32>,
    },
}
