use super::{Layout, Model, Weights};
use crate::{
    data::Conditions,
    error::{Error, Result},
    program::{
        Init, Input, InputKind, Node, Op, Parameter, Program,
        builder::{Builder, moons},
    },
    rng::{Philox, Stream},
};

/// `Builder` makes the same at run time; generated models hold such a const.
const SMALL: Program = Program {
    name: "Small",
    inputs: &[
        Input { name: "x", kind: InputKind::State, shape: &[2] },
        Input { name: "t", kind: InputKind::Time, shape: &[1] },
    ],
    nodes: &[
        node("x", Op::Input(0), &[], &[]),
        Node { name: "t", op: Op::Input(1), inputs: &[], shape: &[1], parameters: &[], batch_invariant: true },
        node("out", Op::Linear, &[0], &[0, 1]),
    ],
    parameters: &[
        Parameter { name: "out.weight", shape: &[2, 2], init: Init::FanIn(2), trained: true },
        Parameter { name: "out.bias", shape: &[2], init: Init::FanIn(2), trained: true },
    ],
    output: 2,
};

const fn node(name: &'static str, op: Op, inputs: &'static [usize], parameters: &'static [usize]) -> Node {
    Node { name, op, inputs, shape: &[2], parameters, batch_invariant: false }
}

#[derive(Clone, Debug, PartialEq)]
struct Small {
    weights: Weights,
}

impl Model for Small {
    const PROGRAM: &'static Program = &SMALL;

    fn weights(&self) -> &Weights {
        &self.weights
    }

    fn weights_mut(&mut self) -> &mut Weights {
        &mut self.weights
    }

    fn from_weights_unchecked(weights: Weights) -> Self {
        Self { weights }
    }
}

crate::flow_model! {
    /// The network of the two-moons workload.
    model Moons(x: [2], t: Time) -> [2] {
        let e = sinusoidal(t, 32);
        let h = elu(linear(concat(x, e), 64));
        let h = elu(linear(h, 128));
        let h = elu(linear(h, 64));
        linear(h, 2)
    }
}

/// The macro and the builder mean the same by the same network.
#[test]
fn a_declared_model_is_the_built_one() {
    Moons::program().check().unwrap();
    assert_eq!(Moons::SCHEMA, moons().schema_hash());
    assert_eq!((Moons::PARAMETERS, Moons::FLOPS), (18_946, 37_376));
    let model = Moons::new(3);
    assert_eq!(model.weights().values(), Weights::init(moons(), 3).values());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("moons.safetensors");
    model.save_safetensors(&path).unwrap();
    assert_eq!(Moons::load_safetensors(&path).unwrap(), model);
}

fn small(values: [f32; 6]) -> Small {
    Small::from_weights(Weights::new(Small::layout(), values.to_vec()).unwrap()).unwrap()
}

mod dtypes;
mod file;
mod name_map;
mod random_maps;

#[test]
fn constants_and_reference_velocity() {
    const PARAMETERS: usize = Small::PARAMETERS;
    assert_eq!((PARAMETERS, Small::FLOPS, Small::SCHEMA), (6, 8, SMALL.schema_hash()));
    Small::program().check().unwrap();
    let model = small([1.0, 2.0, 3.0, 4.0, 0.5, -0.5]);
    let v = model.velocity_reference(&[0.0], &[1.0, -1.0, 0.0, 2.0], &Conditions::default()).unwrap();
    assert_eq!(v, [-0.5, -1.5, 4.5, 7.5]);
    let names: Vec<_> = model.parameters().map(|(entry, values)| (entry.name.as_str(), values.len())).collect();
    assert_eq!(names, [("out.weight", 4), ("out.bias", 2)]);
}

