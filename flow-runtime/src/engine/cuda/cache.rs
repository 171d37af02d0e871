//! Compiled kernels on disk, so that a program that has run once starts without a compiler.
//!
//! An entry is found by the whole of what it was compiled from: text, options, version of NVRTC. It is written whole or not at
//! all and its damage is seen, so that many processes may share the folder; where the folder cannot be used, kernels are
//! compiled each time, and that is said once.

mod sha256;

use super::nvrtc::{Binary, Request};
use crate::{data::atomic::write_bytes, error::Result};
use sha256::sha256;
use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Once,
    time::{Duration, SystemTime},
};

/// The variable that names the folder; `off` for none.
pub(crate) const FOLDER_VARIABLE: &str = "FLOW_CUDA_CACHE";
/// What entries may take together, in bytes.
const LIMIT: u64 = 256 << 20;
/// The first bytes of an entry; the digit is the version of its layout.
const MAGIC: [u8; 8] = *b"FLOWCUB1";
const EXTENSION: &str = "cubin";

/// A folder of compiled kernels, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cache {
    folder: Option<PathBuf>,
    limit: u64,
}

impl Cache {
    /// The folder that the environment names: `FLOW_CUDA_CACHE`, or that of the system for such files.
    pub(crate) fn new() -> Self {
        let folder = match env::var_os(FOLDER_VARIABLE).filter(|value| !value.is_empty()) {
            Some(value) if value.eq_ignore_ascii_case("off") => None,
            Some(value) => Some(PathBuf::from(value)),
            None => system_folder(|name| env::var_os(name).map(PathBuf::from)),
        };
        Self { folder, limit: LIMIT }
    }

    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Entries and their bytes.
    pub(crate) fn size(&self) -> (usize, u64) {
        let entries = self.folder().map(entries).unwrap_or_default();
        (entries.len(), entries.iter().map(|entry| entry.bytes).sum())
    }

    /// The binary of a request: read, or compiled and written.
    ///
    /// # Errors
    /// As [`Request::compile`]: the disk is never a reason.
    pub(crate) fn compile(&self, request: &Request) -> Result<Binary> {
        let Some(folder) = self.folder() else { return request.compile() };
        let key = key(request);
        let path = folder.join(format!("{}.{EXTENSION}", hexadecimal(&key)));
        if let Some(binary) = read(&path, &key) {
            return Ok(binary);
        }
        let binary = request.compile()?;
        match write(folder, &path, &key, &binary) {
            Ok(()) => remove_oldest(folder, self.limit, &path),
            Err(error) => warn(folder, &error),
        }
        Ok(binary)
    }
}

/// Where the system keeps files that can be made anew.
fn system_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
    let folder = if cfg!(windows) {
        absolute("LOCALAPPDATA")?
    } else if cfg!(target_os = "macos") {
        absolute("HOME")?.join("Library").join("Caches")
    } else {
        // A relative `XDG_CACHE_HOME` is to be ignored.
        absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?
    };
    Some(folder.join("flow-runtime").join("cuda"))
}

/// A hash of everything that a binary depends on; each part with its length, so that no two requests have the same bytes.
fn key(request: &Request) -> [u8; 32] {
    let Request { name: _, text, options, version } = request;
    let mut bytes = Vec::with_capacity(text.len() + 256);
    let mut part = |part: &[u8]| {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part);
    };
    part(&MAGIC);
    part(text.as_bytes());
    for option in options {
        part(option.as_bytes());
    }
    part(&[version.0.to_le_bytes(), version.1.to_le_bytes()].concat());
    sha256(&bytes)
}

fn hexadecimal(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of an entry: magic, key, lengths, contents, and the sum of all of them.
fn encode(key: &[u8; 32], binary: &Binary) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(60 + binary.cubin.len() + binary.log.len());
    bytes.extend(MAGIC);
    bytes.extend(key);
    bytes.extend((binary.cubin.len() as u64).to_le_bytes());
    bytes.extend((binary.log.len() as u64).to_le_bytes());
    bytes.extend(&binary.cubin);
    bytes.extend(binary.log.as_bytes());
    bytes.extend(checksum(&bytes));
    bytes
}

/// What [`encode`] wrote; nothing if a byte of it is not what was written.
fn decode(key: &[u8; 32], bytes: &[u8]) -> Option<Binary> {
    let (bytes, sum) = bytes.split_last_chunk::<4>()?;
    let rest = bytes.strip_prefix(&MAGIC)?.strip_prefix(key)?;
    let (cubin, rest) = rest.split_first_chunk::<8>()?;
    let (log, rest) = rest.split_first_chunk::<8>()?;
    let [cubin, log] = [cubin, log].map(|length| u64::from_le_bytes(*length));
    if cubin.checked_add(log)? != rest.len() as u64 || checksum(bytes) != *sum {
        return None;
    }
    let (cubin, log) = rest.split_at(usize::try_from(cubin).ok()?);
    Some(Binary::new(cubin.to_vec(), String::from_utf8(log.to_vec()).ok()?))
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum().to_le_bytes()
}

fn read(path: &Path, key: &[u8; 32]) -> Option<Binary> {
    let binary = decode(key, &fs::read(path).ok()?)?;
    // What is used stays: the oldest is removed first. Where the folder cannot be written to, nothing is removed either.
    let day_ago = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
    if fs::metadata(path).and_then(|metadata| metadata.modified()).is_ok_and(|modified| modified < day_ago) {
        let _ = fs::File::options().write(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
    }
    Some(binary)
}

fn write(folder: &Path, path: &Path, key: &[u8; 32], binary: &Binary) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    write_bytes(path, &encode(key, binary)).map_err(|error| match error {
        crate::Error::Io { source, .. } => source.to_string(),
        error => error.to_string(),
    })
}

struct Entry {
    path: PathBuf,
    bytes: u64,
    modified: SystemTime,
}

fn entries(folder: &Path) -> Vec<Entry> {
    files(folder, |path| path.extension().is_some_and(|extension| extension == EXTENSION))
}

fn files(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<Entry> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let wanted = files.map(|file| file.path()).filter(|path| wanted(path));
    // Another process may be removing them.
    let entries = wanted.filter_map(|path| {
        let metadata = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        Some(Entry { bytes: metadata.len(), modified: metadata.modified().ok()?, path })
    });
    entries.collect()
}

/// Removes the oldest entries beyond `limit`, but never `newest`; and what processes that were killed left half-written.
fn remove_oldest(folder: &Path, limit: u64, newest: &Path) {
    let hour_ago = SystemTime::now() - Duration::from_secs(60 * 60);
    let unfinished = format!(".{EXTENSION}.");
    let unfinished = files(folder, |path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with('.') && name.contains(&unfinished) && name.ends_with(".tmp")
    });
    for file in unfinished.into_iter().filter(|file| file.modified < hour_ago) {
        let _ = fs::remove_file(file.path);
    }
    let mut entries = entries(folder);
    let mut total: u64 = entries.iter().map(|entry| entry.bytes).sum();
    entries.sort_by_key(|entry| entry.modified);
    for entry in entries.iter().filter(|entry| entry.path != newest) {
        if total <= limit {
            break;
        }
        let _ = fs::remove_file(&entry.path);
        total -= entry.bytes;
    }
}

/// One line, once in a process: kernels are compiled again in the next.
fn warn(folder: &Path, error: &str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        eprintln!(
            "flow-runtime: compiled kernels cannot be kept in {} ({error}); name another folder in `{FOLDER_VARIABLE}`, or `off`",
            folder.display()
        );
    });
}

#[cfg(test)]
mod tests;
