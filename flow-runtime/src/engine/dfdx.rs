//! The dfdx engine: the generated network, run op by op on dfdx's CPU device.

use super::{
    conditions,
    dropout::Dropout,
    flat,
    network::{DfdxModel, Inputs, Network, device_error},
    optimizer::Kernel,
};
use crate::{
    data::Conditions,
    error::{Error, Result},
    program::InputKind,
    train::{Batch, Loss, Optimizer, OptimizerState, TrainEngine},
};
use ::dfdx::{
    nn::{BuildModule, ZeroGrads},
    shapes::{HasShape, Rank0},
    tensor::{Cpu, Gradients, OwnedTape, Tensor, TensorFromVec, Trace},
    tensor_ops::{Backward, MeanTo, TrySub},
};

/// Runs a model's dfdx network: velocities, integrations, and training through dfdx's tape and optimisers.
///
/// Weights are given with each call and copied into the network's tensors, which keep their memory.
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
    /// [`Error::Device`] if memory is out.
    pub fn new() -> Result<Self> {
        let device = Cpu::default();
        let network = M::Network::try_build(&device).map_err(device_error::<Cpu>)?;
        let entries = flat::entries::<f32, Cpu, _>(&network)?;
        let range = |entry: &crate::model::Entry| entry.offset..entry.offset + entry.shape.iter().product::<usize>();
        let len = entries.last().map_or(0, |entry| range(entry).end);
        let fixed = entries.iter().filter(|entry| !entry.trained).map(range).collect();
        let kernel = Kernel::new(&device, len, fixed)?;
        Ok(Self { device, network, gradients: None, kernel })
    }

    /// Values in one sample of the state.
    pub(super) fn dim() -> usize {
        let state = M::PROGRAM.inputs.iter().find(|input| input.kind == InputKind::State);
        state.map_or(0, |input| input.shape.iter().product())
    }

    /// Brings the weights into the network. Copying them costs less than to find out whether they changed.
    pub(super) fn load(&mut self, weights: &[f32]) -> Result<()> {
        flat::load::<f32, Cpu, _>(&mut self.network, weights)
    }

    pub(super) fn tensor(&self, values: &[f32], rows: usize) -> Result<Tensor<(usize, usize), f32, Cpu>> {
        self.device.try_tensor_from_vec(values.to_vec(), (rows, Self::dim())).map_err(device_error::<Cpu>)
    }

    pub(super) fn inputs(&self, t: Vec<f32>, conditions: &Conditions, first: usize) -> Result<Inputs<f32, Cpu>> {
        let rows = t.len();
        Ok(Inputs {
            t: self.device.try_tensor_from_vec(t, (rows,)).map_err(device_error::<Cpu>)?,
            conditions: conditions::tensors(&self.device, M::PROGRAM.inputs, conditions, first, rows)?,
        })
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
        conditions::check(M::PROGRAM.inputs, conditions, rows)?;
        self.load(weights)?;
        let inputs = self.inputs(t.to_vec(), conditions, 0)?;
        let velocity = self.network.velocity(&inputs, self.tensor(x, rows)?)?;
        velocity.copy_into(out);
        Ok(())
    }
}

/// Refuses a row of values that is not `[rows, dim]`.
pub(super) fn check_rows<M: DfdxModel>(operation: &'static str, what: &str, got: usize, rows: usize) -> Result<()> {
    let dim = DfdxEngine::<M>::dim();
    if got == rows * dim {
        return Ok(());
    }
    Err(Error::Shape {
        operation,
        what: format!("`{what}`"),
        got: format!("[{got}]"),
        expected: format!("[{rows}, {dim}], row-major"),
        help: format!("the state of {} has {dim} values", M::PROGRAM.name),
    })
}

impl<M: DfdxModel> TrainEngine for DfdxEngine<M> {
    fn gradient(
        &mut self,
        weights: &[f32],
        batch: &Batch,
        loss: Loss,
        seed: u64,
        step: u64,
        gradient: &mut [f32],
    ) -> Result<f64> {
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
        conditions::check(M::PROGRAM.inputs, &batch.conditions, rows)?;
        self.load(weights)?;

        let inputs = self.inputs(batch.t.clone(), &batch.conditions, 0)?;
        let target = self.tensor(&batch.ut, rows)?;
        let mut gradients = match self.gradients.take() {
            Some(gradients) => gradients,
            None => Gradients::leaky(),
        };
        self.network.try_zero_grads(&mut gradients).map_err(device_error::<Cpu>)?;
        let x = self.tensor(&batch.xt, rows)?.traced(gradients);
        let velocity = self.network.traced(&inputs, x, Some(&Dropout::new(seed, step)))?;
        let value = loss_of(velocity, target, loss)?;
        let number = f64::from(value.as_vec().first().copied().unwrap_or(f32::NAN));
        let mut gradients = value.try_backward().map_err(device_error::<Cpu>)?;
        flat::gradient(&self.network, &mut gradients, gradient)?;
        self.gradients = Some(gradients);
        Ok(number)
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

type Traced<S> = Tensor<S, f32, Cpu, OwnedTape<f32, Cpu>>;

/// The loss, the mean over all entries.
fn loss_of(
    velocity: Traced<(usize, usize)>,
    target: Tensor<(usize, usize), f32, Cpu>,
    loss: Loss,
) -> Result<Traced<Rank0>> {
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
