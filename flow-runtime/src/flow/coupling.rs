//! Which source point goes with which data point.

use crate::error::{Error, Result};

/// Pairs the source and the data points of one batch.
///
/// ```
/// use flow_runtime::prelude::*;
///
/// /// In one dimension optimal transport pairs the points in their order.
/// #[derive(Clone, Debug)]
/// struct Sorted;
///
/// impl Coupling for Sorted {
///     fn pair(&self, _dim: usize, x0: &[f32], x1: &[f32], source: &mut [usize]) -> Result<(), Error> {
///         let order = |x: &[f32]| {
///             let mut rows: Vec<usize> = (0..x.len()).collect();
///             rows.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
///             rows
///         };
///         for (row0, row1) in order(x0).into_iter().zip(order(x1)) {
///             source[row1] = row0;
///         }
///         Ok(())
///     }
/// }
///
/// let mut source = [0; 3];
/// Sorted.pair(1, &[0.5, -1.0, 2.0], &[9.0, 7.0, 8.0], &mut source)?;
/// assert_eq!(source, [2, 1, 0]);
/// # Ok::<(), Error>(())
/// ```
pub trait Coupling: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// Writes for each data row the source row that it is paired with.
    ///
    /// Data rows keep their places, so that their conditions stay with them.
    ///
    /// # Shapes
    /// `x0`, `x1`: `[rows, dim]`; `source: [rows]`, entries in `0..rows`.
    ///
    /// # Errors
    /// [`Error::Shape`] if these do not fit each other.
    fn pair(&self, dim: usize, x0: &[f32], x1: &[f32], source: &mut [usize]) -> Result<()>;
}

/// `x0` and `x1` are independent: each data row takes the source row of its own place.
///
/// ```
/// use flow_runtime::prelude::*;
/// let mut source = [0; 2];
/// Independent.pair(1, &[0.0, 1.0], &[5.0, 6.0], &mut source)?;
/// assert_eq!(source, [0, 1]);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Independent;

impl Coupling for Independent {
    fn pair(&self, dim: usize, x0: &[f32], x1: &[f32], source: &mut [usize]) -> Result<()> {
        for (what, got) in [("x0", x0.len()), ("x1", x1.len())] {
            if Some(got) != source.len().checked_mul(dim) {
                return Err(Error::Shape {
                    operation: "pairing source and data",
                    what: format!("`{what}`"),
                    got: format!("[{got}]"),
                    expected: format!("[{}, {dim}]", source.len()),
                    help: "pass as many source rows as data rows, and room for one index per row".to_owned(),
                });
            }
        }
        for (row, source) in source.iter_mut().enumerate() {
            *source = row;
        }
        Ok(())
    }
}
