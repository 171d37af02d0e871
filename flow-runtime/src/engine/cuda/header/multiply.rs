//! Products as loops.

use super::{failed, memory::Store};
use crate::{
    engine::cuda::backend::{Matrix, Number, Product},
    error::Result,
};

/// Whether the operands fit each other and lie in memory that is held.
pub(super) fn check(product: &Product, store: &Store) -> Result<()> {
    let &Product { number, a, a_transposed, b, b_transposed, out, .. } = product;
    let turned = |matrix: Matrix, transposed: bool| {
        if transposed { (matrix.columns, matrix.rows) } else { (matrix.rows, matrix.columns) }
    };
    let ((rows, depth), (other, columns)) = (turned(a, a_transposed), turned(b, b_transposed));
    if depth != other || (rows, columns) != (out.rows, out.columns) {
        let found =
            format!("a product of {rows} x {depth} and {other} x {columns} into {} x {}", out.rows, out.columns);
        return Err(failed(&found, "give operands that fit"));
    }
    let size = match number {
        Number::F32 => 4,
        Number::F16 | Number::Bf16 => 2,
    };
    for (matrix, size, what) in [(a, size, "a"), (b, size, "b"), (out, 4, "out")] {
        let Matrix { address, rows, columns, stride } = matrix;
        if columns > stride && rows > 1 {
            let found = format!("`{what}` of a product: rows of {columns} numbers, {stride} apart");
            return Err(failed(&found, "give a stride that holds a row"));
        }
        if rows * columns > 0 {
            store.covers(address, ((rows - 1) * stride + columns) * size, &format!("`{what}` of a product"))?;
        }
    }
    Ok(())
}

/// `out = alpha op(a) op(b) + beta out`, every sum in the order of the depth.
///
/// # Safety
/// The product is one that [`check`] let pass.
pub(super) unsafe fn multiply(product: &Product) {
    let &Product { number, a, a_transposed, b, b_transposed, out, alpha, beta, .. } = product;
    // SAFETY: the caller's promise.
    let (left, right) = unsafe { (rows(number, a, a_transposed), rows(number, b, b_transposed)) };
    let depth = if a_transposed { a.rows } else { a.columns };
    let mut sums = vec![0.0f32; out.columns];
    for i in 0..out.rows {
        sums.fill(0.0);
        for k in 0..depth {
            let x = left[i * depth + k];
            for (sum, y) in sums.iter_mut().zip(&right[k * out.columns..]) {
                *sum += x * y;
            }
        }
        for (j, sum) in sums.iter().enumerate() {
            // SAFETY: as above. What is not to be kept may be anything, NaN too.
            unsafe {
                let to = (out.address as *mut f32).add(i * out.stride + j);
                *to = alpha * sum + if beta == 0.0 { 0.0 } else { beta * *to };
            }
        }
    }
}

/// The numbers of a matrix or of its transpose, row by row.
unsafe fn rows(number: Number, matrix: Matrix, transposed: bool) -> Vec<f32> {
    let Matrix { address, rows, columns, stride } = matrix;
    let read = |i: usize, j: usize| {
        let at = i * stride + j;
        // SAFETY: the caller's promise.
        unsafe {
            match number {
                Number::F32 => *(address as *const f32).add(at),
                Number::F16 => half::f16::from_bits(*(address as *const u16).add(at)).to_f32(),
                Number::Bf16 => half::bf16::from_bits(*(address as *const u16).add(at)).to_f32(),
            }
        }
    };
    if transposed {
        (0..columns).flat_map(|j| (0..rows).map(move |i| read(i, j))).collect()
    } else {
        (0..rows).flat_map(|i| (0..columns).map(move |j| read(i, j))).collect()
    }
}
