//! Products as loops.

use crate::engine::cuda::backend::{Matrix, Number, Product};

/// `out = alpha op(a) op(b) + beta out`, every sum in the order of the depth.
pub(super) fn multiply(product: &Product) {
    let &Product { number, a, a_transposed, b, b_transposed, out, alpha, beta } = product;
    let depth = if a_transposed { a.rows } else { a.columns };
    let place = |matrix: Matrix, transposed: bool, i: usize, j: usize| {
        let (row, column) = if transposed { (j, i) } else { (i, j) };
        assert!(row < matrix.rows && column < matrix.columns, "{product:?}");
        row * matrix.stride + column
    };
    let read = |matrix: Matrix, at: usize| {
        // SAFETY: matrices are in memory that is held, as large as they say.
        unsafe {
            match number {
                Number::F32 => *(matrix.address as *const f32).add(at),
                Number::F16 => half::f16::from_bits(*(matrix.address as *const u16).add(at)).to_f32(),
                Number::Bf16 => half::bf16::from_bits(*(matrix.address as *const u16).add(at)).to_f32(),
            }
        }
    };
    let to = out.address as *mut f32;
    for i in 0..out.rows {
        for j in 0..out.columns {
            let terms = (0..depth).map(|k| (place(a, a_transposed, i, k), place(b, b_transposed, k, j)));
            let sum = terms.fold(0.0f32, |sum, (x, y)| read(a, x).mul_add(read(b, y), sum));
            // SAFETY: as above.
            unsafe {
                let to = to.add(i * out.stride + j);
                // What is not to be kept may be anything, NaN too.
                *to = alpha * sum + if beta == 0.0 { 0.0 } else { beta * *to };
            }
        }
    }
}
