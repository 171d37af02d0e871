//! Work that needs a process of its own: this program, started again.

use super::arguments::Arguments;
use std::{
    error::Error,
    path::Path,
    process::Command,
    str::FromStr,
    time::{Duration, Instant},
};

/// What a child does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A short training and some samples.
    Cold,
    /// One sample.
    First,
    /// A few steps of training and a few samples: for tools that make everything slow.
    Short,
    /// Many samples, then the peak of its memory.
    Memory,
}

impl Work {
    const ALL: [(&str, Self); 4] =
        [("cold", Self::Cold), ("first", Self::First), ("short", Self::Short), ("memory", Self::Memory)];
}

impl FromStr for Work {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found
            .map(|&(_, work)| work)
            .ok_or_else(|| format!("`--child {name}`: expected `cold`, `first`, `short` or `memory`"))
    }
}

/// Runs a child to its end; gives what it printed and the time of the whole process. With `cache`, what is kept on disk between
/// runs is kept in that folder.
pub fn run(work: Work, arguments: &Arguments, cache: Option<&Path>) -> Result<(String, Duration), Box<dyn Error>> {
    let name = Work::ALL.iter().find(|(_, known)| *known == work).map_or("", |(name, _)| name);
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--child", name, "--device", &arguments.device.to_string()]);
    command.args(["--threads", &arguments.threads.to_string()]);
    command.args(["--precision", &arguments.precision.to_string()]);
    if let Some(folder) = cache {
        command.env("XDG_CACHE_HOME", folder);
    }
    let start = Instant::now();
    let output = command.output()?;
    let taken = start.elapsed();
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(error.trim().trim_start_matches("error: ").into());
    }
    Ok((String::from_utf8_lossy(&output.stdout).into_owned(), taken))
}
