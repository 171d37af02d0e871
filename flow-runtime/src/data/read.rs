//! Reading files: which loader a name asks for, bounded decompression, and errors that name the place.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use super::{CsvOptions, Dataset};
use crate::error::{Error, Result};

/// Contents may be this large whatever their compressed size, and [`RATIO`] times the compressed size beyond it.
const FREE_BYTES: u64 = 64 << 20;
const RATIO: u64 = 256;

impl Dataset {
    /// Reads a file, by its name: `.npy`, `.npz`, `.csv`, `.tsv` or IDX (`.idx`, `…-idx3-ubyte`); all but `.npz` also
    /// with `.gz` behind.
    ///
    /// CSV is read with [`CsvOptions::default`]; labels need [`Dataset::load_csv`] or [`Dataset::load_idx_labelled`].
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be read, [`Error::Format`] with the place if it is damaged, [`Error::Invalid`]
    /// if the name has another ending.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("points.csv");
    /// std::fs::write(&path, "x0,x1\n0.5,1\n2,3\n").unwrap();
    /// assert_eq!(Dataset::load(&path)?, Dataset::from_rows(&[[0.5, 1.0], [2.0, 3.0]])?);
    /// assert!(Dataset::load("points.xls").is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let bare = name.strip_suffix(".gz").unwrap_or(&name);
        match bare.rsplit(['.', '-']).next() {
            Some("npy") => Self::load_npy(path),
            Some("npz") => Self::load_npz(path),
            Some("csv") => Self::load_csv(path, &CsvOptions::default()),
            Some("tsv") => Self::load_csv(path, &CsvOptions { delimiter: b'\t', ..CsvOptions::default() }),
            Some("idx" | "ubyte") => Self::load_idx(path),
            _ => Err(Error::Invalid {
                operation: "loading a data set",
                what: "the file name".to_owned(),
                got: format!("{path:?}"),
                expected: "one that ends in .npy, .npz, .csv, .tsv, .idx or -ubyte (.gz may follow)".to_owned(),
                help: "rename the file, or call the loader of its format, such as `Dataset::load_csv`".to_owned(),
            }),
        }
    }
}

/// A file that is being read: what its errors are made from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub format: &'static str,
    pub path: PathBuf,
    /// `"array `x`, "` inside an archive.
    pub part: String,
}

impl Source {
    pub fn new(format: &'static str, path: &Path) -> Self {
        Self { format, path: path.to_owned(), part: String::new() }
    }

    pub fn part(&self, name: &str) -> Self {
        Self { part: format!("array `{name}`, "), ..self.clone() }
    }

    /// An error at a place in the file.
    pub fn wrong(
        &self,
        at: impl std::fmt::Display,
        got: impl Into<String>,
        expected: impl Into<String>,
        help: &str,
    ) -> Error {
        Error::Format {
            format: self.format,
            path: self.path.clone(),
            at: format!("{}{at}", self.part).into(),
            got: got.into().into(),
            expected: expected.into().into(),
            help: help.to_owned(),
        }
    }

    /// The contents of the file, decompressed if they are gzipped.
    pub fn read(&self) -> Result<Vec<u8>> {
        let bytes = fs::read(&self.path).map_err(|source| Error::Io {
            operation: "reading",
            path: self.path.clone(),
            source,
            help: "check the path and that you may read the file".to_owned(),
        })?;
        if bytes.is_empty() {
            return Err(self.wrong("byte 0", "an empty file", format!("{} data", self.format), "fetch the file again"));
        }
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            return Ok(bytes);
        }
        let mut limit = inflation_limit(bytes.len());
        self.inflate(flate2::read::MultiGzDecoder::new(&bytes[..]), &mut limit)
    }

    /// Reads a decompressor to its end, but no further than `limit`, which is lessened by what came.
    pub fn inflate(&self, reader: impl Read, limit: &mut u64) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        // Grows as bytes come: a size that the file only claims is never allocated.
        if let Err(error) = reader.take(*limit + 1).read_to_end(&mut out) {
            return Err(self.wrong(
                "compressed data",
                error.to_string(),
                "a whole compressed stream and nothing behind it",
                "the file is truncated or damaged; fetch it again",
            ));
        }
        match limit.checked_sub(out.len() as u64) {
            Some(rest) => *limit = rest,
            None => {
                return Err(self.wrong(
                    "compressed data",
                    format!("more than {limit} bytes when decompressed"),
                    format!("at most {FREE_BYTES} + {RATIO} times the size of the file"),
                    "if the file is what it should be, decompress it first",
                ));
            }
        }
        Ok(out)
    }
}

/// How many bytes a compressed file of this size may become.
pub(super) fn inflation_limit(compressed: usize) -> u64 {
    FREE_BYTES.saturating_add(RATIO.saturating_mul(compressed as u64))
}

/// Text of a file for a message: short, and without control characters.
pub(super) fn quote(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(&bytes[..bytes.len().min(160)]).chars().take(40).collect();
    let dots = if bytes.len() > text.len() { "…" } else { "" };
    format!("{text:?}{dots}")
}
