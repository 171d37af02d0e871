use super::*;
use proptest::prelude::*;

/// The known answers that Random123 publishes (`kat_vectors`, philox4x32, 10 rounds).
#[test]
fn philox_gives_the_published_vectors() {
    assert_eq!(philox4x32_10([0; 4], [0; 2]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    assert_eq!(philox4x32_10([u32::MAX; 4], [u32::MAX; 2]), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
    assert_eq!(
        philox4x32_10([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
        [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]
    );
}

#[test]
fn the_layout_is_as_documented() {
    let sequence = Philox::new(0x299f_31d0_a409_3822, Stream::Sample, 0x0370_7344_1319_8a2e);
    let expected = philox4x32_10([0x243f6a88, 0x0007_08d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]);
    let block = 0x08d3_243f_6a88;
    assert_eq!(sequence.block(block), expected);
    assert_eq!(sequence.bits32(4 * block + 3), expected[3]);
    assert_eq!(sequence.bits64(2 * block + 1), u64::from(expected[2]) | u64::from(expected[3]) << 32);
    assert_eq!(sequence.block(block | 1 << 48), expected);
}

#[test]
fn seeds_streams_and_steps_differ() {
    let first = Philox::new(1, Stream::Source, 2).block(0);
    for other in [
        Philox::new(2, Stream::Source, 2),
        Philox::new(1 << 40, Stream::Source, 2),
        Philox::new(1, Stream::Time, 2),
        Philox::new(1, Stream::Source, 3),
        Philox::new(1, Stream::Source, 2 | 1 << 40),
    ] {
        assert_ne!(first, other.block(0));
    }
}

#[test]
fn the_ends_of_the_unit_interval() {
    assert_eq!((unit64(0), unit32(0)), (0.0, 0.0));
    assert_eq!(unit64(u64::MAX), 1.0 - f64::EPSILON / 2.0);
    assert_eq!(unit32(u32::MAX), 1.0 - f32::EPSILON / 2.0);
    assert!(middle64(0) > 0.0 && middle64(u64::MAX) < 1.0);
    assert!(normal::middle(0) > 0.0 && normal::middle(u32::MAX) < 1.0);
    let largest = box_muller(normal::middle(0), 0.0)[0];
    assert!(largest > 6.76 && largest < 6.77, "{largest}");
}

#[test]
fn normal_pairs_follow_box_and_muller() {
    let sequence = Philox::new(3, Stream::Source, 0);
    let [w0, w1, w2, w3] = sequence.block(5).map(|word| (f64::from(word) + 0.5) / 2f64.powi(32));
    for (index, (u, v)) in [(20, (w0, w1)), (22, (w2, w3))] {
        let radius = (-2.0 * u.ln()).sqrt();
        assert!((f64::from(sequence.normal_f32(index)) - radius * (TAU * v).cos()).abs() < 1e-6);
        assert!((f64::from(sequence.normal_f32(index + 1)) - radius * (TAU * v).sin()).abs() < 1e-6);
    }
    let [cos, sin] = [sequence.normal(8), sequence.normal(9)];
    let u = (-(cos * cos + sin * sin) / 2.0).exp();
    assert!((u - sequence.uniform(8)).abs() < 1e-12);
    assert!(((sin.atan2(cos) / TAU).rem_euclid(1.0) - sequence.uniform(9)).abs() < 1e-12);
}

/// Mean, variance, skewness and kurtosis within four standard errors of a sample of 400,000.
#[test]
fn moments_of_the_normal_numbers() {
    const N: usize = 400_000;
    let mut single = vec![0.0f32; N];
    let mut double = vec![0.0f64; N];
    let sequence = Philox::new(11, Stream::Source, 4);
    sequence.fill_normal(0, &mut single);
    sequence.fill_normal_f64(0, &mut double);
    let single: Vec<f64> = single.into_iter().map(f64::from).collect();
    for values in [single, double] {
        let moment = |k: i32| values.iter().map(|x| x.powi(k)).sum::<f64>() / N as f64;
        let error = |variance: f64| 4.0 * (variance / N as f64).sqrt();
        assert!(moment(1).abs() < error(1.0));
        assert!((moment(2) - 1.0).abs() < error(2.0));
        assert!(moment(3).abs() < error(15.0));
        assert!((moment(4) - 3.0).abs() < error(96.0));
        let neighbours = values.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / N as f64;
        assert!(neighbours.abs() < error(1.0));
    }
}

#[test]
fn below_is_uniform() {
    const N: u64 = 7;
    const DRAWS: u64 = 70_000;
    let sequence = Philox::new(5, Stream::Batch, 0);
    let mut counts = [0.0; N as usize];
    for index in 0..DRAWS {
        counts[sequence.below(index, N) as usize] += 1.0;
    }
    let expected = (DRAWS / N) as f64;
    let chi_square: f64 = counts.iter().map(|count| (count - expected) * (count - expected) / expected).sum();
    // The 99.9 % quantile of chi-square with six degrees of freedom.
    assert!(chi_square < 22.46, "{chi_square}");
    assert_eq!(sequence.below(0, 0), 0);
    assert_eq!(sequence.below(0, 1), 0);
    assert!(sequence.below(0, u64::MAX) < u64::MAX);
}

/// All 24 orders of four things are about equally likely.
#[test]
fn permutations_are_uniform() {
    let mut counts = std::collections::BTreeMap::new();
    for step in 0..24_000 {
        *counts.entry(Philox::new(9, Stream::Batch, step).permutation(4)).or_insert(0.0) += 1.0;
    }
    assert_eq!(counts.len(), 24);
    let chi_square: f64 = counts.values().map(|count: &f64| (count - 1000.0).powi(2) / 1000.0).sum();
    // The 99.9 % quantile of chi-square with 23 degrees of freedom.
    assert!(chi_square < 49.73, "{chi_square}");
    assert!(Philox::new(9, Stream::Batch, 0).permutation(0).is_empty());
}

proptest! {
    #[test]
    fn filling_is_the_same_as_single_numbers(first in 0u64..1 << 40, len in 0usize..200, seed: u64, step: u64) {
        let sequence = Philox::new(seed, Stream::Data, step);
        let (mut single, mut double) = (vec![0.0f32; len], vec![0.0f64; len]);
        let indices = || first..first + len as u64;
        sequence.fill_uniform(first, &mut single);
        prop_assert!(single.iter().copied().eq(indices().map(|i| sequence.uniform_f32(i))));
        sequence.fill_normal(first, &mut single);
        prop_assert!(single.iter().copied().eq(indices().map(|i| sequence.normal_f32(i))));
        sequence.fill_uniform_f64(first, &mut double);
        prop_assert!(double.iter().copied().eq(indices().map(|i| sequence.uniform(i))));
        sequence.fill_normal_f64(first, &mut double);
        prop_assert!(double.iter().copied().eq(indices().map(|i| sequence.normal(i))));
    }
}
