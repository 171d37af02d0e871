//! W1 and W5: steps of training per second.

use super::{
    arguments::Arguments,
    by_hand,
    engine::trainer,
    measure::{Measured, Row},
    moons::{self, MoonsTraining},
    wide::{self, WideTraining},
};
use flow_runtime::data::Dataset;
use serde_json::json;

/// Who does the work: the generated code, and a dfdx loop as a user would write it.
pub const PEERS: &[&str] = &["flow", "dfdx-by-hand"];

const METRIC: &str = "train_steps_per_s";
const UNIT: &str = "steps/s";

pub fn moons(row: Row, arguments: &Arguments, batch: usize, steps: u64) -> Row {
    let by_hand = row.is("dfdx-by-hand");
    let data = match moons::data() {
        Ok(data) => data,
        Err(error) => return row.failed(error),
    };
    row.rates(arguments, METRIC, UNIT, steps as f64, || {
        if by_hand { by_hand::train(&data, batch, steps) } else { generated(&data, arguments, batch, steps) }
    })
}

fn generated(data: &Dataset, arguments: &Arguments, batch: usize, steps: u64) -> Measured {
    let trained = trainer::<MoonsTraining>(arguments).model(moons::model()?).batch(batch).steps(steps).fit(data)?;
    Ok(json!({ "loss": trained.losses.last() }))
}

pub fn wide(row: Row, arguments: &Arguments, steps: u64) -> Row {
    let (model, data) = match wide::model().and_then(|model| Ok((model, wide::data()?))) {
        Ok(ready) => ready,
        Err(error) => return row.failed(error),
    };
    row.rates(arguments, METRIC, UNIT, steps as f64, || {
        let trained = trainer::<WideTraining>(arguments).model(model.clone()).steps(steps).fit(&data)?;
        Ok(json!({ "loss": trained.losses.last() }))
    })
}
