//! Real signals, sent to a process of their own: this test program, started again.

use std::{
    env,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

use super::*;
use crate::train::{Checkpoint, Control, StoppedBy, interrupt};

const FOLDER: &str = "FLOW_TEST_SIGNALS_FOLDER";
const SIGNALS: &str = "FLOW_TEST_SIGNALS";

/// Not a test: what the other process does. It sends itself the asked number of signals during step 7.
#[test]
#[ignore = "started by the other tests of this file"]
fn child() {
    let (Ok(folder), Ok(signals)) = (env::var(FOLDER), env::var(SIGNALS)) else { return };
    let trained = Trainer::<Simple>::new()
        .checkpoints(folder, 100)
        .on_step(move |info| {
            for _ in 0..if info.step == 7 { signals.parse().unwrap() } else { 0 } {
                let sent = Command::new("kill").args(["-INT", &std::process::id().to_string()]).status();
                assert!(sent.unwrap().success());
                wait_for(interrupt::requested);
            }
            if info.step == 7 && signals == "2" {
                wait_for(|| false);
            }
            Control::Continue
        })
        .fit_with(&mut Analytic::default(), &points(9))
        .unwrap();
    assert_eq!((trained.report.stopped_by, trained.report.steps), (StoppedBy::Interrupted, 7));
    // Nobody is training: now a signal is to end the process.
    assert!(Command::new("kill").args(["-INT", &std::process::id().to_string()]).status().unwrap().success());
    wait_for(|| false);
}

fn wait_for(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "the signal did not arrive");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn run(signals: &str) -> (ExitStatus, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    // Where these tests run in the background, SIGINT is ignored, and what they start would inherit that.
    let status = Command::new("env")
        .arg("--default-signal=INT")
        .arg(env::current_exe().unwrap())
        .args(["--exact", "train::tests::signals::child", "--ignored", "--test-threads=1"])
        .env(FOLDER, folder.path())
        .env(SIGNALS, signals)
        .output()
        .unwrap()
        .status;
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    for file in &files {
        assert_eq!(Checkpoint::read::<Plain>(file).unwrap().step(), 7);
    }
    (status, files)
}

/// `env --default-signal` is of GNU coreutils 8.31 and later.
fn signals_can_be_reset() -> bool {
    let found =
        Command::new("env").args(["--default-signal=INT", "true"]).status().is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: `env` has no `--default-signal` here");
    }
    found
}

#[test]
fn the_first_signal_ends_the_run_and_one_after_it_the_process() {
    if !signals_can_be_reset() {
        return;
    }
    let (status, files) = run("1");
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    assert_eq!(files.len(), 1);
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    if !signals_can_be_reset() {
        return;
    }
    let (status, files) = run("2");
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    assert!(files.is_empty());
}
