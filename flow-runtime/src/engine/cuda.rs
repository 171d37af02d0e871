//! The CUDA engine: whole integrations and whole training runs on an NVIDIA GPU, as kernels written for the model.
//!
//! Nothing of CUDA is needed when this crate is built: the driver, NVRTC and cuBLASLt are looked for and loaded when a
//! device is asked for. The text of the kernels is printed from a program and a tableau, compiled for the very device by
//! NVRTC, kept on disk, and run by a [`Backend`](backend::Backend): the driver, or, in tests, g++.

pub(crate) mod backend;
#[cfg(feature = "cuda")]
pub(crate) mod cache;
#[cfg(feature = "cuda")]
pub(crate) mod driver;
mod engine;
mod fragment;
#[cfg(feature = "cuda-header")]
pub(crate) mod header;
#[cfg(feature = "cuda")]
pub(crate) mod library;
mod lost;
mod noise;
#[cfg(feature = "cuda")]
pub(crate) mod nvrtc;
#[cfg(all(test, feature = "cuda"))]
mod proof;
#[cfg(feature = "cuda")]
pub(crate) mod report;
mod show;
pub(crate) mod source;
mod tile;
mod train;
mod velocity;
mod ways;
mod wide;

pub use engine::CudaEngine;
pub(crate) use show::{sampling_source, training_source};

use crate::error::Result;

/// The GPU of that index.
#[cfg(feature = "cuda")]
fn open(index: usize) -> Result<Box<dyn backend::Backend>> {
    Ok(Box::new(driver::Driver::new(index)?))
}

/// The GPU of that index: there is none in this build.
#[cfg(not(feature = "cuda"))]
fn open(index: usize) -> Result<Box<dyn backend::Backend>> {
    Err(crate::Error::Device {
        asked: crate::engine::Device::Cuda(index).to_string(),
        found: "flow-runtime was built without CUDA".to_owned(),
        help: "build with the feature `cuda-13000`, or use `cpu`".to_owned(),
    })
}

#[cfg(all(test, feature = "cuda-header"))]
mod tests;
