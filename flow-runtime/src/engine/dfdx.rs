//! The dfdx engine: the generated network, run op by op on dfdx's CPU device.

use super::{
    check::check_rows,
    device::Resolved,
    dropout::Dropout,
    flat,
    network::{Condition, DfdxModel, Inputs, Network, Rows, device_error},
    optimizer::Kernel,
};
use crate::{
    data::{ConditionValues, Conditions},
    error::{Error, Result},
    model::Entry,
    train::{Batch, Loss, Optimizer, OptimizerState, TrainEngine},
};
use ::dfdx::{
    nn::{BuildModule, ZeroGrads},
    shapes::{HasShape, Rank0},
    tensor::{AsArray, Cache, Cpu, Gradients, Tape, Tensor, TensorFromVec, Trace},
    tensor_ops::{Backward, MeanTo, TrySub},
};

/// Runs a model's dfdx network: velocities, integrations, and training through dfdx's tape and optimisers.
///
/// Weights are given with each call and copied into the network's tensors, which keep their memory.
///
/// ```
/// use flow_runtime::{engine::DfdxEngine, prelude::*};
/// flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
///
/// let line = Line::new(0);
/// let mut engine = DfdxEngine::<Line>::new()?;
/// let mut velocity = [0.0; 4];
/// engine.velocity(line.weights().values(), &[0.0, 0.5], &[1.0, 2.0, 3.0, 4.0], &Conditions::none(), &mut velocity)?;
/// let reference = line.velocity_reference(&[0.0, 0.5], &[1.0, 2.0, 3.0, 4.0], &Conditions::none())?;
/// assert!(velocity.iter().zip(reference).all(|(v, exact)| (f64::from(*v) - exact).abs() < 1e-6));
/// # Ok::<(), Error>(())
/// ```
pub struct DfdxEngine<M: DfdxModel> {
    pub(super) device: Cpu,
    pub(super) network: M::Network,
    /// Kept from step to step, for the memory.
    gradients: Option<Gradients<f32, Cpu>>,
    kernel: Kernel,
}

impl<M: DfdxModel> DfdxEngine<M> {
    /// An engine for the model.
    ///
    /// # Errors
    /// [`Error::Device`] if memory is out; [`Error::Invalid`] or [`Error::Shape`] if the model is not the macro's and
    /// its program means nothing, see [`Program::check`](crate::program::Program::check).
    pub fn new() -> Result<Self> {
        M::PROGRAM.check()?;
        let device = Cpu::default();
        // Every step takes the same buffers again: a tenth of the time went into allocating them.
        device.try_enable_cache().map_err(device_error::<Cpu>)?;
        let network = M::Network::try_build(&device).map_err(device_error::<Cpu>)?;
        let entries = flat::entries::<f32, Cpu, _>(&network)?;
        let len = entries.last().map_or(0, |entry| entry.range().end);
        let fixed = entries.iter().filter(|entry| !entry.trained).map(Entry::range).collect();
        let kernel = Kernel::new(&device, len, fixed)?;
        Ok(Self { device, network, gradients: None, kernel })
    }

    /// Brings the weights into the network. Copying them costs less than to find out whether they changed.
    pub(super) fn load(&mut self, weights: &[f32]) -> Result<()> {
        flat::load::<f32, Cpu, _>(&mut self.network, weights)
    }

    pub(super) fn state(&self, values: &[f32], rows: usize) -> Result<Tensor<(usize, usize), f32, Cpu>> {
        let shape = (rows, M::PROGRAM.state_dim());
        self.device.try_tensor_from_vec(values.to_vec(), shape).map_err(device_error::<Cpu>)
    }

    pub(super) fn times(&self, t: Vec<f32>) -> Result<Tensor<(usize,), f32, Cpu>> {
        let rows = t.len();
        self.device.try_tensor_from_vec(t, (rows,)).map_err(device_error::<Cpu>)
    }

    /// The conditions of the samples `first..first + rows`.
    pub(super) fn conditions(
        &self,
        bound: &[&ConditionValues],
        first: usize,
        rows: usize,
    ) -> Result<Vec<Condition<f32, Cpu>>> {
        let tensor = |values: &&ConditionValues| match values {
            ConditionValues::Class(labels) => {
                let labels = labels.iter().skip(first).take(rows).map(|label| *label as usize).collect();
                let labels = self.device.try_tensor_from_vec(labels, (rows,)).map_err(device_error::<Cpu>)?;
                Ok(Condition::Class(labels))
            }
            ConditionValues::Vector { dim, values } => {
                let values = values.iter().skip(first * dim).take(rows * dim).copied().collect();
                let values = self.device.try_tensor_from_vec(values, (rows, *dim)).map_err(device_error::<Cpu>)?;
                Ok(Condition::Vector(values))
            }
        };
        bound.iter().map(tensor).collect()
    }

