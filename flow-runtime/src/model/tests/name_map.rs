//! Names of files and names of models.

use super::{
    file::{self, VALUES, bytes_of, f32s},
    *,
};
use crate::model::NameMap;
use ::safetensors::{Dtype, SafeTensors};
use std::path::Path;

fn read(bytes: &[u8], map: &NameMap) -> Result<Weights> {
    Weights::from_safetensors_mapped(&SMALL, Layout::of(&SMALL), bytes, Path::new("small.safetensors"), map)
}

/// A file with the weights under these names.
fn file_of(weight: &str, bias: &str) -> Vec<u8> {
    with(weight, bias, &[])
}

/// The same, and superfluous tensors of one number.
fn with(weight: &str, bias: &str, more: &[&str]) -> Vec<u8> {
    let mut tensors =
        vec![(weight, Dtype::F32, &[2usize, 2][..], f32s(&VALUES[..4])), (bias, Dtype::F32, &[2], f32s(&VALUES[4..]))];
    tensors.extend(more.iter().map(|name| (*name, Dtype::I64, &[1usize][..], vec![0; 8])));
    bytes_of(&tensors)
}

/// What the error says between `found` and `, expected`.
fn found(bytes: &[u8], map: &NameMap) -> String {
    let error = read(bytes, map).unwrap_err();
    let Error::Format { at, got, expected, .. } = error else { panic!("{error}") };
    assert_eq!((&*at, &*expected), ("its tensors", "the 2 tensors of `Small`"));
    got.into()
}

#[test]
fn names_are_mapped() {
    let maps = [
        (file_of("a", "b"), NameMap::new().rename("a", "out.weight").rename("b", "out.bias")),
        (file_of("net.0.weight", "net.0.bias"), NameMap::new().module("net.0", "out")),
        (file_of("model.out.weight", "model.out.bias"), NameMap::new().strip_prefix("model.")),
        (file_of("weight", "bias"), NameMap::new().module("", "out")),
        (file_of("net.out.weight", "net.out.bias"), NameMap::new().module("net", "")),
        (
            file_of("ddp.model.l.weight", "ddp.model.l.bias"),
            NameMap::new().strip_prefix("ddp.").strip_prefix("model.").module("l", "out"),
        ),
        // The longer entry wins, in whatever order they are given.
        (file_of("net.w", "net.bias"), NameMap::new().rename("net.w", "out.weight").module("net", "out")),
        (file_of("net.w", "net.bias"), NameMap::new().module("net", "out").rename("net.w", "out.weight")),
        (file_of("net.0.weight", "net.0.bias"), NameMap::new().module("net.0", "out").ignore("net")),
        (
            with("net.weight", "net.bias", &["net.steps", "ema.decay", "ema"]),
            NameMap::new().ignore("net.steps").module("net", "out").ignore("ema"),
        ),
        // What is ignored need not be there.
        (file_of("out.weight", "out.bias"), NameMap::new().ignore("ema")),
        // A module ends at a dot.
        (with("net.1.weight", "net.1.bias", &["net.10"]), NameMap::new().module("net.1", "out").ignore("net.10")),
    ];
    for (bytes, map) in maps {
        assert_eq!(read(&bytes, &map).unwrap().values(), VALUES, "{map:?}");
    }
}

