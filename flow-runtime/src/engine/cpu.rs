//! The CPU engine: a program over tiles of the batch that stay in cache, in vector registers, on all cores.

mod frame;
mod kernel;
pub(crate) mod math;
mod plan;
mod product;
mod simd;
mod team;
mod weights;