    /// Writes the velocity at the times `t: [rows]` and points `x: [rows, dim]` into `out: [rows, dim]`.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Invalid`] if an argument is not the model's.
    pub fn velocity(
        &mut self,
        weights: &[f32],
        t: &[f32],
        x: &[f32],
        conditions: &Conditions,
        out: &mut [f32],
    ) -> Result<()> {
        let rows = t.len();
        check_rows::<M>("velocity", "x", x.len(), rows)?;
        check_rows::<M>("velocity", "out", out.len(), rows)?;
        let bound = M::PROGRAM.bind_conditions("velocity", conditions, rows)?;
        if rows == 0 {
            return Ok(());
        }
        self.load(weights)?;
        let inputs = Inputs { t: self.times(t.to_vec())?, conditions: self.conditions(&bound, 0, rows)? };
        let velocity = self.network.velocity(&inputs, self.state(x, rows)?)?;
        velocity.copy_into(out);
        drop(velocity);
        self.release()
    }

    /// Gives back the buffers that dfdx keeps: the next call may be of another size.
    pub(super) fn release(&self) -> Result<()> {
        self.device.try_empty_cache().map_err(device_error::<Cpu>)
    }
}

impl<M: DfdxModel> Drop for DfdxEngine<M> {
    fn drop(&mut self) {
        // dfdx never frees what its cache holds; with the cache off, the tensors below free themselves.
        let _ = self.device.try_disable_cache();
    }
}

impl<M: DfdxModel> DfdxEngine<M> {
    /// A batch as tensors, without its points; brings the weights into the network.
    fn batch(&mut self, weights: &[f32], batch: &Batch) -> Result<(Inputs<f32, Cpu>, Rows<f32, Cpu>)> {
        let rows = batch.size;
        if rows == 0 {
            return Err(Error::Invalid {
                operation: "training",
                what: "the size of the batch".to_owned(),
                got: "0".to_owned(),
                expected: "1 or more".to_owned(),
                help: "set `batch` in the recipe, and give data that is not empty".to_owned(),
            });
        }
        check_rows::<M>("training", "xt", batch.xt.len(), rows)?;
        check_rows::<M>("training", "ut", batch.ut.len(), rows)?;
        if batch.t.len() != rows {
            return Err(flat::wrong_length("training", "the times", batch.t.len(), rows));
        }
        let bound = M::PROGRAM.bind_conditions("training", &batch.conditions, rows)?;
        self.load(weights)?;
        let inputs = Inputs { t: self.times(batch.t.clone())?, conditions: self.conditions(&bound, 0, rows)? };
        Ok((inputs, self.state(&batch.ut, rows)?))
    }
}

impl<M: DfdxModel> TrainEngine for DfdxEngine<M> {
    fn name(&self) -> String {
        Resolved::Dfdx.to_string()
    }

    fn gradient(
        &mut self,
        weights: &[f32],
        batch: &Batch,
        loss: Loss,
        seed: u64,
        step: u64,
        gradient: &mut [f32],
    ) -> Result<f64> {
        let (inputs, target) = self.batch(weights, batch)?;
        let mut gradients = match self.gradients.take() {
            Some(gradients) => gradients,
            None => Gradients::leaky(),
        };
        self.network.try_zero_grads(&mut gradients).map_err(device_error::<Cpu>)?;
        let x = self.state(&batch.xt, batch.size)?.traced(gradients);
        let velocity = self.network.traced(&inputs, x, Some(&Dropout::new(seed, step)))?;
        let value = loss_of(velocity, target, loss)?;
        let number = number(&value);
        let mut gradients = value.try_backward().map_err(device_error::<Cpu>)?;
        flat::gradient(&self.network, &mut gradients, gradient)?;
        self.gradients = Some(gradients);
        Ok(number)
    }

    fn loss(&mut self, weights: &[f32], batch: &Batch, loss: Loss) -> Result<f64> {
        let (inputs, target) = self.batch(weights, batch)?;
        let velocity = self.network.velocity(&inputs, self.state(&batch.xt, batch.size)?)?;
        Ok(number(&loss_of(velocity, target, loss)?))
    }

    fn optimize(
        &mut self,
        optimizer: &Optimizer,
        lr: f64,
        time: u64,
        weights: &mut [f32],
        gradient: &[f32],
        state: &mut OptimizerState,
    ) -> Result<()> {
        self.kernel.step(optimizer, lr, time, weights, gradient, state)
    }
}

fn number<T>(loss: &Tensor<Rank0, f32, Cpu, T>) -> f64 {
    f64::from(loss.array())
}

/// The loss, the mean over all entries.
fn loss_of<T: Tape<f32, Cpu>>(
    velocity: Tensor<(usize, usize), f32, Cpu, T>,
    target: Tensor<(usize, usize), f32, Cpu>,
    loss: Loss,
) -> Result<Tensor<Rank0, f32, Cpu, T>> {
    if velocity.shape() != target.shape() {
        return Err(Error::Shape {
            operation: "training",
            what: "the velocity".to_owned(),
            got: format!("{:?}", velocity.shape()),
            expected: format!("{:?}", target.shape()),
            help: "the model's result must have the state's shape".to_owned(),
        });
    }
    let run = || match loss {
        Loss::Mse => velocity.try_sub(target)?.try_square()?.try_mean(),
        Loss::L1 => velocity.try_sub(target)?.try_abs()?.try_mean(),
        Loss::Huber { delta } => velocity.try_huber_error(target, delta)?.try_mean(),
    };
    run().map_err(device_error::<Cpu>)
}
