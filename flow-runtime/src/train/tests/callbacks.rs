//! What callbacks are told, and what the logs hold.

use std::{cell::RefCell, fs, io, rc::Rc};

use super::*;
use crate::{
    error::Error,
    train::{
        Callback, CheckpointInfo, Control, EpochInfo, EvaluationInfo, History, Progress, StartInfo, StepInfo,
        StoppedBy, TrainReport,
    },
};

#[derive(Clone, Default)]
struct Recorder(Rc<RefCell<Vec<String>>>);

impl Recorder {
    fn note(&self, text: String) {
        self.0.borrow_mut().push(text);
    }
}

impl Callback for Recorder {
    fn on_start(&mut self, info: &StartInfo<'_>) -> Result<()> {
        self.note(format!("start {}/{} epoch {}", info.step, info.steps, info.epoch_steps));
        Ok(())
    }
    fn on_step(&mut self, info: &StepInfo) -> Result<Control> {
        self.note(format!("step {} epoch {}", info.step, info.epoch));
        Ok(Control::Continue)
    }
    fn on_epoch(&mut self, info: &EpochInfo) -> Result<Control> {
        self.note(format!("epoch {} at {}", info.epoch, info.step));
        Ok(Control::Continue)
    }
    fn on_evaluation(&mut self, info: &EvaluationInfo) -> Result<Control> {
        self.note(format!("evaluation at {}", info.step));
        Ok(Control::Continue)
    }
    fn on_checkpoint(&mut self, info: &CheckpointInfo) -> Result<()> {
        self.note(format!("checkpoint at {}", info.step));
        Ok(())
    }
    fn on_end(&mut self, report: &TrainReport) -> Result<()> {
        self.note(format!("end {:?} at {}", report.stopped_by, report.steps));
        Ok(())
    }
    fn on_error(&mut self, _: &Error) {
        self.note("error".to_owned());
    }
}

#[test]
fn events_come_in_order() {
    let (folder, recorder) = (tempfile::tempdir().unwrap(), Recorder::default());
    // 20 rows by batches of 8: three steps are an epoch.
    let _ = trainer::<Simple>()
        .steps(4)
        .evaluate_every(2, points(5))
        .checkpoints(folder.path(), 3)
        .callback(recorder.clone())
        .fit_with(&mut Analytic::default(), &points(20))
        .unwrap();
    let expected = [
        "start 0/4 epoch 3",
        "step 1 epoch 1",
        "step 2 epoch 1",
        "evaluation at 2",
        "step 3 epoch 1",
        "epoch 1 at 3",
        "checkpoint at 3",
        "step 4 epoch 2",
        "evaluation at 4",
        "checkpoint at 4",
        "end Completed at 4",
    ];
    assert_eq!(*recorder.0.borrow(), expected);
}

#[test]
fn every_callback_hears_of_a_step_that_one_of_them_stops() {
    let recorder = Recorder::default();
    let trained = trainer::<Simple>()
        .on_step(|info| if info.step == 2 { Control::Stop } else { Control::Continue })
        .callback(recorder.clone())
        .fit_with(&mut Analytic::default(), &points(20))
        .unwrap();
    assert_eq!((trained.report.steps, trained.report.stopped_by), (2, StoppedBy::Callback));
    assert_eq!(recorder.0.borrow()[2..], ["step 2 epoch 1", "end Callback at 2"]);
}

#[test]
fn an_error_of_a_callback_ends_the_run() {
    struct Failing;
    impl Callback for Failing {
        fn on_step(&mut self, info: &StepInfo) -> Result<Control> {
            let source = io::Error::other("no more");
            let help = String::new();
            if info.step < 3 {
                return Ok(Control::Continue);
            }
            Err(Error::Io { operation: "writing", path: "x".into(), source, help })
        }
    }
    let recorder = Recorder::default();
    let mut trainer = trainer::<Simple>().callback(Failing).callback(recorder.clone());
    assert!(matches!(trainer.fit_with(&mut Analytic::default(), &points(5)), Err(Error::Io { .. })));
    assert_eq!(recorder.0.borrow().last().unwrap(), "error");
    assert_eq!(trainer.salvage().unwrap().report.steps, 3);
}

