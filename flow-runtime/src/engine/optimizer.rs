//! dfdx's optimisers on a flat row of weights, with the moments in our hands so that a resumed run goes on exactly.

use super::{check::check_time, flat::wrong_length, network::device_error};
use crate::{
    error::Result,
    train::{Optimizer, OptimizerState},
};
use ::dfdx::{
    optim::{AdamConfig, Momentum, SgdConfig, WeightDecay},
    tensor::{Cpu, Storage, Tensor, ZerosTensor},
};
use std::ops::Range;

type Buffer = <Cpu as Storage<f32>>::Vec;

/// dfdx's kernels and the buffers that they work on.
pub(super) struct Kernel {
    weights: Tensor<(usize,), f32, Cpu>,
    gradient: Buffer,
    moment1: Buffer,
    moment2: Buffer,
    /// Weights that training leaves alone.
    fixed: Vec<Range<usize>>,
}

impl Kernel {
    pub(super) fn new(device: &Cpu, len: usize, fixed: Vec<Range<usize>>) -> Result<Self> {
        let buffer = || Storage::<f32>::try_alloc_len(device, len).map_err(device_error::<Cpu>);
        Ok(Self {
            weights: device.try_zeros_like(&(len,)).map_err(device_error::<Cpu>)?,
            gradient: buffer()?,
            moment1: buffer()?,
            moment2: buffer()?,
            fixed,
        })
    }

    /// One step; `time` counts from 1.
    pub(super) fn step(
        &mut self,
        optimizer: &Optimizer,
        lr: f64,
        time: u64,
        weights: &mut [f32],
        gradient: &[f32],
        state: &mut OptimizerState,
    ) -> Result<()> {
        let len = self.gradient.len();
        check_length("the weights", weights.len(), len)?;
        check_length("the gradient", gradient.len(), len)?;
        let (first, second) = moments(optimizer);
        prepare("the first moment", &mut state.moment1, first, len)?;
        prepare("the second moment", &mut state.moment2, second, len)?;
        check_time(time)?;
        self.weights.copy_from(weights);
        self.gradient.copy_from_slice(gradient);
        // The moments are lent, not copied: the buffers of this struct stand in while the kernel runs.
        self.exchange(first, second, state);
        let result = self.run(optimizer, lr, time);
        self.exchange(first, second, state);
        result?;
        self.put_back(weights, state);
        Ok(())
    }

    fn exchange(&mut self, first: bool, second: bool, state: &mut OptimizerState) {
        if first {
            std::mem::swap(&mut *self.moment1, &mut state.moment1);
        }
        if second {
            std::mem::swap(&mut *self.moment2, &mut state.moment2);
        }
    }

    fn run(&mut self, optimizer: &Optimizer, lr: f64, time: u64) -> Result<()> {
        // From a time that large on, the bias correction is one in every digit.
        let time = i32::try_from(time).unwrap_or(i32::MAX);
        let mut adam = |betas, eps, weight_decay| {
            AdamConfig { lr, betas, eps, weight_decay }.try_update(
                time,
                &mut self.weights,
                &mut self.moment1,
                &mut self.moment2,
                &self.gradient,
            )
        };
        let l2 = |decay| (decay != 0.0).then_some(WeightDecay::L2(decay));
        match *optimizer {
            Optimizer::Adam { beta1, beta2, eps, weight_decay, .. } => adam([beta1, beta2], eps, l2(weight_decay)),
            Optimizer::AdamW { beta1, beta2, eps, weight_decay, .. } => {
                let decay = (weight_decay != 0.0).then_some(WeightDecay::Decoupled(weight_decay));
                adam([beta1, beta2], eps, decay)
            }
            Optimizer::Sgd { momentum, nesterov, weight_decay, .. } => {
                let momentum = match (momentum != 0.0, nesterov) {
                    (false, _) => None,
                    (true, false) => Some(Momentum::Classic(momentum)),
                    (true, true) => Some(Momentum::Nesterov(momentum)),
                };
                SgdConfig { lr, momentum, weight_decay: l2(weight_decay) }.try_update(
                    &mut self.weights,
                    &mut self.moment1,
                    &self.gradient,
                )
            }
        }
        .map_err(device_error::<Cpu>)
    }

    /// Copies the new weights out. What is fixed stays as it was, and has no moments.
    fn put_back(&self, weights: &mut [f32], state: &mut OptimizerState) {
        if self.fixed.is_empty() {
            self.weights.copy_into(weights);
            return;
        }
        let mut old = weights.to_vec();
        self.weights.copy_into(weights);
        for range in &self.fixed {
            weights[range.clone()].swap_with_slice(&mut old[range.clone()]);
            for moment in [&mut state.moment1, &mut state.moment2] {
                if let Some(values) = moment.get_mut(range.clone()) {
                    values.fill(0.0);
                }
            }
        }
    }
}

/// Which moments an optimiser has.
fn moments(optimizer: &Optimizer) -> (bool, bool) {
    match *optimizer {
        Optimizer::Adam { .. } | Optimizer::AdamW { .. } => (true, true),
        Optimizer::Sgd { momentum, .. } => (momentum != 0.0, false),
    }
}

fn prepare(what: &str, moment: &mut Vec<f32>, needed: bool, len: usize) -> Result<()> {
    if needed && moment.is_empty() {
        moment.resize(len, 0.0);
    }
    check_length(what, moment.len(), if needed { len } else { 0 })
}

fn check_length(what: &str, got: usize, expected: usize) -> Result<()> {
    if got == expected { Ok(()) } else { Err(wrong_length("optimizer", what, got, expected)) }
}
