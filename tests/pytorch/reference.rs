//! What `make_reference.py` wrote.

use flow_runtime::prelude::*;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path as FilePath, PathBuf},
};

pub type Rows = Vec<Vec<f64>>;

#[derive(Deserialize)]
pub struct Reference {
    /// Version of PyTorch.
    pub torch: String,
    /// Steps of the integration.
    pub steps: usize,
    /// A time for each point.
    pub times: Vec<f64>,
    pub moons: Network,
    pub conditional: Network,
}

#[derive(Deserialize)]
pub struct Network {
    x: Rows,
    labels: Option<Vec<u32>>,
    pub cases: Vec<Case>,
}

/// One file of weights.
#[derive(Deserialize)]
pub struct Case {
    pub file: String,
    /// At the times and points.
    pub velocity: Rows,
    /// Where the points are carried.
    pub ends: Rows,
}

impl Reference {
    pub fn read() -> Self {
        let text = fs::read_to_string(data_folder().join("reference.json")).expect("it is in the repository");
        let reference: Self = serde_json::from_str(&text).expect("the script wrote it");
        assert!(reference.torch.starts_with("2."), "{}", reference.torch);
        reference
    }
}

impl Network {
    /// The points with their classes. `f32` holds them exactly.
    pub fn points(&self) -> Dataset {
        let values: Vec<f32> = self.x.iter().flatten().map(|&x| x as f32).collect();
        assert!(wide(&values).iter().eq(self.x.iter().flatten()));
        let points = Dataset::from_flat(values, self.x[0].len()).expect("the rows are of one length");
        match &self.labels {
            Some(labels) => points.with_class("y", labels).expect("there is a label for each row"),
            None => points,
        }
    }
}

pub fn data_folder() -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/pytorch/data")
}

/// As `f64`, exactly.
pub fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// Every tensor of a safetensors file: its entry in the header without the place, and its bytes.
pub fn tensors(path: &FilePath) -> BTreeMap<String, (String, Vec<u8>)> {
    let bytes = fs::read(path).expect("the file is there");
    let (length, rest) = bytes.split_first_chunk().expect("there is a header");
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header: BTreeMap<String, serde_json::Value> = serde_json::from_slice(header).expect("the header is JSON");
    let tensors = header.into_iter().filter(|(name, _)| name != "__metadata__").map(|(name, entry)| {
        let place: (usize, usize) = serde_json::from_value(entry["data_offsets"].clone()).expect("two numbers");
        (name, (format!("{} {}", entry["dtype"], entry["shape"]), data[place.0..place.1].to_vec()))
    });
    tensors.collect()
}
