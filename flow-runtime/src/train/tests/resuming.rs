//! Stopping and going on: the same bits as a run that was never stopped.

use std::{fs, path::Path as FilePath};

use super::*;
use crate::{
    error::Error,
    train::{Checkpoint, Control, EarlyStopping, History, StoppedBy, Trained, interrupt},
};

fn stop_at(step: u64) -> impl FnMut(&crate::train::StepInfo) -> Control {
    move |info| if info.step == step { Control::Stop } else { Control::Continue }
}

fn full(folder: &FilePath) -> Trainer<Full> {
    trainer::<Full>().checkpoints(folder, 5).evaluate_every(4, labelled(7))
}

fn fit(mut trainer: Trainer<Full>) -> Trained<Labelled> {
    trainer.fit_with(&mut Analytic::default(), &labelled(11)).unwrap()
}

fn whole() -> Trained<Labelled> {
    let folder = tempfile::tempdir().unwrap();
    fit(full(folder.path()))
}

fn assert_same(a: &Trained<Labelled>, b: &Trained<Labelled>) {
    assert_eq!(a.model, b.model);
    assert_eq!(a.raw_model, b.raw_model);
    assert_eq!(a.losses, b.losses);
    assert_eq!(a.report.best_evaluation, b.report.best_evaluation);
    assert_eq!(a.report.steps, b.report.steps);
}

#[test]
fn twenty_steps_are_ten_and_ten() {
    let whole = whole();
    assert_ne!(whole.model, whole.raw_model, "the average lags behind");
    for middle in [1, 5, 10, 13, 19] {
        let folder = tempfile::tempdir().unwrap();
        let first = fit(full(folder.path()).on_step(stop_at(middle)));
        assert_eq!((first.report.steps, first.report.stopped_by), (middle, StoppedBy::Callback));
        let second = fit(full(folder.path()).resume(true));
        assert_eq!(second.report.resumed_from, Some(middle));
        assert_same(&whole, &second);
    }
}

#[test]
fn a_run_that_is_over_is_given_back_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let first = fit(full(folder.path()));
    let again = fit(full(folder.path()).resume(true));
    assert_same(&first, &again);
    assert_eq!((again.report.resumed_from, again.report.final_loss), (Some(20), first.report.final_loss));
}

#[test]
fn resuming_an_empty_folder_is_starting() {
    let folder = tempfile::tempdir().unwrap();
    let trained = fit(full(&folder.path().join("new/folder")).resume(true));
    assert_same(&whole(), &trained);
    assert_eq!(trained.report.resumed_from, None);
}

#[test]
fn a_kill_in_the_middle_of_a_write_costs_the_steps_since_the_checkpoint_before() {
    let whole = whole();
    let folder = tempfile::tempdir().unwrap();
    let _ = fit(full(folder.path()).on_step(stop_at(15)));
    let newest = folder.path().join("checkpoint-00000015.safetensors");
    let bytes = fs::read(&newest).unwrap();
    for keep in [0, 5, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&newest, &bytes[..keep]).unwrap();
        fs::write(folder.path().join(".checkpoint-00000020.safetensors.1-0.tmp"), &bytes[..keep]).unwrap();
        let history = History::default();
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let from = entry.unwrap().path();
            fs::copy(&from, copy.path().join(from.file_name().unwrap())).unwrap();
        }
        let resumed = fit(full(copy.path()).resume(true).callback(history.clone()));
        assert_eq!(resumed.report.resumed_from, Some(10));
        assert_same(&whole, &resumed);
        let warnings = history.warnings();
        assert!(warnings.len() == 1 && warnings[0].contains("checkpoint-00000015"), "{warnings:?}");
    }
}

#[test]
fn only_the_last_checkpoints_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let _ = fit(full(folder.path()).checkpoints(folder.path(), 3).keep(2));
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["checkpoint-00000018.safetensors", "checkpoint-00000020.safetensors"]);
}

