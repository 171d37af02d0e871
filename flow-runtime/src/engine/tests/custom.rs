//! Models with modules of the user's.

use super::*;
use crate::engine::{DfdxEngine, entries, nn};
use ::dfdx::{
    nn::{builders, modules::ReLU},
    shapes::Const,
    tensor::Tensor,
};

/// Two layers around a residual, of dfdx's own parts.
type Inner = (builders::Linear<4, 8>, ReLU, builders::Linear<8, 4>);
type Residual = builders::Residual<Inner>;
type Head = builders::Linear<4, 3>;

flow_model! {
    /// Two modules among layers.
    pub model Mixed(x: [3], t: Time) -> [3] {
        let a = linear(concat(x, t), 4);
        let h = custom(a, Residual);
        let h = h + a;
        let k = custom(h, Head, [3]);
        linear(k, 3)
    }
}

#[test]
fn modules_come_behind_the_programs_parameters() {
    let network: MixedNetwork<f32, Cpu> = BuildModule::build(&Cpu::default());
    let names: Vec<_> = entries::<f32, Cpu, _>(&network).expect("there is memory");
    let names: Vec<_> = names.iter().map(|entry| (entry.name.as_str(), entry.size())).collect();
    assert_eq!(
        names,
        [
            ("a.weight", 16),
            ("a.bias", 4),
            ("out.weight", 9),
            ("out.bias", 3),
            ("h.0.0.weight", 32),
            ("h.0.0.bias", 8),
            ("h.0.2.weight", 32),
            ("h.0.2.bias", 4),
            ("k.weight", 12),
            ("k.bias", 3),
        ]
    );
    assert_eq!(nn::layout::<Mixed>().size(), 32 + 32 + 8 + 4 + 15 + 32);
}

#[test]
fn initial_weights_are_the_seeds() {
    let weights = nn::initial_weights::<Mixed>(3);
    assert_eq!(weights.values().len(), nn::layout::<Mixed>().size());
    assert_eq!(weights, nn::initial_weights::<Mixed>(3));
    assert_ne!(weights, nn::initial_weights::<Mixed>(4));
    // Shared with every engine.
    assert_eq!(weights.values()[..Mixed::PARAMETERS], *crate::model::Weights::init(Mixed::PROGRAM, 3).values());
}

#[test]
fn a_model_is_made_with_the_weights_of_its_modules() {
    let model = Mixed::new(3);
    assert_eq!(*model.weights(), nn::initial_weights::<Mixed>(3));
    assert_eq!(Mixed::layout(), nn::layout::<Mixed>());
    assert!(Mixed::from_weights(model.weights().clone()).is_ok());
}

#[test]
fn the_network_runs_the_modules() {
    let mut engine = DfdxEngine::<Mixed>::new().expect("there is memory");
    let weights = nn::initial_weights::<Mixed>(3);
    let x = [0.5, -1.0, 0.25, 1.0, 2.0, -0.5];
    let mut v = [0.0; 6];
    engine.velocity(weights.values(), &[0.0, 0.75], &x, &Conditions::default(), &mut v).expect("the inputs fit");
    // The same by hand.
    let view = |name: &str| weights.view(name).expect("the name is there");
    let linear = |name: &str, x: &[f32]| {
        let (w, b) = (view(&format!("{name}.weight")), view(&format!("{name}.bias")));
        let row = |(w, b): (&[f32], &f32)| w.iter().zip(x).map(|(w, x)| w * x).sum::<f32>() + b;
        w.chunks(x.len()).zip(b).map(row).collect::<Vec<_>>()
    };
    let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>();
    for (sample, t) in [0.0f32, 0.75].into_iter().enumerate() {
        let xt = [&x[3 * sample..3 * sample + 3], &[t]].concat();
        let a = linear("a", &xt);
        let inner: Vec<f32> = linear("h.0.0", &a).into_iter().map(|x| x.max(0.0)).collect();
        let h = sum(&sum(&linear("h.0.2", &inner), &a), &a);
        let out = linear("out", &linear("k", &h));
        let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
        assert_close(&wide(&v[3 * sample..3 * sample + 3]), &wide(&out), 1e-6);
    }
}

#[test]
fn the_typed_forward_takes_modules_too() {
    let device = Cpu::default();
    let network: MixedNetwork<f64, Cpu> = BuildModule::build(&device);
    let x: Tensor<(usize, Const<3>), f64, _> = ::dfdx::tensor::ZerosTensor::zeros_like(&device, &(2, Const::<3>));
    let v = network.forward(device.tensor_from_vec(vec![0.0, 1.0], (2,)), x, None).expect("the inputs fit");
    assert_eq!(v.as_vec().len(), 6);
}
