//! Wide models, and any other that is too large for a fused kernel: products of the whole batch by [`Backend::multiply`],
//! everything between them in as few kernels as can be, all of it captured as graphs.
//!
//! A list of launches is made from a plan's steps, in this order:
//!
//! * [`item`]: steps become products, functions of elements, functions of lines, and sums over the batch. What a product starts
//!   from (a bias, the share of the time) is added by the kernel that follows it.
//! * [`list`]: runs of functions of elements become one kernel each ([`fuse`]); what nobody reads is not written; in reduced
//!   precision a kernel also rounds its result for the products that read it, and often that is all that it writes.
//! * [`record`]: the list is started on memory that is there, and captured.
//!
//! The arena of the plan is memory of the device, each buffer `[rows, size]`, and weights are used where they lie.
//!
//! Precision: `strict` multiplies in `f32`. `half` rounds both operands of the products of the model's body to `f16` (in training
//! to `bf16`, whose range is that of `f32`) and sums in `f32`. `x3` splits them in two such halves and takes three products,
//! as one of thrice the depth. What is computed once, from the time or from conditions alone, is always strict. In `half` and
//! `x3` an activation beyond 65504 is infinite, and the integration ends with the error for numbers that are not finite.
//!
//! [`Backend::multiply`]: super::backend::Backend::multiply

mod area;
mod function;
mod fuse;
mod item;
mod kernel;
mod lines;
mod list;
mod memory;
mod place;
mod record;
mod resident;
mod sampling;
mod steps;
mod training;
mod velocity;

use super::{
    backend::Number,
    tile::{RANDOM, TRAIN},
};
use list::Format;

pub(crate) use sampling::{Sampling, SamplingPlan};
pub(crate) use steps::WideTrainer;
pub(crate) use training::{At, Training, TrainingPlan};
pub(crate) use velocity::{Velocity, VelocityPlan};

/// What all kernels of wide models have in common, after random numbers and losses.
const TEXTS: [&str; 3] = [RANDOM, TRAIN, include_str!("wide/text/wide.cuh")];

/// How products are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Precision {
    Strict,
    X3,
    Half,
}

impl Precision {
    fn of_sampling(self) -> Option<Format> {
        match self {
            Precision::Strict => None,
            Precision::X3 => Some(Format { number: Number::F16, parts: 3 }),
            Precision::Half => Some(Format { number: Number::F16, parts: 1 }),
        }
    }

    /// Cotangents are small: their range asks for `bf16`.
    fn of_training(self) -> Option<Format> {
        match self {
            Precision::Strict => None,
            Precision::X3 => Some(Format { number: Number::Bf16, parts: 3 }),
            Precision::Half => Some(Format { number: Number::Bf16, parts: 1 }),
        }
    }
}

#[cfg(test)]
mod tests;
