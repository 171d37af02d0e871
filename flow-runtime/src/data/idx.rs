//! IDX files, the format of MNIST and its successors (LeCun, Cortes & Burges).
//!
//! Two zero bytes, the type of the values, the rank, one big-endian 32-bit size per axis, then the values in C order.

use std::path::Path;

use super::{
    Dataset,
    array::{Array, Number},
    read::Source,
};
use crate::error::Result;

impl Dataset {
    /// Reads an IDX file (gzipped or not); the first axis counts the samples, the others are flattened.
    ///
    /// Values come as they are stored, bytes as 0 to 255; bring them to a range with [`Dataset::rescale`].
    ///
    /// # Errors
    ///
    /// [`crate::Error::Io`] if the file cannot be read; [`crate::Error::Format`] with the place if it is truncated, has
    /// extra bytes, another type of value, no values, or a value that is not finite.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("train-images-idx3-ubyte");
    /// // Bytes (8) of rank 3: two images of one row and three columns.
    /// let header = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3];
    /// std::fs::write(&path, [&header[..], &[1, 2, 3, 4, 5, 6]].concat()).unwrap();
    /// assert_eq!(Dataset::load_idx(&path)?.row(1), Some(&[4.0, 5.0, 6.0][..]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn load_idx(path: impl AsRef<Path>) -> Result<Self> {
        load(path.as_ref())?.1.into_dataset()
    }

    /// Reads samples and, from a second IDX file, their class labels, which become the condition `y`.
    ///
    /// # Errors
    ///
    /// As for [`Dataset::load_idx`]; [`crate::Error::Shape`] if there are not as many labels as samples.
    ///
    /// ```no_run
    /// use flow_runtime::prelude::*;
    /// let digits = Dataset::load_idx_labelled("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")?;
    /// let (digits, _) = digits.rescale(-1.0, 1.0)?;
    /// println!("{} images, the first one is a {}", digits.rows(), digits.conditions().labels("y")?[0]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn load_idx_labelled(samples: impl AsRef<Path>, labels: impl AsRef<Path>) -> Result<Self> {
        let dataset = Self::load_idx(samples)?;
        let (source, labels) = load(labels.as_ref())?;
        dataset.with_class("y", &labels.labels(&source)?)
    }
}

fn load(path: &Path) -> Result<(Source, Array)> {
    let source = Source::new("IDX", path);
    let bytes = source.read()?;
    let array = decode(&source, &bytes)?;
    Ok((source, array))
}

fn decode(source: &Source, bytes: &[u8]) -> Result<Array> {
    let truncated = |at| {
        let got = format!("the end of the file after {} bytes", bytes.len());
        source.wrong(format!("byte {at}"), got, "the header", "the file is truncated; fetch it again")
    };
    let Some(([zero, one, kind, rank], rest)) = bytes.split_first_chunk::<4>() else { return Err(truncated(0)) };
    if (*zero, *one) != (0, 0) {
        let (got, expected) = (format!("{zero:#04x} {one:#04x}"), "0x00 0x00");
        return Err(source.wrong("byte 0", got, expected, "this is not an IDX file, or it is compressed twice"));
    }
    let number = match kind {
        0x08 => Number::U8,
        0x09 => Number::I8,
        0x0B => Number::I16,
        0x0C => Number::I32,
        0x0D => Number::F32,
        0x0E => Number::F64,
        _ => {
            let (got, expected) = (format!("{kind:#04x}"), "a type of value: 0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e");
            return Err(source.wrong("byte 2", got, expected, "this is not an IDX file, or it is damaged"));
        }
    };
    let Some((sizes, body)) = rest.split_at_checked(4 * usize::from(*rank)) else { return Err(truncated(4)) };
    let shape = sizes.as_chunks().0.iter().map(|size| u32::from_be_bytes(*size) as usize).collect();
    Array::decode(source, shape, number, true, body)?.check_finite(source)
}
