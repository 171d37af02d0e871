//! Conditions: labels and vectors that steer where samples go.

use crate::models::{Everything, EverythingSampler, SteeredSampler, SteeredTraining, everything_conditions, numbers};
use flow_runtime::prelude::*;

/// Clusters of width 0.1 at `(2 label − 2, 0) + c`, with `c` in a square.
fn clusters(rows: usize) -> Dataset {
    let labels: Vec<u32> = (0..rows as u32).map(|row| row % 3).collect();
    let vectors = numbers(2 * rows, 8);
    let noise = numbers(2 * rows, 9);
    let centre = |row: usize, axis: usize| if axis == 0 { 2.0 * labels[row] as f32 - 2.0 } else { 0.0 };
    let values = (0..2 * rows).map(|i| centre(i / 2, i % 2) + vectors[i] + 0.1 * noise[i]).collect();
    let data = Dataset::from_flat(values, 2).expect("two columns");
    data.with_class("y", &labels).and_then(|data| data.with_vector("c", 2, &vectors)).expect("one each")
}

#[test]
fn samples_go_where_the_conditions_say() {
    let trained = SteeredTraining::trainer().fit(&clusters(3000)).expect("the data fit");
    let sampler = SteeredSampler::new(&trained.model).seed(3);
    for (label, c) in [(0, [0.5, 1.0]), (1, [-1.0, 0.0]), (2, [0.5, -1.0])] {
        let rows = 200;
        let conditions = Conditions::none().vector("c", 2, &c.repeat(rows)).expect("whole rows");
        let conditions = conditions.class("y", &vec![label; rows]).expect("as many");
        let samples = sampler.sample_given(rows, &conditions).expect("the conditions fit");
        let centre = [c[0] + 2.0 * label as f32 - 2.0, c[1]];
        for (axis, expected) in centre.into_iter().enumerate() {
            let mean = samples.values().iter().skip(axis).step_by(2).sum::<f32>() / rows as f32;
            assert!((mean - expected).abs() < 0.25, "label {label}, axis {axis}: {mean}, expected {expected}");
        }
    }
}

#[test]
fn the_order_of_conditions_does_not_matter() {
    let model = Everything::new(2);
    let conditions = everything_conditions(4);
    let [y, c] = ["y", "c"].map(|name| conditions.get(name).cloned().expect("it is there"));
    let (data::ConditionValues::Class(labels), data::ConditionValues::Vector { values, .. }) = (y, c) else {
        panic!("{conditions:?}")
    };
    let other = Conditions::none().vector("c", 3, &values).and_then(|c| c.class("y", &labels)).expect("they fit");
    let sampler = EverythingSampler::new(&model);
    let sample = |conditions| sampler.sample_given(4, conditions).expect("they fit");
    assert_eq!(sample(&conditions).values(), sample(&other).values());
    assert_eq!(sample(&conditions).dim(), 6);
}
