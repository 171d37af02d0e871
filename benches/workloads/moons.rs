//! The peers' network and data of W1, W2, W6 and W7.

use super::peers;
use flow_runtime::prelude::*;

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

pub const STEPS: usize = 100;
pub const NOISE: f64 = 0.05;
pub const POINTS: usize = 100_000;

/// The network with the peers' weights.
pub fn model() -> Result<Moons, Error> {
    peers::model(&["h", "h2", "h3", "out"])
}

/// The peers' training data.
pub fn data() -> Result<Dataset, Error> {
    data::two_moons(POINTS, NOISE, peers::SEED_DATA)
}

/// The peers' start points.
pub fn start_points(count: usize) -> Result<Dataset, Error> {
    peers::start_points(count, 2)
}
