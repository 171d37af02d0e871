//! W1 as a user of dfdx writes it by hand: a module of tuples, dfdx's optimiser, the same batches.
//!
//! It is here to show what generated code costs: training through it is to reach 0.95 of this loop.

use super::{measure::Measured, moons};
use dfdx::{
    nn::{BuildModule, Module, ZeroGrads, ZeroSizedModule, modules::Linear},
    optim::{Adam, AdamConfig, Optimizer},
    prelude::*,
};
use flow_runtime::{
    data::Dataset,
    flow::Affine,
    model::Model,
    train::{Batch, Batcher, TrainRecipe},
};
use serde_json::json;

/// dfdx has no ELU: `max(x, 0) + exp(min(x, 0)) − 1`.
#[derive(Clone, Debug, Default)]
struct Elu;

impl ZeroSizedModule for Elu {}

impl<S: Shape, T: Tape<f32, Cpu>> Module<Tensor<S, f32, Cpu, T>> for Elu {
    type Output = Tensor<S, f32, Cpu, T>;
    type Error = <Cpu as HasErr>::Err;

    fn try_forward(&self, x: Tensor<S, f32, Cpu, T>) -> Result<Self::Output, Self::Error> {
        let positive = x.with_empty_tape().try_relu()?;
        let negative = TrySub::try_sub(x.try_clamp(f64::NEG_INFINITY, 0.0)?.try_exp()?, 1.0)?;
        negative.try_add(positive)
    }
}

type Network = (
    (Linear<34, 64, f32, Cpu>, Elu),
    (Linear<64, 128, f32, Cpu>, Elu),
    (Linear<128, 64, f32, Cpu>, Elu),
    Linear<64, 2, f32, Cpu>,
);

/// `[x, sin(w t), cos(w t)]`
fn embed(device: &Cpu, x: &[f32], t: &[f32]) -> Tensor<(usize, Const<34>), f32, Cpu> {
    let frequencies: Vec<f32> = (0..16).map(|i| 64f64.powf(f64::from(i) / 15.0) as f32).collect();
    let rows = t.len();
    let x = device.tensor_from_vec(x.to_vec(), (rows, 2));
    let t = device.tensor_from_vec(t.to_vec(), (rows,)).broadcast_like::<_, Axis<1>>(&(rows, 16));
    let w = device.tensor_from_vec(frequencies, (16,)).broadcast_like::<_, Axis<0>>(&(rows, 16));
    let angle = t * w;
    let embedding = (angle.clone().sin(), angle.cos()).concat_along(Axis::<1>);
    (x, embedding).concat_along(Axis::<1>).realize()
}

/// The peers' weights, as the generated model starts.
fn load(network: &mut Network) -> Result<(), flow_runtime::Error> {
    let model = moons::model()?;
    let weights = model.weights();
    let ((first, _), (second, _), (third, _), last) = network;
    first.weight.copy_from(weights.view("h.weight")?);
    first.bias.copy_from(weights.view("h.bias")?);
    second.weight.copy_from(weights.view("h2.weight")?);
    second.bias.copy_from(weights.view("h2.bias")?);
    third.weight.copy_from(weights.view("h3.weight")?);
    third.bias.copy_from(weights.view("h3.bias")?);
    last.weight.copy_from(weights.view("out.weight")?);
    last.bias.copy_from(weights.view("out.bias")?);
    Ok(())
}

pub fn train(data: &Dataset, size: usize, steps: u64) -> Measured {
    let device = Cpu::default();
    let mut network: Network = BuildModule::build(&device);
    load(&mut network)?;
    let mut optimizer = Adam::new(&network, AdamConfig { lr: 1e-3, ..Default::default() });
    let recipe = moons::MoonsTraining::RECIPE;
    let path: Affine<_> = moons::MoonsTraining::path();
    let mut batcher = Batcher::new(&recipe, &path, data);
    let mut batch = Batch::default();
    let mut gradients = network.alloc_grads();
    let mut last = f32::NAN;
    for step in 0..steps {
        batcher.draw(step, size, &mut batch)?;
        let input = embed(&device, &batch.xt, &batch.t).traced(gradients);
        let target: Tensor<(usize, Const<2>), f32, Cpu> = device.tensor_from_vec(batch.ut.clone(), (size, Const));
        let loss = (network.forward(input) - target).square().mean();
        last = loss.array();
        gradients = loss.backward();
        optimizer.update(&mut network, &gradients).map_err(|error| format!("{error:?}"))?;
        network.zero_grads(&mut gradients);
    }
    Ok(json!({ "loss": last }))
}
