//! Gradients against central differences of the velocity, in `f64`, with dropout on.

use super::{BOTH, build, count};
use crate::{
    program::{
        Op, Program, dropout_keeps,
        random::{self, Inputs},
    },
    rng::{Philox, Stream},
};
use std::collections::HashSet;

/// The largest step of a difference.
const STEP: f64 = 1.0 / 1024.0;

/// Rounding of a difference, in units of the values involved: `ε / STEP` for each of the operations of a program, whose
/// errors add up to some tens.
const ROUNDING: f64 = 64.0 * f64::EPSILON / STEP;

/// A program at a place, in training step 4 of a run with seed 3.
struct Place {
    program: &'static Program,
    inputs: Inputs,
    cotangent: Vec<f64>,
}

/// How many entries were compared, and how many lie at a kink.
#[derive(Default)]
struct Tally {
    compared: usize,
    sharp: usize,
    kinked: usize,
}

impl Place {
    fn new(program: &'static Program, seed: u64) -> Self {
        let inputs = random::inputs(program, seed, 2);
        let noise = Philox::new(seed, Stream::Data, 2);
        let cotangent = (0..inputs.x.len() as u64).map(|index| noise.normal(index)).collect();
        Self { program, inputs, cotangent }
    }

    /// `v·dv`, and on which side of their kink the elements of `relu` and its like are.
    fn product(&self, parameters: &[f64], x: &[f64]) -> (f64, Vec<bool>) {
        let (mut product, mut sides, mut row) = (0.0, Vec::new(), 0);
        let keep = |index, p| dropout_keeps(3, 4, index, p);
        let Inputs { t, conditions, .. } = &self.inputs;
        let read = |values: &[Vec<f64>]| {
            let velocity = &values[self.program.output];
            let cotangent = &self.cotangent[row * velocity.len()..];
            product += velocity.iter().zip(cotangent).map(|(v, dv)| v * dv).sum::<f64>();
            row += 1;
            for node in self.program.nodes {
                if matches!(node.op, Op::Relu | Op::LeakyRelu { .. } | Op::Elu { .. }) {
                    sides.extend(values[node.inputs[0]].iter().map(|x| *x > 0.0));
                }
            }
        };
        self.program.interpret_batch(parameters, t, x, conditions, None, Some(&keep), read).unwrap();
        (product, sides)
    }

    /// The derivative by one entry with a bound of its error, unless a kink lies between the places that are compared.
    ///
    /// Two differences of fourth order, of which the one with half the step has a sixteenth of the other's error: they
    /// lie 15 times that apart.
    fn slope(&self, parameters: &mut [f64], x: &mut [f64], entry: Entry) -> Option<(f64, f64)> {
        let value = *entry.of(parameters, x);
        let (_, sides) = self.product(parameters, x);
        let mut at = |place: f64| {
            *entry.of(parameters, x) = value + place * STEP;
            let (product, now) = self.product(parameters, x);
            (now == sides).then_some(product)
        };
        let places = [1.0, -1.0, 0.5, -0.5, 0.25, -0.25].map(&mut at);
        *entry.of(parameters, x) = value;
        let [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f)] = places else { return None };
        let coarse = (8.0 * (c - d) - (a - b)) / (6.0 * STEP);
        let fine = (8.0 * (e - f) - (c - d)) / (3.0 * STEP);
        Some((fine, (fine - coarse).abs()))
    }

    /// Compares every `stride`th parameter, and the state.
    fn compare(&self, stride: usize, tally: &mut Tally, label: &str) {
        let Inputs { parameters, t, x, conditions } = &self.inputs;
        let gradient = self.program.gradient(BOTH).unwrap();
        let values = gradient.evaluate_training(parameters, t, x, conditions, &self.cotangent, 3, 4).unwrap();
        assert_eq!(values.velocity, self.program.evaluate_training(parameters, t, x, conditions, 3, 4).unwrap());
        let state = values.state.unwrap();
        let trained = (0..self.program.parameters.len()).flat_map(|index| {
            let range = self.program.parameter_offset(index)..self.program.parameter_offset(index + 1);
            let trained = self.program.parameters[index].trained;
            range.map(move |entry| (Entry::Parameter(entry), trained))
        });
        let entries = trained.step_by(stride).chain((0..x.len()).map(|entry| (Entry::State(entry), true)));
        let scale =
            values.parameters.iter().chain(&state).chain(&values.velocity).fold(1.0, |m: f64, v| m.max(v.abs()));
        let (mut parameters, mut x) = (parameters.clone(), x.clone());
        for (entry, trained) in entries {
            let got = match entry {
                Entry::Parameter(index) => values.parameters[index],
                Entry::State(index) => state[index],
            };
            if !trained {
                assert_eq!(got, 0.0, "{label}, {entry:?}");
                continue;
            }
            let Some((slope, error)) = self.slope(&mut parameters, &mut x, entry) else {
                tally.kinked += 1;
                continue;
            };
            tally.compared += 1;
            tally.sharp += usize::from(error <= 1e-7 * scale);
            let difference = (got - slope).abs();
            assert!(
                difference <= error + ROUNDING * scale,
                "{label}, {entry:?}: {got} is not {slope}, off by {difference:e} with {error:e} allowed\n{}",
                gradient.program
            );
        }
    }
}

