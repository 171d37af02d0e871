//! Against numpy, closed forms and properties.

use proptest::prelude::*;

use super::*;
use crate::data::{splitmix, two_moons};

fn close(got: f64, expected: f64, relative: f64) {
    assert!((got - expected).abs() <= relative * expected.abs(), "{got:e} instead of {expected:e}");
}

/// `scale · normal(seed) + shift`, rounded once to `f32`.
fn normals(seed: u64, rows: usize, dim: usize, scale: f64, shift: f64) -> Dataset {
    let values = (0..(rows * dim) as u64).map(|i| (scale * splitmix::normal(seed, i) + shift) as f32).collect();
    Dataset::from_flat(values, dim).unwrap()
}

fn pair() -> (Dataset, Dataset) {
    (normals(8, 400, 3, 0.5, 0.0), normals(9, 400, 3, 0.7, 0.1))
}

// The expected values of the next three tests are those of numpy 2.4 in float64 on the same samples (distances of the
// energy distance and the kernels in float32), by the formulas in the docs.

#[test]
fn sliced_wasserstein_agrees_with_numpy() {
    let (a, b) = (two_moons(2000, 0.05, 5).unwrap(), two_moons(2000, 0.05, 77).unwrap());
    close(sliced_wasserstein2(&a, &b).unwrap(), 0.02667197493791913, 1e-9);
    let (a, b) = pair();
    close(sliced_wasserstein2(&a, &b).unwrap(), 0.21443948398749074, 1e-9);
    // Sizes 300 and 200: as if every sample were there twice, or three times.
    let (a, b) = (two_moons(300, 0.05, 5).unwrap(), two_moons(200, 0.05, 77).unwrap());
    close(sliced_wasserstein2(&a, &b).unwrap(), 0.10640094790246162, 1e-9);
    close(sliced_wasserstein2(&b, &a).unwrap(), 0.10640094790246162, 1e-9);
}

#[test]
fn energy_distance_agrees_with_numpy() {
    let (a, b) = (two_moons(2000, 0.05, 5).unwrap(), two_moons(2000, 0.05, 77).unwrap());
    close(energy_distance(&a, &b).unwrap(), 0.0007978728400970247, 1e-9);
    let (a, b) = pair();
    close(energy_distance(&a, &b).unwrap(), 0.0524083907822146, 1e-9);
}

#[test]
fn mmd_and_frechet_agree_with_numpy() {
    let (a, b) = pair();
    let mmd = |estimator| rbf_mmd(&a, &b, Bandwidth::Fixed(1.0), estimator).unwrap();
    close(mmd(Estimator::Biased), 0.03513523141552144, 1e-9);
    close(mmd(Estimator::Unbiased), 0.03236138060073157, 1e-9);
    close(frechet_distance(&a, &b).unwrap(), 0.1348563872454066, 1e-9);
}

#[test]
fn closed_forms() {
    let point = |x: f32, y: f32| vec![[x, y]];
    // Two points at distance 5: E|A−B| = 5 and nothing within.
    close(energy_distance(&point(0.0, 0.0), &point(3.0, 4.0)).unwrap(), 10.0, 1e-12);
    let mmd = rbf_mmd(&point(0.0, 0.0), &point(3.0, 4.0), Bandwidth::Fixed(5.0), Estimator::Biased).unwrap();
    close(mmd, 2.0 - 2.0 * (-0.5_f64).exp(), 1e-12);
    // The median of one pair is its distance.
    let median = rbf_mmd(&point(0.0, 0.0), &point(3.0, 4.0), Bandwidth::Median, Estimator::Biased).unwrap();
    close(median, mmd, 1e-12);
    // One dimension: N(0, 1) against N(3, 4) has W₂² = 3² + (2 − 1)² (quantiles i + ½ of both).
    let (a, b): (Vec<[f32; 1]>, Vec<[f32; 1]>) =
        (0..4000_u64).map(|i| splitmix::normal(1, i) as f32).map(|x| ([x], [3.0 + 2.0 * x])).unzip();
    let spread = a.iter().map(|[x]| f64::from(*x).powi(2)).sum::<f64>() / 4000.0;
    let mean = a.iter().map(|[x]| f64::from(*x)).sum::<f64>() / 4000.0;
    close(sliced_wasserstein2(&a, &b).unwrap(), (9.0 + 6.0 * mean + spread).sqrt(), 1e-6);
    close(sliced_wasserstein2(&a, &b).unwrap(), 10_f64.sqrt(), 0.02);
    // The same in the Fréchet distance, with the sample's own moments.
    let variance = (spread - mean * mean) * 4000.0 / 3999.0;
    close(frechet_distance(&a, &b).unwrap(), (3.0 + mean).powi(2) + variance, 1e-6);
    // A shift by v in the plane: W₂² of a direction is (v·θ)², whose mean over the half circle is |v|²/2.
    let moons = two_moons(500, 0.05, 1).unwrap();
    let shifted: Vec<[f32; 2]> = moons.as_rows::<2>().unwrap().iter().map(|[x, y]| [x + 3.0, y + 4.0]).collect();
    close(sliced_wasserstein2_with(&moons, &shifted, 20_000, 3).unwrap(), 12.5_f64.sqrt(), 0.01);
    close(frechet_distance(&moons, &shifted).unwrap(), 25.0, 1e-5);
}

