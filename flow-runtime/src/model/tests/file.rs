//! Safetensors files, good and bad.

use super::*;
use ::safetensors::{Dtype, SafeTensors, tensor::TensorView};
use proptest::prelude::*;
use std::path::Path;

pub(super) const VALUES: [f32; 6] = [1.0, -2.5, 3.0e-9, 4.0, 0.5, -0.5];

pub(super) fn bytes_of(tensors: &[(&str, Dtype, &[usize], Vec<u8>)]) -> Vec<u8> {
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| (*name, TensorView::new(*dtype, shape.to_vec(), bytes).unwrap()));
    ::safetensors::serialize(views, None).unwrap()
}

pub(super) fn read(bytes: &[u8]) -> Result<Weights> {
    Weights::from_safetensors(&SMALL, Layout::of(&SMALL), bytes, Path::new("small.safetensors"))
}

fn is_format(result: &Result<Weights>) -> bool {
    matches!(result, Err(Error::Format { .. }))
}

pub(super) fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[test]
fn what_is_saved_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors");
    let model = small(VALUES);
    model.save_safetensors(&path).unwrap();
    assert_eq!(Small::load_safetensors(&path).unwrap(), model);
    let first = std::fs::read(&path).unwrap();
    model.save_safetensors(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), first, "the same weights give the same bytes");

    let (_, header) = SafeTensors::read_metadata(&first).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    assert_eq!(metadata["model"], "Small");
    assert_eq!(metadata["schema"], format!("{:016x}", SMALL.schema_hash()));
    assert_eq!(metadata["flow_runtime"], env!("CARGO_PKG_VERSION"));
    let file = SafeTensors::deserialize(&first).unwrap();
    let weight = file.tensor("out.weight").unwrap();
    assert_eq!((weight.shape(), weight.data()), (&[2usize, 2][..], &f32s(&VALUES[..4])[..]));
}

/// A `state_dict` of PyTorch has no metadata of ours, and may be in double precision.
#[test]
fn foreign_files_are_read_by_name() {
    let weight: Vec<u8> = VALUES[..4].iter().flat_map(|v| f64::from(*v).to_le_bytes()).collect();
    let bytes =
        bytes_of(&[("out.bias", Dtype::F32, &[2], f32s(&VALUES[4..])), ("out.weight", Dtype::F64, &[2, 2], weight)]);
    assert_eq!(read(&bytes).unwrap().values(), VALUES);
}

/// As the `safetensors` package 0.8 of Python writes it, with the metadata that PyTorch users put there:
/// `save({"out.weight": np.array([[1, -2.5], [3e-9, 4]], "f4"), "out.bias": np.array([0.5, -0.5], "f4")}, {"format": "pt"})`.
#[test]
fn a_file_written_by_python_is_read() {
    let header = br#"{"__metadata__":{"format":"pt"},"out.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"out.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]}}   "#;
    let data = b"\x00\x00\x00?\x00\x00\x00\xbf\x00\x00\x80?\x00\x00 \xc0\x8f(N1\x00\x00\x80@";
    let bytes = [&0xa0u64.to_le_bytes()[..], header, data].concat();
    assert_eq!(read(&bytes).unwrap().values(), VALUES);
}

#[test]
fn every_tensor_that_differs_is_named_at_once() {
    let bytes = bytes_of(&[
        ("out.weight", Dtype::F32, &[4], f32s(&VALUES[..4])),
        ("g.weight", Dtype::F32, &[2], f32s(&VALUES[4..])),
    ]);
    let error = read(&bytes).unwrap_err();
    assert!(matches!(error, Error::Format { .. }));
    let expected = "found `out.weight` [4] instead of [2, 2]; no `out.bias` [2]; the unknown `g.weight` [2], expected \
                    the 2 tensors of `Small`";
    assert!(error.to_string().contains(expected), "{error}");
    let integers = bytes_of(&[
        ("out.weight", Dtype::I64, &[2, 2], vec![0; 32]),
        ("out.bias", Dtype::F32, &[2], f32s(&VALUES[4..])),
    ]);
    let error = read(&integers).unwrap_err().to_string();
    assert!(error.contains("`out.weight` of type I64 instead of F32, F64, F16 or BF16"), "{error}");
}

