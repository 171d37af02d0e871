//! Weights in safetensors files, so that they travel both ways between here and PyTorch.

mod assign;
mod header;
mod numbers;

pub(crate) use header::with_metadata;

use super::{Layout, NameMap, Weights};
use crate::{
    data::atomic::write_bytes,
    error::{Error, Result},
    program::Program,
};
use ::safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{fs::File, io::Read, path::Path, sync::Arc};

impl Weights {
    /// Writes the file of [`Model::save_safetensors`](super::Model::save_safetensors).
    ///
    /// # Errors
    /// [`Error::NotFinite`] and [`Error::Io`]; then what was there stays.
    pub fn save_safetensors(&self, program: &Program, path: &Path) -> Result<()> {
        self.check_finite("saving weights")?;
        write_bytes(path, &self.to_safetensors(program)?)
    }

    /// Writes the file of [`Model::save_safetensors_mapped`](super::Model::save_safetensors_mapped).
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFinite`] and [`Error::Io`]; then what was there stays.
    pub fn save_safetensors_mapped(&self, program: &Program, path: &Path, map: &NameMap) -> Result<()> {
        self.check_finite("saving weights")?;
        write_bytes(path, &self.to_safetensors_mapped(program, map)?)
    }

    /// Reads the file of [`Model::load_safetensors`](super::Model::load_safetensors) into `layout`.
    ///
    /// # Errors
    /// [`Error::Io`], and those of [`from_safetensors`](Weights::from_safetensors).
    pub fn load_safetensors(program: &Program, layout: Layout, path: &Path) -> Result<Self> {
        let bytes = read_file(program, &layout, path, &NameMap::new())?;
        Self::from_safetensors(program, layout, &bytes, path)
    }

    /// Reads the file of [`Model::load_safetensors_mapped`](super::Model::load_safetensors_mapped) into `layout`.
    ///
    /// # Errors
    /// [`Error::Io`], and those of [`from_safetensors_mapped`](Weights::from_safetensors_mapped).
    pub fn load_safetensors_mapped(program: &Program, layout: Layout, path: &Path, map: &NameMap) -> Result<Self> {
        let bytes = read_file(program, &layout, path, map)?;
        Self::from_safetensors_mapped(program, layout, &bytes, path, map)
    }

    /// The weights that the bytes of a safetensors file hold; `path` is for the messages.
    ///
    /// # Errors
    /// [`Error::Format`], [`Error::Schema`] or [`Error::NotFinite`]; see
    /// [`Model::load_safetensors`](super::Model::load_safetensors).
    pub fn from_safetensors(program: &Program, layout: Layout, bytes: &[u8], path: &Path) -> Result<Self> {
        let metadata = header::check(bytes).map_err(|got| damaged(path, got))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| damaged(path, error.to_string()))?;
        header::check_schema(program, &metadata, path)?;
        read(program, layout, &tensors, path, &NameMap::new(), HELP_OTHER)
    }

    /// The weights that the bytes of a safetensors file hold under other names; `path` is for the messages.
    ///
    /// # Errors
    /// [`Error::Format`] or [`Error::NotFinite`]; see
    /// [`Model::load_safetensors_mapped`](super::Model::load_safetensors_mapped).
    pub fn from_safetensors_mapped(
        program: &Program,
        layout: Layout,
        bytes: &[u8],
        path: &Path,
        map: &NameMap,
    ) -> Result<Self> {
        header::check(bytes).map_err(|got| damaged(path, got))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| damaged(path, error.to_string()))?;
        read(program, layout, &tensors, path, map, HELP_MAP)
    }

    /// The bytes of the file: the same weights give the same bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the names are too long for the format's header.
    pub fn to_safetensors(&self, program: &Program) -> Result<Vec<u8>> {
        self.write(program, &NameMap::new(), true)
    }

    /// The bytes of the file with the names that the map has for the parameters.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a file by this map could not be read back, or the names are too long for the format's
    /// header.
    pub fn to_safetensors_mapped(&self, program: &Program, map: &NameMap) -> Result<Vec<u8>> {
        let axes: Vec<(&str, usize)> = self.iter().map(|(entry, _)| (entry.name.as_str(), entry.shape.len())).collect();
        let mut mistakes = map.unwritable(&axes);
        if axes.iter().any(|(name, _)| map.tensor(name) == header::METADATA) {
            mistakes.push(format!("`{}` is not for tensors in the format", header::METADATA));
        }
        if mistakes.is_empty() {
            return self.write(program, map, false);
        }
        Err(Error::Invalid {
            operation: "saving weights",
            what: "the name map".to_owned(),
            got: format!("one in which {}", mistakes.join("; ")),
            expected: format!("a name in the file for each of the {} parameters of `{}`", axes.len(), program.name),
            help: "`println!(\"{}\", Model::program())` shows the model's names; those of the file stand on the left"
                .to_owned(),
        })
    }

    fn write(&self, program: &Program, map: &NameMap, own_names: bool) -> Result<Vec<u8>> {
        let invalid = |got: String| Error::Invalid {
            operation: "saving weights",
            what: "the list of tensors".to_owned(),
            got,
            expected: "names and shapes that fit a safetensors header".to_owned(),
            help: "shorten the names in the model".to_owned(),
        };
        let data = self.iter().map(|(entry, values)| {
            let name = map.tensor(&entry.name);
            let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
            match entry.shape[..] {
                [rows, columns] if map.is_transposed(&name) => {
                    (name, vec![columns, rows], bytes(&numbers::transpose(values, columns)))
                }
                _ => (name, entry.shape.clone(), bytes(values)),
            }
        });
        let data: Vec<(String, Vec<usize>, Vec<u8>)> = data.collect();
        let views = data
            .iter()
            .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
            .collect::<std::result::Result<Vec<_>, ::safetensors::SafeTensorError>>()
            .map_err(|error| invalid(error.to_string()))?;
        let bytes = ::safetensors::serialize(views, None).map_err(|error| invalid(error.to_string()))?;
        let metadata =
            serde_json::to_string(&header::metadata(program, own_names)).map_err(|error| invalid(error.to_string()))?;
        with_metadata(&bytes, &metadata).ok_or_else(|| invalid("a header of unknown form".to_owned()))
    }
}