#[test]
fn the_unbiased_mmd_of_one_distribution_changes_sign() {
    let values: Vec<f64> = (0..40)
        .map(|k| {
            let (a, b) = (normals(100 + k, 40, 2, 1.0, 0.0), normals(200 + k, 40, 2, 1.0, 0.0));
            rbf_mmd(&a, &b, Bandwidth::Median, Estimator::Unbiased).unwrap()
        })
        .collect();
    let mean = values.iter().sum::<f64>() / 40.0;
    assert!(values.iter().any(|&x| x < 0.0) && values.iter().any(|&x| x > 0.0));
    assert!(mean.abs() < 0.005, "{mean}");
}

#[test]
fn every_mistake_is_named() {
    let a = vec![[0.0_f32, 1.0], [1.0, 0.0]];
    let empty: Vec<[f32; 2]> = Vec::new();
    let other = vec![[0.0_f32], [1.0]];
    let bad = vec![[0.0, 1.0], [1.0, f32::NAN]];
    type Metric = fn(Points<'static>, Points<'static>) -> Result<f64>;
    let metrics: [Metric; 4] = [
        |a, b| sliced_wasserstein2(a, b),
        |a, b| energy_distance(a, b),
        |a, b| rbf_mmd(a, b, Bandwidth::Median, Estimator::Unbiased),
        |a, b| frechet_distance(a, b),
    ];
    let leak = |rows: &[[f32; 2]]| Points::from(&*Box::leak(rows.to_vec().into_boxed_slice()));
    let other = Points::from(&*Box::leak(other.into_boxed_slice()));
    for metric in metrics {
        assert!(matches!(metric(leak(&a), leak(&empty)), Err(Error::Invalid { .. })));
        assert!(matches!(metric(leak(&empty), leak(&a)), Err(Error::Invalid { .. })));
        assert!(matches!(metric(leak(&a), other), Err(Error::Shape { .. })));
        let error = metric(leak(&a), leak(&bad)).unwrap_err().to_string();
        assert!(error.contains("the second set") && error.contains("row 1, column 1"), "{error}");
    }
    assert!(matches!(Points::new(&[1.0, 2.0, 3.0], 2), Err(Error::Shape { .. })));
    assert!(matches!(Points::new(&[], 0), Err(Error::Shape { .. })));
    assert!(sliced_wasserstein2_with(&a, &a, 0, 1).is_err());
    for width in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-200] {
        assert!(rbf_mmd(&a, &a, Bandwidth::Fixed(width), Estimator::Biased).is_err(), "{width}");
    }
    let same = vec![[1.0_f32, 1.0]; 3];
    let error = rbf_mmd(&same, &same, Bandwidth::Median, Estimator::Biased).unwrap_err().to_string();
    assert!(error.contains("Bandwidth::Fixed"), "{error}");
}

