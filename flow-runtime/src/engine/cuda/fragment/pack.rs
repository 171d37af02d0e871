//! Weights as the kernel reads them.

use super::{
    places::{Packed, Places},
    schedule::{Form, chunks},
};
use half::f16;
use std::f64::consts::LOG2_E;

/// The largest number that an `f16` holds.
const LARGEST: f64 = 65504.0;
/// A weight's rounding error over its layer's largest weight that two parts may leave.
const SPLIT_ERROR: f64 = 1.0 / (1 << 18) as f64;
/// As [`SPLIT_ERROR`], of one part.
const SINGLE_ERROR: f64 = 1.0 / (1 << 10) as f64;

/// High and low part of a weight.
fn parts(weight: f64) -> (f16, f16) {
    let high = f16::from_f64(weight);
    (high, f16::from_f64(weight - high.to_f64()))
}

fn word(first: f16, second: f16) -> u32 {
    u32::from(first.to_bits()) | u32::from(second.to_bits()) << 16
}

/// All packed weights.
///
/// # Errors
/// Why two (or one) `f16` do not hold them.
pub(super) fn words(places: &Places, weights: &[f32]) -> Result<Vec<u32>, String> {
    let mut out = vec![0; 4 * places.words];
    for packed in &places.packed {
        check(packed, weights)?;
        pack(packed, weights, &mut out);
    }
    Ok(out)
}

/// All rows and tables.
pub(super) fn rows(places: &Places, weights: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; places.len];
    for row in &places.rows {
        for i in 0..row.rows {
            let from = &weights[row.offset + i * row.width..][..row.width];
            let to = &mut out[row.place + i * row.stride()..][..row.width];
            let factor = LOG2_E.powi(row.power);
            to.iter_mut().zip(from).for_each(|(to, w)| *to = (f64::from(*w) * factor) as f32);
        }
    }
    out
}

/// Weight of operand column `k` and result column `j`; zero past the last. One or two result columns are repeated.
fn weight(packed: &Packed, weights: &[f32], k: usize, j: usize) -> f64 {
    let pack = packed.pack;
    let j = match pack.columns {
        1 => 0,
        2 => j % 2,
        _ => j,
    };
    if k >= pack.depth || j >= pack.columns {
        return 0.0;
    }
    let weight = weights[pack.offset + k * pack.depth_stride + j * pack.column_stride];
    f64::from(weight) * LOG2_E.powi(packed.power)
}

fn check(packed: &Packed, weights: &[f32]) -> Result<(), String> {
    let (mut largest, mut error) = (0.0f64, 0.0f64);
    for k in 0..packed.pack.depth {
        for j in 0..packed.pack.columns {
            let w = weight(packed, weights, k, j);
            let (high, low) = parts(w);
            let held = if packed.form == Form::Single { high.to_f64() } else { high.to_f64() + low.to_f64() };
            largest = largest.max(w.abs());
            error = error.max((w - held).abs());
        }
    }
    let bound = if packed.form == Form::Single { SINGLE_ERROR } else { SPLIT_ERROR };
    if largest > LARGEST {
        return Err(format!("a weight of {largest:e}, which is beyond the range of 16-bit numbers"));
    }
    if error > bound * largest {
        return Err(format!("weights of {largest:e} at most, which are too small for 16-bit numbers"));
    }
    Ok(())
}

fn pack(packed: &Packed, weights: &[f32], out: &mut [u32]) {
    let depth = packed.depth_chunks();
    for c in 0..chunks(packed.pack.columns) {
        for k in 0..depth {
            for lane in 0..32 {
                let at = packed.place + (c * depth + k) * 32 + lane;
                lane_words(packed, weights, (c, k, lane), at, out);
            }
        }
    }
}

/// The words of one lane for chunk `c` of the result and chunk `k` of the operand.
fn lane_words(packed: &Packed, weights: &[f32], (c, k, lane): (usize, usize, usize), at: usize, out: &mut [u32]) {
    let (g, t) = (lane / 4, lane % 4);
    let pair = |row: usize, half: usize| {
        let column = 16 * c + 8 * half + g;
        let (a, b) = (parts(weight(packed, weights, row, column)), parts(weight(packed, weights, row + 1, column)));
        (word(a.0, b.0), word(a.1, b.1))
    };
    for half in 0..2 {
        match packed.form {
            Form::Single | Form::Split => {
                for second in 0..2 {
                    let (high, low) = pair(16 * k + 8 * second + 2 * t, half);
                    out[4 * at + 2 * half + second] = high;
                    if packed.form == Form::Split {
                        out[4 * (at + packed.words()) + 2 * half + second] = low;
                    }
                }
            }
            Form::Eight => {
                let (high, low) = pair(2 * t, half);
                out[4 * at + half] = high;
                out[4 * at + 2 + half] = low;
            }
            Form::Pair => {
                let (high, low) = pair(0, half);
                out[4 * at + half] = match t {
                    0 | 1 => high,
                    2 => low,
                    _ => 0,
                };
            }
        }
    }
}