/// What a derivative is by.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Parameter(usize),
    State(usize),
}

impl Entry {
    fn of<'a>(self, parameters: &'a mut [f64], x: &'a mut [f64]) -> &'a mut f64 {
        match self {
            Self::Parameter(index) => &mut parameters[index],
            Self::State(index) => &mut x[index],
        }
    }
}

#[test]
fn random_programs_have_the_slopes_of_their_velocity() {
    let mut tally = Tally::default();
    for seed in 0..300 {
        let program = random::program(seed).unwrap();
        let place = Place::new(program, seed);
        place.compare(program.parameter_count() / 16 + 1, &mut tally, &format!("seed {seed}"));
    }
    let Tally { compared, sharp, kinked } = tally;
    // The bound is no excuse: nearly all of the entries are held to seven digits.
    assert!(compared > 4000 && 100 * sharp > 97 * compared, "{sharp} of {compared}");
    assert!(100 * kinked < 5 * compared, "{kinked} besides {compared}");
}

/// No rule is left out of the random programs.
#[test]
fn random_gradients_hold_every_op_of_reverse_mode() {
    let mut seen = HashSet::new();
    for seed in 0..300 {
        let program = random::program(seed).unwrap();
        let reverse = &program.gradient(BOTH).unwrap().program.nodes[program.nodes.len()..];
        seen.extend(reverse.iter().map(|node| node.op.name()));
    }
    let all = [
        "input",
        "add",
        "mul",
        "scale",
        "reshape",
        "linear_transposed",
        "outer",
        "sum_rows",
        "slice",
        "relu_pullback",
        "elu_pullback",
        "gelu_pullback",
        "silu_pullback",
        "tanh_pullback",
        "sigmoid_pullback",
        "softplus_pullback",
        "leaky_relu_pullback",
        "sin_pullback",
        "softmax_pullback",
        "layer_norm_pullback",
        "layer_norm_normalized",
        "rms_norm_pullback",
        "rms_norm_normalized",
        "dropout_pullback",
        "scatter",
    ];
    assert_eq!(seen, HashSet::from(all));
}

/// Every op of one operand by itself, between two layers, on one axis and on two; all entries.
#[test]
fn each_op_has_the_slope_of_its_value() {
    let ops = [
        Op::Scale(-1.5),
        Op::Shift(0.5),
        Op::Relu,
        Op::Elu { alpha: 1.5 },
        Op::Elu { alpha: -0.5 },
        Op::Gelu,
        Op::Silu,
        Op::Tanh,
        Op::Sigmoid,
        Op::Softplus,
        Op::LeakyRelu { slope: 0.1 },
        Op::LeakyRelu { slope: -0.1 },
        Op::Sin,
        Op::Softmax,
        Op::LayerNorm { eps: 1e-5 },
        Op::RmsNorm { eps: 1e-6 },
        Op::Dropout { p: 0.5 },
    ];
    let mut tally = Tally::default();
    for (op, state) in ops.into_iter().flat_map(|op| [(op, &[4][..]), (op, &[3, 4])]) {
        let program = build(state, |b| {
            let h = b.linear("h", b.state(), 5, true);
            let h = match op {
                Op::LayerNorm { eps } => b.layer_norm("n", h, eps),
                Op::RmsNorm { eps } => b.rms_norm("n", h, eps),
                op => b.apply(op, h),
            };
            b.linear("out", h, 4, false)
        });
        Place::new(program, 5).compare(1, &mut tally, op.name());
    }
    assert!(tally.compared > 17 * 2 * 40 && tally.sharp == tally.compared, "{} sharp", tally.sharp);
    assert!(tally.kinked < 20, "{}", tally.kinked);
}

/// Weights behind the time alone, behind a class and behind a condition.
#[test]
fn weights_of_time_and_conditions_have_their_slopes() {
    let program = build(&[3], |b| {
        let label = b.class("y", 3);
        let c = b.vector("c", &[2]);
        let e = b.sinusoidal(b.time(), 8, 16.0);
        let e = b.linear("e", e, 6, true);
        let e = b.layer_norm("n", e, 1e-5);
        let e = b.apply(Op::Silu, e);
        let y = b.embedding("y", label, 6);
        let c = b.linear("c", c, 6, false);
        let s = b.add(e, y);
        let s = b.sub(s, c);
        let h = b.concat(&[b.state(), s, s]);
        b.linear("out", h, 3, true)
    });
    let mut tally = Tally::default();
    Place::new(program, 1).compare(1, &mut tally, "time");
    assert_eq!(tally.compared, program.parameter_count() + 6);
    assert_eq!(tally.sharp, tally.compared);
    // The normalised embedding depends on the time alone, its cotangent does not.
    let gradient = program.gradient(BOTH).unwrap();
    assert_eq!(count(gradient, Op::LayerNormNormalized { eps: 1e-5 }), 1);
    for node in &gradient.program.nodes[program.nodes.len()..] {
        assert_eq!(node.batch_invariant, node.op.name() == "layer_norm_normalized", "{}", node.op.name());
    }
}
