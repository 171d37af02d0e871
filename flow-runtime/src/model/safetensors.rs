//! Weights in safetensors files, so that they travel both ways between here and PyTorch.

use super::{Entry, Layout, Weights};
use crate::{
    data::atomic::write_bytes,
    error::{Error, Result},
    program::Program,
};
use ::safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::Read,
    path::Path,
    sync::Arc,
};

const METADATA: &str = "__metadata__";
const MODEL: &str = "model";
const SCHEMA: &str = "schema";
const VERSION: &str = "flow_runtime";

/// Bytes of the number in front of the header that says how long it is.
const LENGTH: usize = 8;

impl Weights {
    /// Writes the file of [`Model::save_safetensors`](super::Model::save_safetensors).
    ///
    /// # Errors
    /// [`Error::NotFinite`] and [`Error::Io`]; then what was there stays.
    pub fn save_safetensors(&self, program: &Program, path: &Path) -> Result<()> {
        self.check_finite("saving weights")?;
        let bytes = self.to_safetensors(program)?;
        write_bytes(path, &bytes)
    }

    /// Reads the file of [`Model::load_safetensors`](super::Model::load_safetensors) into `layout`.
    ///
    /// # Errors
    /// [`Error::Io`], and those of [`from_safetensors`](Weights::from_safetensors).
    pub fn load_safetensors(program: &Program, layout: Layout, path: &Path) -> Result<Self> {
        let io = |source| Error::Io {
            operation: "reading",
            path: path.to_owned(),
            source,
            help: "give a safetensors file that exists and may be read".to_owned(),
        };
        let file = File::open(path).map_err(io)?;
        // A wrong file may be larger than memory; a right one holds at most 8 bytes a value and its names.
        let limit = 64 + (1 << 20) + 4 * (8 * layout.size() as u64 + 1024 * layout.entries().len() as u64);
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > limit {
            let got = format!("more than {limit} bytes");
            let expected = format!("about {} bytes for `{}`", 4 * layout.size(), program.name);
            return Err(format_error(path, "the size of the file", got, expected, HELP_OTHER));
        }
        Self::from_safetensors(program, layout, &bytes, path)
    }

    /// The weights that the bytes of a safetensors file hold; `path` is for the messages.
    ///
    /// # Errors
    /// [`Error::Format`], [`Error::Schema`] or [`Error::NotFinite`]; see
    /// [`Model::load_safetensors`](super::Model::load_safetensors).
    pub fn from_safetensors(program: &Program, layout: Layout, bytes: &[u8], path: &Path) -> Result<Self> {
        let damaged = |got: String| {
            format_error(
                path,
                "the header",
                got,
                "a whole safetensors file".to_owned(),
                "fetch or write the file again",
            )
        };
        let metadata = check_header(bytes).map_err(damaged)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| damaged(error.to_string()))?;
        check_schema(program, &metadata, path)?;
        let problems = compare(&layout, &tensors);
        if !problems.is_empty() {
            let expected = format!("the {} tensors of `{}`", layout.entries().len(), program.name);
            return Err(format_error(path, "its tensors", problems.join("; "), expected, HELP_OTHER));
        }
        let mut values = Vec::with_capacity(layout.size());
        for entry in layout.entries() {
            // `compare` has seen it there; a file without it would have been refused.
            let view = tensors.tensor(&entry.name).map_err(|error| damaged(error.to_string()))?;
            values.extend(numbers(&view));
        }
        let weights = Self::unchecked(Arc::new(layout), values);
        weights.check_finite("loading weights")?;
        Ok(weights)
    }

    /// The bytes of the file: the same weights give the same bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the names are too long for the format's header.
    pub fn to_safetensors(&self, program: &Program) -> Result<Vec<u8>> {
        let invalid = |got: String| Error::Invalid {
            operation: "saving weights",
            what: "the list of tensors".to_owned(),
            got,
            expected: "names and shapes that fit a safetensors header".to_owned(),
            help: "shorten the names in the model".to_owned(),
        };
        let data: Vec<(&Entry, Vec<u8>)> =
            self.iter().map(|(entry, values)| (entry, values.iter().flat_map(|v| v.to_le_bytes()).collect())).collect();
        let views = data
            .iter()
            .map(|(entry, bytes)| Ok((entry.name.as_str(), TensorView::new(Dtype::F32, entry.shape.clone(), bytes)?)))
            .collect::<std::result::Result<Vec<_>, ::safetensors::SafeTensorError>>()
            .map_err(|error| invalid(error.to_string()))?;
        let bytes = ::safetensors::serialize(views, None).map_err(|error| invalid(error.to_string()))?;
        let metadata = BTreeMap::from([
            (MODEL, program.name.to_owned()),
            (SCHEMA, format!("{:016x}", program.schema_hash())),
            (VERSION, env!("CARGO_PKG_VERSION").to_owned()),
        ]);
        let metadata = serde_json::to_string(&metadata).map_err(|error| invalid(error.to_string()))?;
        with_metadata(&bytes, &metadata).ok_or_else(|| invalid("a header of unknown form".to_owned()))
    }
}

