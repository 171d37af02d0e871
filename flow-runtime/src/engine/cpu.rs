//! The CPU engine: a program over tiles of the batch that stay in cache, in vector registers, on all cores.

mod product;
mod simd;
mod team;
