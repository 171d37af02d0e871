//! What a batch is made of: sources, times, paths, couplings, losses.

use crate::{
    prelude::*,
    rng::{Philox, Stream},
    train::{Loss, TimeSampling},
};
use proptest::prelude::*;

fn moments(values: &[f32]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    (mean, values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n)
}

#[test]
fn sources_have_their_moments() {
    const N: usize = 100_000;
    let random = Philox::new(2, Stream::Source, 1);
    let mut out = vec![0.0; N];
    let standard_error = |variance: f64| 4.0 * (variance / N as f64).sqrt();
    Source::Gaussian.fill(&random, 0, 4, &mut out).expect("whole rows");
    let (mean, variance) = moments(&out);
    assert!(mean.abs() < standard_error(1.0) && (variance - 1.0).abs() < standard_error(2.0));
    let uniform = Source::Uniform { low: -1.0, high: 3.0 };
    uniform.fill(&random, 0, 4, &mut out).expect("whole rows");
    let (mean, variance) = moments(&out);
    // The fourth central moment of U over a width w is w⁴ / 80, its variance w² / 12.
    assert!((mean - 1.0).abs() < standard_error(16.0 / 12.0));
    assert!((variance - 16.0 / 12.0).abs() < standard_error(256.0 / 80.0 - 256.0 / 144.0));
    assert!(out.iter().all(|x| (-1.0..=3.0).contains(x)));
}

#[test]
fn sources_are_checked() {
    let random = Philox::new(0, Stream::Source, 0);
    assert!(Source::Gaussian.fill(&random, 0, 3, &mut [0.0; 4]).is_err());
    assert!(Source::Gaussian.fill(&random, 0, 0, &mut [0.0; 4]).is_err());
    assert!(Source::Gaussian.fill(&random, 0, 0, &mut []).is_ok());
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(Source::Uniform { low, high }.check().is_err());
    }
    assert!(Source::Uniform { low: -1.0, high: 1.0 }.check().is_ok());
}

#[test]
fn training_times_have_their_distribution() {
    const N: usize = 100_000;
    let random = Philox::new(4, Stream::Time, 0);
    let mut t = vec![0.0; N];
    TimeSampling::Uniform.fill(&random, 0, &mut t);
    let (mean, variance) = moments(&t);
    assert!((mean - 0.5).abs() < 4.0 * (1.0 / 12.0 / N as f64).sqrt());
    assert!((variance - 1.0 / 12.0).abs() < 4.0 * (1.0 / 180.0 / N as f64).sqrt());
    let logit_normal = TimeSampling::LogitNormal { mean: -0.5, std: 0.7 };
    logit_normal.fill(&random, 0, &mut t);
    let logits: Vec<f32> = t.iter().map(|t| (t / (1.0 - t)).ln()).collect();
    let (mean, variance) = moments(&logits);
    assert!((mean + 0.5).abs() < 4.0 * 0.7 / (N as f64).sqrt());
    assert!((variance - 0.49).abs() < 4.0 * 0.49 * (2.0 / N as f64).sqrt());
}

