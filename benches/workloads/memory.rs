//! The peak memory of a process that draws 100,000 samples as in W2.

use super::{
    arguments::Arguments,
    child::{self, Work},
    engine::sampler,
    machine,
    measure::Row,
    moons::{self, MoonsRk4},
};
use flow_runtime::prelude::*;
use serde_json::json;

const SAMPLES: usize = 100_000;
const TAG: &str = "PEAK_RSS_MB ";

pub fn run(mut row: Row, arguments: &Arguments) -> Row {
    row.set("metric", "peak_rss_mb");
    row.set("unit", "MB");
    let (output, taken) = match child::run(Work::Memory, arguments, None) {
        Ok(done) => done,
        Err(error) => return row.failed(error),
    };
    let peak = output.lines().find_map(|line| line.strip_prefix(TAG)).and_then(|peak| peak.parse::<f64>().ok());
    let Some(peak) = peak else {
        return row.not_supported("the peak of a process's memory is read on Linux alone");
    };
    row.statistics(&mut [peak]);
    row.set("peak_rss_mb", peak);
    row.set("extra", json!({ "wall_s": taken.as_secs_f64() }));
    row
}

pub fn child(arguments: &Arguments) -> Result<(), Error> {
    let (model, start) = (moons::model()?, moons::start_points(SAMPLES)?);
    let samples = sampler::<MoonsRk4>(arguments, &model).transport(&start)?;
    println!("SAMPLES {}", samples.rows());
    if let Some(peak) = machine::peak_memory_mb() {
        println!("{TAG}{peak:.1}");
    }
    Ok(())
}
