//! Which source point goes with which data point.

use crate::error::{Error, Result};

/// Pairs the source and the data points of one batch.
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