const HELP_OTHER: &str = "load it into the model that wrote it; names follow the `let` bindings of the model";

/// Puts metadata at the front of a file's header. The library would write it in the order of a hash map, another one
/// in every run.
pub(crate) fn with_metadata(bytes: &[u8], metadata: &str) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    let (header, data) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let header = std::str::from_utf8(header).ok()?.trim_end().strip_prefix('{')?;
    let comma = if header == "}" { "" } else { "," };
    let mut header = format!("{{\"{METADATA}\":{metadata}{comma}{header}");
    while !header.len().is_multiple_of(LENGTH) {
        header.push(' ');
    }
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(data);
    Some(file)
}

/// The parts of a header that the library's own reading does not bound.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum HeaderEntry {
    Tensor { data_offsets: (u64, u64) },
    Metadata(HashMap<String, String>),
}

/// Gives the metadata, or what is wrong. Offsets near the end of the address space overflow in the library.
fn check_header(bytes: &[u8]) -> std::result::Result<HashMap<String, String>, String> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>().ok_or_else(|| format!("{} bytes in all", bytes.len()))?;
    let length = u64::from_le_bytes(*length);
    let (header, data) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or_else(|| format!("a header of {length} bytes in a file of {}", bytes.len()))?;
    let header: HashMap<String, HeaderEntry> = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    let mut metadata = HashMap::new();
    for (name, entry) in header {
        match entry {
            HeaderEntry::Metadata(entries) if name == METADATA => metadata = entries,
            HeaderEntry::Tensor { data_offsets: (start, end) }
                if name != METADATA && start <= end && end <= data.len() as u64 => {}
            _ => return Err(format!("tensor `{name}` outside of the {} bytes of data", data.len())),
        }
    }
    Ok(metadata)
}

/// The schema in the file is the program's, or there is none.
fn check_schema(program: &Program, metadata: &HashMap<String, String>, path: &Path) -> Result<()> {
    let Some(text) = metadata.get(SCHEMA) else { return Ok(()) };
    let expected = program.schema_hash();
    match u64::from_str_radix(text, 16) {
        Ok(got) if got == expected => Ok(()),
        Ok(got) => Err(Error::Schema { path: path.to_owned(), model: program.name, got, expected }),
        Err(_) => {
            let got = format!("`{text}`");
            let expected = "16 hexadecimal digits".to_owned();
            Err(format_error(path, "the metadata `schema`", got, expected, "write the file again"))
        }
    }
}

/// Everything in which the file differs from the layout, in the order of the layout, then by name.
fn compare(layout: &Layout, tensors: &SafeTensors<'_>) -> Vec<String> {
    let mut rest: BTreeMap<String, TensorView<'_>> = tensors.tensors().into_iter().collect();
    let mut problems = Vec::new();
    for entry in layout.entries() {
        match rest.remove(&entry.name) {
            None => problems.push(format!("no `{}` {:?}", entry.name, entry.shape)),
            Some(view) if view.shape() != entry.shape => {
                problems.push(format!("`{}` {:?} instead of {:?}", entry.name, view.shape(), entry.shape));
            }
            Some(view) if !matches!(view.dtype(), Dtype::F32 | Dtype::F64) => {
                problems.push(format!("`{}` of type {} instead of F32 or F64", entry.name, view.dtype()));
            }
            Some(_) => {}
        }
    }
    problems.extend(rest.iter().map(|(name, view)| format!("the unknown `{name}` {:?}", view.shape())));
    problems
}

/// The values of an `F32` or `F64` tensor.
fn numbers(view: &TensorView<'_>) -> Vec<f32> {
    match view.dtype() {
        Dtype::F64 => view.data().as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
        _ => view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
    }
}

fn format_error(path: &Path, at: &str, got: String, expected: String, help: &str) -> Error {
    Error::Format {
        format: "safetensors",
        path: path.to_owned(),
        at: at.into(),
        got: got.into(),
        expected: expected.into(),
        help: help.to_owned(),
    }
}
