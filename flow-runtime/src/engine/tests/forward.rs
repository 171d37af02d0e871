//! The network computes what the program says.

use super::*;
use crate::{
    Error,
    engine::{Dropout, nn},
};
use ::dfdx::{
    shapes::{Const, HasShape},
    tensor::{NoneTape, OwnedTape, SplitTape, Tensor, Trace, ZerosTensor},
};

fn velocity<M: Model, N: Network<f64, Cpu>>(sample: &Sample) -> (Vec<f64>, Vec<f64>) {
    let (device, weights) = (Cpu::default(), weights::<M>());
    let network: N = network(&device, &weights);
    let rows = sample.t.len();
    let x = device.tensor_from_vec(sample.x.clone(), (rows, sample.x.len() / rows));
    let got = network.velocity(&sample.inputs(&device), x).expect("the inputs fit").as_vec();
    let expected = M::PROGRAM.evaluate(&weights, &sample.t, &sample.x, &sample.conditions);
    (got, expected.expect("the inputs fit"))
}

#[test]
fn moons_agree_with_the_interpreter() {
    let (got, expected) = velocity::<Moons, MoonsNetwork<f64, Cpu>>(&Sample::moons(17));
    assert_close(&got, &expected, 1e-13);
}

#[test]
fn every_op_agrees_with_the_interpreter() {
    let (got, expected) = velocity::<Every, EveryNetwork<f64, Cpu>>(&Sample::every(7));
    assert_close(&got, &expected, 1e-12);
}

#[test]
fn dropout_agrees_with_the_interpreter_and_the_tape_changes_nothing() {
    let (device, weights, sample) = (Cpu::default(), weights::<Every>(), Sample::every(9));
    let network: EveryNetwork<f64, Cpu> = network(&device, &weights);
    let x = || device.tensor_from_vec(sample.x.clone(), (9, 12));
    let masks = Dropout::new(5, 40);
    let got = network.traced(&sample.inputs(&device), x().leaky_traced(), Some(&masks)).expect("the inputs fit");
    let expected = Every::PROGRAM.evaluate_training(&weights, &sample.t, &sample.x, &sample.conditions, 5, 40);
    assert_close(&got.as_vec(), &expected.expect("the inputs fit"), 1e-12);
    let traced = network.traced(&sample.inputs(&device), x().leaky_traced(), None).expect("the inputs fit");
    let plain = network.velocity(&sample.inputs(&device), x()).expect("the inputs fit");
    assert_eq!(traced.as_vec(), plain.as_vec());
}

/// Values and derivatives of an activation at `x`.
fn activation(
    x: &[f64],
    f: impl Fn(
        Tensor<(usize,), f64, Cpu>,
        OwnedTape<f64, Cpu>,
    ) -> crate::Result<(Tensor<(usize,), f64, Cpu>, OwnedTape<f64, Cpu>)>,
) -> (Vec<f64>, Vec<f64>) {
    use ::dfdx::{
        tensor::PutTape,
        tensor_ops::{Backward, SumTo},
    };
    let device = Cpu::default();
    let leaf = device.tensor_from_vec(x.to_vec(), (x.len(),));
    let (x, tape) = leaf.leaky_trace().split_tape();
    let (y, tape) = f(x, tape).expect("there is memory");
    let values = y.as_vec();
    let sum: Tensor<(), f64, Cpu, _> = y.put_tape(tape).sum();
    (values, sum.backward().get(&leaf).as_vec())
}

const POINTS: [f64; 9] = [-1e3, -50.0, -1.0, -1e-9, 0.0, 0.5, 39.0, 50.0, 1e3];

#[test]
fn softplus_is_finite_and_right_everywhere() {
    let (values, slopes) = activation(&POINTS, nn::softplus);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    assert_close(&values, &POINTS.map(|x| x.max(0.0) + (-x.abs()).exp().ln_1p()), 1e-15);
    assert_close(&slopes, &POINTS.map(sigmoid), 1e-15);
}

