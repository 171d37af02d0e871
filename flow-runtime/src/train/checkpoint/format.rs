//! The file of a checkpoint: safetensors with a checksum.

use std::{collections::BTreeMap, fs::File, io::Read, path::Path};

use flate2::Crc;
use safetensors::tensor::{Dtype, Metadata, TensorInfo, TensorView};

use crate::{
    error::{Error, Result},
    model::with_metadata,
};

/// The limit that the safetensors crate sets itself.
const MAX_HEADER: u64 = 100_000_000;
const CHECKSUM: &str = "checksum";

/// Tensors of `f32` and text, both by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Contents {
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Contents {
    /// The bytes of the file.
    pub(super) fn encode(&self, path: &Path) -> Result<Vec<u8>> {
        let mut crc = checksum_of(&self.metadata);
        let mut bytes = Vec::with_capacity(self.tensors.len());
        for (name, (shape, values)) in &self.tensors {
            let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            crc.update(name.as_bytes());
            crc.update(&data);
            bytes.push((name, shape, data));
        }
        let invalid = |error: safetensors::SafeTensorError| {
            damaged(path, "the tensors", error.to_string(), "names and shapes that safetensors can hold")
        };
        let views = bytes
            .iter()
            .map(|(name, shape, data)| Ok((name, TensorView::new(Dtype::F32, (*shape).clone(), data)?)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(invalid)?;
        let bytes = safetensors::serialize(views, None).map_err(invalid)?;
        let mut metadata = self.metadata.clone();
        metadata.insert(CHECKSUM.to_owned(), format!("{:08x}", crc.sum()));
        let header = |got: String| damaged(path, "the header", got, "metadata that safetensors can hold");
        let metadata = serde_json::to_string(&metadata).map_err(|error| header(error.to_string()))?;
        with_metadata(&bytes, &metadata).ok_or_else(|| header("one of unknown form".to_owned()))
    }
}

/// A file whose header has been read and found to be in order, before any tensor is.
pub(super) struct Reader<'a> {
    path: &'a Path,
    file: File,
    header: Metadata,
    pub(super) metadata: BTreeMap<String, String>,
    checksum: String,
}

impl<'a> Reader<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// `Io`; `Format` if it is not a safetensors header, or if the file is not as long as the header says.
    pub(super) fn open(path: &'a Path) -> Result<Self> {
        let mut file = File::open(path).map_err(|source| io_error(path, source))?;
        let length = file.metadata().map_err(|source| io_error(path, source))?.len();
        let mut size = [0; 8];
        if length < 8 {
            return Err(damaged(path, "the start", format!("{length} bytes"), "a header of 8 bytes or more"));
        }
        file.read_exact(&mut size).map_err(|source| io_error(path, source))?;
        let header_size = u64::from_le_bytes(size);
        if header_size > MAX_HEADER.min(length - 8) {
            let got = format!("a header of {header_size} bytes in a file of {length}");
            return Err(damaged(path, "byte 0", got, "a header that lies within the file"));
        }
        let mut header = vec![0; header_size as usize];
        file.read_exact(&mut header).map_err(|source| io_error(path, source))?;
        let header: Metadata = serde_json::from_slice(&header)
            .map_err(|error| damaged(path, "the header", error.to_string(), "a safetensors header"))?;
        let expected = (header.data_len() as u64).checked_add(8 + header_size);
        if expected != Some(length) {
            let end =
                expected.map_or("more bytes than can be".to_owned(), |end| format!("{end} bytes, as its header says"));
            return Err(damaged(path, "the end", format!("{length} bytes"), end));
        }
        let mut metadata: BTreeMap<_, _> = header.metadata().clone().unwrap_or_default().into_iter().collect();
        let checksum = metadata
            .remove(CHECKSUM)
            .ok_or_else(|| damaged(path, "the metadata", "no `checksum`", "a checkpoint written by this crate"))?;
        Ok(Self { path, file, header, metadata, checksum })
    }

    /// Text that must be there.
    pub(super) fn text(&self, key: &str) -> Result<&str> {
        self.metadata.get(key).map(String::as_str).ok_or_else(|| {
            damaged(self.path, "the metadata", format!("no `{key}`"), "a checkpoint written by this crate")
        })
    }

    /// Text that must be there and be a value of type `T`.
    pub(super) fn value<T: std::str::FromStr>(&self, key: &str) -> Result<T> {
        let text = self.text(key)?;
        text.parse()
            .map_err(|_| damaged(self.path, &format!("the metadata's `{key}`"), format!("{text:?}"), "a number"))
    }

    /// Reads the tensors, which must be these and no others; sizes are checked before anything is allocated.
    pub(super) fn tensors(mut self, expected: &BTreeMap<String, Vec<usize>>) -> Result<Contents> {
        let path = self.path;
        let infos: BTreeMap<String, TensorInfo> =
            self.header.tensors().into_iter().map(|(name, info)| (name, info.clone())).collect();
        if let Some(name) = infos.keys().find(|name| !expected.contains_key(*name)) {
            return Err(damaged(path, &format!("tensor `{name}`"), "a tensor", "no tensor of that name"));
        }
        for (name, shape) in expected {
            let info = infos
                .get(name)
                .ok_or_else(|| damaged(path, &format!("tensor `{name}`"), "nothing", format!("shape {shape:?}")))?;
            if info.dtype != Dtype::F32 || info.shape != *shape {
                let got = format!("{:?} of shape {:?}", info.dtype, info.shape);
                return Err(damaged(path, &format!("tensor `{name}`"), got, format!("F32 of shape {shape:?}")));
            }
        }
        let size = self.header.data_len();
        let mut data = Vec::new();
        data.try_reserve_exact(size)
            .map_err(|_| damaged(path, "the tensors", format!("{size} bytes"), "as much as there is memory for"))?;
        data.resize(size, 0);
        self.file.read_exact(&mut data).map_err(|source| io_error(path, source))?;
        let mut crc = checksum_of(&self.metadata);
        let mut tensors = BTreeMap::new();
        for (name, info) in infos {
            let bytes = &data[info.data_offsets.0..info.data_offsets.1];
            crc.update(name.as_bytes());
            crc.update(bytes);
            let values = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            tensors.insert(name, (info.shape, values));
        }
        let sum = format!("{:08x}", crc.sum());
        if sum != self.checksum {
            return Err(damaged(path, "the contents", format!("checksum {sum}"), self.checksum));
        }
        Ok(Contents { metadata: self.metadata, tensors })
    }
}

pub(super) fn checksum_of(metadata: &BTreeMap<String, String>) -> Crc {
    let mut crc = Crc::new();
    for (key, value) in metadata {
        // The lengths keep `ab = c` and `a = bc` apart.
        crc.update(format!("{}:{key}{}:{value}", key.len(), value.len()).as_bytes());
    }
    crc
}

/// The file is not a whole checkpoint.
pub(super) fn damaged(path: &Path, at: &str, got: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::Format {
        format: "checkpoint",
        path: path.to_owned(),
        at: at.into(),
        got: got.into().into(),
        expected: expected.into().into(),
        help: "the file is damaged or was not written by a trainer; use an earlier checkpoint of the run".to_owned(),
    }
}

fn io_error(path: &Path, source: std::io::Error) -> Error {
    let help = "check that the file is there and that you may read it".to_owned();
    Error::Io { operation: "reading", path: path.to_owned(), source, help }
}
