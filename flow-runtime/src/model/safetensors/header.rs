//! The header of a safetensors file: its metadata, and its bounds.

use super::format_error;
use crate::{
    error::{Error, Result},
    program::Program,
};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

/// The name in a header that is not a tensor's.
pub(super) const METADATA: &str = "__metadata__";
const MODEL: &str = "model";
const SCHEMA: &str = "schema";
const VERSION: &str = "flow_runtime";
/// What libraries of Python look for to know whose names they are.
const FRAMEWORK: &str = "format";

/// Bytes of the number in front of the header that says how long it is.
const LENGTH: usize = 8;

/// The metadata of a model's file; one with the names of PyTorch belongs to no schema.
pub(super) fn metadata(program: &Program, own_names: bool) -> BTreeMap<&'static str, String> {
    let (key, value) = match own_names {
        true => (SCHEMA, format!("{:016x}", program.schema_hash())),
        false => (FRAMEWORK, "pt".to_owned()),
    };
    BTreeMap::from([(MODEL, program.name.to_owned()), (key, value), (VERSION, env!("CARGO_PKG_VERSION").to_owned())])
}

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

/// Header and data.
fn parse(bytes: &[u8]) -> std::result::Result<(HashMap<String, HeaderEntry>, &[u8]), String> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>().ok_or_else(|| format!("{} bytes in all", bytes.len()))?;
    let length = u64::from_le_bytes(*length);
    let (header, data) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or_else(|| format!("a header of {length} bytes in a file of {}", bytes.len()))?;
    Ok((serde_json::from_slice(header).map_err(|error| error.to_string())?, data))
}

/// Gives the metadata, or what is wrong. Offsets near the end of the address space overflow in the library.
pub(super) fn check(bytes: &[u8]) -> std::result::Result<HashMap<String, String>, String> {
    let (header, data) = parse(bytes)?;
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

/// The bytes of those tensors that the header at the start of a file speaks of; none if it cannot be read.
pub(super) fn bytes_of(start: &[u8], chosen: impl Fn(&str) -> bool) -> u64 {
    let Ok((header, _)) = parse(start) else { return 0 };
    let sizes = header.iter().filter(|(name, _)| chosen(name)).map(|(_, entry)| match entry {
        HeaderEntry::Tensor { data_offsets: (start, end) } => end.saturating_sub(*start),
        HeaderEntry::Metadata(_) => 0,
    });
    sizes.fold(0, u64::saturating_add)
}

/// The schema in the file is the program's, or there is none.
pub(super) fn check_schema(program: &Program, metadata: &HashMap<String, String>, path: &Path) -> Result<()> {
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