#[test]
fn elu_is_finite_and_right_everywhere() {
    let (values, slopes) = activation(&POINTS, |x, tape| nn::elu(x, 0.7, tape));
    assert_close(&values, &POINTS.map(|x| if x > 0.0 { x } else { 0.7 * x.exp_m1() }), 1e-15);
    assert_close(&slopes, &POINTS.map(|x| if x > 0.0 { 1.0 } else { 0.7 * x.exp() }), 1e-15);
}

#[test]
fn silu_and_leaky_relu_are_finite_and_right_everywhere() {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (values, slopes) = activation(&POINTS, nn::silu);
    assert_close(&values, &POINTS.map(|x| x * sigmoid(x)), 1e-15);
    assert_close(&slopes, &POINTS.map(|x| sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x)))), 1e-14);
    let (values, slopes) = activation(&POINTS, |x, tape| nn::leaky_relu(x, 0.1, tape));
    assert_close(&values, &POINTS.map(|x| if x > 0.0 { x } else { 0.1 * x }), 1e-15);
    assert_close(&slopes, &POINTS.map(|x| if x > 0.0 { 1.0 } else { 0.1 }), 1e-15);
}

/// dfdx's own derivative of `accurate_gelu` is `Φ(x) + sqrt(2) x φ(x)`.
#[test]
fn gelu_has_the_derivative_that_dfdx_has_not() {
    let (values, slopes) = activation(&POINTS, nn::gelu);
    let normal = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    assert_close(&values, &POINTS.map(|x| x * normal(x)), 1e-15);
    assert_close(&slopes, &POINTS.map(|x| normal(x) + x * density(x)), 1e-15);
}

#[test]
fn softmax_of_large_values_is_finite() {
    let device = Cpu::default();
    let x = device.tensor_from_vec(vec![1e4, 1e4, -1e4], (1, Const::<3>));
    let (y, _) = nn::softmax(x, NoneTape).expect("there is memory");
    assert_close(&y.as_vec(), &[0.5, 0.5, 0.0], 1e-15);
}

#[test]
fn wrong_inputs_are_typed_errors() {
    let (device, weights, sample) = (Cpu::default(), weights::<Every>(), Sample::every(4));
    let network: EveryNetwork<f64, Cpu> = network(&device, &weights);
    let x = || device.tensor_from_vec(sample.x.clone(), (4, 12));
    let message = |inputs: Inputs<f64, Cpu>, x| {
        let result = network.velocity(&inputs, x);
        result.map(|y| *y.shape()).map_err(|error: Error| error.to_string()).expect_err("it does not fit")
    };
    let mut inputs = sample.inputs(&device);
    inputs.t = device.tensor_from_vec(vec![0.0; 3], (3,));
    assert!(message(inputs, x()).contains("the input `t` has shape [3], expected 4 samples"));
    let mut inputs = sample.inputs(&device);
    inputs.conditions[0] = Condition::Class(device.tensor_from_vec(vec![0, 1, 5, 2], (4,)));
    assert!(message(inputs, x()).contains("the class of sample 2 is 5, expected a class in 0..5"));
    let mut inputs = sample.inputs(&device);
    inputs.conditions.swap(0, 1);
    assert!(message(inputs, x()).contains("condition 0 is vectors, expected class labels"));
    let mut inputs = sample.inputs(&device);
    inputs.conditions.pop();
    assert!(message(inputs, x()).contains("condition 1 is missing, expected vectors"));
    let narrow = device.tensor_from_vec(vec![0.0; 44], (4, 11));
    assert!(message(sample.inputs(&device), narrow).contains("[4, 11], expected [4, 3, 4]"));
}

#[test]
fn the_typed_forward_is_usable_from_dfdx() {
    let device = Cpu::default();
    let network: MoonsNetwork<f32, Cpu> = BuildModule::build(&device);
    let x: Tensor<(usize, Const<2>), f32, _> = ZerosTensor::zeros_like(&device, &(3, Const::<2>));
    let t = device.tensor_from_vec(vec![0.0, 0.5, 1.0], (3,));
    let v = network.forward(t, x, None).expect("the inputs fit");
    assert_eq!(*v.shape(), (3, Const::<2>));
    assert_eq!(::dfdx::nn::NumParams::num_trainable_params(&network), Moons::PARAMETERS);
}
