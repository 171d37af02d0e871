//! Where a model runs: devices, and the engines that serve them.
//!
//! | device | engine | what it is |
//! |---|---|---|
//! | `auto`, `cpu` | [`CpuEngine`] | fused, vectorised, on all cores; the same bits for a seed at every thread count |
//! | `dfdx` | `DfdxEngine` | the model's dfdx network, op by op: the reference, and the engine for `custom` layers (feature `dfdx`) |
//!
//! All of them are held to the `f64` interpreter, [`Program::evaluate`](crate::program::Program::evaluate).

#[cfg(feature = "dfdx")]
mod activations;
mod cpu;
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
mod runnable;

pub(crate) use cpu::check_threads;
pub use cpu::{CpuEngine, Precision};
pub use device::{Device, Resolved};
#[cfg(feature = "dfdx")]
pub use dfdx::DfdxEngine;
pub use dropout::Dropout;
pub use field::ModelField;
#[cfg(feature = "dfdx")]
pub use flat::{entries, load, store};
#[cfg(feature = "dfdx")]
pub use network::{Condition, DfdxModel, Element, Inputs, Network, Rows};
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
