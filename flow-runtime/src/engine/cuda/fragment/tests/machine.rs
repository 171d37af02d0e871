//! What the tests run on.

use crate::engine::cuda::{
    backend::Backend,
    header::{Header, Settings, unavailable},
};

/// The CPU header, its threads in an order of that seed; or why there is none: then a test says so and passes, unless
/// `FLOW_REQUIRE_HEADER` is set.
pub(super) fn machine(seed: u64) -> Option<Box<dyn Backend>> {
    match unavailable() {
        None => Some(Box::new(Header::new(Settings { seed, ..Settings::default() }).unwrap())),
        Some(reason) => {
            assert!(std::env::var_os("FLOW_REQUIRE_HEADER").is_none(), "{reason}");
            eprintln!("skipped: {reason}");
            None
        }
    }
}
