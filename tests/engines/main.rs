//! One body for every engine: what a model, a method and a recipe mean does not depend on where they run.
//!
//! The `f64` interpreter of programs is what all of them are held to.

mod allocations;
mod determinism;
mod engines;
mod implicit;
mod integration;
mod mistakes;
mod models;
mod resuming;
mod sizes;
mod training;
mod velocity;
mod wide;
