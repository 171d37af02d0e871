//! Everything done wrong at run time: each mistake is a typed error, and what it says is in `mistakes/*.txt`.
//!
//! `UPDATE_MESSAGES=1 cargo test --test end_to_end` writes those files anew; read them before they are committed.

mod arguments;
#[cfg(unix)]
mod files;
mod names;

use flow_runtime::prelude::*;
use std::{fmt::Write, fs, path::Path as FilePath};

/// What was done, and what was said.
#[derive(Default)]
struct Messages(String);

impl Messages {
    /// Notes the error that a mistake leads to.
    fn add<T>(&mut self, what: &str, result: Result<T, Error>) {
        match result {
            Ok(_) => panic!("{what}: no error"),
            Err(error) => self.say(what, &error),
        }
    }

    fn say(&mut self, what: &str, error: &Error) {
        let text = error.to_string();
        // Every message ends with what to do.
        assert!(text.lines().last().is_some_and(|line| line.starts_with("help: ")), "{what}: {text}");
        writeln!(self.0, "# {what}\n{text}\n").expect("a text takes text");
    }

    /// Compares with the section of the file; `folder` reads `FOLDER` there.
    fn check(self, section: &str, folder: Option<&FilePath>) {
        let got = match folder.and_then(FilePath::to_str) {
            Some(folder) => self.0.replace(folder, "FOLDER"),
            None => self.0,
        };
        let file = FilePath::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/end_to_end/mistakes/{section}.txt"));
        if std::env::var_os("UPDATE_MESSAGES").is_some() {
            fs::write(&file, &got).expect("the tests' folder is writable");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
        assert!(got == expected, "{} differs from:\n{got}", file.display());
    }
}
