//! What may be written in `flow_model!`, run: the reference and the dfdx network agree, and so do the names of weights.

#![allow(unused_qualifications)]

use flow_runtime::{
    engine::{DfdxEngine, DfdxModel, Network, entries, nn::Cpu},
    prelude::*,
};

const WIDTH: usize = 6;

/// A size that is computed.
const fn width() -> usize {
    WIDTH + 2
}

/// Owner of an associated constant.
struct Sizes;

impl Sizes {
    const HIDDEN: usize = 5;
}

flow_model! {
    block residual(h, width, scale) {
        let r = silu(linear(h, 2 * width));
        h + scale * linear(r, width)
    }

    block stack(h, width) {
        let mut g = h;
        for _ in 0..2 {
            g = residual(g, width, 0.5);
        }
        dropout(g, 0.25)
    }

    // A size and a value of the block, and constants of the module, go by one name.
    block shadows(WIDTH, h) {
        let h = linear(h, WIDTH);
        linear(h, self::WIDTH)
    }

    model Sized(x: [2], t: Time) -> [2] {
        let h = linear(concat(x, t), 2 * WIDTH + 1);
        let h = linear(relu(h), { WIDTH });
        let h = linear(relu(h), self::WIDTH);
        let h = linear(relu(h), Sizes::HIDDEN);
        let h = linear(relu(h), width());
        let h = linear(relu(h), u32::BITS as usize / 8);
        linear(h, 2)
    }

    model Blocks(x: [WIDTH], t: Time) -> [WIDTH] {
        let h = linear(concat(x, t), WIDTH);
        let h2 = linear(h, WIDTH);
        let h = linear(h2, WIDTH);
        let h = linear(h, WIDTH);
        let a = residual(h, WIDTH, 0.5);
        let a = residual(a, { WIDTH }, -2);
        let b = residual(residual(a, self::WIDTH, 1), width() - 2, 1.5);
        let s = stack(b, 1 * WIDTH);
        let n = shadows(3, s);
        stack(n, WIDTH)
    }

    model Scopes(x: [2], t: Time) -> [2] {
        let mut h = linear(concat(x, t), 4);
        for _ in 0..=1 {
            let x = tanh(linear(h, 4));
            h += x;
            h *= 0.5;
            for _ in 3..5 { h -= -linear({ let x = sin(x); x * h }, 4); }
        }
        let h = { let h = 1 - h; h * h };
        (-1.0) * linear(h, 2) + -x - 0.25
    }

    model Pictures(x: [1, 4, 6], t: Time, c: [1, 8], y: Class<3>) -> [1, 4, 6] {
        let c = linear(c, 6);
        let rows = linear(reshape(x, [4, 6]), 6);
        let wide = concat(rows, rms_norm(rows));
        let flat = concat(flatten(linear(wide, 2)), flatten(c), embedding(y, 2), embedding(y, 3), t);
        let flat = linear(layer_norm(flat), 4 * 6);
        reshape(flat, [1, 4, 6]) + x
    }

    model Keywords(r#type: [2], t: Time) -> [2] {
        let r#loop = linear(concat(r#type, t), 2);
        let weight = linear(r#loop, 2);
        let out = linear(weight, 2);
        linear(out, 2)
    }
}

/// The names of a network's tensors, as dfdx visits them.
fn names<N: Network<f32, Cpu>>() -> Vec<String> {
    let network = N::try_build(&Cpu::default()).expect("a network");
    entries::<f32, Cpu, _>(&network).expect("its tensors").into_iter().map(|entry| entry.name.to_string()).collect()
}

/// Both engines give one velocity, and every weight has one name; gives the names without `.weight` and `.bias`.
#[track_caller]
fn check<M: DfdxModel>(conditions: &Conditions, dim: usize) -> Vec<&'static str> {
    let program = M::PROGRAM;
    let declared: Vec<_> = program.parameters.iter().map(|parameter| parameter.name).collect();
    assert_eq!(names::<M::Network>(), declared);

    let model = M::from_weights_unchecked(M::initial_weights(5));
    let file = tempfile::NamedTempFile::new().expect("a file");
    model.save_safetensors(file.path()).expect("weights are written");
    let bytes = std::fs::read(file.path()).expect("weights are read");
    let header = String::from_utf8_lossy(&bytes);
    assert!(declared.iter().all(|name| header.contains(&format!("\"{name}\":"))), "{declared:?}");

    let t = [0.0f32, 0.375, 1.0];
    let x: Vec<f32> = (0..3 * dim).map(|i| (i * 7 % 11) as f32 / 4.0 - 1.25).collect();
    let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
    let reference = model.velocity_reference(&wide(&t), &wide(&x), conditions).expect("a velocity");
    let mut out = vec![0.0; reference.len()];
    let mut engine = DfdxEngine::<M>::new().expect("an engine");
    engine.velocity(model.weights().values(), &t, &x, conditions, &mut out).expect("a velocity");
    for (index, (got, expected)) in out.iter().zip(&reference).enumerate() {
        let error = (f64::from(*got) - expected).abs();
        assert!(error <= 2e-5 * (1.0 + expected.abs()), "{index}: {got}, expected {expected}");
    }
    assert!(reference.iter().any(|value| value.abs() > 1e-3), "{reference:?}");

    let mut layers: Vec<_> = declared.iter().filter_map(|name| name.strip_suffix(".weight")).collect();
    layers.dedup();
    layers
}

#[test]
fn sizes_are_const_expressions() {
    check::<Sized>(&Conditions::none(), 2);
    let widths: Vec<_> =
        Sized::PROGRAM.parameters.iter().filter(|weight| weight.shape.len() == 1).map(|bias| bias.shape[0]).collect();
    assert_eq!(widths, [13, 6, 6, 5, 8, 4, 2]);
}

#[test]
fn blocks_take_sizes_numbers_and_values() {
    let layers = check::<Blocks>(&Conditions::none(), WIDTH);
    assert_eq!(
        layers,
        [
            "h",
            "h2",
            "h3",
            "h4",
            "a.r",
            "a.out",
            "a2.r",
            "a2.out",
            "b.r",
            "b.out",
            "b2.r",
            "b2.out",
            "s.g.r",
            "s.g.out",
            "s.g2.r",
            "s.g2.out",
            "n.h",
            "n.out",
            "out.g.r",
            "out.g.out",
            "out.g2.r",
            "out.g2.out"
        ]
    );
}

#[test]
fn scopes_are_those_of_rust() {
    assert_eq!(check::<Scopes>(&Conditions::none(), 2), ["h", "x", "h2", "h3", "x2", "h4", "h5", "out"]);
}

#[test]
fn states_and_conditions_have_any_rank() {
    let c: Vec<f32> = (0..24).map(|i| i as f32 / 8.0 - 1.0).collect();
    let conditions =
        Conditions::none().class("y", &[2, 0, 1]).and_then(|all| all.vector("c", 8, &c)).expect("conditions");
    assert_eq!(check::<Pictures>(&conditions, 24), ["c", "rows", "wide", "flat", "flat2", "flat3", "flat4", "flat5"]);
}

#[test]
fn names_may_be_keywords() {
    assert_eq!(check::<Keywords>(&Conditions::none(), 2), ["loop", "weight", "out", "out2"]);
    assert_eq!(Keywords::PROGRAM.inputs[0].name, "type");
}
