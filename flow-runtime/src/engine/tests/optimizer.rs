//! Steps on the flat row are dfdx's steps on the module, bit for bit.

use super::*;
use crate::{
    engine::{DfdxEngine, store},
    train::{Batch, Loss, Optimizer as Recipe, OptimizerState, TrainEngine},
};
use ::dfdx::{
    nn::ZeroGrads,
    optim::{Adam, AdamConfig, Momentum, Optimizer, Sgd, SgdConfig, WeightDecay},
    shapes::Rank0,
    tensor::{Tensor, Trace},
    tensor_ops::{Backward, MeanTo},
};

const STEPS: u64 = 6;

fn batch() -> Batch {
    gradient::batch(&Sample::every(4), 12)
}

/// Trains the module as a dfdx program would.
fn by_module(mut optimizer: impl Optimizer<EveryNetwork<f32, Cpu>, Cpu, f32>) -> Vec<f32> {
    let (device, batch, sample) = (Cpu::default(), batch(), Sample::every(4));
    let mut network: EveryNetwork<f32, Cpu> = network(&device, &weights::<Every>());
    let mut gradients = network.alloc_grads();
    for step in 0..STEPS {
        let x = device.tensor_from_vec(batch.xt.clone(), (4, 12)).traced(gradients);
        let masks = crate::engine::Dropout::new(8, step);
        let v = network.traced(&sample.inputs(&device), x, Some(&masks)).expect("the batch fits");
        let target = device.tensor_from_vec(batch.ut.clone(), (4, 12));
        let loss: Tensor<Rank0, f32, Cpu, _> = (v - target).square().mean();
        gradients = loss.backward();
        optimizer.update(&mut network, &gradients).expect("every tensor is used");
        network.zero_grads(&mut gradients);
    }
    store::<f32, Cpu, _>(&network).expect("there is memory")
}

/// Trains the flat row from `state` on, over the steps `from..to`.
fn by_engine(recipe: &Recipe, lr: f64, from: u64, to: u64, weights: &mut [f32], state: &mut OptimizerState) {
    let mut engine = DfdxEngine::<Every>::new().expect("there is memory");
    let mut gradient = vec![0.0; weights.len()];
    for step in from..to {
        engine.gradient(weights, &batch(), Loss::Mse, 8, step, &mut gradient).expect("the batch fits");
        engine.optimize(recipe, lr, step + 1, weights, &gradient, state).expect("the lengths fit");
    }
}

fn check(
    recipe: Recipe,
    lr: f64,
    optimizer: impl Optimizer<EveryNetwork<f32, Cpu>, Cpu, f32>,
    moments: (usize, usize),
) {
    let start: Vec<f32> = rounded(&weights::<Every>());
    let (mut whole, mut state) = (start.clone(), OptimizerState::default());
    by_engine(&recipe, lr, 0, STEPS, &mut whole, &mut state);
    assert_ne!(whole, start);
    assert_eq!(whole, by_module(optimizer), "{recipe:?}");
    assert_eq!((state.moment1.len() / start.len(), state.moment2.len() / start.len()), moments);
    // Stopped after two steps, and resumed with another engine.
    let (mut parts, mut resumed) = (start, OptimizerState::default());
    by_engine(&recipe, lr, 0, 2, &mut parts, &mut resumed);
    by_engine(&recipe, lr, 2, STEPS, &mut parts, &mut resumed);
    assert_eq!((parts, resumed), (whole, state));
}

fn module() -> EveryNetwork<f32, Cpu> {
    network(&Cpu::default(), &weights::<Every>())
}

#[test]
fn adam() {
    for weight_decay in [0.0, 0.1] {
        let recipe = Recipe::Adam { lr: 1.0, beta1: 0.8, beta2: 0.99, eps: 1e-7, weight_decay };
        let decay = (weight_decay != 0.0).then_some(WeightDecay::L2(weight_decay));
        let config = AdamConfig { lr: 1e-2, betas: [0.8, 0.99], eps: 1e-7, weight_decay: decay };
        check(recipe, 1e-2, Adam::new(&module(), config), (1, 1));
    }
}

#[test]
fn adam_w() {
    let recipe = Recipe::AdamW { lr: 1.0, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.05 };
    let decay = Some(WeightDecay::Decoupled(0.05));
    let config = AdamConfig { lr: 3e-3, betas: [0.9, 0.999], eps: 1e-8, weight_decay: decay };
    check(recipe, 3e-3, Adam::new(&module(), config), (1, 1));
}

#[test]
fn sgd() {
    for (momentum, nesterov, weight_decay) in
        [(0.0, false, 0.0), (0.9, false, 0.0), (0.9, true, 0.0), (0.9, true, 0.01), (0.0, false, 0.01)]
    {
        let recipe = Recipe::Sgd { lr: 1.0, momentum, nesterov, weight_decay };
        let config = SgdConfig {
            lr: 5e-2,
            momentum: match (momentum != 0.0, nesterov) {
                (false, _) => None,
                (true, false) => Some(Momentum::Classic(momentum)),
                (true, true) => Some(Momentum::Nesterov(momentum)),
            },
            weight_decay: (weight_decay != 0.0).then_some(WeightDecay::L2(weight_decay)),
        };
        check(recipe, 5e-2, Sgd::new(&module(), config), (usize::from(momentum != 0.0), 0));
    }
}

#[test]
fn moments_of_another_length_are_refused_and_nothing_is_changed() {
    let recipe = Recipe::Adam { lr: 1.0, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 };
    let mut engine = DfdxEngine::<Moons>::new().expect("there is memory");
    let mut weights = vec![0.5; Moons::PARAMETERS];
    let gradient = vec![1.0; Moons::PARAMETERS];
    let mut state = OptimizerState { moment1: vec![0.0; 3], moment2: Vec::new() };
    let error = engine.optimize(&recipe, 0.1, 1, &mut weights, &gradient, &mut state).expect_err("three values");
    assert!(error.to_string().contains("the first moment has shape [3]"), "{error}");
    assert!(weights.iter().all(|weight| *weight == 0.5));
    let error = engine.optimize(&recipe, 0.1, 0, &mut weights, &gradient, &mut OptimizerState::default());
    assert!(error.expect_err("time counts from 1").to_string().contains("the time is 0"));
}

#[test]
fn dfdx_counts_all_but_the_fixed_frequencies_as_trained() {
    assert_eq!(::dfdx::nn::NumParams::num_trainable_params(&module()) + 4, Every::PARAMETERS);
}
