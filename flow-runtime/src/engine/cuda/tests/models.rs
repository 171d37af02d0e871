//! Models that together hold every layer of the language.

use crate::prelude::*;

flow_model! {
    block residual(h, c, width) {
        let r = silu(linear(layer_norm(h, eps = 0.01), width) + linear(c, width, bias = false));
        h + linear(r, width)
    }

    /// Every layer but `custom`; a state of two axes, both kinds of conditions.
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
        let e = dropout(softplus(linear(h, 6)) * 0.5, 0.2) + sin(linear(h, 6));
        let g = rms_norm(concat(a, b, d, e), eps = 1e-3);
        reshape(linear(g, 6), [2, 3])
    }

    /// The model of the two moons, narrower.
    pub model Moons(x: [2], t: Time) -> [2] {
        let h = elu(linear(concat(x, sinusoidal(t, 16)), 32));
        let h = elu(linear(h, 48));
        let h = elu(linear(h, 32));
        linear(h, 2)
    }

    /// Weights that fit in no shared memory.
    pub model Broad(x: [3], t: Time, y: Class<4>) -> [3] {
        let e = silu(linear(sinusoidal(t, 8), 300));
        let h = silu(linear(x, 300) + e + embedding(y, 300));
        let h = h + silu(linear(dropout(h, 0.1), 300));
        linear(layer_norm(h), 3)
    }

    /// Gradients of more numbers than registers hold.
    pub model Deep(x: [2], t: Time) -> [2] {
        let h = silu(linear(concat(x, sinusoidal(t, 8)), 128));
        let h = tanh(linear(h, 128));
        let h = elu(linear(h, 128));
        linear(h, 2)
    }

    pub train DeepTraining for Deep {
        path: Affine(CondOt), optimizer: adam(lr = 1e-3), batch: 40, accumulate: 2, steps: 3,
    }
    pub train BroadTraining for Broad {
        path: Affine(CondOt), optimizer: adam(lr = 2e-3), batch: 20, accumulate: 2, steps: 6, ema: 0.9, clip: 0.5,
    }
    pub train MoonsTraining for Moons {
        path: Affine(CondOt), optimizer: adam(lr = 5e-3), batch: 40, steps: 12, ema: 0.9, clip: 0.5,
    }
    pub train MoonsPlain for Moons {
        path: Affine(Cosine), loss: huber(delta = 0.5), optimizer: adamw(lr = 5e-3),
        schedule: cosine(floor = 0.1, warmup = 3), batch: 24, accumulate: 2, steps: 12, ema: 0.9,
    }
    pub train EverythingTraining for Everything {
        path: OptimalTransport(sigma_min = 1e-2), loss: l1, optimizer: sgd(lr = 1e-2, momentum = 0.9, nesterov = true),
        batch: 20, steps: 6, time: logit_normal(mean = 0.0, std = 1.0), source: uniform(-1, 1),
    }
}
