//! Which data set is which.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that no other data have had in this process: who has seen data of this version has seen these values and conditions.
/// It is no part of what makes data sets equal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version(u64);

impl Default for Version {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl PartialEq for Version {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Version {
    /// The number.
    pub(crate) fn number(self) -> u64 {
        self.0
    }
}
