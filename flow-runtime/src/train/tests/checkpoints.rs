//! What is in a checkpoint, and which are refused.

use std::fs;

use super::*;
use crate::{error::Error, train::Checkpoint};

#[test]
fn weights_lie_under_their_own_names() {
    let folder = tempfile::tempdir().unwrap();
    let trained =
        trainer::<Full>().checkpoints(folder.path(), 100).fit_with(&mut Analytic::default(), &labelled(9)).unwrap();
    let path = trained.report.checkpoint.unwrap();
    let bytes = fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut names: Vec<_> = file.names().into_iter().map(str::to_owned).collect();
    names.sort();
    let mut expected = vec!["train.losses".to_owned()];
    for prefix in ["", "ema.", "optimizer.moment1.", "optimizer.moment2."] {
        expected.extend(PARAMETERS.iter().map(|parameter| format!("{prefix}{}", parameter.name)));
    }
    expected.sort();
    assert_eq!(names, expected);
    let read = |name: &str| -> Vec<f32> {
        let tensor = file.tensor(name).unwrap();
        tensor.data().chunks(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    };
    assert_eq!(read("out.bias"), trained.raw_model.weights().view("out.bias").unwrap());
    assert_eq!(read("ema.out.weight"), trained.model.weights().view("out.weight").unwrap());
    assert_eq!(file.tensor("out.weight").unwrap().shape(), [2, 3]);

    let checkpoint = Checkpoint::read::<Labelled>(&path).unwrap();
    assert_eq!(checkpoint.model::<Labelled>().unwrap(), trained.model);
    assert_eq!((checkpoint.step(), checkpoint.seed()), (20, 7));
    assert_eq!(checkpoint.state().losses, trained.losses);
    assert_eq!(checkpoint.path(), path);
}

#[test]
fn a_checkpoint_of_another_model_is_refused_before_anything_changes() {
    let folder = tempfile::tempdir().unwrap();
    let _ = trainer::<Full>().checkpoints(folder.path(), 100).fit_with(&mut Analytic::default(), &labelled(9)).unwrap();
    let before = fs::read(folder.path().join("checkpoint-00000020.safetensors")).unwrap();
    let log = folder.path().join("log.jsonl");
    fs::write(&log, "precious").unwrap();
    let error = trainer::<Simple>()
        .checkpoints(folder.path(), 100)
        .resume(true)
        .log_json(&log)
        .fit_with(&mut Analytic::default(), &points(9))
        .unwrap_err();
    let Error::Schema { model, got, expected, .. } = error else { panic!("{error}") };
    assert_eq!((model, got, expected), ("Plain", Labelled::SCHEMA, Plain::SCHEMA));
    assert_eq!(fs::read(folder.path().join("checkpoint-00000020.safetensors")).unwrap(), before);
    assert_eq!(fs::read_to_string(&log).unwrap(), "precious");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_folder_in_which_no_checkpoint_can_be_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for step in [5, 10] {
        fs::write(folder.path().join(format!("checkpoint-{step:08}.safetensors")), b"garbage!garbage!").unwrap();
    }
    let error = trainer::<Simple>()
        .checkpoints(folder.path(), 5)
        .resume(true)
        .fit_with(&mut Analytic::default(), &points(9))
        .unwrap_err();
    assert!(
        matches!(&error, Error::Format { path, .. } if path.ends_with("checkpoint-00000010.safetensors")),
        "{error}"
    );
    assert_eq!(fs::read(folder.path().join("checkpoint-00000010.safetensors")).unwrap(), b"garbage!garbage!");
}

#[test]
fn a_folder_with_checkpoints_is_not_overwritten_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint-00000005.safetensors");
    fs::write(&path, b"of another run").unwrap();
    let error =
        trainer::<Simple>().checkpoints(folder.path(), 5).fit_with(&mut Analytic::default(), &points(9)).unwrap_err();
    assert!(error.to_string().contains(".resume(true)"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"of another run");
}

#[test]
fn a_folder_that_cannot_be_made_or_written_to_is_an_io_error_before_the_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let mut engine = Analytic::default();
    let error = trainer::<Simple>().checkpoints(file.join("below"), 5).fit_with(&mut engine, &points(9)).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert_eq!(engine.calls, 0);
}

#[test]
fn a_write_that_fails_leaves_the_checkpoint_before_and_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_owned();
    // A folder of that name is in the way of the second checkpoint, as a full disk would be.
    let mut trainer = trainer::<Simple>().checkpoints(folder.path(), 5).on_step(move |info| {
        if info.step == 7 {
            fs::create_dir(at.join("checkpoint-00000010.safetensors")).unwrap();
        }
        crate::train::Control::Continue
    });
    let error = trainer.fit_with(&mut Analytic::default(), &points(9)).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    let salvaged = trainer.salvage().unwrap();
    assert_eq!((salvaged.report.steps, salvaged.losses.len()), (10, 10));
    let checkpoint = Checkpoint::read::<Plain>(folder.path().join("checkpoint-00000005.safetensors")).unwrap();
    assert_eq!(checkpoint.state().losses, salvaged.losses[..5]);

    fs::remove_dir(folder.path().join("checkpoint-00000010.safetensors")).unwrap();
    let resumed = super::trainer::<Simple>()
        .checkpoints(folder.path(), 5)
        .resume(true)
        .fit_with(&mut Analytic::default(), &points(9))
        .unwrap();
    let whole = super::trainer::<Simple>().fit_with(&mut Analytic::default(), &points(9)).unwrap();
    assert_eq!(resumed.model, whole.model);
}
