//! What a data set refuses, and that rows stay together with their conditions.

use std::{fs, path::PathBuf};

use super::{ConditionValues, Conditions, Dataset, Transform, two_moons};
use crate::error::{Error, Result};

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
