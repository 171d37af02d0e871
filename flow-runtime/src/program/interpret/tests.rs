use super::{dropout_index, dropout_keeps};
use crate::{
    data::{Condition, ConditionValues, Conditions},
    error::Error,
    program::{
        Op, Program,
        builder::{Builder, moons},
        random,
    },
};
use proptest::prelude::*;

/// The weights of `MOONS` in `peers/workloads.py`: `(2 u − 1) / sqrt(in)` of SplitMix64's uniform numbers, in `f32`.
fn peers_weights(program: &Program) -> Vec<f64> {
    let uniform = |i: u64| {
        let mut z = 1u64.wrapping_add((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f64 * 2f64.powi(-24)
    };
    let fan_in = |i: usize| program.parameters[i - i % 2].shape[1] as f64;
    (0..program.parameters.len())
        .flat_map(|p| (program.parameter_offset(p)..program.parameter_offset(p + 1)).map(move |at| (p, at)))
        .map(|(p, at)| f64::from(((2.0 * uniform(at as u64) - 1.0) / fan_in(p).sqrt()) as f32))
        .collect()
}

const X: [f64; 6] = [0.5, -1.25, 2.0, 0.75, -3.0, 0.0];

/// `velocity_ref(MOONS, t, x)` of `peers/workloads.py` under NumPy 2.4, which rounds its frequencies to `f32`:
/// `python -c "import numpy as np, workloads as w; print(w.velocity_ref(w.MOONS, 0.3, np.array(X).reshape(3, 2)))"`.
#[test]
fn moons_is_the_peers_network() {
    let peers = [
        (0.0, [0.10296806747897108, -0.12681557215770864, 0.07904872486847042]),
        (0.3, [0.11400068007744898, -0.15885539303885804, 0.08017206644336762]),
        (1.0, [0.07409627140879621, -0.08612961779180543, 0.06267606273038032]),
    ];
    let program = moons();
    let weights = peers_weights(program);
    for (t, expected) in peers {
        let v = program.evaluate(&weights, &[t], &X, &Conditions::default()).unwrap();
        for (v, expected) in v.iter().zip(expected) {
            assert!((v - expected).abs() < 1e-6, "t = {t}: {v}, expected {expected}");
        }
    }
}

/// The same with `w.freqs = lambda dim: 64.0 ** (np.arange(dim // 2) / (dim // 2 - 1))`, not rounded.
#[test]
fn moons_to_the_last_digits() {
    let program = moons();
    let expected = [
        0.1140006808115797,
        -0.15885539681351676,
        0.08017206644870578,
        -0.17218133948745135,
        0.17886618805486162,
        -0.20777782385279644,
    ];
    let v = program.evaluate(&peers_weights(program), &[0.3; 3], &X, &Conditions::default()).unwrap();
    for (v, expected) in v.iter().zip(expected) {
        assert!((v - expected).abs() < 1e-14, "{v}, expected {expected}");
    }
}

fn conditional() -> &'static Program {
    let mut b = Builder::new("Conditional", &[2]);
    let label = b.class("label", 3);
    let c = b.vector("c", &[2]);
    let e = b.fourier("f", b.time(), 6, 1.0);
    let y = b.embedding("y", label, 4);
    let h = b.concat(&[b.state(), e, y, c]);
    let h = b.linear("h", h, 5, true);
    let h = b.apply(Op::Gelu, h);
    let h = b.layer_norm("n", h, 1e-5);
    let h = b.linear("g", h, 4, false);
    let g = b.rms_norm("r", h, 1e-6);
    let s = b.apply(Op::Softmax, g);
    let product = b.mul(g, s);
    let soft = b.apply(Op::Softplus, g);
    let h = b.sub(product, soft);
    let out = b.linear("out", h, 2, true);
    let skip = b.scale(b.state(), 0.5);
    let out = b.add(out, skip);
    b.finish(out).unwrap()
}

fn conditions(labels: &[u32], c: &[f32]) -> Conditions {
    let class = Condition { name: "label".to_owned(), values: ConditionValues::Class(labels.to_vec()) };
    let vector = Condition { name: "c".to_owned(), values: ConditionValues::Vector { dim: 2, values: c.to_vec() } };
    // The order is the caller's own.
    Conditions { columns: vec![vector, class] }
}

/// Parameter `i` is `sin(i + 1) / 2`.
fn sines(program: &Program) -> Vec<f64> {
    (1..=program.parameter_count()).map(|i| 0.5 * (i as f64).sin()).collect()
}

/// The same network written in NumPy 2.4 and SciPy 1.17 (`ndtr`, `softmax`, `logaddexp`), in `f64`.
#[test]
fn conditional_network_is_numpys() {
    let program = conditional();
    assert_eq!(program.parameter_count(), 134);
    let v = program
        .evaluate(&sines(program), &[0.25, 0.8], &[1.0, -2.0, 0.5, 3.0], &conditions(&[2, 0], &[0.5, -0.5, 1.5, 2.0]))
        .unwrap();
    let expected = [0.45177753908995827, 0.109481934650834, 0.2143434612387754, 2.5985778732325855];
    for (v, expected) in v.iter().zip(expected) {
        assert!((v - expected).abs() < 1e-13, "{v}, expected {expected}");
    }
}

#[test]
fn operands_that_do_not_fit_are_refused_by_name() {
    let program = conditional();
    let weights = sines(program);
    let good = conditions(&[2, 0], &[0.5, -0.5, 1.5, 2.0]);
    let x = [1.0, -2.0, 0.5, 3.0];
    let message = |weights: &[f64], t: &[f64], x: &[f64], c: &Conditions| {
        program.evaluate(weights, t, x, c).unwrap_err().to_string()
    };
    let cases = [
        (message(&weights[1..], &[0.0], &x, &good), "the row of parameters has shape [133], expected [134]"),
        (message(&weights, &[0.0; 3], &x, &good), "the time `t` has shape [3], expected [2] or [1]"),
        (message(&weights, &[0.0], &x[1..], &good), "the state `x` has shape [3], expected [batch · 2]"),
        (message(&weights, &[f64::NAN], &x, &good), "the time `t` is not finite at index 0"),
        (message(&weights, &[0.0], &[0.0, 0.0, f64::INFINITY, 0.0], &good), "the state `x` is not finite at index 2"),
        (
            message(&weights, &[0.0], &x, &conditions(&[2, 3], &[0.0; 4])),
            "condition `label` of sample 1 is 3, expected a label in 0..3",
        ),
        (message(&weights, &[0.0], &x, &conditions(&[2], &[0.0; 4])), "condition `label` has shape [1], expected [2]"),
        (
            message(&weights, &[0.0], &x, &conditions(&[2, 0], &[0.0; 2])),
            "condition `c` has shape [1, 2] in 2 values, expected [2, 2]",
        ),
        (
            message(&weights, &[0.0], &x, &conditions(&[2, 0], &[0.0, 0.0, 0.0, f32::NAN])),
            "condition `c` is not finite at sample 1, value 1",
        ),
        (message(&weights, &[0.0], &x, &Conditions::default()), "condition `label` is missing"),
    ];
    for (got, expected) in cases {
        assert!(got.contains(expected), "{got}\nexpected {expected}");
    }
}

#[test]
fn unknown_double_and_mistaken_conditions_are_refused() {
    let program = conditional();
    let evaluate = |c: &Conditions| program.evaluate(&sines(program), &[0.0], &[0.0; 4], c).unwrap_err().to_string();
    let mut c = conditions(&[2, 0], &[0.0; 4]);
    c.columns.push(c.columns[0].clone());
    assert!(evaluate(&c).contains("two `c`, expected `label`, `c`"), "{}", evaluate(&c));
    c.columns[2].name = "colour".to_owned();
    assert!(evaluate(&c).contains("the unknown `colour`"), "{}", evaluate(&c));
    c.columns.truncate(1);
    c.columns.push(Condition { name: "label".to_owned(), values: c.columns[0].values.clone() });
    assert!(evaluate(&c).contains("condition `label` is vectors, expected class labels"), "{}", evaluate(&c));
}

#[test]
fn custom_layers_are_for_dfdx() {
    let mut b = Builder::new("Mine", &[2]);
    let h = b.apply(Op::Custom { module: "MyModule<2>" }, b.state());
    let program = b.finish(h).unwrap();
    assert!(program.has_custom());
    let error = program.evaluate(&[], &[0.0], &[0.0; 2], &Conditions::default()).unwrap_err();
    assert!(matches!(error, Error::Device { .. }));
    assert!(error.to_string().contains("custom(MyModule<2>)") && error.to_string().contains("dfdx engine"), "{error}");
}

/// Two dropout layers, the second on more values than the first: ordinals, samples and elements are kept apart.
#[test]
fn dropout_follows_its_documented_numbers() {
    let mut b = Builder::new("Drop", &[2]);
    let h = b.apply(Op::Dropout { p: 0.5 }, b.state());
    let h = b.concat(&[h, h, h]);
    let h = b.apply(Op::Dropout { p: 0.25 }, h);
    let out = b.linear("out", h, 2, false);
    let program = b.finish(out).unwrap();
    let weights: Vec<f64> = (0..12).map(f64::from).collect();
    let x: Vec<f64> = (1..=16).map(f64::from).collect();
    let none = Conditions::default();
    let (seed, step) = (7, 3);
    let v = program.evaluate_training(&weights, &[0.0], &x, &none, seed, step).unwrap();
    let mut dropped = 0;
    for sample in 0..8 {
        let keep = |ordinal: u64, len: u64, element: usize, p: f64| {
            dropout_keeps(seed, step, (ordinal << 40) + sample as u64 * len + element as u64, p)
        };
        let first: Vec<f64> = (0..2).map(|e| if keep(0, 2, e, 0.5) { 2.0 * x[2 * sample + e] } else { 0.0 }).collect();
        let second: Vec<f64> = (0..6).map(|e| if keep(1, 6, e, 0.25) { first[e % 2] / 0.75 } else { 0.0 }).collect();
        dropped += first.iter().chain(&second).filter(|value| **value == 0.0).count();
        for (o, v) in v[2 * sample..2 * sample + 2].iter().enumerate() {
            let expected: f64 = second.iter().enumerate().map(|(i, h)| h * weights[6 * o + i]).sum();
            assert!((v - expected).abs() < 1e-12, "sample {sample}: {v}, expected {expected}");
        }
    }
    assert!((10..60).contains(&dropped), "{dropped} of 64");
    assert_ne!(v, program.evaluate_training(&weights, &[0.0], &x, &none, seed, step + 1).unwrap());
    let off = program.evaluate(&weights, &[0.0], &x, &none).unwrap();
    assert_eq!(off[0], (0..6).map(|i| x[i % 2] * weights[i]).sum::<f64>());
}

#[test]
fn dropout_drops_its_share() {
    let kept = (0..20_000).filter(|&i| dropout_keeps(1, 2, dropout_index(3, 0, 0, i), 0.3)).count();
    // Four standard deviations of the binomial count.
    assert!((kept as f64 - 14_000.0).abs() < 4.0 * (20_000.0f64 * 0.3 * 0.7).sqrt(), "{kept}");
    assert!((0..1000).all(|i| dropout_keeps(1, 2, i, 0.0)));
}

#[test]
fn an_empty_batch_gives_nothing() {
    let program = moons();
    let weights = vec![0.0; program.parameter_count()];
    assert_eq!(program.evaluate(&weights, &[], &[], &Conditions::default()).unwrap(), Vec::<f64>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Samples do not see each other: a batch is its samples one by one, and a shared time is the time of each.
    #[test]
    fn a_batch_is_its_samples(seed in any::<u64>()) {
        let program = random::program(seed).unwrap();
        let random::Inputs { parameters, t, x, conditions } = random::inputs(program, seed, 3);
        let whole = program.evaluate(&parameters, &t, &x, &conditions).unwrap();
        prop_assert!(whole.iter().all(|v| v.is_finite()));
        let dim = program.state_dim();
        for sample in 0..3 {
            let columns = conditions.columns.iter().map(|condition| Condition {
                name: condition.name.clone(),
                values: match &condition.values {
                    ConditionValues::Class(labels) => ConditionValues::Class(vec![labels[sample]]),
                    ConditionValues::Vector { dim, values } => ConditionValues::Vector {
                        dim: *dim,
                        values: values[sample * dim..(sample + 1) * dim].to_vec(),
                    },
                },
            });
            let alone = Conditions { columns: columns.collect() };
            let range = sample * dim..(sample + 1) * dim;
            let one = program.evaluate(&parameters, &t[sample..=sample], &x[range.clone()], &alone).unwrap();
            prop_assert_eq!(&one[..], &whole[range]);
        }
        let shared = program.evaluate(&parameters, &[0.5], &x, &conditions).unwrap();
        prop_assert_eq!(shared, program.evaluate(&parameters, &[0.5; 3], &x, &conditions).unwrap());
    }
}
