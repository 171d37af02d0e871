//! Training with the dfdx engine.

use crate::models::{AdamTraining, Small, SmallTraining, bits, moons};
use flow_runtime::prelude::*;

#[test]
fn the_loss_falls() {
    let trained = SmallTraining::trainer().seed(1).fit(&moons()).expect("the data fit");
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let (first, last) = (mean(&trained.losses[..10]), mean(&trained.losses[140..]));
    // Two moons against a gaussian: half of the 1.4 that a field of zeros has stays, for the path's points cross.
    assert!(last < 0.75 * first, "{first} {last}");
    assert_eq!((trained.report.steps, trained.report.stopped_by), (150, StoppedBy::Completed));
}

#[test]
fn a_seed_gives_the_same_bits_and_another_seed_others() {
    let run = |seed| AdamTraining::trainer().seed(seed).fit(&moons()).expect("the data fit");
    let (first, again, other) = (run(5), run(5), run(6));
    assert_eq!(bits(first.raw_model.weights().values()), bits(again.raw_model.weights().values()));
    assert_eq!(bits(first.model.weights().values()), bits(again.model.weights().values()));
    assert_eq!(bits(&first.losses), bits(&again.losses));
    assert_ne!(bits(first.raw_model.weights().values()), bits(other.raw_model.weights().values()));
    assert_ne!(first.losses, other.losses);
}

#[test]
fn a_batch_may_be_larger_than_the_data() {
    let few = moons().subset(&[0, 1, 2]).expect("there are three");
    let trained = SmallTraining::trainer().steps(3).batch(50).fit(&few).expect("rows are drawn with replacement");
    assert!(trained.losses.iter().all(|loss| loss.is_finite()));
}

#[test]
fn training_goes_on_from_a_given_model() {
    let model = SmallTraining::trainer().steps(60).fit(&moons()).expect("the data fit").model;
    let more = SmallTraining::trainer().steps(1).seed(9).model(model.clone()).fit(&moons()).expect("the data fit");
    let fresh = SmallTraining::trainer().steps(1).seed(9).fit(&moons()).expect("the data fit");
    assert!(more.losses[0] < fresh.losses[0]);
}

#[test]
fn weights_survive_the_file() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let file = folder.path().join("small.safetensors");
    let model = SmallTraining::trainer().steps(5).fit(&moons()).expect("the data fit").model;
    model.save_safetensors(&file).expect("the folder is writable");
    let back = Small::load_safetensors(&file).expect("the file is whole");
    assert_eq!(bits(model.weights().values()), bits(back.weights().values()));
}

#[test]
fn fixed_frequencies_stay_where_they_are() {
    let before = crate::models::Dropped::new(3);
    let trained = AdamTraining::trainer().seed(3).fit(&moons()).expect("the data fit");
    let layout = <crate::models::Dropped as Model>::layout();
    let fixed: Vec<_> = layout.entries().iter().filter(|entry| !entry.trained).collect();
    assert_eq!(fixed.len(), 1);
    for entry in layout.entries() {
        let [old, raw, averaged] = [&before, &trained.raw_model, &trained.model]
            .map(|model| bits(&model.weights().values()[entry.range()]));
        assert_eq!(old == raw, !entry.trained, "{}", entry.name);
        assert_eq!(old == averaged, !entry.trained, "{}", entry.name);
    }
}
