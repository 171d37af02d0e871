//! The peers' network, data and start points, bit for bit.

use flow_runtime::{data::splitmix, prelude::*};

flow_model! {
    /// `[x, emb(t)] -> 64 -> 128 -> 64 -> 2` with ELU.
    pub model Moons(x: [2], t: Time) -> [2] {
        let e = sinusoidal(t, 32);
        let h = elu(linear(concat(x, e), 64));
        let h = elu(linear(h, 128));
        let h = elu(linear(h, 64));
        linear(h, 2)
    }

    /// Constant learning rate, no average: the work of the peers.
    pub train MoonsTraining for Moons {
        path: Affine(CondOt), loss: mse, optimizer: adam(lr = 1e-3), batch: 256, steps: 2000,
    }

    pub sampler MoonsRk4 for Moons { solver: Rk4, grid: uniform(100) }
    pub sampler MoonsMidpoint for Moons { solver: Midpoint, grid: uniform(100) }
    pub sampler MoonsEuler for Moons { solver: Euler, grid: uniform(100) }
}

/// Seeds of the peers' generator.
pub const SEED_WEIGHTS: u64 = 1;
pub const SEED_DATA: u64 = 2;
pub const SEED_X0: u64 = 3;
pub const SEED_FRESH: u64 = 5;

pub const NOISE: f64 = 0.05;
pub const POINTS: usize = 100_000;

/// The peers' weights: every entry `(2 u − 1) / sqrt(in)`, one stream, each layer's matrix and then its bias.
pub fn model() -> Result<Moons, Error> {
    let mut model = Moons::new(0);
    let mut fan_in = 1;
    let mut at = 0;
    let parameters = Moons::PROGRAM.parameters;
    let mut values = Vec::with_capacity(Moons::PARAMETERS);
    for parameter in parameters {
        if let [_, inputs] = parameter.shape {
            fan_in = *inputs;
        }
        for _ in 0..parameter.shape.iter().product() {
            let u = splitmix::uniform(SEED_WEIGHTS, at);
            values.push(((2.0 * u - 1.0) / (fan_in as f64).sqrt()) as f32);
            at += 1;
        }
    }
    for (value, weight) in values.iter().zip(model.weights_mut().values_mut()) {
        *weight = *value;
    }
    Ok(model)
}

/// The peers' training data.
pub fn data() -> Result<Dataset, Error> {
    data::two_moons(POINTS, NOISE, SEED_DATA)
}

/// The peers' start points.
pub fn start_points(count: usize) -> Result<Dataset, Error> {
    let values = (0..2 * count as u64).map(|i| splitmix::normal(SEED_X0, i) as f32).collect();
    Dataset::from_flat(values, 2)
}
