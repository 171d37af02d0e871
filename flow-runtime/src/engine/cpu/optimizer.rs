//! The optimisers, the clip and the moving average on a range of the weights.

use crate::train::Optimizer;
use pulp::{Simd, WithSimd};

/// A range of the weights and of everything that goes with them, all of one length.
pub(super) struct Range<'a> {
    pub(super) weights: &'a mut [f32],
    pub(super) gradient: &'a mut [f32],
    /// Empty where the optimiser has none.
    pub(super) moment1: &'a mut [f32],
    pub(super) moment2: &'a mut [f32],
}

/// One step of an optimiser on a range.
pub(super) struct Update<'a> {
    pub(super) optimizer: &'a Optimizer,
    pub(super) lr: f64,
    /// Counts from 1.
    pub(super) time: u64,
    pub(super) range: Range<'a>,
}

impl WithSimd for Update<'_> {
    type Output = ();

    // Plain loops: the compiler vectorises them for the instruction set that this is inlined into.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { optimizer, lr, time, range } = self;
        let Range { weights, gradient, moment1, moment2 } = range;
        match *optimizer {
            Optimizer::Adam { beta1, beta2, eps, weight_decay, .. } => {
                let adam = Adam::new(lr, beta1, beta2, eps, time);
                adam.run(weights, gradient, moment1, moment2, weight_decay as f32, 0.0);
            }
            Optimizer::AdamW { beta1, beta2, eps, weight_decay, .. } => {
                let adam = Adam::new(lr, beta1, beta2, eps, time);
                adam.run(weights, gradient, moment1, moment2, 0.0, (lr * weight_decay) as f32);
            }
            Optimizer::Sgd { momentum, nesterov, weight_decay, .. } => {
                let sgd = Sgd { lr: lr as f32, momentum: momentum as f32, decay: weight_decay as f32 };
                if momentum == 0.0 {
                    sgd.plain(weights, gradient);
                } else {
                    sgd.with_momentum(weights, gradient, moment1, nesterov);
                }
            }
        }
    }
}

/// Adam (Kingma & Ba 2015) with the bias corrections taken together.
struct Adam {
    lr: f32,
    beta1: f32,
    beta2: f32,
    rest1: f32,
    rest2: f32,
    eps: f32,
    /// `1 / (1 − beta1^t)` and `1 / (1 − beta2^t)`.
    correction1: f32,
    correction2: f32,
}

impl Adam {
    #[inline(always)]
    fn new(lr: f64, beta1: f64, beta2: f64, eps: f64, time: u64) -> Self {
        // From a time that large on, the correction is one in every digit.
        let time = i32::try_from(time).unwrap_or(i32::MAX);
        Self {
            lr: lr as f32,
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            rest1: (1.0 - beta1) as f32,
            rest2: (1.0 - beta2) as f32,
            eps: eps as f32,
            correction1: (1.0 / (1.0 - beta1.powi(time))) as f32,
            correction2: (1.0 / (1.0 - beta2.powi(time))) as f32,
        }
    }

    /// `m = β1 m + (1−β1) g`, `v = β2 v + (1−β2) g²`, `w −= lr m̂ / (sqrt(v̂) + eps) + decoupled w`; `g` with `l2 w` added.
    #[inline(always)]
    fn run(&self, weights: &mut [f32], gradient: &[f32], m: &mut [f32], v: &mut [f32], l2: f32, decoupled: f32) {
        let len = weights.len();
        let (gradient, m, v) = (&gradient[..len], &mut m[..len], &mut v[..len]);
        for i in 0..len {
            let g = gradient[i] + l2 * weights[i];
            m[i] = self.beta1 * m[i] + self.rest1 * g;
            v[i] = self.beta2 * v[i] + self.rest2 * g * g;
            let step = self.lr * (m[i] * self.correction1) / ((v[i] * self.correction2).sqrt() + self.eps);
            weights[i] -= step + decoupled * weights[i];
        }
    }
}

struct Sgd {
    lr: f32,
    momentum: f32,
    decay: f32,
}

impl Sgd {
    #[inline(always)]
    fn plain(&self, weights: &mut [f32], gradient: &[f32]) {
        let gradient = &gradient[..weights.len()];
        for i in 0..weights.len() {
            weights[i] -= self.lr * (gradient[i] + self.decay * weights[i]);
        }
    }

    /// `m = μ m + g`, `w −= lr m`; Nesterov's form takes `g + μ m` instead.
    #[inline(always)]
    fn with_momentum(&self, weights: &mut [f32], gradient: &[f32], m: &mut [f32], nesterov: bool) {
        let len = weights.len();
        let (gradient, m) = (&gradient[..len], &mut m[..len]);
        for i in 0..len {
            let g = gradient[i] + self.decay * weights[i];
            m[i] = self.momentum * m[i] + g;
            weights[i] -= self.lr * if nesterov { g + self.momentum * m[i] } else { m[i] };
        }
    }
}

/// `average += follow (weights − average)`.
pub(super) struct Average<'a> {
    pub(super) average: &'a mut [f32],
    pub(super) weights: &'a [f32],
    pub(super) follow: f32,
}

impl WithSimd for Average<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (average, weight) in self.average.iter_mut().zip(self.weights) {
            *average += self.follow * (weight - *average);
        }
    }
}
