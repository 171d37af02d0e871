//! The times at which something is defined.

use crate::error::{Error, Result};
use std::fmt;

/// The times at which a scheduler or a path can be used.
///
/// An end is open where a derivative or a ratio has a pole there.
///
/// ```
/// use flow_runtime::prelude::*;
/// assert_eq!(LinearVp::INTERVAL, Interval { open_start: false, open_end: true });
/// assert_eq!(LinearVp::INTERVAL.to_string(), "[0, 1)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// `t = 0` is excluded.
    pub open_start: bool,
    /// `t = 1` is excluded.
    pub open_end: bool,
}

impl Interval {
    /// `[0, 1]`.
    pub const CLOSED: Self = Self { open_start: false, open_end: false };

    /// Whether a time belongs to it; NaN does not.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// assert!(CondOt::INTERVAL.contains(1.0) && !LinearVp::INTERVAL.contains(1.0));
    /// ```
    pub const fn contains(&self, t: f64) -> bool {
        0.0 <= t && t <= 1.0 && !(self.open_start && t == 0.0) && !(self.open_end && t == 1.0)
    }

    /// Refuses a time outside.
    ///
    /// # Errors
    /// [`Error::Invalid`], naming the interval.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// assert!(Interval::CLOSED.check("sampling", 1.0).is_ok());
    /// assert!(Interval::CLOSED.check("sampling", 1.5).is_err());
    /// ```
    pub fn check(&self, operation: &'static str, t: f64) -> Result<()> {
        if self.contains(t) {
            return Ok(());
        }
        let help = if (0.0..=1.0).contains(&t) {
            "there is a pole at the open end; stay away from it, for example by 1e-3"
        } else {
            "time runs from the source at 0 to the data at 1"
        };
        Err(Error::Invalid {
            operation,
            what: "the time".to_owned(),
            got: t.to_string(),
            expected: format!("a time in {self}"),
            help: help.to_owned(),
        })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = if self.open_start { '(' } else { '[' };
        let end = if self.open_end { ')' } else { ']' };
        write!(f, "{start}0, 1{end}")
    }
}