#[test]
fn matrices_are_transposed() {
    let layout = || Layout::of(moons());
    let weights = Weights::init(moons(), 3);
    let map = NameMap::new().module("dense", "h").transposed("dense.weight");
    let bytes = weights.to_safetensors_mapped(moons(), &map).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let dense = tensors.tensor("dense.weight").unwrap();
    assert_eq!(dense.shape(), [34, 64]);
    let own = weights.view("h.weight").unwrap();
    // Row 5, column 7 there is row 7, column 5 here.
    let at = 4 * (5 * 64 + 7);
    assert_eq!(dense.data()[at..at + 4], own[7 * 34 + 5].to_le_bytes());
    let path = Path::new("moons.safetensors");
    assert_eq!(Weights::from_safetensors_mapped(moons(), layout(), &bytes, path, &map).unwrap(), weights);

    let told =
        |map: &NameMap| Weights::from_safetensors_mapped(moons(), layout(), &bytes, path, map).unwrap_err().to_string();
    let text = told(&NameMap::new().module("dense", "h"));
    assert!(
        text.contains("`dense.weight` [34, 64] for `h.weight` instead of [64, 34] (is it to be `transposed`?)"),
        "{text}"
    );
    let text = told(&map.clone().transposed("out.weight").transposed("out.bias"));
    let expected = "`out.weight` [2, 64] instead of [64, 2] (it is not `transposed`); `out.bias` [2], to be transposed, which is no matrix";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_place_that_is_not_finite_is_the_files() {
    let bytes = bytes_of(&[
        ("w", Dtype::F32, &[2, 2], f32s(&[0.0, f32::INFINITY, 0.0, 0.0])),
        ("out.bias", Dtype::F32, &[2], f32s(&VALUES[4..])),
    ]);
    let error = read(&bytes, &NameMap::new().rename("w", "out.weight").transposed("w")).unwrap_err();
    assert!(error.to_string().contains("`w` is not finite at [0, 1]"), "{error}");
}

/// All mistakes of a map and a file in one message.
#[test]
fn everything_is_told_at_once() {
    let bytes = with("net.0.weight", "net.0.bias", &["net.1.weight", "step"]);
    let map = NameMap::new()
        .strip_prefix("model.")
        .rename("net.0.weihgt", "out.weight")
        .rename("net.0.bias", "out.biass")
        .module("head", "tail")
        .transposed("net.O.weight");
    assert_eq!(
        found(&bytes, &map),
        "no `model.net.0.weihgt` [2, 2] for `out.weight` (did you mean `net.0.weight`?); no `model.out.bias` [2] for \
         `out.bias`; the unknown `net.0.weight` [2, 2]; the unknown `net.1.weight` [1]; the unknown `net.0.bias` [2] for \
         `out.biass` (did you mean `out.bias`?); the unknown `step` [1]; the map takes module `head` for `tail`, where no \
         parameter is; no tensor's name begins with `model.`; the map takes module `head` for `tail`, but the file has \
         none; the map transposes `net.O.weight`, but the file has none (did you mean `net.0.weight`?)"
    );
}

#[test]
fn entries_that_do_not_go_together() {
    let bytes = with("a", "out.bias", &["out.weight"]);
    assert_eq!(found(&bytes, &NameMap::new().rename("a", "out.weight")), "`a` and `out.weight`, each for `out.weight`");
    let map = NameMap::new().rename("a", "out.weight").rename("b", "out.weight").ignore("out.weight");
    assert_eq!(
        found(&bytes, &map),
        "the map takes `a` for `out.weight`, and the map takes `b` for `out.weight`; the map takes `b` for \
         `out.weight`, but the file has none"
    );
    let map = NameMap::new().rename("a", "out.weight").ignore("a").ignore("out.weight");
    assert_eq!(found(&bytes, &map), "the map takes `a` for `out.weight`, and the map ignores `a`");
    let map = NameMap::new().module("", "out").module("", "in");
    assert!(found(&bytes, &map).contains("the map takes module `` for `out`, and the map takes module `` for `in`"));
    // Two that say the same are one.
    let map = NameMap::new().rename("a", "out.weight").rename("a", "out.weight").ignore("out.weight");
    assert_eq!(read(&bytes, &map).unwrap().values(), VALUES);
}

#[test]
fn a_file_that_could_not_be_read_back_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors");
    let model = small(VALUES);
    model.save_safetensors(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = |map: NameMap, expected: &str| {
        let error = model.save_safetensors_mapped(&path, &map).unwrap_err();
        let Error::Invalid { operation: "saving weights", got, .. } = error else { panic!("{error}") };
        assert_eq!(got.strip_prefix("one in which "), Some(expected));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    };
    refused(
        NameMap::new().rename("w", "out.weights").module("n", "outer").transposed("x"),
        "the map takes `w` for `out.weights`, which is no parameter (did you mean `out.weight`?); the map takes module \
         `n` for `outer`, where no parameter is (did you mean `out`?); the map transposes `x`, which is no parameter's",
    );
    refused(
        NameMap::new().module("a", "out").module("b", "out"),
        "the map takes module `b` for `out`, but nothing would be written there",
    );
    refused(
        NameMap::new().rename("out.bias", "out.weight"),
        "`out.bias` would be `out.bias`, which is read as `out.weight`",
    );
    refused(NameMap::new().ignore("out.bias"), "`out.bias` would be `out.bias`, which is ignored");
    refused(NameMap::new().transposed("out.bias"), "the map transposes `out.bias`, but `out.bias` is no matrix");
    refused(NameMap::new().rename("__metadata__", "out.bias"), "`__metadata__` is not for tensors in the format");
}

/// The names are another's: no schema is written, and none is asked for.
#[test]
fn mapped_files_have_no_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors");
    let (model, map) = (small(VALUES), NameMap::new().module("net.0", "out"));
    model.save_safetensors_mapped(&path, &map).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    assert_eq!((metadata["format"].as_str(), metadata["model"].as_str()), ("pt", "Small"));
    assert!(!metadata.contains_key("schema"));
    assert_eq!(Small::load_safetensors_mapped(&path, &map).unwrap(), model);

    // A file that another model wrote, as its schema says, is read if a map is given.
    let mut schema = small(VALUES).weights().to_safetensors(&SMALL).unwrap();
    let digits = format!("{:016x}", SMALL.schema_hash());
    let at = schema.windows(16).position(|window| window == digits.as_bytes()).unwrap();
    schema[at..at + 16].copy_from_slice(b"0123456789abcdef");
    assert!(matches!(file::read(&schema), Err(Error::Schema { .. })));
    assert_eq!(read(&schema, &NameMap::new()).unwrap().values(), VALUES);
}

/// What is ignored may be larger than anything the model's own file could be.
#[test]
fn a_large_file_is_read_if_the_rest_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.safetensors");
    let state = vec![1u8; 3 << 20];
    let bytes = bytes_of(&[
        ("out.weight", Dtype::F32, &[2, 2], f32s(&VALUES[..4])),
        ("out.bias", Dtype::F32, &[2], f32s(&VALUES[4..])),
        ("optimizer.moments", Dtype::U8, &[3 << 20], state),
    ]);
    std::fs::write(&path, bytes).unwrap();
    assert!(Small::load_safetensors(&path).unwrap_err().to_string().contains("the size of the file"));
    let model = Small::load_safetensors_mapped(&path, &NameMap::new().ignore("optimizer")).unwrap();
    assert_eq!(model.weights().values(), VALUES);
    let error = Small::load_safetensors_mapped(&path, &NameMap::new().ignore("ema")).unwrap_err();
    assert!(error.to_string().contains("the size of the file"), "{error}");
}
