//! The models that the tests share.

use flow_runtime::prelude::*;

flow_model! {
    block residual(h, c, width) {
        let r = silu(linear(layer_norm(h, eps = 0.01), width) + linear(c, width, bias = false));
        h + linear(r, width)
    }

    /// Every layer of the language but `dropout` and `custom`.
    pub model Everything(x: [2, 3], t: Time, y: Class<4>, c: [3]) -> [2, 3] {
        let time = concat(sinusoidal(t, 8, max = 10), fourier(t, 6, scale = 1.5), t);
        let label = embedding(y, 5);
        let k = softmax(linear(concat(time, label, c), 10));
        let mut h = linear(flatten(x), 12);
        for _ in 0..2 {
            h = residual(h, k, 12);
        }
        let a = elu(linear(h, 6), alpha = 0.7) + relu(linear(h, 6));
        let b = gelu(linear(h, 6)) - leaky_relu(linear(h, 6), slope = 0.2);
        let d = tanh(linear(h, 6)) * sigmoid(linear(h, 6));
        let e = softplus(linear(h, 6)) * 0.5 + sin(linear(h, 6));
        let g = rms_norm(concat(a, b, d, e), eps = 1e-3);
        reshape(linear(g, 6), [2, 3])
    }

    /// A small field, for what needs to be quick.
    pub model Small(x: [2], t: Time) -> [2] {
        let h = elu(linear(concat(x, sinusoidal(t, 8)), 16));
        let h = silu(linear(h, 16));
        linear(h, 2)
    }

    /// The same with dropout.
    pub model Dropped(x: [2], t: Time) -> [2] {
        let h = dropout(elu(linear(concat(x, fourier(t, 8, scale = 1.0)), 16)), 0.25);
        let h = dropout(silu(linear(h, 16)), 0.1);
        linear(h, 2)
    }

    /// A vector and a class as conditions.
    pub model Steered(x: [2], t: Time, y: Class<3>, c: [2]) -> [2] {
        let h = silu(linear(concat(x, sinusoidal(t, 8), embedding(y, 4), c), 24));
        let h = silu(linear(h, 24));
        linear(h, 2)
    }

    pub train SmallTraining for Small {
        path: Affine(CondOt), optimizer: adam(lr = 1e-2), batch: 64, steps: 150,
    }

    pub train AdamTraining for Dropped {
        path: Affine(Cosine), loss: huber(delta = 0.5), optimizer: adam(lr = 5e-3, weight_decay = 1e-3),
        schedule: cosine(floor = 0.1, warmup = 5), batch: 16, accumulate: 2, steps: 21, ema: 0.99, clip: 1.0,
    }

    pub train AdamWTraining for Dropped {
        path: OptimalTransport(sigma_min = 0.01), optimizer: adamw(lr = 5e-3), schedule: step(every = 4, gamma = 0.5),
        batch: 16, steps: 21, ema: 0.9, time: logit_normal, source: uniform(low = -2, high = 2),
    }

    pub train SgdTraining for Dropped {
        path: Affine(Vp), loss: l1, optimizer: sgd(lr = 1e-2, momentum = 0.9, nesterov = true), batch: 16, accumulate: 3,
        steps: 21,
    }

    pub train SteeredTraining for Steered {
        path: Affine(CondOt), optimizer: adam(lr = 1e-2), batch: 128, steps: 500,
    }

    pub sampler SmallSampler for Small { solver: Rk4, grid: uniform(20) }
    pub sampler SteeredSampler for Steered { solver: Heun2, grid: uniform(20) }
    pub sampler EverythingSampler for Everything { solver: Tsit5, grid: uniform(5), source: uniform(low = 0, high = 1) }
}

/// Conditions of an [`Everything`].
pub fn everything_conditions(rows: usize) -> Conditions {
    let labels: Vec<u32> = (0..rows as u32).map(|row| row * 7 % 4).collect();
    let vectors: Vec<f32> = numbers(3 * rows, 17);
    Conditions::none().class("y", &labels).and_then(|some| some.vector("c", 3, &vectors)).expect("they fit")
}

/// Numbers of a normal distribution.
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let random = flow_runtime::rng::Philox::new(seed, flow_runtime::rng::Stream::Sample, 99);
    (0..count as u64).map(|index| random.normal_f32(index)).collect()
}

/// Exactly representable in `f64`.
pub fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// The values, bit for bit.
pub fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

pub fn moons() -> Dataset {
    data::two_moons(500, 0.05, 2).expect("the arguments are right")
}
