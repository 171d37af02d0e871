//! W6: the wall time of a whole process, one that trains 500 steps and draws 1,000 samples, and one that draws a sample.

use super::{
    arguments::Arguments,
    child::{self, Work},
    engine::{sampler, trainer},
    measure::Row,
    moons::{self, MoonsRk4, MoonsTraining},
};
use flow_runtime::prelude::*;
use std::{error::Error as AnyError, path::Path};

const STEPS: u64 = 500;
const SAMPLES: usize = 1_000;
const GRID: usize = 50;

/// What is found on disk of kernels that were compiled before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// Nothing.
    Empty,
    /// What a run before left.
    Warm,
}

pub fn run(mut row: Row, arguments: &Arguments, work: Work, cache: Cache) -> Row {
    row.set("metric", "wall_s");
    row.set("unit", "s");
    match times(arguments, work, cache) {
        Ok(mut times) => {
            row.statistics(&mut times);
            row
        }
        Err(error) => row.failed(error),
    }
}

/// The seconds of each run, in folders of their own: nothing is left in the user's.
fn times(arguments: &Arguments, work: Work, cache: Cache) -> Result<Vec<f64>, Box<dyn AnyError>> {
    let seconds = |folder: &Path| Ok(child::run(work, arguments, Some(folder))?.1.as_secs_f64());
    match cache {
        Cache::Empty => (0..arguments.repeats).map(|_| seconds(tempfile::tempdir()?.path())).collect(),
        Cache::Warm => {
            let folder = tempfile::tempdir()?;
            // It compiles for those that count.
            seconds(folder.path())?;
            (0..arguments.repeats).map(|_| seconds(folder.path())).collect()
        }
    }
}

pub fn child(arguments: &Arguments) -> Result<(), Error> {
    let samples = train_and_sample(arguments, STEPS, SAMPLES, GRID)?;
    println!("COLD {}", samples.rows());
    Ok(())
}

pub fn short(arguments: &Arguments) -> Result<(), Error> {
    let samples = train_and_sample(arguments, 8, 300, 3)?;
    println!("SHORT {}", samples.rows());
    Ok(())
}

fn train_and_sample(arguments: &Arguments, steps: u64, samples: usize, grid: usize) -> Result<Dataset, Error> {
    let data = moons::data()?;
    let trained = trainer::<MoonsTraining>(arguments).model(moons::model()?).steps(steps).fit(&data)?;
    let grid = Grid::uniform(0.0, 1.0, grid)?;
    let start = moons::start_points(samples)?;
    sampler::<MoonsRk4>(arguments, &trained.model).grid(grid).transport(&start)
}

pub fn first_sample(arguments: &Arguments) -> Result<(), Error> {
    let model = moons::model()?;
    let sample = sampler::<MoonsRk4>(arguments, &model).transport(&moons::start_points(1)?)?;
    println!("FIRST {:?}", sample.values());
    Ok(())
}