#[test]
fn the_nearest_neighbour_decides() {
    let known = Dataset::from_rows(&[[0.0], [10.0], [20.0]]).unwrap().with_class("y", &[7, 0, 7]).unwrap();
    let classifier = NearestNeighbor::fit(&known, "y").unwrap();
    // 5 is as near to 0 as to 10: the first one decides.
    let samples = vec![[5.0_f32], [5.1], [-100.0], [15.1]];
    assert_eq!(classifier.predict(&samples).unwrap(), [7, 0, 7, 7]);
    close(classifier.agreement(&samples, &[7, 0, 0, 0]).unwrap(), 0.5, 0.0);
    assert!(matches!(classifier.agreement(&samples, &[7]), Err(Error::Shape { .. })));
    assert!(matches!(classifier.predict(&vec![[1.0_f32, 2.0]]), Err(Error::Shape { .. })));
    let error = NearestNeighbor::fit(&known, "label").unwrap_err().to_string();
    assert!(error.contains("`label`") && error.contains("`y`"), "{error}");
}

#[test]
fn real_digits_are_told_apart() {
    let digits = crate::data::digits(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/digits.csv.gz")).unwrap();
    let (train, test) = digits.split(0.8, 1).unwrap();
    let agreement = NearestNeighbor::fit(&train, "y").unwrap();
    let agreement = agreement.agreement(&test, test.conditions().labels("y").unwrap()).unwrap();
    // The nearest neighbour is right for some 98.5 % of unseen digits in the literature.
    assert!((0.97..0.9999).contains(&agreement), "{agreement}");
}

fn rows() -> impl Strategy<Value = Vec<[f32; 2]>> {
    prop::collection::vec([-5.0_f32..5.0, -5.0_f32..5.0], 2..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn identity_symmetry_and_sign(a in rows(), b in rows()) {
        let mmd = |a, b| rbf_mmd::<'_>(a, b, Bandwidth::Fixed(1.0), Estimator::Biased);
        for (forth, back, same) in [
            (sliced_wasserstein2_with(&a, &b, 20, 1), sliced_wasserstein2_with(&b, &a, 20, 1), sliced_wasserstein2(&a, &a)),
            (energy_distance(&a, &b), energy_distance(&b, &a), energy_distance(&a, &a)),
            (mmd(&a, &b), mmd(&b, &a), mmd(&a, &a)),
            (frechet_distance(&a, &b), frechet_distance(&b, &a), frechet_distance(&a, &a)),
        ] {
            let (forth, back, same) = (forth.unwrap(), back.unwrap(), same.unwrap());
            prop_assert!((forth - back).abs() < 1e-6 * (1.0 + forth), "{forth} {back}");
            prop_assert!(forth > -1e-6 && same.abs() < 1e-6, "{forth} {same}");
        }
    }

    #[test]
    fn order_of_the_samples_does_not_matter(a in rows(), b in rows(), seed in any::<u64>()) {
        let shuffled: Vec<_> = splitmix::permutation(seed, a.len()).into_iter().map(|i| a[i]).collect();
        type Metric = fn(&[[f32; 2]], &[[f32; 2]]) -> Result<f64>;
        // The root of an eigenvalue that should be 0 is that of its rounding error, some 1e-8 of the covariance.
        let metrics: [(Metric, f64); 3] = [
            (|a, b| energy_distance(a, b), 1e-9),
            (|a, b| sliced_wasserstein2(a, b), 1e-9),
            (|a, b| frechet_distance(a, b), 1e-6),
        ];
        for (metric, tolerance) in metrics {
            let (x, y) = (metric(&a, &b).unwrap(), metric(&shuffled, &b).unwrap());
            prop_assert!((x - y).abs() < tolerance * (1.0 + x.abs()), "{x} {y}");
        }
    }

    #[test]
    fn blocks_and_threads_do_not_matter(n in 1_usize..200, m in 1_usize..200, dim in 1_usize..6) {
        let (a, b) = (normals(1, n, dim, 1.0, 0.0), normals(2, m, dim, 1.0, 0.5));
        let (a, b) = (Points::from(&a), Points::from(&b));
        let value = |squared: f32| f64::from(squared);
        let direct: f64 = a.iter().map(|x| b.iter().map(|y| value(pairs::squared_distance(x, y))).sum::<f64>()).sum();
        prop_assert!((pairs::sum(a, b, value) - direct).abs() <= 1e-12 * direct);
        let within: f64 = (0..n).map(|i| (0..i).map(|j| value(pairs::squared_distance(pairs::row(a, i), pairs::row(a, j)))).sum::<f64>()).sum();
        prop_assert!((pairs::sum_within(a, value) - within).abs() <= 1e-12 * within);
        prop_assert_eq!(pairs::sum(a, b, value), pairs::sum(a, b, value));
    }
}
