use crate::{Error, prelude::*, solve::Real};
use Prediction::{Noise, Score, Target, Velocity};
use proptest::prelude::*;

const ALL: [Prediction; 4] = [Velocity, Target, Noise, Score];

fn one<S: Scheduler>(s: &S, from: Prediction, to: Prediction, t: f64, xt: f64, value: f64) -> Result<f64, Error> {
    let mut out = [f64::NAN];
    convert(s, from, to, &[t], &[xt], &[value], &mut out).map(|()| out[0])
}

/// Every quantity of a pair `x0`, `x1`.
fn truth<S: Scheduler>(s: &S, prediction: Prediction, t: f64, x0: f64, x1: f64) -> f64 {
    match prediction {
        Velocity => s.d_alpha(t) * x1 + s.d_sigma(t) * x0,
        Target => x1,
        Noise => x0,
        Score => -x0 / s.sigma(t),
    }
}

/// Each row has its own time; dim 1 and dim = rows are where broadcasting along the wrong axis goes unseen.
fn check_pairs<S: Scheduler, R: Real>(s: &S, t: &[f64], x0: &[f64], x1: &[f64], tolerance: f64) {
    let dim = x0.len() / t.len();
    let time = |i: usize| t[i / dim];
    let real = |values: Vec<f64>| values.into_iter().map(R::from_f64).collect::<Vec<R>>();
    let xt = real((0..x0.len()).map(|i| s.alpha(time(i)) * x1[i] + s.sigma(time(i)) * x0[i]).collect());
    let rows = real(t.to_vec());
    for from in ALL {
        let value = real((0..x0.len()).map(|i| truth(s, from, time(i), x0[i], x1[i])).collect());
        for to in ALL {
            let mut out = vec![R::from_f64(f64::NAN); xt.len()];
            convert(s, from, to, &rows, &xt, &value, &mut out).expect("an interior time");
            for (i, out) in out.iter().enumerate() {
                let expected = truth(s, to, time(i), x0[i], x1[i]);
                let error = (out.to_f64() - expected).abs() / (1.0 + expected.abs());
                assert!(error < tolerance, "{s:?} {from} -> {to} at {}: {out:?} {expected}", time(i));
            }
        }
    }
}

fn check_all<R: Real>(t: &[f64], x0: &[f64], x1: &[f64], tolerance: f64) {
    check_pairs::<_, R>(&CondOt, t, x0, x1, tolerance);
    check_pairs::<_, R>(&Polynomial::default(), t, x0, x1, tolerance);
    check_pairs::<_, R>(&Cosine, t, x0, x1, tolerance);
    check_pairs::<_, R>(&LinearVp, t, x0, x1, tolerance);
    check_pairs::<_, R>(&Vp::default(), t, x0, x1, tolerance);
    check_pairs::<_, R>(&OptimalTransport { sigma_min: 0.1 }, t, x0, x1, tolerance);
}

proptest! {
    /// From the quantities of known pairs to each other quantity; round trips follow.
    #[test]
    fn conversions_find_the_pair(
        dim in 1usize..5,
        rows in prop::collection::vec((0.1f64..0.9, prop::collection::vec((-3.0f64..3.0, -3.0f64..3.0), 4)), 1..5),
    ) {
        // Times that `f32` holds, so that both types convert at the same one.
        let t: Vec<f64> = rows.iter().map(|(t, _)| f64::from(*t as f32)).collect();
        let x0: Vec<f64> = rows.iter().flat_map(|(_, row)| row[..dim.min(4)].iter().map(|pair| pair.0)).collect();
        let x1: Vec<f64> = rows.iter().flat_map(|(_, row)| row[..dim.min(4)].iter().map(|pair| pair.1)).collect();
        check_all::<f64>(&t, &x0, &x1, 1e-11);
        check_all::<f32>(&t, &x0, &x1, 1e-3);
    }
}

#[test]
fn rows_have_their_own_times_when_there_are_as_many_as_coordinates() {
    let (t, xt) = ([0.25, 0.5], [1.0, 2.0, 3.0, 4.0]);
    let mut noise = [0.0; 4];
    convert(&CondOt, Velocity, Noise, &t, &xt, &[1.0; 4], &mut noise).expect("sound");
    // x0 = xt − t v
    assert_eq!(noise, [0.75, 1.75, 2.5, 3.5]);
}

