//! Comma-separated values.

use std::{io, path::Path};

use super::{
    ConditionValues, Dataset,
    atomic::write_atomically,
    read::{Source, quote},
};
use crate::error::{Error, Result};

/// How a CSV file is to be read.
///
/// ```no_run
/// use flow_runtime::data::{CsvOptions, Dataset, LabelColumn};
///
/// let options = CsvOptions { label: Some(LabelColumn::Name("species".into())), ..CsvOptions::default() };
/// let irises = Dataset::load_csv("iris.csv", &options)?;
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// Whether the first line names the columns.
    pub header: Header,
    /// What stands between two fields.
    pub delimiter: u8,
    /// The column that holds class labels, integers from 0; it is no part of the samples.
    pub label: Option<LabelColumn>,
    /// The name of the condition that the labels become.
    pub condition: String,
}

/// Whether the first line of a CSV file names the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header {
    /// It does if none of its fields is a number.
    #[default]
    Detect,
    /// It does.
    Present,
    /// It holds values.
    Absent,
}

/// Which column of a CSV file holds class labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelColumn {
    /// The last one.
    Last,
    /// The one with this index, counted from 0.
    Index(usize),
    /// The one that the header gives this name.
    Name(String),
}

impl Default for CsvOptions {
    /// Commas, a header if there is one, no labels (else condition `y`).
    fn default() -> Self {
        Self { header: Header::Detect, delimiter: b',', label: None, condition: "y".to_owned() }
    }
}

impl Dataset {
    /// Reads a CSV file (gzipped or not), one sample a line; blank lines and lines that start with `#` are skipped.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be read; [`Error::Format`] with line and column if a line has another number of
    /// fields than the first, if a field is not a finite number that fits into an `f32`, if a label is not an integer
    /// from 0, if the label column is not there, or if no line holds values.
    ///
    /// ```
    /// use flow_runtime::{data::{CsvOptions, LabelColumn}, prelude::*};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("labelled.csv");
    /// std::fs::write(&path, "0.5,1.5,7\n2.5,3.5,8\n").unwrap();
    /// let options = CsvOptions { label: Some(LabelColumn::Last), ..CsvOptions::default() };
    /// let data = Dataset::load_csv(&path, &options)?;
    /// assert_eq!((data.dim(), data.conditions().labels("y")?), (2, &[7, 8][..]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn load_csv(path: impl AsRef<Path>, options: &CsvOptions) -> Result<Self> {
        let source = Source::new("csv", path.as_ref());
        decode(&source, &source.read()?, options)
    }

    /// Writes samples and conditions as CSV with a header, whole or not at all.
    ///
    /// The columns are `x0`, `x1`, …, then each condition under its name (a vector `c` as `c0`, `c1`, …). Every number
    /// reads back as it was.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be written; a file that was there is then intact.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("labelled.csv");
    /// Dataset::from_rows(&[[0.5, 1.5]])?.with_class("y", &[7])?.save_csv(&path)?;
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), "x0,x1,y\n0.5,1.5,7\n");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut names: Vec<String> = (0..self.dim).map(|i| format!("x{i}")).collect();
        for column in self.conditions.iter() {
            match &column.values {
                ConditionValues::Class(_) => names.push(column.name.clone()),
                ConditionValues::Vector { dim, .. } => names.extend((0..*dim).map(|i| format!("{}{i}", column.name))),
            }
        }
        write_atomically(path, |out| {
            let mut writer = csv::Writer::from_writer(out);
            writer.write_record(&names).map_err(io_error)?;
            for (i, row) in self.values.chunks_exact(self.dim.max(1)).enumerate() {
                let mut fields: Vec<String> = row.iter().map(f32::to_string).collect();
                for column in self.conditions.iter() {
                    match &column.values {
                        ConditionValues::Class(labels) => fields.push(labels[i].to_string()),
                        ConditionValues::Vector { dim, values } => {
                            fields.extend(values[i * dim..(i + 1) * dim].iter().map(f32::to_string));
                        }
                    }
                }
                writer.write_record(&fields).map_err(io_error)?;
            }
            writer.flush()
        })
    }
}

/// What the system said: the library's own conversion hides of what kind it is.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

