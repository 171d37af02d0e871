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
#[cfg(feature = "cuda")]
pub(crate) mod library;
#[cfg(feature = "cuda")]
pub(crate) mod nvrtc;
#[cfg(feature = "cuda")]
pub(crate) mod report;
pub(crate) mod source;
