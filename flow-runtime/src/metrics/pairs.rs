//! Sums over all pairs of samples, in blocks and on all cores, with a result that depends on neither.

use std::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use super::Points;

/// Rows of the first set in one piece of work.
const BLOCK: usize = 64;
/// Values of the second set that stay in cache while a block passes over them.
const TILE: usize = 4096;
/// Independent sums, so that the loop over pairs is not one chain of additions.
const LANES: usize = 8;

/// Runs `piece` for `0..pieces` on all cores and returns the results in order.
pub(super) fn in_order<T: Send>(pieces: usize, piece: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(pieces);
    if threads <= 1 {
        return (0..pieces).map(piece).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= pieces {
                return done;
            }
            done.push((i, piece(i)));
        }
    };
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut results = work();
        for other in others {
            // A piece that panics is a bug of ours; it is to be seen with its own message.
            results.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    });
    results.sort_unstable_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, result)| result).collect()
}

/// `Σ value(|a_i − b_j|²)` over all pairs. Squared distances are `f32`, the sum is `f64`.
pub(super) fn sum(a: Points, b: Points, value: impl Fn(f32) -> f64 + Sync + Copy) -> f64 {
    let blocks = a.rows().div_ceil(BLOCK);
    in_order(blocks, |block| {
        let rows = block * BLOCK..((block + 1) * BLOCK).min(a.rows());
        sum_block(a, rows, b, 0, value)
    })
    .iter()
    .sum()
}

/// `Σ value(|a_i − a_j|²)` over the pairs with `i < j`.
pub(super) fn sum_within(a: Points, value: impl Fn(f32) -> f64 + Sync + Copy) -> f64 {
    let blocks = a.rows().div_ceil(BLOCK);
    in_order(blocks, |block| {
        let rows = block * BLOCK..((block + 1) * BLOCK).min(a.rows());
        let corner: f64 = rows
            .clone()
            .map(|i| (i + 1..rows.end).map(|j| value(squared_distance(row(a, i), row(a, j)))).sum::<f64>())
            .sum();
        corner + sum_block(a, rows.clone(), a, rows.end, value)
    })
    .iter()
    .sum()
}

/// The part of the sum with these rows of `a` and the rows of `b` from `start` on.
fn sum_block(
    a: Points,
    rows: std::ops::Range<usize>,
    b: Points,
    start: usize,
    value: impl Fn(f32) -> f64 + Copy,
) -> f64 {
    let tile = (TILE / a.dim).max(LANES);
    let mut total = 0.0;
    for from in (start..b.rows()).step_by(tile) {
        let others = &b.values[from * b.dim..(from + tile).min(b.rows()) * b.dim];
        for i in rows.clone() {
            total += match a.dim {
                1 => sum_row::<1>(row(a, i), others, value),
                2 => sum_row::<2>(row(a, i), others, value),
                3 => sum_row::<3>(row(a, i), others, value),
                dim => others.chunks_exact(dim).map(|other| value(squared_distance(row(a, i), other))).sum(),
            };
        }
    }
    total
}

/// One row against a tile, for a number of columns that the compiler knows.
fn sum_row<const N: usize>(point: &[f32], others: &[f32], value: impl Fn(f32) -> f64) -> f64 {
    let Some(point) = point.first_chunk::<N>() else { return 0.0 };
    let (others, _) = others.as_chunks::<N>();
    let distance = |other: &[f32; N]| {
        let mut total = 0.0;
        for (x, y) in point.iter().zip(other) {
            total += (x - y) * (x - y);
        }
        value(total)
    };
    let (groups, rest) = others.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for group in groups {
        for (sum, other) in sums.iter_mut().zip(group) {
            *sum += distance(other);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(distance).sum::<f64>()
}

pub(super) fn row(points: Points<'_>, i: usize) -> &[f32] {
    &points.values[i * points.dim..(i + 1) * points.dim]
}

pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}