#[test]
fn history_holds_losses_epoch_means_and_evaluations() {
    let history = History::default();
    let trained = trainer::<Full>()
        .evaluate_every(5, labelled(7))
        .callback(history.clone())
        .fit_with(&mut Analytic::default(), &labelled(48))
        .unwrap();
    let (steps, epochs, evaluations) = (history.steps(), history.epochs(), history.evaluations());
    // 48 rows, 3 · 8 samples a step.
    assert_eq!((steps.len(), epochs.len()), (20, 10));
    let mean = (f64::from(trained.losses[2]) + f64::from(trained.losses[3])) / 2.0;
    assert_eq!(epochs[1].loss, mean);
    assert!(steps.iter().zip(&trained.losses).all(|(step, &loss)| step.loss as f32 == loss));
    assert_eq!(evaluations.iter().map(|e| e.step).collect::<Vec<_>>(), [5, 10, 15, 20]);
    let best = evaluations.iter().map(|e| e.loss).fold(f64::INFINITY, f64::min);
    assert_eq!(trained.report.best_evaluation, Some(best));
    assert!(evaluations[0].improved);
}

#[test]
fn evaluations_differ_by_the_weights_alone() {
    let history = History::default();
    let optimizer = Optimizer::Sgd { lr: 1e-30, momentum: 0.0, nesterov: false, weight_decay: 0.0 };
    let mut trainer = trainer::<Simple>().steps(4).evaluate_every(1, points(21)).callback(history.clone());
    trainer.recipe.optimizer = optimizer;
    let _ = trainer.fit_with(&mut Analytic::default(), &points(5)).unwrap();
    let evaluations = history.evaluations();
    assert!(evaluations.iter().all(|e| e.loss == evaluations[0].loss));
    assert_eq!(evaluations.iter().map(|e| e.improved).collect::<Vec<_>>(), [true, false, false, false]);
}

#[test]
fn logs_go_on_as_if_the_run_had_never_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (json, csv) = (folder.path().join("logs/run.jsonl"), folder.path().join("logs/run.csv"));
    let run = |resume: bool, fault| {
        trainer::<Full>()
            .checkpoints(folder.path().join("checkpoints"), 5)
            .resume(resume)
            .evaluate_every(10, labelled(7))
            .log_json(&json)
            .log_csv(&csv)
            .fit_with(&mut Analytic { fault, ..Analytic::default() }, &labelled(48))
    };
    // Step 8 fails: the steps after the checkpoint at 5 are in the logs and will be taken again.
    assert!(run(false, Some((24, f64::NAN, 0.0))).is_err());
    assert!(fs::read_to_string(&csv).unwrap().lines().last().unwrap().starts_with("7,"));
    assert!(fs::read_to_string(&json).unwrap().lines().last().unwrap().contains(r#""event":"error""#));
    let trained = run(true, None).unwrap();

    let rows = fs::read_to_string(&csv).unwrap();
    let mut rows = rows.lines();
    assert_eq!(rows.next(), Some("step,epoch,loss,learning_rate,gradient_norm,seconds,evaluation_loss"));
    let rows: Vec<Vec<_>> = rows.map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 20);
    for (i, row) in rows.iter().enumerate() {
        assert_eq!(row.len(), 7);
        assert_eq!(row[0], (i + 1).to_string());
        assert_eq!(row[2].parse::<f64>().unwrap() as f32, trained.losses[i]);
        assert_eq!(row[6].is_empty(), (i + 1) % 10 != 0);
    }
    let events: Vec<serde_json::Value> =
        fs::read_to_string(&json).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of =
        |event: &'static str| events.iter().filter(move |e| e["event"] == event).map(|e| e["step"].as_u64().unwrap());
    assert!(of("step").eq(1..=20));
    assert!(of("start").eq([0, 5]));
    assert!(of("epoch").eq((2..=20).step_by(2)));
    assert!(of("evaluation").eq([10, 20]));
    assert!(of("checkpoint").eq([5, 10, 15, 20]));
    assert!(of("end").eq([20]));
    let report: TrainReport = serde_json::from_value(events.last().unwrap()["report"].clone()).unwrap();
    assert_eq!(report, trained.report);
}

#[test]
fn a_log_that_cannot_be_opened_is_an_io_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = trainer::<Simple>().log_csv(folder.path()).fit_with(&mut Analytic::default(), &points(5)).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

#[test]
fn plain_progress_is_a_line_for_every_tenth() {
    #[derive(Clone, Default)]
    struct Shared(Rc<RefCell<Vec<u8>>>);
    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let out = Shared::default();
    let _ = trainer::<Simple>()
        .steps(50)
        .evaluate_every(25, points(4))
        .callback(Progress::plain(out.clone()))
        .fit_with(&mut Analytic::default(), &points(9))
        .unwrap();
    let text = String::from_utf8(out.0.borrow().clone()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 10, "{text}");
    assert!(lines[0].starts_with("Base: step 5/50 (10%) loss ") && lines[0].contains(" lr 1.00e-2 "));
    assert!(lines[9].starts_with("Base: step 50/50 (100%)") && lines[9].contains("held-out"));
}