#[test]
fn views_and_changes_go_by_name() {
    let mut model = small([0.0; 6]);
    model.weights_mut().set("out.bias", &[1.0, 2.0]).unwrap();
    assert_eq!(model.weights().values(), [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
    assert_eq!(model.weights().view("out.bias").unwrap(), [1.0, 2.0]);
    let before = model.clone();
    let messages = [
        model.weights_mut().set("bias", &[1.0]).unwrap_err().to_string(),
        model.weights_mut().set("out.bias", &[1.0]).unwrap_err().to_string(),
        model.weights_mut().set("out.weight", &[1.0, 1.0, f32::NAN, 1.0]).unwrap_err().to_string(),
    ];
    assert!(messages[0].contains("`bias`, expected one of `out.weight`, `out.bias`"), "{}", messages[0]);
    assert!(messages[1].contains("has shape [1], expected [2], 2 values"), "{}", messages[1]);
    assert!(messages[2].contains("`out.weight` is not finite at [1, 0]"), "{}", messages[2]);
    assert_eq!(model, before);
}

#[test]
fn weights_of_another_model_are_refused() {
    let error = Small::from_weights(Weights::init(moons(), 0)).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }));
    assert!(error.to_string().contains("`h.weight` [64, 34], expected `out.weight` [2, 2] of `Small`"), "{error}");
    assert!(matches!(Weights::new(Small::layout(), vec![0.0; 5]), Err(Error::Shape { .. })));
    assert!(matches!(Weights::new(Small::layout(), vec![f32::INFINITY; 6]), Err(Error::NotFinite { .. })));
}

#[test]
fn custom_layers_extend_the_layout() {
    let layout = Layout::of(&SMALL).extended([("m.0.weight".to_owned(), vec![3, 2], true)]).unwrap();
    let entry = layout.entry("m.0.weight").unwrap();
    assert_eq!((entry.offset, entry.range(), layout.size()), (6, 6..12, 12));
    assert!(layout.clone().extended([("out.bias".to_owned(), vec![1], true)]).is_err());
    assert!(layout.extended([("big".to_owned(), vec![usize::MAX, 2], true)]).is_err());
}

/// A program with every kind of beginning.
fn beginnings() -> Result<&'static Program> {
    let mut b = Builder::new("Beginnings", &[2]);
    let label = b.class("label", 300);
    let f = b.fourier("f", b.time(), 2000, 3.0);
    let y = b.embedding("y", label, 10);
    let h = b.concat(&[f, y]);
    let h = b.layer_norm("n", h, 1e-5);
    let out = b.linear("out", h, 2, true);
    b.finish(out)
}

fn moments(values: &[f32]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    (mean, values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n)
}

/// Means and variances within four standard errors of what the distributions have.
#[test]
fn weights_start_as_declared() {
    let weights = Weights::init(beginnings().unwrap(), 5);
    for (name, variance, kurtosis) in
        [("f.frequencies", 9.0, 3.0), ("y.weight", 1.0, 3.0), ("out.weight", 1.0 / (3.0 * 2010.0), 1.8)]
    {
        let values = weights.view(name).unwrap();
        let n = values.len() as f64;
        let (mean, found) = moments(values);
        assert!(mean.abs() < 4.0 * (variance / n).sqrt(), "{name}: mean {mean}");
        let error = variance * ((kurtosis - 1.0) / n).sqrt();
        assert!((found - variance).abs() < 4.0 * error, "{name}: variance {found}, expected {variance}");
    }
    let bound = 1.0 / 2010f32.sqrt();
    assert!(weights.view("out.weight").unwrap().iter().all(|w| (-bound..bound).contains(w)));
    assert!(weights.view("n.weight").unwrap().iter().all(|w| *w == 1.0));
    assert!(weights.view("n.bias").unwrap().iter().all(|w| *w == 0.0));
}

/// Each value is the number of its offset, in its stream and step.
#[test]
fn weights_are_the_documented_numbers() {
    let program = beginnings().unwrap();
    let weights = Weights::init(program, 9);
    let frequencies = weights.view("f.frequencies").unwrap();
    assert_eq!(frequencies[7], (3.0 * f64::from(Philox::new(9, Stream::Weights, 1).normal_f32(7))) as f32);
    let offset = weights.layout().entry("out.bias").unwrap().offset;
    let u = f64::from(Philox::new(9, Stream::Weights, 0).uniform_f32(offset as u64 + 1));
    assert_eq!(weights.view("out.bias").unwrap()[1], ((2.0 * u - 1.0) / 2010f64.sqrt()) as f32);
    assert_eq!(weights, Weights::init(program, 9));
    assert_ne!(weights, Weights::init(program, 10));
}
