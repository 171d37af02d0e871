//! The CPU engine: a program over tiles of the batch that stay in cache, in vector registers, on all cores.

mod engine;
mod executor;
mod frame;
mod implicit;
mod integrate;
mod kernel;
pub(crate) mod math;
mod optimizer;
use super::{plan, scheme};
mod product;
mod simd;
mod team;
mod train;
mod velocity;
mod weights;

pub use engine::{CpuEngine, Precision};
pub(super) use integrate::{Finite, not_finite};
pub(crate) use team::check_threads;

#[cfg(test)]
mod tests;
