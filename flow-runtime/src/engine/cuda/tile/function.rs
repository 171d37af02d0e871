//! Functions of one number as expressions, and how products are shared out among threads.

use crate::{engine::cuda::source::float, program::Activation};

/// Rows and columns that a thread makes of a product: those that take the least time for a number of the depth.
pub(super) fn product_tile(rows: usize, lines: usize, columns: usize, team: usize) -> (usize, usize) {
    let shapes = [(8, 8), (8, 4), (4, 8), (4, 4), (4, 2), (4, 1)];
    let fits = |&(tr, tc): &(usize, usize)| rows.is_multiple_of(tr) && (tc <= 4 || columns > 4);
    let time = |(tr, tc): (usize, usize)| {
        let tiles = lines * (rows / tr) * columns.div_ceil(tc);
        let warps = if tiles > team { tiles.div_ceil(team) * team / 32 } else { tiles.div_ceil(32) };
        product_time(warps, team, (tr, tc))
    };
    let best = shapes.into_iter().filter(fits).min_by(|a, b| time(*a).total_cmp(&time(*b)));
    best.unwrap_or((1, if columns >= 4 { 4 } else { 1 }))
}

/// Clocks of a multiprocessor for one number of the depth, where a team has `warps` warps' worth of tiles: a model, fitted to what an
/// H200 took. Four schedulers multiply, one unit reads shared memory for all; few warps wait for what they read.
fn product_time(warps: usize, team: usize, (tr, tc): (usize, usize)) -> f64 {
    let read = |numbers: usize| match numbers {
        1 => 1.0,
        2 => 1.25,
        _ => 2.25 * (numbers / 4) as f64,
    };
    // Teams of one warp stand side by side.
    let warps = if team == 32 { 8 * warps } else { warps };
    let reads = warps as f64 * (read(tr) + read(tc));
    let multiplies = (warps.div_ceil(4) * tr * tc) as f64;
    let waits = match warps {
        0..=1 => 1.6,
        2..=3 => 1.3,
        4..=7 => 1.1,
        _ => 1.0,
    };
    waits * (reads.max(multiplies) + 0.25 * reads.min(multiplies))
}

/// Rows and columns of a weight's gradient that a thread makes.
pub(super) fn outer_tile(out: usize, inputs: usize, team: usize) -> (usize, usize) {
    let tiles = |(a, b): (usize, usize)| out.div_ceil(a) * inputs.div_ceil(b);
    let shapes = [(8, 4), (4, 4), (4, 2), (2, 2), (2, 1), (1, 1)];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_shared_out_so_that_neither_reads_nor_idle_threads_hold_it_up() {
        // Many rows: as many multiplications for a read as there can be, and every warp has some.
        assert_eq!(product_tile(128, 1, 128, 256), (8, 8));
        assert_eq!(product_tile(128, 1, 64, 256), (8, 4));
        assert_eq!(product_tile(32, 1, 128, 32), (8, 8));
        // Few rows: half the threads read half as much.
        assert_eq!(product_tile(8, 1, 128, 256), (4, 2));
        assert_eq!(product_tile(8, 1, 64, 256), (4, 2));
        // Narrow, and a number of rows that is no multiple of four.
        assert_eq!(product_tile(128, 1, 2, 256), (4, 1));
        assert_eq!(product_tile(1, 1, 64, 128), (1, 4));
    }

    #[test]
    fn a_gradient_is_shared_out_among_all_threads() {
        assert_eq!(outer_tile(64, 128, 256), (8, 4));
        assert_eq!(outer_tile(2, 64, 256), (1, 1));
    }
}
