//! What of a recipe stands in the text of its training.

use crate::{
    engine::{CudaPrecision, cuda::source::double},
    flow::{DeviceText, Source as Noise},
    train::{Loss, Optimizer, Recipe, TimeSampling},
};

/// What of a recipe and a path stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spec {
    pub(crate) precision: CudaPrecision,
    pub(crate) loss: Loss,
    pub(crate) optimizer: Optimizer,
    pub(crate) clip: bool,
    pub(crate) ema: bool,
    pub(crate) accumulate: usize,
    pub(crate) batch: usize,
    pub(crate) time: TimeSampling,
    pub(crate) source: Noise,
    /// Without it the host draws the batches.
    pub(crate) path: Option<DeviceText>,
}

impl Spec {
    pub(crate) fn of(recipe: &Recipe, path: Option<DeviceText>, precision: CudaPrecision) -> Self {
        Self {
            precision,
            loss: recipe.loss,
            optimizer: without_rate(&recipe.optimizer),
            clip: recipe.clip.is_some(),
            ema: recipe.ema.is_some(),
            accumulate: recipe.accumulate,
            batch: recipe.batch,
            time: recipe.time,
            source: recipe.source,
            path,
        }
    }

    /// For one gradient of a batch that is handed over.
    pub(crate) fn for_gradient(loss: Loss, batch: usize, precision: CudaPrecision) -> Self {
        Self {
            precision,
            loss,
            optimizer: Optimizer::Sgd { lr: 0.0, momentum: 0.0, nesterov: false, weight_decay: 0.0 },
            clip: false,
            ema: false,
            accumulate: 1,
            batch,
            time: TimeSampling::Uniform,
            source: Noise::Gaussian,
            path: None,
        }
    }

    /// For the optimiser by itself.
    pub(crate) fn for_optimizer(optimizer: &Optimizer) -> Self {
        Self { optimizer: without_rate(optimizer), ..Self::for_gradient(Loss::Mse, 1, CudaPrecision::Strict) }
    }

    /// The time of sample `i` of a batch, drawn from `times`.
    pub(crate) fn time_text(&self) -> String {
        match self.time {
            TimeSampling::LogitNormal { mean, std } => {
                format!("fm_time_logit_normal(times, i, {}, {})", double(mean), double(std))
            }
            TimeSampling::Uniform => "fm_time_uniform(times, i)".to_owned(),
        }
    }

    /// Number `index` of the source points of a batch, drawn from `noise`.
    pub(crate) fn source_text(&self, index: &str) -> String {
        match self.source {
            Noise::Gaussian => format!("fm_normal(noise, {index})"),
            Noise::Uniform { low, high } => {
                format!("fm_source_uniform(noise, {index}, {}, {})", double(low), double(high))
            }
        }
    }
}

/// What a draw takes its random numbers from, as the CPU's `Draws` does.
pub(crate) const STREAMS: &str = "const fm_random rows_of = fm_random_of(seed, 1, draw), noise = fm_random_of(seed, 2, draw), times = fm_random_of(seed, 3, draw);";

/// The loss of a coordinate that is `d` off, and its derivative.
pub(crate) fn loss_text(loss: Loss) -> [String; 2] {
    match loss {
        Loss::Mse => ["fm_mse(d)", "fm_d_mse(d)"].map(str::to_owned),
        Loss::L1 => ["fm_l1(d)", "fm_d_l1(d)"].map(str::to_owned),
        Loss::Huber { delta } => ["fm_huber", "fm_d_huber"].map(|name| format!("{name}(d, {})", double(delta))),
    }
}

/// The learning rate is told at every step, and not part of the text.
fn without_rate(optimizer: &Optimizer) -> Optimizer {
    match *optimizer {
        Optimizer::Adam { beta1, beta2, eps, weight_decay, .. } => {
            Optimizer::Adam { lr: 0.0, beta1, beta2, eps, weight_decay }
        }
        Optimizer::AdamW { beta1, beta2, eps, weight_decay, .. } => {
            Optimizer::AdamW { lr: 0.0, beta1, beta2, eps, weight_decay }
        }
        Optimizer::Sgd { momentum, nesterov, weight_decay, .. } => {
            Optimizer::Sgd { lr: 0.0, momentum, nesterov, weight_decay }
        }
    }
}
