//! The dfdx engine on generated networks.

mod custom;
mod forward;
mod gradient;
mod optimizer;
mod run;

use super::{Condition, Element, Inputs, Network, load};
use crate::{
    data::{Condition as Column, ConditionValues, Conditions},
    flow_model,
    model::Model,
    rng::{Philox, Stream},
};
use ::dfdx::{
    nn::BuildModule,
    tensor::{Cpu, TensorFromVec},
};

flow_model! {
    /// The two moons.
    pub model Moons(x: [2], t: Time) -> [2] {
        let e = sinusoidal(t, 32);
        let h = elu(linear(concat(x, e), 64));
        let h = elu(linear(h, 128));
        let h = elu(linear(h, 64));
        linear(h, 2)
    }

    /// Every op, on a state of two axes, with operands that are one tensor.
    pub model Every(x: [3, 4], t: Time, y: Class<5>, c: [6]) -> [3, 4] {
        let e = sinusoidal(t, 8, max = 16.0);
        let f = fourier(t, 8, 0.5);
        let time = linear(concat(e, f, t), 6, bias = false);
        let s = embedding(y, 6) + c - time;
        let h = linear(elu(s, alpha = 0.7), 6) + s;
        let h = linear(gelu(h), 6) + s;
        let h = linear(silu(h), 6) + s;
        let h = linear(tanh(h), 6) + s;
        let h = linear(sigmoid(h), 6) + s;
        let h = linear(softplus(h), 6) + s;
        let h = linear(leaky_relu(h, slope = 0.1), 6) + s;
        let h = linear(sin(h), 6) + s;
        let h = linear(relu(h), 6) + s;
        let h = dropout(layer_norm(1.5 * h - 0.25), 0.25);
        let w = reshape(linear(h, 12), [3, 4]);
        let q = x * x;
        let q = q + reshape(flatten(q), [3, 4]);
        let w = w + q;
        let z = linear(rms_norm(concat(w, w, x)), 4);
        linear(layer_norm(softmax(z)) * w, 4, bias = false)
    }
}

/// Numbers of `N(0, 1)`.
fn normal(seed: u64, count: usize) -> Vec<f64> {
    let sequence = Philox::new(seed, Stream::Data, 0);
    (0..count as u64).map(|index| sequence.normal(index)).collect()
}

/// A batch of inputs for a model.
struct Sample {
    t: Vec<f64>,
    x: Vec<f64>,
    conditions: Conditions,
}

impl Sample {
    /// Inputs for `Every`, exact in `f32`.
    fn every(rows: usize) -> Self {
        let exact = |values: Vec<f64>| values.into_iter().map(|value| f64::from(value as f32)).collect::<Vec<_>>();
        let c = exact(normal(3, rows * 6)).into_iter().map(|value| value as f32).collect();
        let columns = vec![
            Column {
                name: "y".to_owned(),
                values: ConditionValues::Class((0..rows).map(|i| (i * 3 % 5) as u32).collect()),
            },
            Column { name: "c".to_owned(), values: ConditionValues::Vector { dim: 6, values: c } },
        ];
        let t = (0..rows).map(|i| i as f64 / rows as f64).collect();
        Self { t: exact(t), x: exact(normal(2, rows * 12)), conditions: Conditions { columns } }
    }

    fn moons(rows: usize) -> Self {
        let t = (0..rows).map(|i| i as f64 / rows as f64).collect();
        Self { t, x: normal(2, rows * 2), conditions: Conditions::default() }
    }

    fn inputs<E: Element>(&self, device: &Cpu) -> Inputs<E, Cpu>
    where
        Cpu: ::dfdx::tensor_ops::Device<E>,
    {
        let rows = self.t.len();
        let conditions = self.conditions.columns.iter().map(|column| match &column.values {
            ConditionValues::Class(labels) => {
                let labels = labels.iter().map(|label| *label as usize).collect();
                Condition::Class(device.tensor_from_vec(labels, (rows,)))
            }
            ConditionValues::Vector { dim, values } => {
                let values = values.iter().map(|value| E::rounded(f64::from(*value))).collect();
                Condition::Vector(device.tensor_from_vec(values, (rows, *dim)))
            }
        });
        Inputs { t: device.tensor_from_vec(rounded(&self.t), (rows,)), conditions: conditions.collect() }
    }
}

fn rounded<E: Element>(values: &[f64]) -> Vec<E> {
    values.iter().map(|value| E::rounded(*value)).collect()
}

/// Weights of the size that training has, for `layer_norm` too.
fn weights<M: Model>() -> Vec<f64> {
    let noise = normal(1, M::PARAMETERS);
    let model = M::new(1);
    model.weights().values().iter().zip(noise).map(|(w, n)| f64::from((f64::from(*w) + 0.1 * n) as f32)).collect()
}

/// The network with those weights.
fn network<E: Element, N: Network<E, Cpu>>(device: &Cpu, weights: &[f64]) -> N
where
    Cpu: ::dfdx::tensor_ops::Device<E>,
{
    let mut network = N::build(device);
    load::<E, Cpu, N>(&mut network, &rounded(weights)).expect("the weights fit");
    network
}

#[track_caller]
fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= tolerance * expected.abs().max(1.0), "{index}: {got} is not {expected}");
    }
}
