//! The peers' network and data of W5: wide enough that products of matrices are all that counts.

use super::peers;
use flow_runtime::prelude::*;

flow_model! {
    /// `h1 = silu(L1 x + Lt emb(t))`, then `1024 -> 1024 -> 784` with SiLU.
    pub model Wide(x: [784], t: Time) -> [784] {
        let e = linear(sinusoidal(t, 128), 1024);
        let h = linear(x, 1024);
        let h = silu(h + e);
        let h = silu(linear(h, 1024));
        let h = silu(linear(h, 1024));
        linear(h, 784)
    }

    /// Constant learning rate, no average: the work of the peers.
    pub train WideTraining for Wide {
        path: Affine(CondOt), loss: mse, optimizer: adam(lr = 1e-3), batch: 256, steps: 40,
    }

    pub sampler WideRk4 for Wide { solver: Rk4, grid: uniform(20) }
}

pub const STEPS: usize = 20;
pub const POINTS: usize = 8192;

/// The network with the peers' weights; they draw those of the time's layer last.
pub fn model() -> Result<Wide, Error> {
    peers::model(&["h", "h2", "h3", "out", "e"])
}

/// The peers' training data.
pub fn data() -> Result<Dataset, Error> {
    peers::normal(peers::SEED_WIDE, 0.5, POINTS, 784)
}

/// The peers' start points.
pub fn start_points(count: usize) -> Result<Dataset, Error> {
    peers::start_points(count, 784)
}
