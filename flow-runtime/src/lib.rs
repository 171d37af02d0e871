//! Neural ODEs and flow matching: declared with [`flow_model!`], checked by the compiler, run at speed.
//!
//! A flow carries samples of a simple source, `x0 ~ N(0, 1)` at `t = 0`, to samples of the data, `x1` at `t = 1`, by
//! the ordinary differential equation `x' = v(t, x)`. The velocity field `v` is a neural network. It is trained by
//! regression on the conditional velocities `ut` of a probability path between `x0` and `x1` (Lipman et al. 2023,
//! arXiv:2210.02747), and a Runge–Kutta method draws the samples.
//!
//! This page is the manual: it is meant to be read from top to bottom.
//!
//! # The first program
//!
//! The field, its training and its sampling are declared, then used. With the two moons and a few thousand steps this
//! is the whole of flow matching; here are twenty steps.
//!
//! ```
//! use flow_runtime::prelude::*;
//!
//! flow_model! {
//!     /// Velocity field that carries noise to two moons.
//!     pub model Moons(x: [2], t: Time) -> [2] {
//!         let h = silu(linear(concat(x, sinusoidal(t, 16)), 64));
//!         let h = silu(linear(h, 64));
//!         linear(h, 2)
//!     }
//!
//!     pub train MoonsTraining for Moons {
//!         path: Affine(CondOt),
//!         loss: mse,
//!         optimizer: adam(lr = 1e-3),
//!         batch: 256,
//!         steps: 20,
//!     }
//!
//!     pub sampler MoonsSampler for Moons { solver: Midpoint, grid: uniform(20) }
//! }
//!
//! let moons = data::two_moons(10_000, 0.05, 0)?;
//! let trained = MoonsTraining::trainer().seed(1).fit(&moons)?;
//! let samples = MoonsSampler::new(&trained.model).sample(100)?;
//! println!("{}", metrics::sliced_wasserstein2(&samples, &data::two_moons(100, 0.05, 1)?)?);
//! # Ok::<(), flow_runtime::Error>(())
//! ```
//!
//! [`flow_model!`] takes five kinds of items, in any order and number:
//!
//! | item | generates | trait |
//! |---|---|---|
//! | `model` | a velocity field: its program, its weights, its network | [`Model`](model::Model) |
//! | `solver` | a Runge–Kutta method from its tableau, every order condition proved | [`Method`](solve::Method) |
//! | `scheduler` | `alpha` and `sigma`, with their derivatives | [`Scheduler`](flow::Scheduler) |
//! | `train` | a recipe, and [`Trainer`](train::Trainer) by `trainer()` | [`TrainRecipe`](train::TrainRecipe) |
//! | `sampler` | a [`Sampler`](sample::Sampler) | [`SampleRecipe`](sample::SampleRecipe) |
//!
//! # The modules, in the order in which to read them
//!
//! | module | what is there |
//! |---|---|
//! | [`prelude`] | what programs need, in one line |
//! | [`solve`] | ordinary differential equations: states, grids, methods. Of use without any model |
//! | [`tableau`] | what is known about a method: its coefficients and what was derived from them |
//! | [`data`] | data sets from memory, files and formulas; conditions |
//! | [`flow`] | schedulers, paths, sources, couplings; velocity, target and noise from one another |
//! | [`model`] | models and their weights; safetensors |
//! | [`train`] | recipes, the trainer, callbacks, checkpoints |
//! | [`sample`] | drawing samples, trajectories, the way back |
//! | [`metrics`] | how far two sets of samples are apart |
//! | [`plot`] | pictures: points, trajectories, losses, images, a flow in motion |
//! | [`program`] | what a model computes, as data; its gradient, as data too; the reference interpreter of both |
//! | [`engine`] | where a model runs |
//! | [`device`] | what there is on this machine to run on |
//! | [`rng`] | random numbers that are functions of a seed and an index |
//! | [`error`] | everything that can go wrong |
//!
//! # Time
//!
//! Time runs from the source `x0` at `t = 0` to the data `x1` at `t = 1`, everywhere; texts on diffusion often run it
//! the other way. A path is `xt = alpha(t) x1 + sigma(t) x0` with conditional velocity `ut = d xt / dt`. Where a
//! derivative has a pole at an end, the path's [`Interval`](flow::Interval) is open there. A grid reversed carries data
//! back to the source, and an ordinary [`solve`](solve::solve()) runs from any time to any other.
//!
//! # Shapes and numbers
//!
//! Batches are row-major: `x: [batch, dim]`, `t: [batch]`, with one row of every condition per sample. Data and weights
//! are `f32`; solvers take `f32` and `f64`, the CPU engine computes in either
//! ([`CpuEngine<M, f64>`](engine::CpuEngine)), and what is accumulated (losses, norms, metrics) is accumulated in `f64`.
//! Every random number is a function of the seed and of its place (see [`rng`]), and every sum has an order of its own, so
//! a seed gives the same samples however many are drawn together and however many threads draw them, and a resumed training
//! the same weights, bit for bit.
//!
//! # Errors
//!
//! What is wrong with a declaration the compiler says, at the token. What goes wrong at run time is an [`Error`] and
//! never a panic: it says what was done, what came, what was expected and how to mend it.
//!
//! ```
//! use flow_runtime::prelude::*;
//! let error = Grid::given([0.0, 0.5, 0.5, 1.0]).unwrap_err();
//! assert!(matches!(error, Error::Invalid { .. }));
//! assert!(error.to_string().contains("node 2 is 0.5, expected"));
//! println!("{error}"); // … and the next line begins with `help: `
//! ```
//!
//! # Features
//!
//! `dfdx`, on by default, brings the dfdx networks that are generated for models, their engine
//! ([`Device::Dfdx`](engine::Device::Dfdx)) and with it layers of any dfdx module, `custom(x, Module)`. Without it everything
//! else works: the CPU engine trains and samples every model of the language. dfdx 0.13 builds on stable compilers only.

// What a library prints, its user cannot catch.
#![warn(clippy::print_stdout)]

// Generated code names this crate `::flow_runtime`, also inside it.
extern crate self as flow_runtime;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod data;
pub mod device;
pub mod engine;
pub mod error;
pub mod flow;
pub mod metrics;
pub mod model;
pub mod plot;
pub mod prelude;
pub mod program;
pub mod rng;
pub mod sample;
pub mod solve;
pub mod tableau;
pub mod train;

pub use error::{Error, Result};
pub use flow_macros::flow_model;

/// The programs of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
