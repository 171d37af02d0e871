//! Stopping and going on: the same bits as without a stop.

use crate::models::{AdamTraining, AdamWTraining, SgdTraining, SmallTraining, SteeredTraining, bits, moons};
use flow_runtime::{engine::DfdxModel, prelude::*};
use std::{fs, path::Path as FilePath};

/// Every state of a run that anybody can see.
fn seen<M: Model>(trained: &Trained<M>) -> [Vec<u32>; 3] {
    [trained.raw_model.weights().values(), trained.model.weights().values(), &trained.losses].map(bits)
}

/// Runs whole, and in three pieces.
fn in_pieces<R: TrainRecipe<Model: DfdxModel>>() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let held_out = data::two_moons(40, 0.05, 3).expect("the arguments are right");
    let trainer = || Trainer::<R>::new().seed(4).evaluate_every(6, held_out.clone());
    let whole = trainer().fit(&moons()).expect("the data fit");
    for stop in [7, 13, 21] {
        let mut piece = trainer()
            .checkpoints(folder.path(), 5)
            .resume(true)
            .on_step(move |info| if info.step == stop { Control::Stop } else { Control::Continue });
        let piece = piece.fit(&moons()).expect("the checkpoint is this run's");
        assert_eq!(piece.report.steps, stop);
        if stop == 21 {
            assert_eq!(seen(&piece), seen(&whole));
            assert_eq!(piece.report.best_evaluation, whole.report.best_evaluation);
            assert_eq!(piece.report.resumed_from, Some(13));
        }
    }
}

#[test]
fn adam() {
    in_pieces::<AdamTraining>();
}

#[test]
fn adamw() {
    in_pieces::<AdamWTraining>();
}

#[test]
fn sgd_with_momentum() {
    in_pieces::<SgdTraining>();
}

/// A run of ten steps with checkpoints at 4, 8 and 10.
fn ten_steps(folder: &FilePath) {
    let trained = AdamTraining::trainer().steps(10).seed(4).checkpoints(folder, 4).fit(&moons());
    assert_eq!(trained.expect("the data fit").report.steps, 10);
}

fn names(folder: &FilePath) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<_> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

#[test]
fn a_truncated_checkpoint_is_passed_over() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    ten_steps(folder.path());
    let newest = folder.path().join("checkpoint-00000010.safetensors");
    let whole = AdamTraining::trainer().steps(10).seed(4).fit(&moons()).expect("the data fit");
    let bytes = fs::read(&newest).expect("it was written");
    for length in [0, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&newest, &bytes[..length]).expect("the folder is writable");
        let resumed =
            AdamTraining::trainer().steps(10).seed(4).checkpoints(folder.path(), 4).resume(true).fit(&moons());
        let resumed = resumed.expect("the one before is whole");
        assert_eq!(resumed.report.resumed_from, Some(8), "{length}");
        assert_eq!(seen(&resumed), seen(&whole));
        assert_eq!(fs::read(&newest).expect("it was written again"), bytes);
    }
    // Damage in the middle has the right length.
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    fs::write(&newest, damaged).expect("the folder is writable");
    let resumed = AdamTraining::trainer().steps(10).seed(4).checkpoints(folder.path(), 4).resume(true).fit(&moons());
    assert_eq!(resumed.expect("the one before is whole").report.resumed_from, Some(8));
}

/// Keeps what it is warned of.
#[derive(Clone, Default)]
struct Warnings(std::rc::Rc<std::cell::RefCell<Vec<String>>>);

impl Callback for Warnings {
    fn on_warning(&mut self, warning: &str) -> Result<(), Error> {
        self.0.borrow_mut().push(warning.to_owned());
        Ok(())
    }
}

#[test]
fn other_labels_are_other_data() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let data = |first: u32| {
        let labels: Vec<u32> = (0..500).map(|row| (row + first) % 3).collect();
        let vectors = crate::models::numbers(1000, 8);
        moons().with_class("y", &labels).and_then(|data| data.with_vector("c", 2, &vectors)).expect("one each")
    };
    let warned = |data: &Dataset| {
        let warnings = Warnings::default();
        let mut run = SteeredTraining::trainer().checkpoints(folder.path(), 1).resume(true).callback(warnings.clone());
        run = run.on_step(|_| Control::Stop);
        assert!(run.fit(data).is_ok());
        warnings.0.take()
    };
    assert_eq!(warned(&data(0)), [""; 0]);
    assert_eq!(warned(&data(0)), [""; 0]);
    assert!(matches!(&warned(&data(1))[..], [warning] if warning.contains("the data set is not the one")));
}

#[test]
fn the_checkpoint_of_another_model_is_refused_and_kept() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    ten_steps(folder.path());
    let contents = |folder: &FilePath| {
        let read = |name: String| (fs::read(folder.join(&name)).ok(), name);
        names(folder).into_iter().map(read).collect::<Vec<_>>()
    };
    let before = contents(folder.path());
    let log = folder.path().join("log.jsonl");
    let mut other = SmallTraining::trainer().checkpoints(folder.path(), 4).resume(true).log_json(&log);
    let error = other.fit(&moons()).expect_err("the checkpoints are another model's");
    assert!(matches!(error, Error::Schema { model: "Small", .. }), "{error}");
    // Without `resume`, too; and one of another recipe for the same model.
    let error = SmallTraining::trainer().checkpoints(folder.path(), 4).fit(&moons()).expect_err("it is not empty");
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    let mut other = SgdTraining::trainer().checkpoints(folder.path(), 4).resume(true);
    assert!(matches!(other.fit(&moons()), Err(Error::Invalid { operation: "resuming a run", .. })));
    assert_eq!(contents(folder.path()), before);
}
