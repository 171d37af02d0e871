//! W1 and W5: steps of training per second.

use super::{
    arguments::Arguments,
    by_hand,
    engine::trainer,
    measure::{Measured, Row},
    moons::{self, MoonsTraining},
    wide::{self, WideTraining},
};
use flow_runtime::{
    data::Dataset,
    engine::{CudaEngine, Resolved, Runnable},
    train::{TrainRecipe, Trained, Trainer},
};
use serde_json::json;

/// Who does the work: the generated code, and a dfdx loop as a user would write it.
pub const PEERS: &[&str] = &["flow", "dfdx-by-hand"];

const METRIC: &str = "train_steps_per_s";
const UNIT: &str = "steps/s";

/// Steps of a run, on the CPU and on a GPU.
#[derive(Clone, Copy)]
pub struct Steps {
    pub cpu: u64,
    pub gpu: u64,
}

impl Steps {
    fn on(self, arguments: &Arguments) -> u64 {
        if arguments.on_gpu() { self.gpu } else { self.cpu }
    }
}

pub fn moons(row: Row, arguments: &Arguments, batch: usize, steps: Steps) -> Row {
    let by_hand = row.is("dfdx-by-hand");
    let data = match moons::data() {
        Ok(data) => data,
        Err(error) => return row.failed(error),
    };
    let steps = steps.on(arguments);
    if by_hand {
        return row.rates(arguments, METRIC, UNIT, steps as f64, || by_hand::train(&data, batch, steps));
    }
    let model = match moons::model() {
        Ok(model) => model,
        Err(error) => return row.failed(error),
    };
    // Each run starts from these weights.
    let mut trainer = trainer::<MoonsTraining>(arguments).model(model).batch(batch).steps(steps);
    rates(row, arguments, steps, &mut trainer, &data)
}

/// On a GPU the engine is made once, as a program that trains often keeps it: making one takes longer there than many steps.
fn rates<R: TrainRecipe<Model: Runnable>>(
    row: Row,
    arguments: &Arguments,
    steps: u64,
    trainer: &mut Trainer<R>,
    data: &Dataset,
) -> Row {
    let told = |trained: Trained<R::Model>| json!({ "loss": trained.losses.last(), "engine": trained.report.device });
    match arguments.device.resolve() {
        Ok(Resolved::Cuda(index)) => match CudaEngine::<R::Model>::new(index) {
            Ok(engine) => {
                let mut engine = engine.with_precision(arguments.precision);
                let run = || -> Measured { Ok(told(trainer.fit_with(&mut engine, data)?)) };
                row.rates(arguments, METRIC, UNIT, steps as f64, run)
            }
            Err(error) => row.failed(error),
        },
        _ => row.rates(arguments, METRIC, UNIT, steps as f64, || Ok(told(trainer.fit(data)?))),
    }
}

pub fn wide(row: Row, arguments: &Arguments, steps: Steps) -> Row {
    let (model, data) = match wide::model().and_then(|model| Ok((model, wide::data()?))) {
        Ok(ready) => ready,
        Err(error) => return row.failed(error),
    };
    let steps = steps.on(arguments);
    let mut trainer = trainer::<WideTraining>(arguments).model(model).steps(steps);
    rates(row, arguments, steps, &mut trainer, &data)
}