/// Which pairs exist at the ends, for schedulers of each kind.
#[test]
fn conversions_exist_on_their_interval() {
    let pairs: Vec<(Prediction, Prediction)> =
        ALL.iter().flat_map(|&from| ALL.map(|to| (from, to))).filter(|(from, to)| from != to).collect();
    fn missing<S: Scheduler>(s: &S, t: f64, pairs: &[(Prediction, Prediction)]) -> Vec<(Prediction, Prediction)> {
        pairs.iter().copied().filter(|&(from, to)| one(s, from, to, t, 0.3, 0.2).is_err()).collect()
    }
    let to_target_or_velocity = [(Noise, Velocity), (Noise, Target), (Score, Velocity), (Score, Target)];
    let at_end = [(Velocity, Score), (Target, Velocity), (Target, Noise), (Target, Score), (Noise, Score)];
    let mut expected = to_target_or_velocity.to_vec();
    let sorted = |mut pairs: Vec<(Prediction, Prediction)>| {
        pairs.sort_by_key(|pair| format!("{pair:?}"));
        pairs
    };
    assert_eq!(sorted(missing(&CondOt, 0.0, &pairs)), sorted(expected.clone()));
    assert_eq!(sorted(missing(&Cosine, 0.0, &pairs)), sorted(expected.clone()));
    // Both derivatives vanish: a velocity of zero says nothing.
    expected.extend([(Velocity, Target), (Velocity, Noise), (Velocity, Score)]);
    assert_eq!(sorted(missing(&Polynomial::default(), 0.0, &pairs)), sorted(expected));
    assert_eq!(sorted(missing(&CondOt, 1.0, &pairs)), sorted(at_end.to_vec()));
    // sigma(1) is 6e-17 in floating point, which must not count as a divisor.
    assert_eq!(sorted(missing(&Cosine, 1.0, &pairs)), sorted(at_end.to_vec()));
    let mut expected = at_end.to_vec();
    expected.extend([(Velocity, Target), (Velocity, Noise), (Noise, Velocity), (Score, Velocity)]);
    assert_eq!(sorted(missing(&LinearVp, 1.0, &pairs)), sorted(expected));
    assert_eq!(missing(&OptimalTransport { sigma_min: 0.1 }, 1.0, &pairs), []);
    assert_eq!(one(&CondOt, Noise, Noise, 0.0, 0.3, 0.2).expect("nothing to do"), 0.2);
}

#[test]
fn refusals_name_the_interval() {
    let text = |result: Result<f64, Error>| result.expect_err("refused").to_string();
    assert_eq!(
        text(one(&CondOt, Noise, Target, 0.0, 1.0, 1.0)),
        "conversion of a prediction: `t[0]` is 0, expected a time in (0, 1]\n\
         help: with CondOt there is no way from noise to target there; keep away from it, for example by 1e-3"
    );
    assert!(text(one(&LinearVp, Score, Velocity, 1.0, 1.0, 1.0)).contains("expected a time in (0, 1)\n"));
    assert!(text(one(&CondOt, Target, Velocity, 1.0, 1.0, 1.0)).contains("expected a time in [0, 1)\n"));
    for t in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(text(one(&CondOt, Velocity, Target, t, 1.0, 1.0)).ends_with("the source at 0 to the data at 1"));
    }
    let mut out = [7.0; 2];
    convert(&CondOt, Noise, Target, &[0.5, 0.0], &[1.0; 2], &[1.0; 2], &mut out).expect_err("t[1] is 0");
    assert_eq!(out, [7.0; 2]);
}

#[test]
fn shapes_are_checked() {
    let mut out = [0.0; 4];
    let mut shape = |t: &[f64], xt: &[f64], value: &[f64]| {
        convert(&CondOt, Velocity, Target, t, xt, value, &mut out).map_err(|error| error.to_string())
    };
    assert!(shape(&[0.5; 2], &[1.0; 4], &[1.0; 3]).expect_err("value").contains("`value` has shape [3], expected [4]"));
    assert!(shape(&[0.5; 2], &[1.0; 3], &[1.0; 3]).expect_err("out").contains("`out` has shape [4], expected [3]"));
    assert!(shape(&[0.5; 3], &[1.0; 4], &[1.0; 4]).expect_err("t").contains("`t` has shape [3]"));
    assert!(shape(&[], &[1.0; 4], &[1.0; 4]).expect_err("t").contains("`t` has shape [0]"));
    assert!(shape(&[0.5; 8], &[1.0; 4], &[1.0; 4]).is_err());
    shape(&[0.5; 2], &[1.0; 4], &[1.0; 4]).expect("sound");
    convert::<_, f64>(&CondOt, Velocity, Target, &[], &[], &[], &mut []).expect("nothing to do");
}
