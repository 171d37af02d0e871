//! Functions of one number as expressions, and how products are shared out among threads.

use crate::{engine::cuda::source::float, program::Activation};

/// Rows and columns that a thread makes of a product: as many as leave no thread of the team idle.
pub(super) fn product_tile(rows: usize, lines: usize, columns: usize, team: usize) -> (usize, usize) {
    let shapes = [(8, 8), (8, 4), (4, 8), (4, 4), (4, 2), (4, 1)];
    let fits = |&(tr, tc): &(usize, usize)| rows.is_multiple_of(tr) && (tc <= 4 || columns > 4);
    let tiles = |(tr, tc): (usize, usize)| lines * (rows / tr) * columns.div_ceil(tc);
    let usable: Vec<_> = shapes.iter().filter(|shape| fits(shape)).copied().collect();
    match usable.iter().find(|shape| tiles(**shape) >= team).or(usable.last()) {
        Some(shape) => *shape,
        None => (1, if columns >= 4 { 4 } else { 1 }),
    }
}

/// Rows and columns of a weight's gradient that a thread makes.
pub(super) fn outer_tile(out: usize, inputs: usize, team: usize) -> (usize, usize) {
    let tiles = |(a, b): (usize, usize)| out.div_ceil(a) * inputs.div_ceil(b);
    let shapes = [(4, 4), (4, 2), (2, 2), (2, 1), (1, 1)];
    shapes.into_iter().find(|shape| tiles(*shape) >= team).unwrap_or((1, 1))
}

/// An activation of `x` as an expression.
pub(super) fn value(f: Activation, x: &str) -> String {
    match f {
        Activation::LeakyRelu { slope } => format!("fm_leaky_relu({x}, {})", float(slope as f32)),
        Activation::Elu { alpha } => format!("fm_elu({x}, {})", float(alpha as f32)),
        _ => format!("fm_{}({x})", f.name()),
    }
}

/// The derivative of an activation, from its result or its argument.
pub(super) fn derivative(f: Activation, source: &str) -> String {
    match f {
        Activation::LeakyRelu { slope } => format!("fm_d_leaky_relu({source}, {})", float(slope as f32)),
        Activation::Elu { alpha } if f.from_result() => {
            format!("fm_d_elu_of_result({source}, {})", float(alpha as f32))
        }
        Activation::Elu { alpha } => format!("fm_d_elu({source}, {})", float(alpha as f32)),
        Activation::Tanh => format!("fm_d_tanh_of_result({source})"),
        Activation::Sigmoid => format!("fm_d_sigmoid_of_result({source})"),
        Activation::Softplus if f.from_result() => format!("fm_d_softplus_of_result({source})"),
        Activation::Softplus => format!("fm_d_softplus({source})"),
        Activation::Sin => format!("fm_cos({source})"),
        _ => format!("fm_d_{}({source})", f.name()),
    }
}
