//! Training on the engine of a device.

use super::{TrainRecipe, Trained, Trainer};
use crate::{
    data::Dataset,
    engine::{CpuEngine, CudaEngine, Resolved, Runnable},
    error::Result,
    model::Model,
};

impl<R: TrainRecipe<Model: Runnable>> Trainer<R> {
    /// Trains on the data, on the device that was chosen.
    ///
    /// Each call makes an engine. On a GPU that takes about a quarter of a second; who trains often makes one and calls
    /// [`fit_with`](Self::fit_with).
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    ///
    /// flow_model! {
    ///     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 8)), 2) }
    ///     train LineTraining for Line { optimizer: adam(lr = 1e-2), batch: 16, steps: 20 }
    /// }
    ///
    /// let moons = data::two_moons(100, 0.05, 0)?;
    /// let trained = LineTraining::trainer().seed(1).fit(&moons)?;
    /// assert_eq!(trained.losses.len(), 20);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the device is not there, else as [`fit_with`](Self::fit_with).
    pub fn fit(&mut self, data: &Dataset) -> Result<Trained<R::Model>> {
        crate::engine::check_threads(self.options.threads)?;
        match self.options.device.resolve_for(R::Model::PROGRAM)? {
            #[cfg(feature = "dfdx")]
            Resolved::Dfdx => self.fit_with(&mut crate::engine::DfdxEngine::<R::Model>::new()?, data),
            Resolved::Cuda(index) => {
                let engine = CudaEngine::<R::Model>::new(index)?;
                self.fit_with(&mut engine.with_precision(self.options.precision), data)
            }
            _ => {
                let mut engine = match self.options.threads {
                    Some(threads) => CpuEngine::<R::Model>::with_threads(threads)?,
                    None => CpuEngine::new()?,
                };
                self.fit_with(&mut engine, data)
            }
        }
    }
}
