//! W6: the wall time of a whole process that trains 500 steps and draws 1,000 samples.

use super::{arguments::Arguments, measure::Row, network};
use flow_runtime::prelude::*;
use std::{error::Error, process::Command, time::Instant};

const STEPS: u64 = 500;
const SAMPLES: usize = 1_000;
const GRID: usize = 50;

pub fn run(mut row: Row, arguments: &Arguments) -> Row {
    row.set("metric", "wall_s");
    row.set("unit", "s");
    let mut times = Vec::new();
    for _ in 0..arguments.repeats {
        let start = Instant::now();
        let output = std::env::current_exe().and_then(|program| {
            Command::new(program).args(["--cold-child", "--device", &arguments.device.to_string()]).output()
        });
        match output {
            Ok(output) if output.status.success() => times.push(start.elapsed().as_secs_f64()),
            Ok(output) => return row.failed(String::from_utf8_lossy(&output.stderr)),
            Err(error) => return row.failed(error),
        }
    }
    row.statistics(&mut times);
    row
}

pub fn child(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let trained = network::MoonsTraining::trainer()
        .model(network::model()?)
        .steps(STEPS)
        .device(arguments.device)
        .handle_interrupts(false)
        .fit(&network::data()?)?;
    let samples = network::MoonsRk4::new(&trained.model)
        .device(arguments.device)
        .grid(Grid::uniform(0.0, 1.0, GRID)?)
        .transport(&network::start_points(SAMPLES)?)?;
    println!("COLD {}", samples.rows());
    Ok(())
}
