//! The UCI optical digits.

use std::path::Path;

use super::{CsvOptions, Dataset, Header, LabelColumn, csv, read::Source};
use crate::error::Result;

/// Pixels of an image, 8 × 8.
const PIXELS: usize = 64;

/// Reads the optical digits, 1797 images of 8 × 8 pixels, as scikit-learn ships them: `examples/data/digits.csv.gz`.
///
/// Pixels 0 to 16 become −1 to 1, `x = pixel / 8 − 1`; the digits are the class `y`. Rows of an image follow each other.
///
/// # Errors
///
/// [`crate::Error::Io`] if the file cannot be read; [`crate::Error::Format`] with the line if it is damaged, or holds
/// anything but 64 pixels from 0 to 16 and a digit.
///
/// # Reference
///
/// E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository (1998),
/// doi:10.24432/C50P49.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/digits.csv.gz");
/// let digits = flow_runtime::data::digits(path)?;
/// assert_eq!((digits.rows(), digits.dim()), (1797, 64));
/// assert_eq!(digits.conditions().labels("y")?[..4], [0, 1, 2, 3]);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn digits(path: impl AsRef<Path>) -> Result<Dataset> {
    const HELP: &str = "the file is not the one of examples/data; fetch it again";
    let source = Source::new("digits", path.as_ref());
    let options = CsvOptions { header: Header::Absent, label: Some(LabelColumn::Last), ..CsvOptions::default() };
    let mut digits = csv::decode(&source, &source.read()?, &options)?;
    if digits.dim() != PIXELS {
        let got = format!("{} fields", digits.dim() + 1);
        return Err(source.wrong("line 1", got, format!("{PIXELS} pixels and a digit"), HELP));
    }
    if let Some(at) = digits.values.iter().position(|pixel| !(0.0..=16.0).contains(pixel)) {
        let (line, column) = (at / PIXELS + 1, at % PIXELS + 1);
        let got = digits.values[at].to_string();
        return Err(source.wrong(format!("line {line}, column {column}"), got, "a pixel from 0 to 16", HELP));
    }
    if let Some(at) = digits.conditions.labels("y")?.iter().position(|&digit| digit > 9) {
        return Err(source.wrong(
            format!("line {}, column {}", at + 1, PIXELS + 1),
            "a larger number",
            "a digit",
            HELP,
        ));
    }
    digits.values.iter_mut().for_each(|pixel| *pixel = *pixel / 8.0 - 1.0);
    Ok(digits)
}
