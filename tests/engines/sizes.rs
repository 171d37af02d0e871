//! Runs of unusual sizes.

use crate::{
    engines::ALL,
    models::{Joined, JoinedTraining, Steered, SteeredTraining, data_for},
};
use flow_runtime::prelude::*;

#[test]
fn a_batch_of_one_and_one_that_is_larger_than_the_data() {
    for engine in ALL {
        for (rows, batch) in [(1, 1), (10, 1), (1, 200), (7, 500)] {
            let data = data_for(Steered::PROGRAM, rows);
            let mut trainer = SteeredTraining::trainer().batch(batch).steps(3);
            let trained = trainer.fit_with(&mut *engine.trainer::<Steered>(), &data).expect("the data fit");
            assert!(trained.losses.len() == 3 && trained.losses.iter().all(|loss| loss.is_finite()), "{engine:?}");
        }
    }
}

#[test]
fn the_report_names_the_engine() {
    let data = data_for(Joined::PROGRAM, 20);
    let device = |device: Device| {
        JoinedTraining::trainer().device(device).steps(1).fit(&data).expect("the data fit").report.device
    };
    assert_eq!(device(Device::Auto), device(Device::Cpu));
    assert_ne!(device(Device::Auto), device(Device::Dfdx));
}