proptest! {
    /// Even where a distribution piles up at an end, no end is met, and `f32` holds the time exactly.
    #[test]
    fn no_training_time_is_an_end(seed: u64, index: u64, mean in -1e3f64..1e3, std in 0.01f64..1e3) {
        let random = Philox::new(seed, Stream::Time, 0);
        for sampling in [TimeSampling::Uniform, TimeSampling::LogitNormal { mean, std }] {
            let t = sampling.sample(&random, index);
            prop_assert!(0.0 < t && t < 1.0);
            prop_assert_eq!(f64::from(t as f32), t);
            prop_assert!(Vp::INTERVAL.contains(f64::from(t as f32)));
        }
    }

    #[test]
    fn rows_do_not_depend_on_the_batch(seed: u64, step: u64, rows in 1usize..20, dim in 1usize..9, cut in 0usize..20) {
        let random = Philox::new(seed, Stream::Source, step);
        let cut = cut.min(rows);
        for source in [Source::Gaussian, Source::Uniform { low: 0.0, high: 2.0 }] {
            let (mut whole, mut parts) = (vec![0.0; rows * dim], vec![0.0; rows * dim]);
            source.fill(&random, 5, dim, &mut whole).expect("whole rows");
            source.fill(&random, 5, dim, &mut parts[..cut * dim]).expect("whole rows");
            source.fill(&random, 5 + cut as u64, dim, &mut parts[cut * dim..]).expect("whole rows");
            prop_assert_eq!(&whole, &parts);
        }
    }

    #[test]
    fn losses_are_the_integrals_of_their_derivatives(v in -3.0f64..3.0, u in -3.0f64..3.0, delta in 0.1f64..2.0) {
        for loss in [Loss::Mse, Loss::L1, Loss::Huber { delta }] {
            let h = 1e-6;
            prop_assume!(((v - u).abs() - delta).abs() > 2.0 * h && (v - u).abs() > 2.0 * h);
            let difference = (loss.value(v + h, u) - loss.value(v - h, u)) / (2.0 * h);
            prop_assert!((loss.derivative(v, u) - difference).abs() < 1e-7, "{loss:?}");
        }
    }

    /// `OptimalTransport { sigma_min: 0 }` and `Affine(CondOt)` are the same path.
    #[test]
    fn the_optimal_transport_path(t in 0.0f64..=1.0, x0 in -3.0f32..3.0, x1 in -3.0f32..3.0, sigma_min in 0.0f64..0.9) {
        let sample = |path: &dyn Fn(&mut [f32], &mut [f32])| {
            let (mut xt, mut ut) = ([0.0], [0.0]);
            path(&mut xt, &mut ut);
            (xt[0], ut[0])
        };
        let straight = sample(&|xt, ut| Affine(CondOt).sample(t, &[x0], &[x1], xt, ut));
        let zero = OptimalTransport { sigma_min: 0.0 };
        prop_assert_eq!(straight, sample(&|xt, ut| zero.sample(t, &[x0], &[x1], xt, ut)));
        let wide = OptimalTransport::new(sigma_min).expect("a sound width");
        let (xt, ut) = sample(&|xt, ut| wide.sample(t, &[x0], &[x1], xt, ut));
        let (x0, x1) = (f64::from(x0), f64::from(x1));
        prop_assert!((f64::from(xt) - (t * x1 + (1.0 - (1.0 - sigma_min) * t) * x0)).abs() < 1e-6);
        prop_assert!((f64::from(ut) - (x1 - (1.0 - sigma_min) * x0)).abs() < 1e-6);
    }
}

#[test]
fn losses_in_closed_form() {
    let huber = Loss::Huber { delta: 0.5 };
    assert_eq!((huber.value(0.25, 0.0), huber.derivative(0.25, 0.0)), (0.03125, 0.25));
    assert_eq!((huber.value(-2.0, 0.0), huber.derivative(-2.0, 0.0)), (0.875, -0.5));
    assert_eq!(
        (Loss::L1.value(1.0, 3.0), Loss::L1.derivative(1.0, 3.0), Loss::L1.derivative(1.0, 1.0)),
        (2.0, -1.0, 0.0)
    );
    assert_eq!(Loss::Mse.mean(&[1.0, 2.0], &[0.0, 4.0]).expect("equal lengths"), 2.5);
    let mut gradient = [0.0; 2];
    Loss::Mse.gradient(&[1.0, 2.0], &[0.0, 4.0], &mut gradient).expect("equal lengths");
    assert_eq!(gradient, [1.0, -2.0]);
    assert!(Loss::Mse.mean(&[1.0], &[]).is_err());
    assert!(Loss::Mse.gradient(&[1.0], &[1.0], &mut []).is_err());
    assert_eq!(Loss::Mse.mean(&[], &[]).expect("equal lengths"), 0.0);
    for delta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Loss::Huber { delta }.check().is_err());
        // Nothing panics before the check is made.
        let _ = Loss::Huber { delta }.derivative(1.0, 0.0);
    }
}

#[test]
fn paths_and_times_are_checked() {
    for sigma_min in [-0.1, 1.0, f64::NAN] {
        assert!(OptimalTransport::new(sigma_min).is_err());
    }
    assert!(Path::check(&Affine(Polynomial { n: 0.5 })).is_err());
    assert!(Path::check(&Affine(Polynomial { n: 1.0 })).is_ok());
    assert!(TimeSampling::LogitNormal { mean: 0.0, std: 0.0 }.check().is_err());
    assert!(TimeSampling::LogitNormal { mean: f64::NAN, std: 1.0 }.check().is_err());
    assert!(TimeSampling::Uniform.check().is_ok());
    let mut source = [0; 2];
    assert!(Independent.pair(2, &[0.0; 4], &[0.0; 3], &mut source).is_err());
    assert!(Independent.pair(2, &[0.0; 3], &[0.0; 4], &mut source).is_err());
    assert!(Independent.pair(usize::MAX, &[0.0; 4], &[0.0; 4], &mut source).is_err());
}
