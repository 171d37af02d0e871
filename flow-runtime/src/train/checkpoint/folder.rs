//! The folder of a run's checkpoints.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::Checkpoint;
use crate::{
    error::{Error, Result},
    model::Model,
};

const PREFIX: &str = "checkpoint-";
const SUFFIX: &str = ".safetensors";

/// Where the checkpoint after `step` steps lies: `checkpoint-00001000.safetensors`.
pub(super) fn file_of(folder: &Path, step: u64) -> PathBuf {
    folder.join(format!("{PREFIX}{step:08}{SUFFIX}"))
}

/// The checkpoints in a folder by their steps, the earliest first; none if there is no folder.
///
/// Files by other names, such as those of writes that were cut off, are not looked at.
pub(in crate::train) fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let failed = |source: io::Error| {
        let help = match source.kind() {
            io::ErrorKind::NotADirectory => "a part of this path is a file; choose a folder for checkpoints",
            _ => "give a folder that you may read",
        };
        Error::Io { operation: "listing", path: folder.to_owned(), source, help: help.to_owned() }
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if let Some(step) = path.file_name().and_then(|name| step_of(name.to_str()?)) {
            found.push((step, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Deletes what is left of writes that were cut off by the end of their process; returns what could not be deleted.
pub(in crate::train) fn remove_leftovers(folder: &Path) -> Vec<(PathBuf, io::Error)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let leftover = |name: &str| name.starts_with(&format!(".{PREFIX}")) && name.ends_with(".tmp");
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(leftover))
        .filter_map(|entry| fs::remove_file(entry.path()).err().map(|error| (entry.path(), error)))
        .collect()
}

fn step_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    (digits.len() >= 8 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Deletes all but the last `keep` checkpoints up to `step`, the one just written; returns what could not be deleted.
///
/// Later ones are left alone: they are not this run's, or they are damaged and this run is about to replace them.
pub(super) fn prune(folder: &Path, step: u64, keep: usize) -> Result<Vec<(PathBuf, io::Error)>> {
    let mut ours = list(folder)?;
    ours.retain(|(other, _)| *other <= step);
    let superfluous = ours.len().saturating_sub(keep.max(1));
    Ok(ours
        .drain(..superfluous)
        .filter_map(|(_, path)| fs::remove_file(&path).err().map(|error| (path, error)))
        .collect())
}

impl Checkpoint {
    /// The newest checkpoint in `folder` that can be read, with a warning for each newer one that cannot.
    ///
    /// `None` if there is no checkpoint.
    ///
    /// # Errors
    /// [`Error::Schema`] if the newest one belongs to another model; what is wrong with the newest one, if there are
    /// some but none can be read.
    pub fn latest<M: Model>(folder: impl AsRef<Path>, mut warn: impl FnMut(&str)) -> Result<Option<Self>> {
        let mut newest_failed = None;
        for (_, path) in list(folder.as_ref())?.into_iter().rev() {
            match Self::read::<M>(&path) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(error @ (Error::Format { .. } | Error::Io { .. })) => {
                    warn(&format!("skipping a checkpoint that cannot be read: {error}"));
                    newest_failed.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        newest_failed.map_or(Ok(None), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_left_alone() {
        let folder = Path::new("runs");
        for step in [0, 7, 99_999_999, 123_456_789_012] {
            let path = file_of(folder, step);
            assert_eq!(step_of(path.file_name().unwrap().to_str().unwrap()), Some(step));
        }
        for name in
            ["checkpoint-1.safetensors", "checkpoint-0000000x.safetensors", "checkpoint-00000001.safetensors.tmp"]
        {
            assert_eq!(step_of(name), None, "{name}");
        }
        assert_eq!(file_of(folder, 1000), folder.join("checkpoint-00001000.safetensors"));
    }

    #[test]
    fn pruning_keeps_the_newest_and_never_the_later_ones() {
        let folder = tempfile::tempdir().unwrap();
        for step in [1, 2, 3, 4, 9] {
            fs::write(file_of(folder.path(), step), []).unwrap();
        }
        fs::write(folder.path().join("notes.txt"), []).unwrap();
        assert!(prune(folder.path(), 4, 2).unwrap().is_empty());
        let steps: Vec<_> = list(folder.path()).unwrap().into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps, [3, 4, 9]);
        assert!(folder.path().join("notes.txt").exists());
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_checkpoints() {
        assert!(list(Path::new("/nowhere/at/all")).unwrap().is_empty());
    }
}
