//! W6: the wall time of a whole process that trains 500 steps and draws 1,000 samples.

use super::{
    arguments::Arguments,
    child::{self, Work},
    engine::{sampler, trainer},
    measure::Row,
    moons::{self, MoonsRk4, MoonsTraining},
};
use flow_runtime::prelude::*;

const STEPS: u64 = 500;
const SAMPLES: usize = 1_000;
const GRID: usize = 50;

pub fn run(mut row: Row, arguments: &Arguments) -> Row {
    row.set("metric", "wall_s");
    row.set("unit", "s");
    let mut times = Vec::new();
    for _ in 0..arguments.repeats {
        match child::run(Work::Cold, arguments) {
            Ok((_, taken)) => times.push(taken.as_secs_f64()),
            Err(error) => return row.failed(error),
        }
    }
    row.statistics(&mut times);
    row
}

pub fn child(arguments: &Arguments) -> Result<(), Error> {
    let data = moons::data()?;
    let trained = trainer::<MoonsTraining>(arguments).model(moons::model()?).steps(STEPS).fit(&data)?;
    let grid = Grid::uniform(0.0, 1.0, GRID)?;
    let start = moons::start_points(SAMPLES)?;
    let samples = sampler::<MoonsRk4>(arguments, &trained.model).grid(grid).transport(&start)?;
    println!("COLD {}", samples.rows());
    Ok(())
}