pub(super) fn decode(source: &Source, bytes: &[u8], options: &CsvOptions) -> Result<Dataset> {
    // Spreadsheets mark their UTF-8 with these three bytes.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(options.delimiter)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut next = |record: &mut csv::ByteRecord| -> Result<Option<u64>> {
        let more = reader.read_byte_record(record).map_err(|error| {
            source.wrong("text", error.to_string(), "comma-separated values", "fetch or write the file again")
        })?;
        Ok(more.then(|| record.position().map_or(0, |position| first_line(bytes, position))))
    };
    let empty = || source.wrong("end of file", "no line with values", "at least one", "check how the file was written");
    let Some(mut line) = next(&mut record)? else { return Err(empty()) };
    let width = record.len();
    let header = match options.header {
        Header::Detect => record.iter().all(|field| parse(field).is_none()),
        Header::Present => true,
        Header::Absent => false,
    };
    let label = match &options.label {
        None => None,
        Some(column) => Some(find_label(source, line, &record, column, header)?),
    };
    if width == usize::from(label.is_some()) {
        let (got, help) = ("the labels alone".to_owned(), "check `delimiter` and `label` of the options");
        return Err(source.wrong(format!("line {line}"), got, "a column of values beside the labels", help));
    }
    if header {
        line = next(&mut record)?.ok_or_else(empty)?;
    }
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    loop {
        if record.len() != width {
            let (got, expected) = (format!("{} fields", record.len()), format!("{width}, as on the first line"));
            let help = "the line is cut off or has a delimiter too many";
            return Err(source.wrong(format!("line {line}"), got, expected, help));
        }
        for (i, field) in record.iter().enumerate() {
            if Some(i) == label {
                labels.push(
                    parse_label(field)
                        .ok_or_else(|| bad_field(source, line, i, field, "a class label, an integer from 0"))?,
                );
                continue;
            }
            let value = parse(field).ok_or_else(|| bad_field(source, line, i, field, "a number"))? as f32;
            if !value.is_finite() {
                return Err(bad_field(source, line, i, field, "a finite number that fits into 32 bits"));
            }
            values.push(value);
        }
        match next(&mut record)? {
            Some(number) => line = number,
            None => break,
        }
    }
    let dataset = Dataset::from_flat(values, width - usize::from(label.is_some()))?;
    if label.is_some() { dataset.with_class(&options.condition, &labels) } else { Ok(dataset) }
}

/// The line on which a record stands: the reader's position is before the blank lines and comments that it skips.
fn first_line(bytes: &[u8], position: &csv::Position) -> u64 {
    let mut line = position.line();
    let mut rest = usize::try_from(position.byte()).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
    while let Some(first) = rest.first().filter(|first| matches!(first, b'#' | b'\r' | b'\n')) {
        let comment = *first == b'#';
        let end = if comment { rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len() - 1) } else { 0 };
        line += u64::from(rest[end] == b'\n');
        rest = &rest[end + 1..];
    }
    line
}

fn find_label(
    source: &Source,
    line: u64,
    first: &csv::ByteRecord,
    column: &LabelColumn,
    header: bool,
) -> Result<usize> {
    let (found, wanted) = match column {
        LabelColumn::Last => (first.len().checked_sub(1), "a last column".to_owned()),
        LabelColumn::Index(i) => (Some(*i).filter(|&i| i < first.len()), format!("a column {}", i + 1)),
        LabelColumn::Name(name) => {
            let named = first.iter().position(|field| header && field == name.as_bytes());
            (named, format!("a header with a column `{name}`"))
        }
    };
    found.ok_or_else(|| {
        let fields: Vec<_> = first.iter().take(9).map(quote).collect();
        let got = format!("{} columns: {}", first.len(), fields.join(", "));
        source.wrong(format!("line {line}"), got, wanted, "check `label` and `delimiter` of the options")
    })
}

fn bad_field(source: &Source, line: u64, column: usize, field: &[u8], expected: &str) -> Error {
    let help = if field.is_empty() {
        "fill in the missing value, or leave out its line"
    } else {
        "mend that field; lines and columns are counted from 1"
    };
    source.wrong(format!("line {line}, column {}", column + 1), quote(field), expected, help)
}

fn parse(field: &[u8]) -> Option<f64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// Labels that went through a table of floats read `3.0`.
fn parse_label(field: &[u8]) -> Option<u32> {
    let value = parse(field)?;
    (value >= 0.0 && value <= f64::from(u32::MAX) && value.fract() == 0.0).then_some(value as u32)
}
