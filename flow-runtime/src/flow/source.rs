//! Where the flow starts.

use crate::{
    error::{Error, Result},
    rng::Philox,
};

/// Distribution of the source points `x0`, every coordinate by itself.
///
/// ```
/// use flow_runtime::{prelude::*, rng::{Philox, Stream}};
/// let mut x0 = [0.0; 100];
/// let square = Source::Uniform { low: -1.0, high: 1.0 };
/// square.fill(&Philox::new(0, Stream::Source, 0), 0, 2, &mut x0)?;
/// assert!(x0.iter().all(|x| (-1.0..=1.0).contains(x)));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// `N(0, 1)`.
    Gaussian,
    /// `U(low, high)`.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
}

impl Source {
    /// Fills rows of source points, `out: [rows, dim]`.
    ///
    /// Coordinate `j` of row `i` is made of the random number `(first_row + i) dim + j` and of nothing else, so a row
    /// is the same in a batch of any size and on any thread. A gaussian coordinate is
    /// [`Philox::normal_f32`]; a uniform one is `low + (high − low) u` with `u` of [`Philox::uniform_f32`], computed
    /// in `f64` and rounded once.
    ///
    /// # Errors
    /// [`Error::Shape`] if `dim` does not divide the length of `out`.
    ///
    /// ```
    /// use flow_runtime::{prelude::*, rng::{Philox, Stream}};
    /// let random = Philox::new(0, Stream::Source, 12);
    /// let (mut batch, mut row) = ([0.0; 6], [0.0; 2]);
    /// Source::Gaussian.fill(&random, 0, 2, &mut batch)?;
    /// Source::Gaussian.fill(&random, 2, 2, &mut row)?;
    /// assert_eq!(row, batch[4..]);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn fill(&self, random: &Philox, first_row: u64, dim: usize, out: &mut [f32]) -> Result<()> {
        if !out.is_empty() && out.len().checked_rem(dim) != Some(0) {
            return Err(Error::Shape {
                operation: "filling source points",
                what: "`out`".to_owned(),
                got: format!("[{}]", out.len()),
                expected: format!("[rows * {dim}]"),
                help: "pass whole rows".to_owned(),
            });
        }
        let first = first_row.wrapping_mul(dim as u64);
        match *self {
            Self::Gaussian => random.fill_normal(first, out),
            Self::Uniform { low, high } => {
                random.fill_uniform(first, out);
                for x in out {
                    *x = (low + (high - low) * f64::from(*x)) as f32;
                }
            }
        }
        Ok(())
    }

    /// Judges the parameters before a run starts.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless `low < high`, both finite.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// assert!(Source::Uniform { low: -1.0, high: 1.0 }.check().is_ok());
    /// assert!(Source::Uniform { low: 1.0, high: -1.0 }.check().is_err());
    /// ```
    pub fn check(&self) -> Result<()> {
        match *self {
            Self::Uniform { low, high } if !(low < high && low.is_finite() && high.is_finite()) => {
                Err(Error::Invalid {
                    operation: "source",
                    what: "the uniform distribution".to_owned(),
                    got: format!("U({low}, {high})"),
                    expected: "finite ends with low < high".to_owned(),
                    help: "the usual choice is `Uniform { low: -1.0, high: 1.0 }`".to_owned(),
                })
            }
            _ => Ok(()),
        }
    }
}
