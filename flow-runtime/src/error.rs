//! The one error type of the crate: what was done, what came, what was expected, and what to do.

use std::path::PathBuf;

/// Everything that can go wrong at run time.
///
/// Each message says which operation failed, what came, what was expected and how to mend it.
///
/// ```
/// use flow_runtime::prelude::*;
/// let error = Grid::uniform(0.0, f64::INFINITY, 10).unwrap_err();
/// assert!(matches!(error, Error::Invalid { .. }));
/// // What was done, what came, what was expected; then the remedy.
/// assert!(error.to_string().contains("\nhelp: "));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A size does not fit.
    #[error("{operation}: {what} has shape {got}, expected {expected}\nhelp: {help}")]
    Shape {
        /// What was being done.
        operation: &'static str,
        /// The thing whose shape is wrong.
        what: String,
        /// Its shape.
        got: String,
        /// The shape that fits.
        expected: String,
        /// How to mend it.
        help: String,
    },
    /// An argument is outside its domain, missing or superfluous.
    #[error("{operation}: {what} is {got}, expected {expected}\nhelp: {help}")]
    Invalid {
        /// What was being done.
        operation: &'static str,
        /// The argument.
        what: String,
        /// Its value.
        got: String,
        /// What is accepted.
        expected: String,
        /// How to mend it.
        help: String,
    },
    /// A number is NaN or infinite.
    #[error("{operation}: {what} is not finite at {at}\nhelp: {help}")]
    NotFinite {
        /// What was being done.
        operation: &'static str,
        /// The quantity.
        what: String,
        /// Where: row, step, time.
        at: String,
        /// How to mend it.
        help: String,
    },
    /// The equations of an implicit step were not solved.
    #[error(
        "{method}: Newton's iteration did not converge in the step from t = {t0} to {t1}: after {iterations} iterations \
         it still moves by {correction:.1e} of the state\nhelp: take smaller steps, or look for a jump in the right-hand side"
    )]
    NotConverged {
        /// Name of the method.
        method: &'static str,
        /// Start of the step.
        t0: f64,
        /// End of the step.
        t1: f64,
        /// Iterations taken.
        iterations: u32,
        /// Size of the last correction relative to the state; NaN if the linear system has no solution.
        correction: f64,
    },
    /// The loss or its gradient became NaN or infinite; training stopped before the weights were touched.
    #[error(
        "training: the loss is {loss} and the norm of its gradient {gradient_norm} at step {step} (learning rate {learning_rate:e}); {}\nhelp: lower the learning rate, set `clip: 1.0` in the recipe, or look for values in the data that are far out",
        last_checkpoint(checkpoint)
    )]
    Diverged {
        /// The step that was not taken; the first is 1.
        step: u64,
        /// The loss.
        loss: f64,
        /// The gradient's Euclidean norm.
        gradient_norm: f64,
        /// The learning rate at that step.
        learning_rate: f64,
        /// The last good checkpoint, if one was written.
        checkpoint: Option<PathBuf>,
    },
    /// The operating system refused to read or write.
    #[error("{operation} {path:?}: {source}\nhelp: {help}")]
    Io {
        /// What was being done, such as `reading`.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
        /// How to mend it.
        help: String,
    },
    /// A file is damaged, truncated or of another format.
    #[error("{format} file {path:?}: {at}: found {got}, expected {expected}\nhelp: {help}")]
    Format {
        /// The format it should have, such as `npy`.
        format: &'static str,
        /// The file.
        path: PathBuf,
        /// Where in the file: a byte, a line, a field.
        at: Box<str>,
        /// What stood there.
        got: Box<str>,
        /// What belongs there.
        expected: Box<str>,
        /// How to mend it.
        help: String,
    },
    /// A checkpoint or weight file belongs to another model.
    #[error(
        "checkpoint {path:?}: schema {got:016x} is not this model's {expected:016x} ({model})\nhelp: load it with the model that wrote it, or train anew into another folder"
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// Name of the model that was to be loaded.
        model: &'static str,
        /// The hash in the file.
        got: u64,
        /// The hash of the model.
        expected: u64,
    },
    /// A device or engine is not available.
    #[error("device `{asked}`: {found}\nhelp: {help}")]
    Device {
        /// What was asked for.
        asked: String,
        /// What was found.
        found: String,
        /// How to mend it.
        help: String,
    },
}

fn last_checkpoint(path: &Option<PathBuf>) -> String {
    match path {
        Some(path) => format!("the last good checkpoint is {path:?}"),
        None => "no checkpoint was written".to_owned(),
    }
}

/// Result with this crate's [`Error`].
///
/// ```
/// fn half(x: &[f64]) -> flow_runtime::Result<f64> {
///     let grid = flow_runtime::solve::Grid::given(x)?;
///     Ok(0.5 * (grid.t0() + grid.t1()))
/// }
/// assert_eq!(half(&[0.0, 1.0])?, 0.5);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    #[test]
    fn an_error_is_small_enough_to_be_returned_by_value() {
        // From 128 bytes on clippy warns at every closure of a user that returns one.
        assert!(size_of::<super::Error>() < 128);
    }
}
