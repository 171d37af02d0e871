//! The folder of compiled texts: for temporary files, and the user's own, since what lies there is run.

use super::failed;
use crate::error::Result;
use std::{
    fs,
    path::PathBuf,
    sync::OnceLock,
    time::{Duration, SystemTime},
};

/// What has not been compiled anew for so long is removed.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// The folder, made if it is not there.
pub(super) fn folder() -> Result<PathBuf> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let path = make()?;
        tidy(&path);
        Ok(path)
    });
    made.clone().map_err(|found| failed(&found, "set TMPDIR to a folder of your own"))
}

#[cfg(unix)]
fn make() -> Result<PathBuf, String> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    // This process's own files are the user's.
    let user = fs::metadata("/proc/self").map_err(|error| error.to_string())?.uid();
    let path = std::env::temp_dir().join(format!("flow-cuda-header-{user}"));
    let io = |error: std::io::Error| format!("the folder {path:?}: {error}");
    match fs::DirBuilder::new().mode(0o700).create(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(io(error)),
        _ => {}
    }
    let is = fs::symlink_metadata(&path).map_err(io)?;
    if !is.is_dir() || is.uid() != user || is.mode() & 0o022 != 0 {
        return Err(format!("the folder {path:?}, to which others may write"));
    }
    Ok(path)
}

#[cfg(not(unix))]
fn make() -> Result<PathBuf, String> {
    Err("a system without the folder /proc".to_owned())
}

/// Old files go; whatever fails is left.
fn tidy(path: &std::path::Path) {
    let old = |entry: &fs::DirEntry| {
        let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok();
        modified.and_then(|time| SystemTime::now().duration_since(time).ok()).is_some_and(|age| age > KEPT)
    };
    for entry in fs::read_dir(path).into_iter().flatten().flatten().filter(old) {
        let _ = fs::remove_file(entry.path());
    }
}
