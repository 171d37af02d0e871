//! The time table, computed step by step in `f64`.

use crate::{
    engine::plan::{Base, Binary, Frequencies, Plan, Step, View},
    program::Activation,
};

/// What depends on the time alone, at one time.
pub(super) fn row(plan: &Plan, weights: &[f32], t: f64) -> Vec<f64> {
    let mut row = vec![0.0; plan.shared_len];
    for step in &plan.shared {
        let (values, out) = value(plan, step, weights, t, &row);
        row[out.offset..][..values.len()].copy_from_slice(&values);
    }
    row
}

fn value(plan: &Plan, step: &Step, weights: &[f32], t: f64, row: &[f64]) -> (Vec<f64>, View) {
    let parameters = |offset: usize, len: usize| weights[offset..][..len].iter().map(|w| f64::from(*w)).collect();
    let read = |view: View| -> Vec<f64> {
        assert_eq!(view.lines, 1);
        match view.base {
            Base::Shared => row[view.offset..][..view.width].to_vec(),
            Base::Parameters => parameters(view.offset, view.width),
            Base::Time => vec![t],
            other => panic!("{other:?} in a shared row"),
        }
    };
    match *step {
        Step::Product { x, pack, start, out } => {
            let pack = plan.packs[pack];
            let x = read(x);
            let mut sum = start.map_or(vec![0.0; pack.columns], read);
            for (j, sum) in sum.iter_mut().enumerate() {
                for (k, x) in x.iter().enumerate() {
                    let w = weights[pack.offset + k * pack.depth_stride + j * pack.column_stride];
                    *sum += x * f64::from(w);
                }
            }
            (sum, out)
        }
        Step::Map { f, x, out } => (read(x).into_iter().map(|x| activation(f, x)).collect(), out),
        Step::Binary { f, a, b, out } => {
            let pairs = read(a).into_iter().zip(read(b));
            let values = pairs.map(|(a, b)| match f {
                Binary::Add => a + b,
                Binary::Sub => a - b,
                Binary::Mul => a * b,
            });
            (values.collect(), out)
        }
        Step::Affine { factor, term, x, out } => (read(x).into_iter().map(|x| factor * x + term).collect(), out),
        Step::Copy { x, out } => (read(x), out),
        Step::Embedding { frequencies, t, out } => {
            let half = out.width / 2;
            let frequencies: Vec<f64> = match frequencies {
                Frequencies::Constants(at) => plan.constants[at..][..half].to_vec(),
                Frequencies::Parameter(at) => {
                    let turns: Vec<f64> = parameters(at, half);
                    turns.into_iter().map(|w| std::f64::consts::TAU * w).collect()
                }
            };
            let t = read(t)[0];
            let sines = frequencies.iter().map(|w| (w * t).sin());
            (sines.chain(frequencies.iter().map(|w| (w * t).cos())).collect(), out)
        }
        other => panic!("{other:?} in a shared row"),
    }
}

fn activation(f: Activation, x: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    match f {
        Activation::Relu => x.max(0.0),
        Activation::Elu { alpha } if x <= 0.0 => alpha * x.exp_m1(),
        Activation::Elu { .. } => x,
        Activation::Gelu => 0.5 * x * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2),
        Activation::Silu => x * sigmoid,
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => sigmoid,
        Activation::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Activation::LeakyRelu { slope } if x <= 0.0 => slope * x,
        Activation::LeakyRelu { .. } => x,
        Activation::Sin => x.sin(),
    }
}
