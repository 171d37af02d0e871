//! What a model must be to run on the engines of this build.

#[cfg(feature = "dfdx")]
use super::network::DfdxModel;
use crate::model::Model;

/// A model that the engines of this build run: with feature `dfdx` one that has a dfdx network, without it any model.
///
/// Every model that `flow_model!` declares is one. It is the bound of a function that trains or samples whatever model it
/// is given.
///
/// ```
/// use flow_runtime::{engine::Runnable, prelude::*, sample::{SampleRecipe, Sampler}};
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 5 }
/// #     sampler LineSampler for Line { solver: Rk4, grid: uniform(10) }
/// # }
///
/// fn learn_and_draw<R, S>(data: &Dataset) -> Result<Dataset, Error>
/// where
///     R: TrainRecipe<Model: Runnable>,
///     S: SampleRecipe<Model = R::Model>,
/// {
///     let trained = Trainer::<R>::new().fit(data)?;
///     Sampler::<S>::new(&trained.model).sample(data.rows())
/// }
///
/// let moons = data::two_moons(100, 0.05, 0)?;
/// assert_eq!(learn_and_draw::<LineTraining, LineSampler>(&moons)?.rows(), 100);
/// # Ok::<(), Error>(())
/// ```
#[cfg(feature = "dfdx")]
pub trait Runnable: Model + DfdxModel {}

#[cfg(feature = "dfdx")]
impl<M: Model + DfdxModel> Runnable for M {}

/// A model that the engines of this build run: with feature `dfdx` one that has a dfdx network, without it any model.
///
/// Every model that `flow_model!` declares is one. It is the bound of a function that trains or samples whatever model it
/// is given.
///
/// ```
/// use flow_runtime::{engine::Runnable, prelude::*, sample::{SampleRecipe, Sampler}};
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 5 }
/// #     sampler LineSampler for Line { solver: Rk4, grid: uniform(10) }
/// # }
///
/// fn learn_and_draw<R, S>(data: &Dataset) -> Result<Dataset, Error>
/// where
///     R: TrainRecipe<Model: Runnable>,
///     S: SampleRecipe<Model = R::Model>,
/// {
///     let trained = Trainer::<R>::new().fit(data)?;
///     Sampler::<S>::new(&trained.model).sample(data.rows())
/// }
///
/// let moons = data::two_moons(100, 0.05, 0)?;
/// assert_eq!(learn_and_draw::<LineTraining, LineSampler>(&moons)?.rows(), 100);
/// # Ok::<(), Error>(())
/// ```
#[cfg(not(feature = "dfdx"))]
pub trait Runnable: Model {}

#[cfg(not(feature = "dfdx"))]
impl<M: Model> Runnable for M {}
