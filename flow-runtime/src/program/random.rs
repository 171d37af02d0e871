//! Random well-shaped programs and inputs for property tests: every engine and every transformation is to treat them as
//! the interpreter does.

use super::{
    Init, InputKind, Op, Program,
    builder::{Builder, NodeId},
};
use crate::{
    data::{Condition, ConditionValues, Conditions},
    error::Result,
    rng::{Philox, Stream},
};

/// Choices drawn one after the other.
struct Draw {
    philox: Philox,
    next: u64,
}

impl Draw {
    fn new(seed: u64, step: u64) -> Self {
        Self { philox: Philox::new(seed, Stream::Data, step), next: 0 }
    }

    fn below(&mut self, n: usize) -> usize {
        self.next += 1;
        self.philox.below(self.next - 1, n as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn normal(&mut self) -> f64 {
        self.next += 1;
        self.philox.normal(self.next - 1)
    }
}

/// A program of up to some twenty nodes, of every op but `custom`; one seed gives one program.
///
/// Its values stay moderate for moderate inputs and weights, since products of grown values are squashed first.
///
/// # Errors
/// None that a caller can cause: what is built passes [`Program::check`].
pub fn program(seed: u64) -> Result<&'static Program> {
    let mut draw = Draw::new(seed, 0);
    let state = draw.pick(&[&[1][..], &[2], &[3], &[2, 3], &[4], &[2, 2, 2]]);
    let mut b = Builder::new("Random", state);
    let mut sources = vec![b.state(), b.time()];
    if draw.below(2) == 0 {
        let label = b.class("label", 1 + draw.below(5));
        sources.push(b.embedding("label", label, 1 + draw.below(4)));
    }
    if draw.below(2) == 0 {
        let width = 1 + draw.below(3);
        sources.push(b.vector("c", &[width]));
    }
    let embedded = match draw.below(3) {
        0 => b.sinusoidal(b.time(), 2 * (1 + draw.below(4)), 64.0),
        1 => b.fourier("f", b.time(), 2 * (1 + draw.below(4)), 0.5),
        _ => b.time(),
    };
    let embedded = if draw.below(2) == 0 {
        let e = b.linear("e", embedded, 1 + draw.below(4), true);
        let op = activation(&mut draw);
        b.apply(op, e)
    } else {
        embedded
    };
    sources.push(embedded);
    let flat: Vec<NodeId> = sources
        .into_iter()
        .map(|node| {
            let size = b.shape(node).iter().product();
            if b.shape(node).len() == 1 { node } else { b.reshape(node, &[size]) }
        })
        .collect();
    let mut h = b.concat(&flat);
    for layer in 0..2 + draw.below(8) {
        h = grow(&mut b, &mut draw, h, layer);
    }
    let size = state.iter().product();
    let flat = b.shape(h).iter().product();
    h = b.reshape(h, &[flat]);
    let bias = draw.below(2) == 0;
    h = b.linear("out", h, size, bias);
    h = b.reshape(h, state);
    b.finish(h)
}

/// One more layer on `h`.
fn grow(b: &mut Builder, draw: &mut Draw, h: NodeId, layer: usize) -> NodeId {
    let name = format!("h{layer}");
    let width = b.shape(h).last().copied().unwrap_or(1);
    match draw.below(12) {
        0..=2 => {
            let width = 1 + draw.below(9);
            let bias = draw.below(4) > 0;
            b.linear(&name, h, width, bias)
        }
        3..=4 => {
            let op = activation(draw);
            b.apply(op, h)
        }
        5 => match draw.below(3) {
            0 => b.layer_norm(&name, h, 1e-5),
            1 => b.rms_norm(&name, h, 1e-6),
            _ => b.apply(Op::Softmax, h),
        },
        6 => {
            let p = draw.pick(&[0.0, 0.1, 0.5]);
            b.apply(Op::Dropout { p }, h)
        }
        7 => {
            let (left, right) = (b.linear(&name, h, width, true), b.apply(Op::Tanh, h));
            match draw.below(3) {
                0 => b.add(left, right),
                1 => b.sub(right, left),
                _ => b.mul(left, right),
            }
        }
        8 => {
            let op = activation(draw);
            let other = b.apply(op, h);
            b.concat(&[h, other])
        }
        9 => {
            let (left, right) = (b.linear(&name, h, 2, true), b.apply(Op::Sin, h));
            b.concat(&[right, left, h])
        }
        // Two layers with one set of weights.
        10 => {
            let shape = b.shape(h);
            let weight = b.parameter(&format!("{name}.weight"), &[width, width], Init::FanIn(width), true);
            let bias = b.parameter(&format!("{name}.bias"), &[width], Init::Zeros, true);
            let once = b.node(&name, Op::Linear, &[h], shape, &[weight, bias]);
            let squashed = b.apply(Op::Tanh, once);
            b.node("", Op::Linear, &[squashed], shape, &[weight, bias])
        }
        _ => {
            let size: usize = b.shape(h).iter().product();
            let rows = draw.pick(&[1, 2, 3]);
            if size.is_multiple_of(rows) { b.reshape(h, &[rows, size / rows]) } else { b.apply(Op::Shift(0.25), h) }
        }
    }
}

fn activation(draw: &mut Draw) -> Op {
    draw.pick(&[
        Op::Relu,
        Op::Elu { alpha: 1.0 },
        Op::Elu { alpha: 0.5 },
        Op::Gelu,
        Op::Silu,
        Op::Tanh,
        Op::Sigmoid,
        Op::Softplus,
        Op::LeakyRelu { slope: 0.1 },
        Op::Sin,
        Op::Scale(-0.75),
        Op::Shift(0.5),
    ])
}

/// Times, states and conditions for a batch, and weights: what [`Program::evaluate`] takes.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// `[parameter_count]`, of `N(0, 1/4)`; every value is an `f32`.
    pub parameters: Vec<f64>,
    /// `[batch]`, in `[0, 1)`; every value is an `f32`.
    pub t: Vec<f64>,
    /// `[batch, state]`, of `N(0, 1)`; every value is an `f32`.
    pub x: Vec<f64>,
    /// As the program declares them.
    pub conditions: Conditions,
}

/// Random inputs that fit a program.
pub fn inputs(program: &Program, seed: u64, batch: usize) -> Inputs {
    let mut draw = Draw::new(seed, 1);
    let round = |value: f64| f64::from(value as f32);
    let parameters = (0..program.parameter_count()).map(|_| round(0.5 * draw.normal())).collect();
    let t = (0..batch).map(|_| draw.below(1 << 20) as f64 / f64::from(1 << 20)).collect();
    let x = (0..batch * program.state_dim()).map(|_| round(draw.normal())).collect();
    let columns = program
        .conditions()
        .map(|(_, input)| {
            let values = match input.kind {
                InputKind::Class { classes } => {
                    ConditionValues::Class((0..batch).map(|_| draw.below(classes) as u32).collect())
                }
                _ => ConditionValues::Vector {
                    dim: input.size(),
                    values: (0..batch * input.size()).map(|_| draw.normal() as f32).collect(),
                },
            };
            Condition { name: input.name.to_owned(), values }
        })
        .collect();
    Inputs { parameters, t, x, conditions: Conditions { columns } }
}
