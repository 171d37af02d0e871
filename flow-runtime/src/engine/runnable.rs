//! What a model must be to run on the engines of this build.

#[cfg(feature = "dfdx")]
use super::network::DfdxModel;
use crate::model::Model;

/// A model that the engines of this build run: with feature `dfdx` one that has a dfdx network, without it any model.
///
/// Every model that `flow_model!` declares is one.
#[cfg(feature = "dfdx")]
pub trait Runnable: Model + DfdxModel {}

#[cfg(feature = "dfdx")]
impl<M: Model + DfdxModel> Runnable for M {}

/// A model that the engines of this build run: with feature `dfdx` one that has a dfdx network, without it any model.
///
/// Every model that `flow_model!` declares is one.
#[cfg(not(feature = "dfdx"))]
pub trait Runnable: Model {}

#[cfg(not(feature = "dfdx"))]
impl<M: Model> Runnable for M {}
