//! Models that together hold every layer of the language, and what they are given.

use flow_runtime::{
    prelude::*,
    rng::{Philox, Stream},
    train::{Loss, Optimizer, Recipe, Schedule, ScheduleShape, TimeSampling},
};

flow_model! {
    block residual(h, c, width) {
        let r = silu(linear(layer_norm(h, eps = 0.01), width) + linear(c, width, bias = false));
        h + linear(r, width)
    }

    /// Every layer but `dropout` and `custom`; a state of two axes, both kinds of conditions.
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

    /// The time embedding concatenated, as the batch shares it.
    pub model Joined(x: [2], t: Time) -> [2] {
        let h = elu(linear(concat(x, sinusoidal(t, 8)), 16));
        let h = silu(linear(h, 16));
        linear(h, 2)
    }

    /// The time embedding through layers of its own, and added; frequencies that are not trained; layers along an axis.
    pub model Added(x: [3, 4], t: Time) -> [3, 4] {
        let e = silu(linear(fourier(t, 8, scale = 1.0), 12));
        let h = tanh(flatten(linear(layer_norm(linear(x, 6)), 4)) + linear(e, 12));
        let h = softmax(reshape(h, [3, 4])) + x;
        reshape(linear(flatten(h), 12) * sigmoid(linear(e, 12)), [3, 4])
    }

    /// Dropout, and frequencies that are not trained.
    pub model Dropped(x: [2], t: Time) -> [2] {
        let h = dropout(elu(linear(concat(x, fourier(t, 8, scale = 1.0)), 16)), 0.25);
        let h = dropout(silu(linear(h, 16)), 0.1);
        linear(h, 2)
    }

    /// Dropout, a class and a vector.
    pub model Steered(x: [2], t: Time, y: Class<3>, c: [2]) -> [2] {
        let h = silu(linear(concat(x, sinusoidal(t, 8), embedding(y, 4), c), 24));
        let h = silu(linear(dropout(h, 0.1), 24));
        linear(h, 2)
    }

    /// More parameters than there are gradients for every group of rows.
    pub model Wide(x: [2], t: Time) -> [2] {
        let h = silu(linear(concat(x, sinusoidal(t, 6)), 520));
        let h = gelu(linear(h, 510));
        linear(h, 2)
    }

    pub train JoinedTraining for Joined {
        path: Affine(CondOt), optimizer: adam(lr = 5e-3), batch: 150, steps: 12, ema: 0.9, clip: 0.5,
    }
    pub train DroppedTraining for Dropped {
        path: Affine(Cosine), loss: huber(delta = 0.5), optimizer: adamw(lr = 5e-3),
        schedule: cosine(floor = 0.1, warmup = 3), batch: 70, accumulate: 2, steps: 12, ema: 0.9,
    }
    pub train SteeredTraining for Steered {
        path: Affine(CondOt), loss: l1, optimizer: sgd(lr = 1e-2, momentum = 0.9, nesterov = true), batch: 130, steps: 12,
    }
    pub train WideTraining for Wide {
        path: Affine(CondOt), optimizer: adam(lr = 1e-3), batch: 150, steps: 4, ema: 0.9, clip: 1.0,
    }

    pub sampler JoinedSampler for Joined { solver: Rk4, grid: uniform(8) }
    pub sampler SteeredSampler for Steered { solver: Heun2, grid: uniform(6) }
}

/// The recipe that the tests change.
pub const BASE: Recipe = Recipe {
    name: "Changed",
    loss: Loss::Mse,
    optimizer: Optimizer::Adam { lr: 2e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 },
    schedule: Schedule { warmup: 0, shape: ScheduleShape::Constant },
    batch: 100,
    accumulate: 1,
    steps: 20,
    ema: None,
    clip: None,
    time: TimeSampling::Uniform,
    source: Source::Gaussian,
    seed: 3,
};

/// Numbers of a normal distribution.
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let random = Philox::new(seed, Stream::Sample, 99);
    (0..count as u64).map(|index| random.normal_f32(index)).collect()
}

/// What a program asks for, for that many rows.
pub fn conditions(program: &Program, rows: usize) -> Conditions {
    use flow_runtime::program::InputKind;
    program.inputs.iter().fold(Conditions::none(), |given, input| match input.kind {
        InputKind::Class { classes } => {
            let labels: Vec<u32> = (0..rows).map(|row| (row * 7 % classes) as u32).collect();
            given.class(input.name, &labels).expect("one each")
        }
        InputKind::Vector => {
            let dim = input.shape.iter().product();
            given.vector(input.name, dim, &numbers(dim * rows, 17)).expect("one each")
        }
        _ => given,
    })
}

/// Data for a model: points of size one, and its conditions.
pub fn data_for(program: &Program, rows: usize) -> Dataset {
    use flow_runtime::data::ConditionValues;
    let data = Dataset::from_flat(numbers(rows * program.state_dim(), 8), program.state_dim()).expect("whole rows");
    conditions(program, rows).iter().fold(data, |data, column| match &column.values {
        ConditionValues::Class(labels) => data.with_class(&column.name, labels).expect("one each"),
        ConditionValues::Vector { dim, values } => data.with_vector(&column.name, *dim, values).expect("one each"),
    })
}

/// The values, bit for bit.
pub fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Exactly representable in `f64`.
pub fn exactly(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}
