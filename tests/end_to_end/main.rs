//! From the declaration to the samples: models of `flow_model!`, trained, stopped, resumed, saved, sampled, and misused.

mod agreement;
mod conditional;
mod crash;
mod custom;
mod mistakes;
mod models;
mod resuming;
mod sampling;
mod training;
