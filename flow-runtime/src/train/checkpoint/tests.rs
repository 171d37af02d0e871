//! Files that are not what they should be.

use std::{fs, path::Path};

use proptest::prelude::*;

use super::{
    Contents, Reader,
    format::{self},
};
use crate::error::Error;

fn contents() -> Contents {
    let mut contents = Contents::default();
    contents.metadata.insert("step".to_owned(), "12".to_owned());
    contents.metadata.insert("note".to_owned(), "ünïcode \"quoted\"".to_owned());
    contents.tensors.insert("a".to_owned(), (vec![2, 3], vec![1.0, -2.5, f32::MIN_POSITIVE, 0.0, -0.0, 3e38]));
    contents.tensors.insert("b".to_owned(), (vec![0], vec![]));
    contents.tensors.insert("c".to_owned(), (vec![], vec![7.0]));
    contents
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

fn read(path: &Path) -> crate::Result<Contents> {
    let expected = contents().tensors.into_iter().map(|(name, (shape, _))| (name, shape)).collect();
    Reader::open(path)?.tensors(&expected)
}

fn refused(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    write(&path, bytes);
    match read(&path) {
        Err(error @ Error::Format { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

#[test]
fn contents_are_read_back_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    write(&path, &contents().encode(&path).unwrap());
    let back = read(&path).unwrap();
    assert_eq!(back, contents());
    assert!(back.tensors["a"].1[4].is_sign_negative());
}

#[test]
fn a_file_that_is_not_there_is_an_io_error() {
    assert!(matches!(Reader::open(Path::new("/nowhere/c.safetensors")).err(), Some(Error::Io { .. })));
}

#[test]
fn every_truncation_and_every_extension_is_refused() {
    let bytes = contents().encode(Path::new("c")).unwrap();
    for length in 0..bytes.len() {
        refused(&bytes[..length]);
    }
    refused(&[&bytes[..], &[0]].concat());
}

#[test]
fn headers_that_lie_are_refused_without_reading_what_they_promise() {
    assert!(refused(&u64::MAX.to_le_bytes()).contains("a header of 18446744073709551615 bytes"));
    assert!(refused(&file("{}", b"")).contains("no `checksum`"));
    assert!(refused(&file("[1, 2]", b"")).contains("the header"));
    assert!(refused(&file(&"[".repeat(100_000), b"")).contains("the header"));
    let tensor = |offsets: &str, shape: &str| {
        file(&format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#), &[0; 8])
    };
    for (offsets, shape) in [
        ("[0,18446744073709551615]", "[2]"),
        ("[0,8]", "[4611686018427387904, 4]"),
        ("[8,0]", "[2]"),
        ("[4,8]", "[1]"),
        ("[0,8]", "[3]"),
        ("[0,1099511627776]", "[274877906944]"),
    ] {
        refused(&tensor(offsets, shape));
    }
}

#[test]
fn other_tensors_shapes_and_types_are_named() {
    let encode = |change: fn(&mut Contents)| {
        let mut contents = contents();
        change(&mut contents);
        refused(&contents.encode(Path::new("c")).unwrap())
    };
    assert!(encode(|c| drop(c.tensors.remove("c"))).contains("tensor `c`: found nothing, expected shape []"));
    assert!(encode(|c| drop(c.tensors.insert("d".into(), (vec![1], vec![0.0])))).contains("tensor `d`"));
    let other_shape = encode(|c| drop(c.tensors.insert("a".into(), (vec![3, 2], vec![0.0; 6]))));
    assert!(other_shape.contains("found F32 of shape [3, 2], expected F32 of shape [2, 3]"), "{other_shape}");
}

#[test]
fn a_shape_that_does_not_fit_its_values_cannot_be_written() {
    let mut contents = contents();
    contents.tensors.insert("a".into(), (vec![2, 2], vec![0.0; 6]));
    assert!(matches!(contents.encode(Path::new("c")), Err(Error::Format { .. })));
}

proptest! {
    #[test]
    fn any_flipped_bit_is_noticed(at in 0usize..10_000, bit in 0u8..8) {
        let mut bytes = contents().encode(Path::new("c")).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.safetensors");
        write(&path, &bytes);
        // A changed blank of the header's padding may leave the meaning as it is.
        match read(&path) {
            Ok(back) => prop_assert_eq!(back, contents()),
            Err(error) => prop_assert!(matches!(error, Error::Format { .. }), "{}", error),
        }
    }

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        refused(&bytes);
    }

    #[test]
    fn random_headers_are_refused(header in "\\{(\"[a-c]\":(\\{\"dtype\":\"F32\",\"shape\":\\[[0-9]{0,3}\\],\"data_offsets\":\\[0,[0-9]{1,3}\\]\\}|[0-9]),?){0,3}\\}") {
        refused(&file(&header, &[0; 16]));
    }
}

#[test]
fn the_checksum_tells_neighbours_apart() {
    let sum = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        format::checksum_of(&pairs).sum()
    };
    assert_ne!(sum(&[("ab", "c")]), sum(&[("a", "bc")]));
    assert_ne!(sum(&[("a", "1"), ("b", "")]), sum(&[("a", "1b")]));
}
