//! Maps at random: what is written is read back, and what does not fit is refused, never read in part.

use super::{
    file::{VALUES, bytes_of, f32s},
    *,
};
use crate::model::NameMap;
use ::safetensors::Dtype;
use proptest::prelude::*;
use std::{collections::BTreeMap, path::Path};

/// Names that meet each other often.
fn name() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "out", "weight", "bias", "0", "h", "h2", ""]);
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("."))
}

fn parameter() -> impl Strategy<Value = String> {
    let own = prop::sample::select(vec!["out.weight", "out.bias", "h.weight", "h2.bias", "h3.weight"]);
    prop_oneof![3 => own.prop_map(str::to_owned), 1 => name()]
}

fn module() -> impl Strategy<Value = String> {
    prop_oneof![2 => prop::sample::select(vec!["out", "h", "h2", "h3", ""]).prop_map(str::to_owned), 1 => name()]
}

#[derive(Clone, Debug)]
enum Entry {
    Rename(String, String),
    Module(String, String),
    Ignore(String),
    Transposed(String),
    Prefix(String),
}

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        3 => (name(), parameter()).prop_map(|(file, to)| Entry::Rename(file, to)),
        3 => (name(), module()).prop_map(|(file, to)| Entry::Module(file, to)),
        1 => name().prop_map(Entry::Ignore),
        1 => prop_oneof![name(), parameter()].prop_map(Entry::Transposed),
        1 => prop::sample::select(vec!["model.", "m.", "a.", "out", ""]).prop_map(|p| Entry::Prefix(p.to_owned())),
    ]
}

fn map_of(entries: Vec<Entry>) -> NameMap {
    entries.into_iter().fold(NameMap::new(), |map, entry| match entry {
        Entry::Rename(file, to) => map.rename(file, to),
        Entry::Module(file, to) => map.module(file, to),
        Entry::Ignore(name) => map.ignore(name),
        Entry::Transposed(name) => map.transposed(name),
        Entry::Prefix(prefix) => map.strip_prefix(prefix),
    })
}

fn map() -> impl Strategy<Value = NameMap> {
    prop::collection::vec(entry(), 0..5).prop_map(map_of)
}

fn read(bytes: &[u8], map: &NameMap) -> Result<Weights> {
    Weights::from_safetensors_mapped(&SMALL, Layout::of(&SMALL), bytes, Path::new("small.safetensors"), map)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A map that a file is written by reads it: the same weights, whatever the names are.
    #[test]
    fn what_is_written_is_read_back(map in map()) {
        let weights = Weights::init(moons(), 1);
        match weights.to_safetensors_mapped(moons(), &map) {
            Ok(bytes) => {
                let path = Path::new("moons.safetensors");
                let back = Weights::from_safetensors_mapped(moons(), Layout::of(moons()), &bytes, path, &map);
                // Not the weights: a failure would print them.
                prop_assert_eq!(back.map(|back| back == weights).map_err(|error| error.to_string()), Ok(true));
            }
            Err(error) => prop_assert!(matches!(error, Error::Invalid { .. }), "{}", error),
        }
    }

    /// Renaming every parameter to a name of its own is always a map, with every matrix transposed or not.
    #[test]
    fn any_new_names_will_do(
        names in prop::collection::btree_set("[a-z0-9._é ]{1,12}", 8),
        transposed in prop::collection::vec(any::<bool>(), 8),
        prefix in "[a-z.]{0,6}",
        order in Just((0..8).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let mut map = NameMap::new().strip_prefix(prefix.clone());
        for (entry, &at) in Layout::of(moons()).entries().iter().zip(&order) {
            map = map.rename(names[at].clone(), entry.name.clone());
            if transposed[at] && entry.shape.len() == 2 {
                map = map.transposed(names[at].clone());
            }
        }
        let weights = Weights::init(moons(), 2);
        let bytes = weights.to_safetensors_mapped(moons(), &map).unwrap();
        let path = Path::new("moons.safetensors");
        let back = Weights::from_safetensors_mapped(moons(), Layout::of(moons()), &bytes, path, &map).unwrap();
        prop_assert!(back == weights);
        for (entry, &at) in Layout::of(moons()).entries().iter().zip(&order) {
            prop_assert_eq!(map.tensor(&entry.name), format!("{prefix}{}", names[at]));
        }
    }

    /// A file of any names by any map: all of its weights, or an error that says why. Never a panic, never a part.
    #[test]
    fn any_file_by_any_map(
        map in map(),
        own in prop::array::uniform2(prop::bool::weighted(0.9)),
        more in prop::collection::btree_set(prop_oneof![name(), parameter()], 0..3),
    ) {
        let mut names: BTreeMap<String, bool> = more.into_iter().map(|name| { let matrix = name.len() % 2 == 0; (name, matrix) }).collect();
        for (own, (parameter, matrix)) in own.iter().zip([("out.weight", true), ("out.bias", false)]) {
            if *own {
                names.insert(map.tensor(parameter), matrix);
            }
        }
        let tensors: Vec<(&str, Dtype, &[usize], Vec<u8>)> = names
            .iter()
            .map(|(name, matrix)| match matrix {
                true => (name.as_str(), Dtype::F32, &[2usize, 2][..], f32s(&VALUES[..4])),
                false => (name.as_str(), Dtype::F32, &[2usize][..], f32s(&VALUES[4..])),
            })
            .collect();
        match read(&bytes_of(&tensors), &map) {
            Ok(weights) => {
                // Each parameter has one tensor of the file, and nothing is left over.
                let mut kept: Vec<String> = names.keys().filter_map(|name| map.parameter(name)).collect();
                kept.sort();
                prop_assert_eq!(kept, ["out.bias", "out.weight"]);
                let mut weight = VALUES[..4].to_vec();
                if weights.view("out.weight").unwrap() != weight {
                    weight.swap(1, 2);
                    prop_assert_eq!(weights.view("out.weight").unwrap(), weight);
                }
                prop_assert_eq!(weights.view("out.bias").unwrap(), &VALUES[4..]);
            }
            Err(Error::Format { got, .. }) => prop_assert!(!got.is_empty()),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    /// Bytes of any kind, by any map.
    #[test]
    fn random_bytes_are_refused_by_every_map(bytes in prop::collection::vec(any::<u8>(), 0..100), map in map()) {
        let refused = matches!(read(&bytes, &map), Err(Error::Format { .. }));
        prop_assert!(refused);
    }
}
