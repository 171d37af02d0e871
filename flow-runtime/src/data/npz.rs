//! NumPy's `.npz` archives.

use std::{io::Cursor, path::Path};

use super::{
    ConditionValues, Dataset, npy,
    read::{Source, inflation_limit},
};
use crate::error::Result;

/// An archive of samples holds a handful of arrays; each costs time to open.
const MOST_ARRAYS: usize = 1000;

impl Dataset {
    /// Reads a `.npz` archive: the array `x` (or the only one there is) holds the samples, the others the conditions.
    ///
    /// The name of an array is the name of its condition. Integers of rank 1 are class labels, everything else is a
    /// vector per sample; so `numpy.savez("train.npz", x=images, y=labels)` gives images with the class `y`.
    ///
    /// # Errors
    ///
    /// As for [`Dataset::load_npy`]; also [`crate::Error::Format`] if the archive is damaged or has several arrays and
    /// none called `x`, [`crate::Error::Shape`] if an array has another number of rows.
    ///
    /// ```no_run
    /// use flow_runtime::prelude::*;
    /// // Written by `numpy.savez("train.npz", x=images, y=labels)`.
    /// let train = Dataset::load_npz("train.npz")?;
    /// println!("{} samples, labels {:?}", train.rows(), train.conditions().labels("y")?);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn load_npz(path: impl AsRef<Path>) -> Result<Self> {
        let source = Source::new("npz", path.as_ref());
        let bytes = source.read()?;
        let mut limit = inflation_limit(bytes.len());
        let damaged = |error: zip::result::ZipError| {
            let help = "the file is truncated, damaged or not an archive; save it again with numpy.savez";
            source.wrong("directory", error.to_string(), "a zip archive of arrays", help)
        };
        let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).map_err(damaged)?;
        if archive.len() > MOST_ARRAYS {
            let (got, expected) = (format!("{} entries", archive.len()), format!("at most {MOST_ARRAYS}"));
            return Err(source.wrong("directory", got, expected, "save only the samples and their conditions"));
        }
        let mut arrays = Vec::new();
        for i in 0..archive.len() {
            let entry = archive.by_index(i).map_err(damaged)?;
            let name = entry.name().to_owned();
            let Some(name) = name.strip_suffix(".npy") else {
                let help = "save the archive again with numpy.savez";
                return Err(source.wrong("directory", format!("the entry {name:?}"), "names that end in .npy", help));
            };
            let part = source.part(name);
            let contents = part.inflate(entry, &mut limit)?;
            arrays.push((name.to_owned(), npy::decode(&part, &contents)?));
        }
        let samples = match arrays.iter().position(|(name, _)| name == "x") {
            Some(at) => at,
            None if arrays.len() == 1 => 0,
            None => {
                let names: Vec<_> = arrays.iter().map(|(name, _)| format!("`{name}`")).collect();
                let got =
                    if names.is_empty() { "no array".to_owned() } else { format!("the arrays {}", names.join(", ")) };
                let help = "name the samples: numpy.savez(path, x=samples, y=labels)";
                return Err(source.wrong("directory", got, "an array `x`", help));
            }
        };
        let mut dataset = arrays.swap_remove(samples).1.into_dataset()?;
        arrays.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, array) in arrays {
            dataset = match array.into_condition(&source.part(&name))? {
                ConditionValues::Class(labels) => dataset.with_class(&name, &labels)?,
                ConditionValues::Vector { dim, values } => dataset.with_vector(&name, dim, &values)?,
            };
        }
        Ok(dataset)
    }
}
