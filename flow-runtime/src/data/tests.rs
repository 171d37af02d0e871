//! Loaders under truncation, damage and hostile headers; round trips; everything a data set refuses.

use std::{fs, io::Write, path::PathBuf};

use proptest::prelude::*;

use super::{
    ConditionValues, Conditions, CsvOptions, Dataset, Header, LabelColumn, Transform, csv, npy, read::Source, splitmix,
    two_moons,
};
use crate::error::{Error, Result};

/// Writes bytes under a name and loads them by it.
fn load(name: &str, bytes: &[u8]) -> Result<Dataset> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    Dataset::load(path)
}

#[track_caller]
fn refused(name: &str, bytes: &[u8], parts: &[&str]) {
    let error = load(name, bytes).unwrap_err();
    assert!(matches!(error, Error::Format { .. }), "{error:?}");
    let text = error.to_string();
    for part in parts.iter().chain(&["help: "]) {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn npy_file(header: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(body);
    bytes
}

fn npy_of(descr: &str, fortran: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    npy_file(&format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n"), body)
}

fn npz_file(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn idx_file(kind: u8, shape: &[u32], body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, shape.len() as u8];
    shape.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend(body);
    bytes
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn a_data_set_refuses_what_cannot_be_trained_on() {
    let message = |result: Result<Dataset>| result.unwrap_err().to_string();
    assert!(message(Dataset::from_rows::<2>(&[])).contains("empty"));
    assert!(message(Dataset::from_rows(&[[0.0_f32; 0]; 3])).contains("rows of no values"));
    assert!(message(Dataset::from_flat(vec![1.0], 0)).contains("rows of no values"));
    let ragged = Dataset::from_flat(vec![0.0; 7], 3).unwrap_err();
    assert!(matches!(&ragged, Error::Shape { .. }) && ragged.to_string().contains("1 of 3 values"), "{ragged}");
    let nan = message(Dataset::from_rows(&[[0.0, 1.0], [2.0, f32::NEG_INFINITY]]));
    assert!(nan.contains("row 1, column 1 (-inf)"), "{nan}");
    let data = || Dataset::from_rows(&[[0.0], [1.0]]).unwrap();
    assert!(matches!(data().with_class("y", &[1]), Err(Error::Shape { .. })));
    assert!(matches!(data().with_vector("c", 2, &[1.0, 2.0]), Err(Error::Shape { .. })));
    assert!(matches!(data().with_vector("c", 2, &[1.0, 2.0, 3.0]), Err(Error::Shape { .. })));
    assert!(matches!(data().with_vector("c", 0, &[]), Err(Error::Shape { .. })));
    assert!(matches!(data().with_vector("c", 1, &[1.0, f32::NAN]), Err(Error::NotFinite { .. })));
    let twice = data().with_class("y", &[0, 1]).unwrap().with_vector("y", 1, &[0.0, 1.0]);
    assert!(matches!(twice, Err(Error::Invalid { .. })));
    assert!(data().subset(&[]).is_err() && data().subset(&[0, 2]).is_err());
    for fraction in [-1.0, 0.0, 0.1, 1.0, f64::NAN, f64::INFINITY] {
        assert!(data().split(fraction, 0).is_err(), "{fraction}");
    }
}

#[test]
fn rows_and_conditions_stay_together() {
    let rows: Vec<[f32; 2]> = (0..10_u8).map(|i| [f32::from(i), -f32::from(i)]).collect();
    let labels: Vec<u32> = (0..10).collect();
    let vectors: Vec<f32> = (0..10_u8).map(|i| 10.0 * f32::from(i)).collect();
    let data =
        Dataset::from_rows(&rows).unwrap().with_class("y", &labels).unwrap().with_vector("c", 1, &vectors).unwrap();
    let (a, b) = data.split(0.3, 5).unwrap();
    assert_eq!((a.rows(), b.rows()), (3, 7));
    let mut seen = Vec::new();
    for part in [&a, &b] {
        for (i, &label) in part.conditions().labels("y").unwrap().iter().enumerate() {
            let x = label as f32;
            assert_eq!(part.row(i).unwrap(), [x, -x]);
            let Some(ConditionValues::Vector { dim: 1, values }) = part.conditions().get("c") else { panic!() };
            assert_eq!(values[i], 10.0 * x);
            seen.push(label);
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, labels);
    assert_eq!((data.row(10), data.row(usize::MAX)), (None, None));
    assert_eq!(data.as_rows::<2>().unwrap(), rows);
    assert!(data.as_rows::<1>().is_none());
    let repeated = data.conditions().gather(&[4, 4, 0]).unwrap().repeat(2).unwrap();
    assert_eq!(repeated.labels("y").unwrap(), [4, 4, 0, 4, 4, 0]);
    assert!(matches!(data.conditions().gather(&[10]), Err(Error::Invalid { .. })));
    assert!(repeated.repeat(0).is_err() && repeated.repeat(usize::MAX).is_err());
    assert_eq!(Conditions::none().gather(&[3]).unwrap().rows(), None);
}

#[test]
fn transforms_lead_there_and_back() {
    let data = two_moons(200, 0.05, 3).unwrap();
    let (scaled, standard) = data.clone().standardize().unwrap();
    for column in 0..2 {
        let values: Vec<f64> = scaled.as_rows::<2>().unwrap().iter().map(|row| f64::from(row[column])).collect();
        let mean = values.iter().sum::<f64>() / 200.0;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 200.0;
        assert!(mean.abs() < 1e-7 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
    }
    let (ranged, range) = data.clone().rescale(-1.0, 1.0).unwrap();
    let (low, high) = ranged.values().iter().fold((1.0_f32, -1.0_f32), |(l, h), &x| (l.min(x), h.max(x)));
    assert_eq!((low, high), (-1.0, 1.0));
    for (changed, transform) in [(scaled, standard), (ranged, range)] {
        let mut back = changed.values().to_vec();
        transform.invert(&mut back).unwrap();
        assert!(back.iter().zip(data.values()).all(|(x, y)| (x - y).abs() < 1e-6));
        assert!(transform.apply(&mut [1.0; 3]).is_err());
    }
    let (constant, transform) = Dataset::from_rows(&[[0.1_f32], [0.1], [0.1]]).unwrap().standardize().unwrap();
    assert!(constant.values().iter().all(|x| x.abs() < 1e-7) && transform.scale == [1.0]);
    assert!(constant.clone().rescale(0.0, 1.0).is_err() && data.rescale(1.0, 1.0).is_err());
    assert!(Transform { shift: vec![], scale: vec![] }.apply(&mut []).is_err());
}

#[test]
fn npy_of_every_type_and_layout() {
    let expected = Dataset::from_rows(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).unwrap();
    macro_rules! check {
        ($($descr:literal, $type:ty);*) => {$(
            let c: Vec<u8> = [1, 2, 3, 4, 5, 6].iter().flat_map(|&x| (x as $type).to_le_bytes()).collect();
            assert_eq!(load("a.npy", &npy_of(concat!("<", $descr), "False", "(2, 3)", &c)).unwrap(), expected);
            let f: Vec<u8> = [1, 4, 2, 5, 3, 6].iter().flat_map(|&x| (x as $type).to_be_bytes()).collect();
            assert_eq!(load("a.npy", &npy_of(concat!(">", $descr), "True", "(2L, 3L,)", &f)).unwrap(), expected);
        )*};
    }
    check!("f4", f32; "f8", f64; "i1", i8; "i2", i16; "i4", i32; "i8", i64; "u1", u8; "u2", u16; "u4", u32; "u8", u64);
    let flags = load("a.npy", &npy_of("|b1", "False", "(4,)", &[0, 1, 1, 0])).unwrap();
    assert_eq!((flags.dim(), flags.values()), (1, &[0.0, 1.0, 1.0, 0.0][..]));
    // Rank 3 in Fortran order: element [i, j, k] holds 100 i + 10 j + k.
    let mut body = Vec::new();
    for k in 0..4_u8 {
        for j in 0..3_u8 {
            body.extend((0..2_u8).map(|i| 100 * i + 10 * j + k));
        }
    }
    let cube = load("a.npy", &npy_of("|u1", "True", "(2, 3, 4)", &body)).unwrap();
    assert_eq!((cube.rows(), cube.dim()), (2, 12));
    assert_eq!(cube.row(1).unwrap(), [100., 101., 102., 103., 110., 111., 112., 113., 120., 121., 122., 123.]);
}

#[test]
fn npy_says_what_is_wrong() {
    let body = floats(&[1.0, 2.0, 3.0, 4.0]);
    let good = npy_of("<f4", "False", "(2, 2)", &body);
    assert!(load("a.npy", &good).is_ok() && load("a.NPY.gz", &gzip(&good)).is_ok());
    for end in 0..good.len() {
        assert!(matches!(load("a.npy", &good[..end]), Err(Error::Format { .. })), "cut after {end} bytes");
    }
    refused("a.npy", b"", &["empty file"]);
    refused("a.npy", b"PK\x03\x04 something else", &["byte 0", "NUMPY"]);
    refused("a.npy", &good[..good.len() - 1], &["15 bytes of values", "16 for shape [2, 2]", "truncated"]);
    refused("a.npy", &[&good[..], b"x"].concat(), &["17 bytes of values", "appended"]);
    refused("a.npy", &npy_of("<f2", "False", "(2, 2)", &body), &["<f2", "astype"]);
    refused("a.npy", &npy_of("<c8", "False", "(2, 1)", &body), &["<c8"]);
    refused("a.npy", &npy_of("|O", "False", "(2, 2)", &body), &["|O"]);
    refused("a.npy", &npy_of("|f4", "False", "(2, 2)", &body), &["|f4"]);
    refused("a.npy", &npy_of("<f4", "False", "()", &body[..4]), &["a single number"]);
    refused("a.npy", &npy_of("<f4", "False", "(0, 2)", b""), &["no values"]);
    refused("a.npy", &npy_of("<f4", "False", "(4294967296, 4294967296)", &body), &["memory of any machine"]);
    refused("a.npy", &npy_of("<f4", "False", "(99999999999999999999999,)", &body), &["size of an axis"]);
    refused("a.npy", &npy_of("<f4", "False", "(-2, 2)", &body), &["size of an axis"]);
    refused("a.npy", &npy_of("<f4", "False", "(1000000000000,)", &body), &["16 bytes", "4000000000000"]);
    refused("a.npy", &npy_of("<f4", "Maybe", "(2, 2)", &body), &["`True` or `False`"]);
    refused("a.npy", &npy_file("{'descr': [('a', '<f4')], }", &body), &["a structured type"]);
    refused("a.npy", &npy_file("{'descr': '<f4', 'descr': '<f4', }", &body), &["twice"]);
    refused("a.npy", &npy_file("{'descr': '<f4', }", &body), &["a key too few"]);
    refused("a.npy", &npy_file("{'name': 1}", &body), &["name"]);
    refused("a.npy", &npy_file(&"(".repeat(9000), &body), &["`{`"]);
    refused("a.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}", &["4294967295"]);
    refused("a.npy", b"\x93NUMPY\x09\x00\x00\x00", &["version 9.0"]);
    let nan = npy_of("<f4", "True", "(2, 2)", &floats(&[1.0, 2.0, f32::NAN, 4.0]));
    refused("a.npy", &nan, &["row 0, column 1", "NaN"]);
    let large: Vec<u8> = [1e300_f64, 1.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    refused("a.npy", &npy_of("<f8", "False", "(2,)", &large), &["row 0, column 0", "32 bits"]);
}

#[test]
fn npz_holds_samples_and_conditions() {
    let x = npy_of("<f4", "False", "(2, 2)", &floats(&[1.0, 2.0, 3.0, 4.0]));
    let y = npy_of("|u1", "False", "(2,)", &[3, 9]);
    let c = npy_of("<f4", "False", "(2, 1)", &floats(&[0.5, 0.25]));
    let data = load("a.npz", &npz_file(&[("y.npy", &y), ("x.npy", &x), ("c.npy", &c)])).unwrap();
    assert_eq!(data.values(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(data.conditions().labels("y").unwrap(), [3, 9]);
    assert_eq!(data.conditions().get("c"), Some(&ConditionValues::Vector { dim: 1, values: vec![0.5, 0.25] }));
    assert_eq!(load("a.npz", &npz_file(&[("arr_0.npy", &x)])).unwrap().rows(), 2);
    refused("a.npz", &npz_file(&[("a.npy", &x), ("b.npy", &x)]), &["`a`, `b`", "an array `x`"]);
    refused("a.npz", &npz_file(&[]), &["no array"]);
    refused("a.npz", &npz_file(&[("x.txt", &x)]), &["x.txt"]);
    refused("a.npz", &npz_file(&[("x.npy", &x[..20])]), &["array `x`", "truncated"]);
    let negative = npy_of("|i1", "False", "(2,)", &[3, 255]);
    refused("a.npz", &npz_file(&[("x.npy", &x), ("y.npy", &negative)]), &["array `y`, row 1", "-1"]);
    let short = npy_of("|u1", "False", "(1,)", &[3]);
    assert!(matches!(load("a.npz", &npz_file(&[("x.npy", &x), ("y.npy", &short)])), Err(Error::Shape { .. })));
    let whole = npz_file(&[("x.npy", &x), ("y.npy", &y)]);
    for end in 0..whole.len() {
        assert!(matches!(load("a.npz", &whole[..end]), Err(Error::Format { .. })), "cut after {end} bytes");
    }
}

#[test]
fn compression_bombs_are_bounded() {
    // 512 MiB of zeros in half a megabyte.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0_u8; 1 << 20];
    (0..512).for_each(|_| encoder.write_all(&zeros).unwrap());
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 600_000);
    refused("a.npy.gz", &bomb, &["bytes when decompressed", "decompress it first"]);
    let mut cut = gzip(b"1,2\n3,4\n");
    assert!(load("a.csv.gz", &cut).is_ok());
    cut.truncate(cut.len() - 3);
    refused("a.csv.gz", &cut, &["compressed data"]);
    refused("a.csv.gz", &[&gzip(b"1,2\n")[..], b"rest"].concat(), &["compressed data"]);
}

#[test]
fn csv_with_and_without_header() {
    let expected = Dataset::from_rows(&[[1.0, -2.5], [3e2, 4.0]]).unwrap();
    for text in ["1,-2.5\n3e2,4\n", "a,b\r\n1, -2.5\r\n\r\n300,4", "\u{feff}# made by hand\n\"1\",-2.5\n 3e2 ,4.0\n"] {
        assert_eq!(load("a.csv", text.as_bytes()).unwrap(), expected, "{text:?}");
    }
    assert_eq!(load("a.tsv", b"1\t-2.5\n300\t4\n").unwrap(), expected);
    let labelled = expected.with_class("digit", &[7, 0]).unwrap();
    let read = |text: &str, header, label| {
        let options = CsvOptions { header, label: Some(label), condition: "digit".to_owned(), ..CsvOptions::default() };
        csv::decode(&Source::new("csv", "a.csv".as_ref()), text.as_bytes(), &options)
    };
    let text = "p,q,class\n1,-2.5,7\n300,4,0.0\n";
    assert_eq!(read(text, Header::Detect, LabelColumn::Last).unwrap(), labelled);
    assert_eq!(read(text, Header::Present, LabelColumn::Name("class".to_owned())).unwrap(), labelled);
    assert_eq!(read("7,1,-2.5\n0,300,4\n", Header::Absent, LabelColumn::Index(0)).unwrap(), labelled);
    for (text, label, parts) in [
        (text, LabelColumn::Name("kind".to_owned()), ["`kind`", "\"class\""]),
        (text, LabelColumn::Index(3), ["3 columns", "a column 4"]),
        ("1,-1\n", LabelColumn::Last, ["line 1, column 2", "\"-1\""]),
        ("1,1.5\n", LabelColumn::Last, ["line 1, column 2", "integer"]),
        ("1,4294967296\n", LabelColumn::Last, ["line 1, column 2", "integer"]),
        ("1\n2\n", LabelColumn::Last, ["line 1", "the labels alone"]),
    ] {
        let error = read(text, Header::Detect, label).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
    }
}

#[test]
fn csv_says_what_is_wrong() {
    refused("a.csv", b"", &["empty file"]);
    refused("a.csv", b"\n\n# nothing\n", &["no line with values"]);
    refused("a.csv", b"a,b\n", &["no line with values"]);
    refused("a.csv", b"1,2\n3,4\n5\n", &["line 3", "1 fields", "2, as on the first line"]);
    refused("a.csv", b"1,2\n3,4,5\n", &["line 2", "3 fields"]);
    refused("a.csv", b"a,b\n1,2\n\n3,four\n", &["line 4, column 2", "\"four\"", "a number"]);
    refused("a.csv", b"1,2\n3,\n", &["line 2, column 2", "missing value"]);
    refused("a.csv", b"1,2\nnan,3\n", &["line 2, column 1", "finite"]);
    refused("a.csv", b"1,2\n1e39,3\n", &["line 2, column 1", "32 bits"]);
    refused("a.csv", b"1,2\n\xff\xfe,3\n", &["line 2, column 1"]);
}

#[test]
fn idx_with_labels() {
    let images = idx_file(8, &[2, 2, 2], &[0, 64, 128, 255, 1, 2, 3, 4]);
    let data = load("t-images-idx3-ubyte", &images).unwrap();
    assert_eq!((data.dim(), data.row(0).unwrap()), (4, &[0.0, 64.0, 128.0, 255.0][..]));
    assert_eq!(load("t10k-images.idx3-ubyte.gz", &gzip(&images)).unwrap(), data);
    let folder = tempfile::tempdir().unwrap();
    let (x, y) = (folder.path().join("x.idx"), folder.path().join("y.idx"));
    fs::write(&x, &images).unwrap();
    fs::write(&y, idx_file(8, &[2], &[5, 0])).unwrap();
    assert_eq!(Dataset::load_idx_labelled(&x, &y).unwrap().conditions().labels("y").unwrap(), [5, 0]);
    fs::write(&y, idx_file(8, &[3], &[5, 0, 1])).unwrap();
    assert!(matches!(Dataset::load_idx_labelled(&x, &y), Err(Error::Shape { .. })));
    let big = [1.5_f32, -2.0].iter().flat_map(|x| x.to_be_bytes()).collect::<Vec<_>>();
    assert_eq!(load("a.idx", &idx_file(0x0D, &[2, 1], &big)).unwrap().values(), [1.5, -2.0]);
    for end in 0..images.len() {
        assert!(matches!(load("a.idx", &images[..end]), Err(Error::Format { .. })), "cut after {end} bytes");
    }
    refused("a.idx", &idx_file(0x0A, &[1], &[1]), &["byte 2", "0x0a"]);
    refused("a.idx", &idx_file(8, &[], &[1]), &["a single number"]);
    refused("a.idx", &idx_file(8, &[u32::MAX; 9], &[1]), &["memory of any machine"]);
    refused("a.idx", &idx_file(8, &[u32::MAX], &[1]), &["1 bytes of values", "4294967295"]);
    refused("a.idx", &idx_file(8, &[1], &[1, 2]), &["appended"]);
    refused("a.idx", &[1, 2, 8, 1, 0, 0, 0, 0], &["byte 0", "0x01 0x02"]);
}

#[test]
fn the_digits_are_whole() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/digits.csv.gz"));
    let digits = super::digits(&path).unwrap();
    let mut counts = [0; 10];
    digits.conditions().labels("y").unwrap().iter().for_each(|&digit| counts[digit as usize] += 1);
    // Counts of the test set as the repository of UCI lists them.
    assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    assert_eq!(digits.row(0).unwrap()[..8], [-1.0, -1.0, -0.375, 0.625, 0.125, -0.875, -1.0, -1.0]);
    let mean = digits.values().iter().map(|&x| f64::from(x)).sum::<f64>() / digits.values().len() as f64;
    assert!((8.0 * (mean + 1.0) - 4.884164579855314).abs() < 1e-9, "{mean}");
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("digits.csv");
    for (text, part) in
        [("17,".repeat(64) + "3\n", "a pixel"), ("1,".repeat(64) + "10\n", "a digit"), ("1,2\n".into(), "64")]
    {
        fs::write(&bad, text).unwrap();
        let error = super::digits(&bad).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert!(matches!(super::digits(folder.path().join("none")), Err(Error::Io { .. })));
}

#[test]
fn the_name_decides() {
    for name in ["a.txt", "a", "npy", "a.npy.zip", ".gz"] {
        let error = load(name, b"1,2\n").unwrap_err();
        if name != "npy" {
            assert!(matches!(error, Error::Invalid { .. }), "{name}: {error}");
        }
    }
    assert!(matches!(Dataset::load("/no/such/file.npy"), Err(Error::Io { .. })));
}

/// A valid file of each format, to be damaged.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let x = npy_of("<f4", "False", "(3, 2)", &floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let y = npy_of("<i8", "False", "(3,)", &[1_i64, 2, 3].map(i64::to_le_bytes).concat());
    let csv = b"a,b\n1,2\n3,4\n5,6\n".to_vec();
    vec![
        ("a.npz", npz_file(&[("x.npy", &x), ("y.npy", &y)])),
        ("a.csv.gz", gzip(&csv)),
        ("a.idx.gz", gzip(&idx_file(8, &[2, 2], &[1, 2, 3, 4]))),
        ("a.idx", idx_file(0x0C, &[2, 1], &[0, 0, 0, 1, 0, 0, 0, 2])),
        ("a.csv", csv),
        ("a.npy", x),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Whatever is in a file, a loader gives a usable data set or a typed error.
    #[test]
    fn damaged_files_never_panic(
        which in 0_usize..6,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        keep in any::<bool>(),
    ) {
        let (name, mut bytes) = samples().swap_remove(which);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !keep {
            bytes.truncate(cut.index(bytes.len()));
        }
        match load(name, &bytes) {
            Ok(data) => prop_assert!(data.rows() > 0 && data.values().iter().all(|x| x.is_finite())),
            Err(Error::Format { .. } | Error::Shape { .. } | Error::Invalid { .. }) => {}
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[-0-9e.,\"\n#a]{0,80}") {
        for name in ["a.npy", "a.npz", "a.csv", "a.idx", "a.csv.gz"] {
            for contents in [bytes.as_slice(), text.as_bytes(), &[b"\x1f\x8b\x08\x00", &bytes[..]].concat(), &[b"\x93NUMPY\x01\x00", &bytes[..]].concat()] {
                if let Ok(data) = load(name, contents) {
                    prop_assert!(data.rows() > 0 && data.values().iter().all(|x| x.is_finite()));
                }
            }
        }
    }

    #[test]
    fn what_is_saved_is_loaded(bits in prop::collection::vec(any::<u32>(), 1..60), dim in 1_usize..4, seed in any::<u64>()) {
        let mut values: Vec<f32> = bits.into_iter().map(f32::from_bits).filter(|x| x.is_finite()).collect();
        values.truncate(values.len() / dim * dim);
        prop_assume!(!values.is_empty());
        let rows = values.len() / dim;
        let labels: Vec<u32> = (0..rows as u64).map(|i| (splitmix::u64(seed, i) >> 40) as u32).collect();
        let data = Dataset::from_flat(values, dim).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        data.save_npy(&path).unwrap();
        prop_assert_eq!(&Dataset::load(&path).unwrap(), &data);
        let path = folder.path().join("a.csv");
        let labelled = data.with_class("kind", &labels).unwrap();
        labelled.save_csv(&path).unwrap();
        let options = CsvOptions { label: Some(LabelColumn::Name("kind".into())), condition: "kind".into(), ..CsvOptions::default() };
        prop_assert_eq!(&Dataset::load_csv(&path, &options).unwrap(), &labelled);
    }

    #[test]
    fn npy_header_scanner_never_panics(text in "[{}()\\[\\]',: 0-9LTrueFalsdhpocit<f4_]{0,120}") {
        let _ = npy::decode(&Source::new("npy", "a.npy".as_ref()), &npy_file(&text, &[0; 16]));
    }
}
