//! The peers' numbers, bit for bit: each is a function of a seed and an index, computed in `f64` and rounded once.

use flow_runtime::{data::splitmix, prelude::*};

pub const SEED_WEIGHTS: u64 = 1;
pub const SEED_DATA: u64 = 2;
pub const SEED_X0: u64 = 3;
pub const SEED_FRESH: u64 = 5;
pub const SEED_WIDE: u64 = 6;

/// A model with the peers' weights: every entry `(2 u − 1) / √in`, one stream of uniform numbers through the layers in
/// this order, each layer's matrix and then its bias.
pub fn model<M: Model>(layers: &[&str]) -> Result<M, Error> {
    let mut weights = M::initial_weights(0);
    let mut at = 0;
    for layer in layers {
        let (matrix, bias) = (format!("{layer}.weight"), format!("{layer}.bias"));
        let layout = weights.layout().clone();
        let fan_in = layout.entry(&matrix)?.shape.last().copied().unwrap_or(1) as f64;
        for name in [matrix, bias] {
            let size = layout.entry(&name)?.size() as u64;
            let value = |i| ((2.0 * splitmix::uniform(SEED_WEIGHTS, i) - 1.0) / fan_in.sqrt()) as f32;
            weights.set(&name, &(at..at + size).map(value).collect::<Vec<_>>())?;
            at += size;
        }
    }
    M::from_weights(weights)
}

/// The peers' start points, `[count, dim]`.
pub fn start_points(count: usize, dim: usize) -> Result<Dataset, Error> {
    normal(SEED_X0, 1.0, count, dim)
}

/// `scale · normal(seed, i)`, row by row.
pub fn normal(seed: u64, scale: f64, rows: usize, dim: usize) -> Result<Dataset, Error> {
    let values = (0..(rows * dim) as u64).map(|i| (scale * splitmix::normal(seed, i)) as f32).collect();
    Dataset::from_flat(values, dim)
}
