//! Gradients against central differences in `f64`, and the engine's gradient against the network's.

use super::*;
use crate::{
    engine::{DfdxEngine, DfdxModel, Dropout, flat},
    program::Wanted,
    train::{Batch, Loss, TrainEngine},
};
use ::dfdx::{
    nn::ZeroGrads,
    shapes::Rank0,
    tensor::{Gradients, Tensor, Trace},
    tensor_ops::{Backward, MeanTo},
};

/// Gradient of `mean(v²)` by the tape, with dropout on.
fn by_tape<N: Network<f64, Cpu>>(weights: &[f64], sample: &Sample) -> Vec<f64> {
    let device = Cpu::default();
    let network: N = network(&device, weights);
    let rows = sample.t.len();
    let mut gradients = Gradients::leaky();
    network.zero_grads(&mut gradients);
    let x = device.tensor_from_vec(sample.x.clone(), (rows, sample.x.len() / rows)).traced(gradients);
    let masks = Dropout::new(1, 2);
    let v = network.traced(&sample.inputs(&device), x, Some(&masks)).expect("the inputs fit");
    let loss: Tensor<Rank0, f64, Cpu, _> = v.square().mean();
    let mut gradient = vec![f64::NAN; weights.len()];
    flat::gradient(&network, &mut loss.backward(), &mut gradient).expect("the length fits");
    gradient
}

/// The same by central differences of the interpreter.
fn by_differences<M: Model>(weights: &[f64], sample: &Sample) -> Vec<f64> {
    let loss = |weights: &[f64]| {
        let v = M::PROGRAM.evaluate_training(weights, &sample.t, &sample.x, &sample.conditions, 1, 2);
        let v = v.expect("the inputs fit");
        v.iter().map(|v| v * v).sum::<f64>() / v.len() as f64
    };
    let mut weights = weights.to_vec();
    let mut difference = |index: usize| {
        let (value, h) = (weights[index], 1e-5);
        let mut at = |place: f64| {
            weights[index] = value + place * h;
            loss(&weights)
        };
        // Fourth order.
        let slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * h);
        weights[index] = value;
        slope
    };
    (0..M::PARAMETERS).map(&mut difference).collect()
}

#[test]
fn every_op_has_the_gradient_of_the_interpreter() {
    let (weights, sample) = (weights::<Every>(), Sample::every(5));
    let gradient = by_tape::<EveryNetwork<f64, Cpu>>(&weights, &sample);
    let mut expected = by_differences::<Every>(&weights, &sample);
    // Fourier frequencies are not trained.
    for (index, parameter) in Every::PROGRAM.parameters.iter().enumerate() {
        if !parameter.trained {
            expected[Every::PROGRAM.parameter_offset(index)..Every::PROGRAM.parameter_offset(index + 1)].fill(0.0);
        }
    }
    assert!(expected.iter().filter(|slope| slope.abs() > 1e-4).count() > weights.len() / 2);
    assert_close(&gradient, &expected, 1e-8);
}

#[test]
fn the_state_has_a_gradient_too() {
    let (device, weights, sample) = (Cpu::default(), weights::<Every>(), Sample::every(2));
    let network: EveryNetwork<f64, Cpu> = network(&device, &weights);
    let x = device.tensor_from_vec(sample.x.clone(), (2, 12));
    let v = network.traced(&sample.inputs(&device), x.leaky_trace(), None).expect("the inputs fit");
    let loss: Tensor<Rank0, f64, Cpu, _> = v.square().mean();
    let gradient = loss.backward().get(&x).as_vec();
    let loss = |x: &[f64]| {
        let v = Every::PROGRAM.evaluate(&weights, &sample.t, x, &sample.conditions).expect("the inputs fit");
        v.iter().map(|v| v * v).sum::<f64>() / v.len() as f64
    };
    let mut x = sample.x.clone();
    for index in 0..x.len() {
        let (value, h) = (x[index], 1e-5);
        let mut at = |place: f64| {
            x[index] = value + place * h;
            loss(&x)
        };
        let slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * h);
        x[index] = value;
        assert!((gradient[index] - slope).abs() < 1e-8, "{index}: {} is not {slope}", gradient[index]);
    }
}

pub(super) fn batch(sample: &Sample, dim: usize) -> Batch {
    Batch {
        size: sample.t.len(),
        t: rounded(&sample.t),
        xt: rounded(&sample.x),
        ut: rounded(&normal(9, sample.t.len() * dim)),
        conditions: sample.conditions.clone(),
    }
}

/// The engine's loss, and what the interpreter's velocity gives, in `f64`.
fn losses(loss: Loss, expected: impl Fn(f64) -> f64) {
    let (weights, sample) = (weights::<Every>(), Sample::every(6));
    let batch = batch(&sample, 12);
    let flat: Vec<f32> = rounded(&weights);
    let mut engine = DfdxEngine::<Every>::new().expect("there is memory");
    let mut gradient = vec![f32::NAN; flat.len()];
    let got = engine.gradient(&flat, &batch, loss, 3, 4, &mut gradient).expect("the batch fits");
    let v = Every::PROGRAM.evaluate_training(&weights, &sample.t, &sample.x, &sample.conditions, 3, 4);
    let mean = |v: &[f64]| {
        let terms = v.iter().zip(&batch.ut).map(|(v, u)| expected(v - f64::from(*u)));
        terms.sum::<f64>() / v.len() as f64
    };
    assert_close(&[got], &[mean(&v.expect("the batch fits"))], 1e-5);
    assert!(gradient.iter().all(|slope| slope.is_finite()));
    let got = engine.loss(&flat, &batch, loss).expect("the batch fits");
    let v = Every::PROGRAM.evaluate(&weights, &sample.t, &sample.x, &sample.conditions);
    assert_close(&[got], &[mean(&v.expect("the batch fits"))], 1e-5);
}

