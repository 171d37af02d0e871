//! W7: how near 10,000 samples come to fresh data after 10,000 steps, one training per seed.

use super::{
    arguments::Arguments,
    engine::{sampler, trainer},
    measure::Row,
    moons::{self, MoonsRk4, MoonsTraining},
    peers,
};
use flow_runtime::{data, metrics, prelude::*};
use serde_json::{Value, json};
use std::time::Instant;

const STEPS: u64 = 10_000;
const SAMPLES: usize = 10_000;

struct Quality {
    sliced_w2: f64,
    energy_distance: f64,
    seconds: f64,
}

pub fn run(mut row: Row, arguments: &Arguments) -> Row {
    row.set("metric", "sliced_w2");
    row.set("unit", "distance");
    let mut all = Vec::new();
    for seed in 0..arguments.seeds {
        match train_and_sample(arguments, seed) {
            Ok(quality) => all.push(quality),
            Err(error) => return row.failed(error),
        }
    }
    let per_seed: Vec<Value> =
        all.iter().map(|q| json!({ "sliced_w2": q.sliced_w2, "energy_distance": q.energy_distance })).collect();
    let mut energies: Vec<f64> = all.iter().map(|q| q.energy_distance).collect();
    let mut seconds: Vec<f64> = all.iter().map(|q| q.seconds).collect();
    row.statistics(&mut seconds);
    row.set("train_and_sample_s", row.median());
    row.statistics(&mut energies);
    let energy = row.median();
    row.statistics(&mut all.iter().map(|q| q.sliced_w2).collect::<Vec<_>>());
    row.set("extra", json!({ "energy_distance": energy, "per_seed": per_seed }));
    row
}

fn train_and_sample(arguments: &Arguments, seed: u64) -> Result<Quality, Error> {
    let start = Instant::now();
    let data = moons::data()?;
    let trained = trainer::<MoonsTraining>(arguments).model(moons::model()?).steps(STEPS).seed(seed).fit(&data)?;
    let samples = sampler::<MoonsRk4>(arguments, &trained.model).transport(&moons::start_points(SAMPLES)?)?;
    let seconds = start.elapsed().as_secs_f64();
    let fresh = data::two_moons(SAMPLES, moons::NOISE, peers::SEED_FRESH)?;
    Ok(Quality {
        sliced_w2: metrics::sliced_wasserstein2(&samples, &fresh)?,
        energy_distance: metrics::energy_distance(&samples, &fresh)?,
        seconds,
    })
}
