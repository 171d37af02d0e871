//! Numbers of every floating-point type as `f32`.

use super::super::weights::index_of;
use crate::error::{Error, Result};
use ::safetensors::{Dtype, tensor::TensorView};
use half::{bf16, f16};

/// The types that are read, as a message says it.
pub(super) const TYPES: &str = "F32, F64, F16 or BF16";

/// Whether the type is one of [`TYPES`].
pub(super) fn is_read(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F32 | Dtype::F64 | Dtype::F16 | Dtype::BF16)
}

/// The values of a tensor of one of [`TYPES`]: `F16` and `BF16` exactly, `F64` rounded once, to nearest.
pub(super) fn numbers(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>> {
    let data = view.data();
    let values: Vec<f32> = match view.dtype() {
        Dtype::F64 => return rounded(name, view),
        Dtype::F16 => data.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
        Dtype::BF16 => data.as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect(),
        _ => data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
    };
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(at) => Err(not_finite(format!("`{name}`"), view, at, HELP_FINITE)),
    }
}

const HELP_FINITE: &str = "write the file again from weights that are finite";

fn rounded(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>> {
    let wide = view.data().as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
    let number = |(at, wide): (usize, f64)| {
        let narrow = wide as f32;
        if narrow.is_finite() {
            Ok(narrow)
        } else if wide.is_finite() {
            let what = format!("`{name}`, {wide:e} rounded to f32,");
            Err(not_finite(what, view, at, "weights are `f32`, up to 3.4e38; scale what is larger"))
        } else {
            Err(not_finite(format!("`{name}`"), view, at, HELP_FINITE))
        }
    };
    wide.enumerate().map(number).collect()
}

fn not_finite(what: String, view: &TensorView<'_>, at: usize, help: &str) -> Error {
    Error::NotFinite {
        operation: "loading weights",
        what,
        at: format!("{:?}", index_of(view.shape(), at)),
        help: help.to_owned(),
    }
}

/// The transpose of a row-major matrix with rows of `width`.
pub(super) fn transpose(values: &[f32], width: usize) -> Vec<f32> {
    (0..width).flat_map(|column| values.iter().skip(column).step_by(width).copied()).collect()
}