#[test]
fn losses_are_means_over_all_entries() {
    losses(Loss::Mse, |d| d * d);
    losses(Loss::L1, f64::abs);
    losses(Loss::Huber { delta: 0.5 }, |d| if d.abs() <= 0.5 { d * d / 2.0 } else { 0.5 * (d.abs() - 0.25) });
}

#[test]
fn a_second_gradient_remembers_nothing_of_the_first() {
    let (weights, batch) = (rounded::<f32>(&weights::<Every>()), batch(&Sample::every(6), 12));
    let gradient = |engine: &mut DfdxEngine<Every>, step| {
        let mut gradient = vec![f32::NAN; weights.len()];
        let loss = engine.gradient(&weights, &batch, Loss::Mse, 3, step, &mut gradient).expect("the batch fits");
        (loss, gradient)
    };
    let mut engine = DfdxEngine::<Every>::new().expect("there is memory");
    let first = gradient(&mut engine, 4);
    let other = gradient(&mut engine, 5);
    assert_ne!(first, other, "dropout has other masks");
    assert_eq!(first, gradient(&mut engine, 4));
    assert_eq!(first, gradient(&mut DfdxEngine::<Every>::new().expect("there is memory"), 4));
}

#[test]
fn batches_that_do_not_fit_are_typed_errors() {
    fn message<M: DfdxModel>(change: impl Fn(&mut Batch, &mut Vec<f32>, &mut Vec<f32>)) -> String {
        let mut batch = batch(&Sample::every(2), 12);
        let (mut weights, mut gradient) = (rounded(&weights::<M>()), vec![0.0; M::PARAMETERS]);
        change(&mut batch, &mut weights, &mut gradient);
        let mut engine = DfdxEngine::<M>::new().expect("there is memory");
        let result = engine.gradient(&weights, &batch, Loss::Mse, 0, 0, &mut gradient);
        result.expect_err("it does not fit").to_string()
    }
    assert!(message::<Every>(|batch, _, _| batch.size = 0).contains("the size of the batch is 0"));
    assert!(message::<Every>(|batch, _, _| batch.size = 3).contains("`xt` has shape [24], expected [3, 12]"));
    assert!(message::<Every>(|batch, _, _| batch.t.push(0.0)).contains("the times has shape [3], expected [2]"));
    assert!(message::<Every>(|batch, _, _| batch.ut.clear()).contains("`ut` has shape [0], expected [2, 12]"));
    assert!(message::<Every>(|batch, _, _| batch.conditions.columns.clear()).contains("`y`"));
    assert!(message::<Every>(|_, weights, _| weights.truncate(7)).contains("the row of weights has shape [7]"));
    assert!(message::<Every>(|_, _, gradient| gradient.truncate(7)).contains("the row of gradients has shape [7]"));
}

/// The gradient's program against the tape of dfdx, in `f64`, with the same dropout: `mean(v²)` has the cotangent
/// `2 v / entries`.
fn program_and_tape<M: Model, N: Network<f64, Cpu>>(sample: &Sample) {
    let weights = weights::<M>();
    let Sample { t, x, conditions } = sample;
    let gradient = M::PROGRAM.gradient(Wanted { parameters: true, state: false }).expect("every op has one");
    let v = M::PROGRAM.evaluate_training(&weights, t, x, conditions, 1, 2).expect("the inputs fit");
    let cotangent: Vec<f64> = v.iter().map(|value| 2.0 * value / v.len() as f64).collect();
    let values = gradient.evaluate_training(&weights, t, x, conditions, &cotangent, 1, 2).expect("the inputs fit");
    assert_eq!(values.velocity, v);
    assert_close(&values.parameters, &by_tape::<N>(&weights, sample), 1e-13);
}

#[test]
fn programs_of_gradients_agree_with_the_tape() {
    program_and_tape::<Every, EveryNetwork<f64, Cpu>>(&Sample::every(5));
    program_and_tape::<Moons, MoonsNetwork<f64, Cpu>>(&Sample::moons(7));
}

#[test]
fn programs_of_gradients_agree_with_the_tape_on_the_state() {
    let (device, weights, sample) = (Cpu::default(), weights::<Every>(), Sample::every(2));
    let network: EveryNetwork<f64, Cpu> = network(&device, &weights);
    let x = device.tensor_from_vec(sample.x.clone(), (2, 12));
    let v = network.traced(&sample.inputs(&device), x.leaky_trace(), None).expect("the inputs fit");
    let cotangent: Vec<f64> = v.as_vec().iter().map(|value| 2.0 * value / 24.0).collect();
    let loss: Tensor<Rank0, f64, Cpu, _> = v.square().mean();
    let by_tape = loss.backward().get(&x).as_vec();
    let gradient = Every::PROGRAM.gradient(Wanted { parameters: false, state: true }).expect("every op has one");
    let values = gradient.evaluate(&weights, &sample.t, &sample.x, &sample.conditions, &cotangent);
    let values = values.expect("the inputs fit");
    assert_close(&values.state.expect("it was wanted"), &by_tape, 1e-13);
    assert!(values.parameters.iter().all(|slope| *slope == 0.0));
}
