//! The CPU engine: a program over tiles of the batch that stay in cache, in vector registers, on all cores.

pub(crate) mod math;
mod simd;
