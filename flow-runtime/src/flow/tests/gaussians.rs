//! Exact oracles: a Gaussian source, a Gaussian target, everything in closed form.

use crate::{
    prelude::*,
    rng::{Philox, Stream},
};

const MEAN: f64 = 1.5;
const STD: f64 = 0.5;

/// `E[x1 | x]` and `E[x0 | x]` for `x0 ~ N(0, 1)`, `x1 ~ N(MEAN, STD²)`, independent.
fn posterior<S: Scheduler>(s: &S, t: f64, x: f64) -> (f64, f64) {
    let (alpha, sigma) = (s.alpha(t), s.sigma(t));
    let variance = sigma * sigma + alpha * alpha * STD * STD;
    let residual = (x - alpha * MEAN) / variance;
    (MEAN + alpha * STD * STD * residual, sigma * residual)
}

fn velocity<S: Scheduler>(s: &S, t: f64, x: f64) -> f64 {
    let (target, noise) = posterior(s, t, x);
    s.d_alpha(t) * target + s.d_sigma(t) * noise
}

#[test]
fn marginal_velocities_match_the_reference() {
    fn check<S: Scheduler>(s: S, expected: [f64; 5]) {
        for (t, expected) in [0.0, 0.25, 0.5, 0.75, 1.0].into_iter().zip(expected) {
            let got = velocity(&s, t, 0.7);
            assert!((got - expected).abs() < 2e-14, "{s:?} {t}: {got} {expected}");
        }
    }
    check(CondOt, [0.8, 1.11351351351351, 1.56, 1.63076923076923, 0.7]);
    check(Cosine, [2.35619449019234, 2.11789452554868, 2.00599530564116, 1.69553399425989, 0.0]);
    let cubic = Polynomial::new(3.0).expect("sound");
    check(cubic, [0.0, 0.152900421994079, 0.703553299492386, 2.38975020145044, 2.1]);
}

/// Conversions are linear in the prediction, so they hold for the marginal ones.
#[test]
fn conversions_of_marginal_predictions() {
    fn check<S: Scheduler>(s: S) {
        for t in [0.2, 0.5, 0.8] {
            for x in [-1.0, 0.7, 3.0] {
                let (target, noise) = posterior(&s, t, x);
                let variance = s.sigma(t).powi(2) + (s.alpha(t) * STD).powi(2);
                let quantities = [
                    (Prediction::Velocity, velocity(&s, t, x)),
                    (Prediction::Target, target),
                    (Prediction::Noise, noise),
                    (Prediction::Score, -(x - s.alpha(t) * MEAN) / variance),
                ];
                for (from, value) in quantities {
                    for (to, expected) in quantities {
                        let mut out = [0.0];
                        convert(&s, from, to, &[t], &[x], &[value], &mut out).expect("an interior time");
                        assert!((out[0] - expected).abs() < 1e-11, "{s:?} {from} -> {to}: {out:?} {expected}");
                    }
                }
            }
        }
    }
    check(CondOt);
    check(Cosine);
    check(Polynomial::default());
    check(LinearVp);
    check(Vp::default());
}

/// The path's samples have the moments of `p_t`, and the regression of `ut` on `xt` is the marginal velocity.
#[test]
fn samples_of_the_path_follow_the_marginals() {
    const N: usize = 200_000;
    let (mut x0, mut x1) = (vec![0.0; N], vec![0.0; N]);
    Source::Gaussian.fill(&Philox::new(1, Stream::Source, 0), 0, 1, &mut x0).expect("whole rows");
    Source::Gaussian.fill(&Philox::new(1, Stream::Data, 0), 0, 1, &mut x1).expect("whole rows");
    x1.iter_mut().for_each(|x| *x = (MEAN + STD * f64::from(*x)) as f32);
    let (mut xt, mut ut) = (vec![0.0; N], vec![0.0; N]);
    for t in [0.3, 0.6] {
        Affine(Cosine).sample(t, &x0, &x1, &mut xt, &mut ut);
        let mean = |f: &dyn Fn(f64, f64) -> f64| {
            xt.iter().zip(&ut).map(|(&x, &u)| f(f64::from(x), f64::from(u))).sum::<f64>() / N as f64
        };
        let (alpha, sigma) = (Cosine.alpha(t), Cosine.sigma(t));
        let variance = sigma * sigma + alpha * alpha * STD * STD;
        let (mx, mu) = (mean(&|x, _| x), mean(&|_, u| u));
        assert!((mx - alpha * MEAN).abs() < 4.0 * (variance / N as f64).sqrt());
        let vx = mean(&|x, _| (x - mx) * (x - mx));
        assert!((vx - variance).abs() < 4.0 * variance * (2.0 / N as f64).sqrt());
        let slope = mean(&|x, u| (x - mx) * (u - mu)) / vx;
        let exact = velocity(&Cosine, t, 1.0) - velocity(&Cosine, t, 0.0);
        assert!((slope - exact).abs() < 0.015, "{slope} {exact}");
    }
}