const HELP_OTHER: &str = "load it into the model that wrote it; names follow the `let` bindings of the model, and \
                          `load_safetensors_mapped` reads files with other names";
const HELP_MAP: &str = "give each parameter one tensor of the file: `rename` it, or its `module`, and `ignore` what is \
                        superfluous";

/// The bytes of a file that can be this model's.
fn read_file(program: &Program, layout: &Layout, path: &Path, map: &NameMap) -> Result<Vec<u8>> {
    let io = |source| Error::Io {
        operation: "reading",
        path: path.to_owned(),
        source,
        help: "give a safetensors file that exists and may be read".to_owned(),
    };
    let mut file = File::open(path).map_err(io)?;
    // A wrong file may be larger than memory; a right one holds at most 8 bytes a value and its names.
    let mut limit = 64 + (1 << 20) + 4 * (8 * layout.size() as u64 + 1024 * layout.entries().len() as u64);
    let mut bytes = Vec::new();
    file.by_ref().take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit && map.ignores() {
        // An optimiser's state, or a second set of weights, is larger than the model.
        let ignored = header::bytes_of(&bytes, |name| map.parameter(name).is_none());
        limit = limit.saturating_add(ignored);
        file.take(ignored).read_to_end(&mut bytes).map_err(io)?;
    }
    if bytes.len() as u64 <= limit {
        return Ok(bytes);
    }
    let got = format!("more than {limit} bytes");
    let expected = format!("about {} bytes for `{}`", 4 * layout.size(), program.name);
    let help = if map == &NameMap::new() { HELP_OTHER } else { HELP_MAP };
    Err(format_error(path, "the size of the file", got, expected, help))
}

/// The weights, or everything that does not fit.
fn read(
    program: &Program,
    layout: Layout,
    tensors: &SafeTensors<'_>,
    path: &Path,
    map: &NameMap,
    help: &str,
) -> Result<Weights> {
    let sources = assign::assign(&layout, tensors.tensors(), map).map_err(|problems| {
        let expected = format!("the {} tensors of `{}`", layout.entries().len(), program.name);
        format_error(path, "its tensors", problems.join("; "), expected, help)
    })?;
    let mut values = Vec::with_capacity(layout.size());
    for source in &sources {
        let numbers = numbers::numbers(&source.name, &source.view)?;
        match source.view.shape() {
            [_, columns] if source.transposed => values.extend(numbers::transpose(&numbers, *columns)),
            _ => values.extend(numbers),
        }
    }
    Ok(Weights::unchecked(Arc::new(layout), values))
}

fn damaged(path: &Path, got: String) -> Error {
    let expected = "a whole safetensors file".to_owned();
    format_error(path, "the header", got, expected, "fetch or write the file again")
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