#[test]
fn another_models_file_is_refused_by_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("moons.safetensors");
    Weights::init(moons(), 1).save_safetensors(moons(), &path).unwrap();
    let error = Small::load_safetensors(&path).unwrap_err();
    let Error::Schema { got, expected, model, .. } = error else { panic!("{error}") };
    assert_eq!((got, expected, model), (moons().schema_hash(), SMALL.schema_hash(), "Small"));
}

#[test]
fn a_schema_that_is_no_number_is_damage() {
    let good = small(VALUES).weights().to_safetensors(&SMALL).unwrap();
    let schema = format!("{:016x}", SMALL.schema_hash());
    let at = good.windows(16).position(|window| window == schema.as_bytes()).unwrap();
    let mut bad = good.clone();
    bad[at] = b'x';
    assert!(matches!(read(&bad), Err(Error::Format { .. })));
}

#[test]
fn numbers_that_are_not_finite_neither_leave_nor_enter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors");
    let mut model = small(VALUES);
    model.save_safetensors(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    model.weights_mut().values_mut()[3] = f32::NAN;
    let error = model.save_safetensors(&path).unwrap_err();
    assert!(error.to_string().contains("saving weights: `out.weight` is not finite at [1, 1]"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);

    // Finite in f64 and too large for f32.
    let weight: Vec<u8> = [1e300f64, 0.0, 0.0, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let bytes =
        bytes_of(&[("out.weight", Dtype::F64, &[2, 2], weight), ("out.bias", Dtype::F32, &[2], f32s(&VALUES[4..]))]);
    let error = read(&bytes).unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }));
    let expected = "loading weights: `out.weight`, 1e300 rounded to f32, is not finite at [0, 0]";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn files_that_are_not_there_or_far_too_large() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Small::load_safetensors(folder.path().join("none")), Err(Error::Io { .. })));
    let path = folder.path().join("large");
    // Sparse: nothing of this size is read or allocated.
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let error = Small::load_safetensors(&path).unwrap_err();
    assert!(error.to_string().contains("the size of the file"), "{error}");
}

#[test]
fn hostile_headers() {
    let file = |header: &str, data: usize| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    };
    const HUGE: &str = r#"{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}"#;
    const SANE: &str = r#"{"dtype":"U8","shape":[4],"data_offsets":[0,4]}"#;
    let twice = |first: &str, second: &str| file(&format!(r#"{{"a":{first},"a":{second}}}"#), 4);
    let hostile = [
        u64::MAX.to_le_bytes().to_vec(),
        [&(u64::MAX - 7).to_le_bytes()[..], b"{}"].concat(),
        file("", 0),
        file("[]", 0),
        file("{", 0),
        file(&"[".repeat(100_000), 0),
        file(r#"{"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}}"#, 8),
        file(r#"{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, 8),
        file(r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4),
        file(r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8),
        file(r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4),
        file(r#"{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#, 4),
        file(r#"{"__metadata__":{"data_offsets":[0,1]}}"#, 4),
        twice(HUGE, SANE),
        twice(SANE, HUGE),
    ];
    for bytes in hostile {
        let error = read(&bytes).unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn truncated_files_are_refused(cut in 0usize..300) {
        let good = small(VALUES).weights().to_safetensors(&SMALL).unwrap();
        let cut = cut % good.len();
        prop_assert!(is_format(&read(&good[..cut])));
    }

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(is_format(&read(&bytes)));
    }

    /// A flipped byte is found, or changes finite numbers into finite numbers, or a note; it never panics.
    #[test]
    fn a_flipped_byte_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = small(VALUES).weights().to_safetensors(&SMALL).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(weights) = read(&bytes) {
            prop_assert!(weights.values().iter().all(|v| v.is_finite()));
            prop_assert_eq!(weights.values().len(), 6);
        }
    }

    #[test]
    fn any_finite_weights_travel(values in prop::array::uniform6(prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO)) {
        let model = small(values);
        let read = read(&model.weights().to_safetensors(&SMALL).unwrap()).unwrap();
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(read.values()), bits(&values));
    }
}
