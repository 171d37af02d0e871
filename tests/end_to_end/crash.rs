//! A process that is killed while it writes checkpoints, and one that is asked to stop.

use crate::models::{AdamTraining, Dropped, SmallTraining, bits, moons};
use flow_runtime::{prelude::*, train::interrupt};
use std::{
    env, fs,
    path::Path as FilePath,
    process::{Child, Command, Stdio},
    time::Duration,
};

const FOLDER: &str = "FLOW_TEST_CRASH_FOLDER";
const STEPS: u64 = 1_000_000;

/// Not a test: what the process does that is killed. It writes a checkpoint after every step.
#[test]
#[ignore = "started by the other tests of this file"]
fn child() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let run = AdamTraining::trainer().steps(STEPS).checkpoints(folder, 1).resume(true).fit(&moons());
    panic!("the run ended: {:?}", run.err());
}

fn start(folder: &FilePath) -> Child {
    Command::new(env::current_exe().expect("a program knows its name"))
        .args(["--exact", "crash::child", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts once more")
}

fn newest(folder: &FilePath) -> Option<u64> {
    let names = fs::read_dir(folder).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| name.strip_prefix("checkpoint-")?.strip_suffix(".safetensors")?.parse().ok()).max()
}

#[test]
fn a_run_that_is_killed_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let mut reached = 0;
    for round in 0..6 {
        let mut child = start(folder.path());
        // Killed at another moment of the writing each time.
        while newest(folder.path()).is_none_or(|step| step <= reached + round) {
            assert!(child.try_wait().expect("it is our child").is_none(), "the process ended by itself");
            std::thread::sleep(Duration::from_micros(300 + 177 * round));
        }
        child.kill().expect("it is our child");
        child.wait().expect("it is our child");
        // Every file under its proper name is whole, whatever was being written.
        let mut warnings = Vec::new();
        let found = Checkpoint::latest::<Dropped>(folder.path(), |warning| warnings.push(warning.to_owned()));
        let found = found.expect("the folder can be read").expect("there is a checkpoint");
        assert_eq!(warnings, [""; 0]);
        assert!(found.step() > reached);
        reached = found.step();
    }
    let killed = Checkpoint::latest::<Dropped>(folder.path(), |_| {}).expect("it can be read").expect("it is there");
    let mut whole = AdamTraining::trainer().steps(STEPS).on_step(move |info| {
        if info.step == reached { Control::Stop } else { Control::Continue }
    });
    let whole = whole.fit(&moons()).expect("the data fit");
    assert_eq!(bits(killed.state().weights.values()), bits(whole.raw_model.weights().values()));
    assert_eq!(bits(&killed.state().losses), bits(&whole.losses));
    // The next run cleans up what the killed ones left.
    let mut last = AdamTraining::trainer().steps(STEPS).checkpoints(folder.path(), 1).resume(true).on_step(|_| Control::Stop);
    assert_eq!(last.fit(&moons()).expect("the data fit").report.steps, reached + 1);
    let left = fs::read_dir(folder.path()).expect("it is there").flatten().map(|entry| entry.file_name());
    let left: Vec<_> = left.filter_map(|name| name.into_string().ok()).filter(|name| name.starts_with('.')).collect();
    assert_eq!(left, [""; 0]);
}

/// Not a test: the request is seen by every run of a process, so this one has its own.
#[test]
#[ignore = "started by the other tests of this file"]
fn asked_to_stop() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let mut trainer = SmallTraining::trainer().checkpoints(folder, 100).on_step(|info| {
        if info.step == 7 {
            interrupt::request();
        }
        Control::Continue
    });
    let trained = trainer.fit(&moons()).expect("the data fit");
    assert_eq!((trained.report.stopped_by, trained.report.steps), (StoppedBy::Interrupted, 7));
    assert!(trained.report.checkpoint.is_some_and(|path| path.exists()));
}

#[test]
fn a_request_writes_a_checkpoint_and_leaves() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let status = Command::new(env::current_exe().expect("a program knows its name"))
        .args(["--exact", "crash::asked_to_stop", "--ignored"])
        .env(FOLDER, folder.path())
        .output()
        .expect("the program starts once more");
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    assert_eq!(newest(folder.path()), Some(7));
    let run = || SmallTraining::trainer().steps(12);
    let resumed = run().checkpoints(folder.path(), 100).resume(true).fit(&moons());
    let resumed = resumed.map(|trained| (trained.report.resumed_from, trained.model));
    let (from, model) = resumed.expect("the number of steps may differ where the rate does not follow it");
    assert_eq!(from, Some(7));
    let whole = run().fit(&moons()).expect("the data fit").model;
    assert_eq!(bits(model.weights().values()), bits(whole.weights().values()));
}
