//! W1: steps of training per second.

use super::{
    arguments::Arguments,
    by_hand,
    measure::{Measured, Row},
    network,
};
use serde_json::json;

/// Who does the work: the generated code, and a dfdx loop as a user would write it.
pub const PEERS: &[&str] = &["flow", "dfdx-by-hand"];

pub fn run(row: Row, arguments: &Arguments, batch: usize, steps: u64) -> Row {
    let by_hand = row.is("dfdx-by-hand");
    let data = match network::data() {
        Ok(data) => data,
        Err(error) => return row.failed(error),
    };
    row.rates(arguments, "train_steps_per_s", "steps/s", steps as f64, || {
        if by_hand { by_hand::train(&data, batch, steps) } else { generated(&data, arguments, batch, steps) }
    })
}

fn generated(data: &flow_runtime::data::Dataset, arguments: &Arguments, batch: usize, steps: u64) -> Measured {
    let trained = network::MoonsTraining::trainer()
        .model(network::model()?)
        .batch(batch)
        .steps(steps)
        .device(arguments.device)
        .handle_interrupts(false)
        .fit(data)?;
    Ok(json!({ "loss": trained.losses.last() }))
}
