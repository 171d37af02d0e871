//! Functions of elements, as calls of `text/wide.cuh`.

use super::item::{Function, Pointwise};
use crate::{
    engine::{
        cuda::source::float,
        plan::{Binary, Plan},
    },
    program::{Activation, Program},
};

/// The call for an activation of `x`; `fast` where half precision allows it.
fn activation(f: Activation, x: &str, fast: bool) -> String {
    let fast = if fast { "_fast" } else { "" };
    match f {
        Activation::Relu => format!("wide_relu({x})"),
        Activation::LeakyRelu { slope } => format!("wide_leaky_relu({x}, {})", float(slope as f32)),
        Activation::Elu { alpha } => format!("wide_elu{fast}({x}, {})", float(alpha as f32)),
        Activation::Gelu => format!("wide_gelu({x})"),
        Activation::Silu => format!("wide_silu{fast}({x})"),
        Activation::Tanh => format!("wide_tanh{fast}({x})"),
        Activation::Sigmoid => format!("wide_sigmoid{fast}({x})"),
        Activation::Softplus => format!("wide_softplus({x})"),
        Activation::Sin => format!("wide_sin({x})"),
    }
}

/// The call for `dy f'`, from the result or the argument, as the plan gives it.
fn pullback(f: Activation, source: &str, dy: &str) -> String {
    match f {
        Activation::Relu => format!("wide_relu_pullback({source}, {dy})"),
        Activation::LeakyRelu { slope } => {
            format!("wide_leaky_relu_pullback({source}, {dy}, {})", float(slope as f32))
        }
        Activation::Elu { alpha } if f.from_result() => {
            format!("wide_elu_pullback({source}, {dy}, {})", float(alpha as f32))
        }
        Activation::Elu { alpha } => {
            format!("wide_elu_pullback_of_argument({source}, {dy}, {})", float(alpha as f32))
        }
        Activation::Gelu => format!("wide_gelu_pullback({source}, {dy})"),
        Activation::Silu => format!("wide_silu_pullback({source}, {dy})"),
        Activation::Tanh => format!("wide_tanh_pullback({source}, {dy})"),
        Activation::Sigmoid => format!("wide_sigmoid_pullback({source}, {dy})"),
        Activation::Softplus if f.from_result() => format!("wide_softplus_pullback({source}, {dy})"),
        Activation::Softplus => format!("{dy} * wide_sigmoid({source})"),
        Activation::Sin => format!("wide_sin_pullback({source}, {dy})"),
    }
}

/// The value of an element whose operands are the variables `x`. Dropout has the words `words` of random bits besides, a
/// combination the coefficients `factors`.
pub(super) fn expression(function: &Function, x: &[String], words: &str, factors: &[String], fast: bool) -> String {
    match function {
        Function::Map(f) => activation(*f, &x[0], fast),
        Function::Pullback(f) => pullback(*f, &x[0], &x[1]),
        Function::Binary(Binary::Add) => format!("{} + {}", x[0], x[1]),
        Function::Binary(Binary::Sub) => format!("{} - {}", x[0], x[1]),
        Function::Binary(Binary::Mul) => format!("{} * {}", x[0], x[1]),
        Function::Affine { factor, term } => {
            let (factor, term) = (*factor as f32, *term as f32);
            match (factor, term) {
                (factor, 0.0) => format!("{} * {}", x[0], float(factor)),
                (1.0, term) => format!("{} + {}", x[0], float(term)),
                _ => format!("fmaf({}, {}, {})", x[0], float(factor), float(term)),
            }
        }
        Function::Copy | Function::Lookup { .. } => x[0].clone(),
        Function::Dropout { p, .. } => {
            // An element stays if the 24 bits of its uniform number are not below `p`.
            let bound = (p * f64::from(1 << 24)).ceil() as u32;
            let scale = float((1.0 / (1.0 - p)) as f32);
            format!("({words} >> 8) >= {bound}u ? {} * {scale} : 0.0f", x[0])
        }
        Function::Combine { .. } => factors
            .iter()
            .zip(&x[1..])
            .fold(x[0].clone(), |sum, (factor, slope)| format!("fmaf({factor}, {slope}, {sum})")),
    }
}

/// What a kernel does there, in the model's own words.
pub(super) fn words(pointwise: &Pointwise, program: &Program, plan: &Plan) -> String {
    let added = || {
        let place = pointwise.operands.iter().find(|place| place.space == super::place::Space::Parameters);
        place.map(|place| parameter_name(program, place.offset)).unwrap_or("what is known before")
    };
    match &pointwise.function {
        Function::Map(f) => f.name().to_owned(),
        Function::Pullback(f) => format!("pullback of {}", f.name()),
        Function::Binary(Binary::Add) if pointwise.operands[0].is(&pointwise.out, plan) => format!("+ {}", added()),
        Function::Binary(Binary::Add) => "sum".to_owned(),
        Function::Binary(Binary::Sub) => "difference".to_owned(),
        Function::Binary(Binary::Mul) => "product".to_owned(),
        Function::Affine { .. } => "scale and shift".to_owned(),
        Function::Copy if pointwise.operands[0].is(&pointwise.out, plan) => "rounding for a product".to_owned(),
        Function::Copy => "copy".to_owned(),
        Function::Dropout { ordinal, .. } => format!("dropout {ordinal}"),
        Function::Lookup { table, .. } => format!("rows of {}", parameter_name(program, *table)),
        Function::Combine { checked: true, .. } => "the step".to_owned(),
        Function::Combine { .. } => "where the next stage is".to_owned(),
    }
}

/// The name of the parameter that a place of the weights belongs to.
pub(super) fn parameter_name(program: &Program, at: usize) -> &'static str {
    let holds = |i: &usize| (program.parameter_offset(*i)..program.parameter_offset(i + 1)).contains(&at);
    (0..program.parameters.len()).find(holds).map_or("a weight", |i| program.parameters[i].name)
}
