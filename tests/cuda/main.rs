//! The CUDA engine: the tests of all engines on the CPU header, and on a GPU where there is one.
//!
//! ```text
//! cargo test --test cuda                                   # on the CPU header; what needs a GPU says `skipped: …`
//! FLOW_REQUIRE_CUDA=1 cargo test --release --test cuda     # fails without a GPU
//! ```
//!
//! The binary does the same without cargo on another machine (`benches/carry.sh`). The tests whose names have `sanitizer` in them are
//! short enough for compute-sanitizer.

mod device;
mod engines;
#[path = "../engines/integration.rs"]
mod integration;
mod mistakes;
#[allow(dead_code, reason = "other engines' tests use more of them")]
#[path = "../engines/models.rs"]
mod models;
#[path = "../engines/training.rs"]
mod training;