#[test]
fn a_diverged_run_names_the_last_good_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = Analytic { fault: Some((8, f64::NAN, 0.0)), ..Analytic::default() };
    let error = trainer::<Simple>().checkpoints(folder.path(), 5).fit_with(&mut engine, &points(9)).unwrap_err();
    let path = folder.path().join("checkpoint-00000005.safetensors");
    assert!(matches!(&error, Error::Diverged { step: 8, checkpoint: Some(found), .. } if *found == path), "{error}");
    assert_eq!(Checkpoint::read::<Plain>(&path).unwrap().step(), 5);
}

#[test]
fn another_recipe_is_refused_by_the_key_that_differs() {
    let folder = tempfile::tempdir().unwrap();
    let _ = fit(full(folder.path()).on_step(stop_at(10)));
    let refused = |change: fn(&mut Recipe)| {
        let mut trainer = full(folder.path()).resume(true);
        change(&mut trainer.recipe);
        match trainer.fit_with(&mut Analytic::default(), &labelled(11)) {
            Err(Error::Invalid { what, .. }) => what,
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(|recipe| recipe.batch = 9).starts_with("`batch`"));
    assert!(refused(|recipe| recipe.accumulate = 1).starts_with("`accumulate`"));
    assert!(refused(|recipe| recipe.seed = 8).starts_with("`seed`"));
    assert!(refused(|recipe| recipe.ema = None).starts_with("`ema`"));
    assert!(refused(|recipe| recipe.clip = None).starts_with("`clip`"));
    assert!(refused(|recipe| recipe.schedule.warmup = 5).starts_with("`schedule`"));
    assert!(refused(|recipe| recipe.source = Source::Uniform { low: 0.0, high: 1.0 }).starts_with("`source`"));
    assert!(refused(|recipe| recipe.time = TimeSampling::Uniform).starts_with("`time`"));
    let sgd = |recipe: &mut Recipe| {
        recipe.optimizer = Optimizer::Sgd { lr: 1e-2, momentum: 0.0, nesterov: false, weight_decay: 0.0 }
    };
    assert!(refused(sgd).starts_with("`optimizer`"));
    assert!(refused(|recipe| recipe.steps = 9).starts_with("`step`"));
}

#[test]
fn more_steps_and_other_data_go_on_with_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let _ = fit(full(folder.path()));
    let history = History::default();
    let mut longer = full(folder.path()).resume(true).steps(25).callback(history.clone());
    let trained = longer.fit_with(&mut Analytic::default(), &labelled(12)).unwrap();
    assert_eq!((trained.report.steps, trained.losses.len()), (25, 25));
    let warnings = history.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("20 steps") && warnings[1].contains("data set"));
}

#[test]
fn early_stopping_remembers_over_a_resume() {
    let stop = |folder: &FilePath, resume| {
        // No loss is lower by this much: the first evaluation is the best one.
        let stopping = EarlyStopping::new(3).min_delta(1e9);
        let mut trainer = trainer::<Full>().checkpoints(folder, 2).resume(resume).evaluate_every(2, labelled(7));
        if !resume {
            trainer = trainer.on_step(stop_at(5));
        }
        trainer.callback(stopping).fit_with(&mut Analytic::default(), &labelled(11)).unwrap().report
    };
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(stop(folder.path(), false).steps, 5);
    let report = stop(folder.path(), true);
    assert_eq!((report.steps, report.stopped_by), (8, StoppedBy::Callback));
}

#[test]
fn an_interrupt_writes_a_checkpoint_and_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let interrupted = fit(full(folder.path()).handle_interrupts(true).on_step(|info| {
        if info.step == 7 {
            interrupt::request();
        }
        Control::Continue
    }));
    assert_eq!((interrupted.report.steps, interrupted.report.stopped_by), (7, StoppedBy::Interrupted));
    assert_eq!(interrupted.report.checkpoint, Some(folder.path().join("checkpoint-00000007.safetensors")));
    assert!(!interrupt::requested(), "the request ends with the run");
    assert_same(&whole(), &fit(full(folder.path()).resume(true)));
}
