//! Folders and files that are not there, are something else, or are full.

use super::Messages;
use crate::models::{AdamTraining, Small, SmallTraining, Steered, moons};
use flow_runtime::prelude::*;
use std::{fs, path::Path as FilePath, process::Command};

#[test]
fn places() {
    let mut said = Messages::default();
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let file = folder.path().join("file");
    fs::write(&file, "something").expect("the folder is writable");
    said.add("a file for a folder of checkpoints", SmallTraining::trainer().checkpoints(&file, 5).fit(&moons()));
    said.add("the same to resume", SmallTraining::trainer().checkpoints(&file, 5).resume(true).fit(&moons()));
    said.add("a folder in a file", SmallTraining::trainer().checkpoints(file.join("runs"), 5).fit(&moons()));
    said.add("a log in a file", SmallTraining::trainer().log_csv(file.join("log.csv")).fit(&moons()));
    said.add("a log where a folder is", SmallTraining::trainer().log_json(folder.path()).fit(&moons()));
    let model = Small::new(0);
    said.add("weights into a folder that is not there", model.save_safetensors(folder.path().join("no/such.safetensors")));
    said.add("weights where a folder is", model.save_safetensors(folder.path()));
    said.add("weights that are not there", Small::load_safetensors(folder.path().join("none.safetensors")));
    said.add("weights from a folder", Small::load_safetensors(folder.path()));
    said.add("weights from another file", Small::load_safetensors(&file));
    assert_eq!(fs::read_to_string(&file).ok().as_deref(), Some("something"));
    let other = folder.path().join("other.safetensors");
    Steered::new(0).save_safetensors(&other).expect("the folder is writable");
    said.add("weights of another model", Small::load_safetensors(&other));
    let bytes = fs::read(&other).expect("it was written");
    fs::write(&other, &bytes[..bytes.len() - 3]).expect("the folder is writable");
    said.add("weights that are cut off", Steered::load_safetensors(&other));
    let empty = folder.path().join("empty.safetensors");
    fs::write(&empty, "").expect("the folder is writable");
    said.add("an empty file", Small::load_safetensors(&empty));
    said.add("data that are not there", Dataset::load(folder.path().join("none.npy")));
    said.add("data of no known format", Dataset::load(&file));
    said.add("a checkpoint that is none", Checkpoint::read::<Small>(&empty));
    said.check("places", Some(folder.path()));
}

/// A file system of some pages, mounted while this lives.
struct Tiny(tempfile::TempDir);

impl Tiny {
    fn mount(bytes: usize) -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let size = format!("size={bytes}");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        mount.is_ok_and(|done| done.status.success()).then_some(Self(folder))
    }

    fn path(&self) -> &FilePath {
        self.0.path()
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

fn names(folder: &FilePath) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<_> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

#[test]
fn a_full_disk() {
    let Some(tiny) = Tiny::mount(32 * 1024) else {
        println!("skipped: a full disk needs the right to mount a small file system");
        return;
    };
    let mut said = Messages::default();
    // Room for two checkpoints of some 8 kB and not for the third, which is written before the first is deleted.
    let ballast = tiny.path().join("ballast");
    let full = |kept: usize| {
        let _ = fs::remove_file(&ballast);
        let mut zeros = 32 * 1024 - kept;
        while fs::write(&ballast, vec![0; zeros]).is_err() {
            zeros -= 1024;
        }
    };
    full(20 * 1024);
    let runs = tiny.path().join("runs");
    let mut trainer = AdamTraining::trainer().steps(20).checkpoints(&runs, 1).keep(5);
    let error = trainer.fit(&moons()).expect_err("there is no room");
    said.say("a full disk", &error);
    let written = names(&runs);
    assert!(!written.is_empty() && written.len() < 5, "{written:?}");
    for name in &written {
        let read = Checkpoint::read::<<AdamTraining as TrainRecipe>::Model>(runs.join(name));
        assert!(read.is_ok(), "{name} is half-written: {:?}", read.err());
    }
    // What had been trained is not lost.
    let salvaged = trainer.salvage().expect("steps were taken");
    assert_eq!(salvaged.report.steps as usize, written.len() + 1);

    let weights = tiny.path().join("model.safetensors");
    full(0);
    said.add("weights on a full disk", salvaged.model.save_safetensors(&weights));
    said.add("data on a full disk", moons().save_npy(tiny.path().join("moons.npy")));
    said.add("a text of data on a full disk", moons().save_csv(tiny.path().join("moons.csv")));
    let log = tiny.path().join("log.csv");
    said.add("a log on a full disk", SmallTraining::trainer().log_csv(&log).fit(&moons()));
    assert_eq!(names(tiny.path()).into_iter().filter(|name| name != "log.csv").collect::<Vec<_>>(), ["ballast", "runs"]);
    // With room the run goes on.
    fs::remove_file(&ballast).expect("it is there");
    let again = AdamTraining::trainer().steps(20).checkpoints(&runs, 20).keep(1).resume(true).fit(&moons());
    assert_eq!(again.expect("there is room").report.steps, 20);
    said.check("full_disk", Some(tiny.path()));
}

#[test]
fn a_folder_that_is_not_writable() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).expect("the folder is writable");
    let lock = |read_only: bool| {
        let mut permissions = fs::metadata(&locked).expect("it is there").permissions();
        #[cfg(unix)]
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, if read_only { 0o555 } else { 0o755 });
        #[cfg(not(unix))]
        permissions.set_readonly(read_only);
        fs::set_permissions(&locked, permissions).expect("it is ours");
    };
    lock(true);
    if fs::write(locked.join("probe"), "").is_ok() {
        lock(false);
        println!("skipped: this user may write everywhere");
        return;
    }
    let mut said = Messages::default();
    said.add("a folder that is not writable", SmallTraining::trainer().checkpoints(&locked, 5).fit(&moons()));
    said.add("weights there", Small::new(0).save_safetensors(locked.join("model.safetensors")));
    lock(false);
    said.check("locked", Some(folder.path()));
}
