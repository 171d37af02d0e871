//! Where a model runs: devices, and the engines that serve them.
//!
//! | device | engine | what it is | layers | numbers |
//! |---|---|---|---|---|
//! | `auto` | the CUDA engine where there is a GPU, else the CPU engine; for a model with `custom` layers dfdx | the fastest there is | all | `f32` |
//! | `cuda` | [`CudaEngine`] | kernels written for the model, on an NVIDIA GPU (features `cuda-13000`, `cuda-12080`) | all but `custom`; explicit methods, others are left to the CPU by `auto` | [`CudaPrecision`] |
//! | `cpu` | [`CpuEngine`] | fused, vectorised, on all cores; the same bits for a seed at every thread count | all but `custom` | `f32`, `f64` |
//! | `dfdx` | `DfdxEngine` | the model's dfdx network, op by op, on one thread: the reference (feature `dfdx`) | all | `f32` |
//!
//! Trainers and samplers take a [`Device`] and make the engine themselves; [`ModelField`] is a model as the right-hand side
//! of an ODE. An engine of one's own, for other precisions or for calls in between, is made by [`CpuEngine::new`]. All of
//! them are held to the `f64` interpreter, [`Program::evaluate`](crate::program::Program::evaluate).
//!
//! # The CPU engine
//!
//! It compiles the model's [`Program`](crate::program::Program), or its
//! [gradient](crate::program::Program::gradient), to a plan once: which op runs where, in which piece of memory. A batch
//! then goes through the plan in tiles, some dozens of samples whose values stay in cache. What depends on the time alone is computed
//! once for a stage of a shared grid, not once for a sample. Matrix products and elementwise functions are written for
//! vector registers, and the widest that the machine has (AVX-512, AVX2, NEON, or none) are chosen when the program
//! starts. Elementary functions are the engine's own, the same on every machine.
//!
//! *The same bits.* A row's result does not depend on the rows around it, and sums over a batch have an order that the
//! number of threads does not change: a seed gives the same samples and weights, bit for bit, at every thread count.
//! Between machines with other vector registers the last bits may differ.
//!
//! *Small calls.* A few points are carried on the calling thread, and after the first call of a size nothing is allocated; see
//! [`Sampler::transport_in_place`](crate::sample::Sampler::transport_in_place).
//!
//! # The CUDA engine
//!
//! It prints the steps of the same plans as CUDA C, which NVRTC compiles for the device when a kernel is first needed; the driver
//! and NVRTC are looked for then, and nothing of CUDA when this crate is built ([`device::report`](crate::device::report) says
//! what is there). An integration is one launch: a tile of points stays in registers or in shared memory through all stages of all
//! steps. Training is many steps to a launch, from the draw of the batch to the average of the weights. Models whose weights fit in
//! no shared memory are products of the whole batch, by cuBLASLt, replayed as a graph.
//! [`Model::cuda_source`](crate::model::Model::cuda_source) shows the text.
//!
//! | precision | products | off by |
//! |---|---|---|
//! | [`Strict`](CudaPrecision::Strict) | `f32` | 3e-7 |
//! | [`X3`](CudaPrecision::X3) | each factor two 16-bit halves, three products for one, summed in `f32` | 8e-7 |
//! | [`Half`](CudaPrecision::Half) | 16-bit factors, but for the state itself, summed in `f32` | 7e-4 |
//!
//! The errors are the largest of an integration over the models and methods of the tests, relative to the length of the way from
//! the start point, against the `f64` interpreter. They are those of the kernels' text on a CPU, which adds in `f32` and rounds; a
//! tensor core cuts bits off its sums, which has not been measured. Weights and activations in 16 bits are within ±65504; what
//! leaves that range ends an integration with the error for numbers that are not finite.
//!
//! *The same bits.* Sums have a fixed order here, too: on one kind of device a seed gives the same weights and samples, however steps
//! are cut into launches and points into batches. Only wide models sample by the algorithms that cuBLASLt finds fastest, whose last bits
//! may differ between processes.

#[cfg(feature = "dfdx")]
mod activations;
mod check;
mod cpu;
#[cfg_attr(not(feature = "cuda"), allow(dead_code, reason = "there is no device to run on"))]
mod cuda;
#[cfg(feature = "dfdx")]
mod custom;
mod device;
#[cfg(feature = "dfdx")]
mod dfdx;
mod dropout;
mod field;
#[cfg(feature = "dfdx")]
mod flat;
#[cfg(feature = "dfdx")]
mod integrate;
#[cfg(feature = "dfdx")]
mod layers;
#[cfg(feature = "dfdx")]
mod network;
#[cfg(feature = "dfdx")]
mod optimizer;
mod plan;
mod precision;
mod runnable;
mod scheme;

pub(crate) use cpu::check_threads;
pub use cpu::{CpuEngine, Precision};
pub use cuda::CudaEngine;
#[cfg(feature = "cuda")]
pub(crate) use cuda::report::report as cuda_report;
pub(crate) use cuda::{sampling_source as cuda_sampling_source, training_source as cuda_training_source};
pub use device::{Device, Resolved};
#[cfg(feature = "dfdx")]
pub use dfdx::DfdxEngine;
pub use dropout::Dropout;
pub use field::ModelField;
#[cfg(feature = "dfdx")]
pub use flat::{entries, load, store};
#[cfg(feature = "dfdx")]
pub use network::{Condition, DfdxModel, Element, Inputs, Network, Rows};
pub use precision::CudaPrecision;
pub use runnable::Runnable;

/// What generated networks name, in one place. Not for use by hand.
#[cfg(feature = "dfdx")]
#[doc(hidden)]
pub mod nn {
    pub use super::{
        activations::*,
        custom::{initial_weights, layout},
        dropout::Dropout,
        layers::*,
        network::{
            Condition, DfdxModel, Element, Inputs, Network, check_batch, enter, fill_fan_in, fill_normal, fill_ones,
            fill_zeros, fixed, flatten, reshape, trained,
        },
    };
    pub use ::dfdx::{
        nn::{
            BuildOnDevice, Module,
            modules::{Embedding, LayerNorm1D, Linear, UnbiasedLinear},
            tensor_collection::{ModuleVisitor, TensorCollection},
        },
        shapes::{Const, Dtype, HasShape},
        tensor::{Cpu, NoneTape, OwnedTape, PutTape, Tape, Tensor},
        tensor_ops::Device,
    };
}

#[cfg(all(test, feature = "dfdx"))]
mod tests;
