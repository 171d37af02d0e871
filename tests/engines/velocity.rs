//! Velocities of every engine against the interpreter.

use crate::{
    engines::{ALL, far},
    models::{Added, Dropped, Everything, Joined, Steered, Wide, conditions, exactly, numbers},
};
use flow_runtime::engine::DfdxModel;

fn agrees<M: DfdxModel>(rows: usize) {
    let model = M::from_weights(M::initial_weights(11)).expect("the weights are the model's");
    let given = conditions(M::PROGRAM, rows);
    let t: Vec<f32> = (0..rows).map(|row| row as f32 / (rows.max(2) - 1) as f32).collect();
    for scale in [0.0, 1.0, 20.0] {
        let x: Vec<f32> = numbers(rows * M::PROGRAM.state_dim(), 5).iter().map(|x| scale * x).collect();
        let weights = exactly(model.weights().values());
        let expected = M::PROGRAM.evaluate(&weights, &exactly(&t), &exactly(&x), &given).expect("they fit");
        for engine in ALL {
            let got = engine.velocity(&model, &t, &x, &given).expect("they fit");
            let error = far(&got, &expected);
            assert!(
                error < engine.tolerance(),
                "{}, {engine:?}, {rows} rows, scale {scale}: {error:e}",
                M::PROGRAM.name
            );
        }
    }
}

#[test]
fn every_layer() {
    [1, 2, 9, 200].into_iter().for_each(agrees::<Everything>);
}

#[test]
fn the_time_concatenated() {
    [1, 33].into_iter().for_each(agrees::<Joined>);
}

#[test]
fn the_time_added() {
    [1, 5, 40].into_iter().for_each(agrees::<Added>);
}

#[test]
fn dropout_is_off() {
    [1, 70].into_iter().for_each(agrees::<Dropped>);
}

#[test]
fn conditions_of_both_kinds() {
    [1, 3, 600].into_iter().for_each(agrees::<Steered>);
}

#[test]
fn wide_layers() {
    [1, 20].into_iter().for_each(agrees::<Wide>);
}
