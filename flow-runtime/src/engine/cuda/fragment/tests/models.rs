//! Models of the tests.

use crate::program::{Op, Program, builder::Builder};

const ELU: Op = Op::Elu { alpha: 1.0 };

pub(super) fn all() -> Vec<(&'static str, &'static Program)> {
    vec![
        ("moons", moons()),
        ("residual_silu", residual(2, 64, Op::Silu, 2)),
        ("residual_gelu", residual(17, 48, Op::Gelu, 3)),
        ("classes", classes()),
        ("conditioned", conditioned()),
        ("odd", odd()),
        ("wide_state", wide_state()),
    ]
}

/// The model of the two moons.
pub(super) fn moons() -> &'static Program {
    mlp("Moons", 2, &[64, 128, 64], ELU)
}

/// Layers of these widths, with the time embedded.
pub(super) fn mlp(name: &str, dim: usize, widths: &[usize], f: Op) -> &'static Program {
    let mut b = Builder::new(name, &[dim]);
    let e = b.sinusoidal(b.time(), 32, 64.0);
    let mut h = b.concat(&[b.state(), e]);
    for (i, &width) in widths.iter().enumerate() {
        h = b.linear(&format!("h{i}"), h, width, true);
        h = b.apply(f, h);
    }
    let out = b.linear("out", h, dim, true);
    b.finish(out).unwrap()
}

/// Residual blocks with normalizations.
pub(super) fn residual(dim: usize, width: usize, f: Op, blocks: usize) -> &'static Program {
    let mut b = Builder::new("Residual", &[dim]);
    let e = b.sinusoidal(b.time(), 16, 64.0);
    let time = b.linear("time", e, width, true);
    let mut h = b.linear("in", b.state(), width, true);
    for i in 0..blocks {
        let norm = if i % 2 == 0 {
            b.layer_norm(&format!("norm{i}"), h, 1e-5)
        } else {
            b.rms_norm(&format!("norm{i}"), h, 1e-6)
        };
        let branch = b.linear(&format!("a{i}"), norm, width, true);
        let branch = b.add(branch, time);
        let branch = b.apply(f, branch);
        let branch = b.linear(&format!("b{i}"), branch, width, false);
        h = b.add(h, branch);
    }
    let out = b.linear("out", h, dim, true);
    b.finish(out).unwrap()
}

/// With a class, in a concatenation and as a scale.
pub(super) fn classes() -> &'static Program {
    let mut b = Builder::new("Classes", &[3]);
    let label = b.class("label", 10);
    let y = b.embedding("y", label, 24);
    let e = b.fourier("e", b.time(), 16, 0.5);
    let h = b.concat(&[b.state(), e, y]);
    let h = b.linear("h", h, 40, true);
    let h = b.apply(Op::Silu, h);
    let scale = b.linear("scale", y, 40, true);
    let h = b.mul(h, scale);
    let h = b.linear("g", h, 33, true);
    let h = b.apply(Op::Softplus, h);
    let out = b.linear("out", h, 3, true);
    b.finish(out).unwrap()
}

/// With a vector condition, a softmax, and the time as it is.
pub(super) fn conditioned() -> &'static Program {
    let mut b = Builder::new("Conditioned", &[1]);
    let c = b.vector("c", &[5]);
    let h = b.concat(&[b.state(), b.time(), c]);
    let h = b.linear("h", h, 32, true);
    let h = b.apply(Op::Sin, h);
    let gate = b.linear("gate", h, 32, true);
    let gate = b.apply(Op::Softmax, gate);
    let h = b.mul(h, gate);
    let both = b.concat(&[h, gate]);
    let both = b.apply(Op::LeakyRelu { slope: 0.1 }, both);
    let h = b.linear("g", both, 16, true);
    let h = b.apply(Op::Sigmoid, h);
    let out = b.linear("out", h, 1, true);
    let slow = b.scale(b.state(), -0.5);
    let out = b.add(out, slow);
    let out = b.mul(out, b.time());
    b.finish(out).unwrap()
}

/// A state that no registers hold from stage to stage.
pub(super) fn wide_state() -> &'static Program {
    mlp("WideState", 64, &[128, 96], Op::Tanh)
}

/// Widths that fill no chunk.
pub(super) fn odd() -> &'static Program {
    let mut b = Builder::new("Odd", &[5]);
    let e = b.sinusoidal(b.time(), 6, 64.0);
    let h = b.concat(&[b.state(), e]);
    let mut h = b.linear("a", h, 3, true);
    for (name, width, f) in
        [("b", 5, Op::Relu), ("c", 17, ELU), ("d", 33, Op::Tanh), ("e", 2, Op::Gelu), ("f", 9, Op::Sin)]
    {
        h = b.apply(f, h);
        h = b.linear(name, h, width, name != "d");
    }
    let h = b.apply(Op::Shift(0.25), h);
    let out = b.linear("out", h, 5, true);
    b.finish(out).unwrap()
}
