use crate::engine::cpu::{
    product::{Left, Right, Sizes, Start, product},
    simd::Element,
};
use pulp::{Arch, Simd, WithSimd};

struct Call<'a, T> {
    sizes: Sizes,
    a: &'a [T],
    b: &'a [T],
    b_row: usize,
    start: Start<T>,
    out: &'a mut [T],
}

impl<T: Element> WithSimd for Call<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let a = Left { values: self.a.as_ptr(), row: self.sizes.depth, depth: 1 };
        let b = Right::Rows { values: self.b.as_ptr(), row: self.b_row };
        let columns = self.sizes.columns;
        // SAFETY: the slices are as long as the sizes say, `b` with a panel to spare.
        unsafe { product(simd, self.sizes, a, b, self.start, self.out.as_mut_ptr(), columns) }
    }
}

/// Small whole numbers, so that every sum is exact.
fn numbers<T: Element>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64(((i * 31 + seed * 17) % 13) as f64 - 6.0)).collect()
}

fn check<T: Element>(arch: Option<Arch>) {
    for (rows, columns, depth) in [
        (1, 1, 1),
        (1, 64, 5),
        (2, 17, 3),
        (5, 33, 34),
        (6, 64, 7),
        (7, 65, 257),
        (11, 128, 600),
        (13, 3, 513),
        (40, 130, 2),
    ] {
        let (a, b) = (numbers::<T>(rows * depth, 1), numbers::<T>(depth * columns + 64, 2));
        let bias = numbers::<T>(columns, 3);
        let before = numbers::<T>(rows * columns, 4);
        let starts = [
            Start::Zero,
            Start::Row(bias.as_ptr()),
            Start::Rows { values: before.as_ptr(), row: columns },
            Start::Kept,
        ];
        for (which, start) in starts.into_iter().enumerate() {
            let mut out = before.clone();
            let sizes = Sizes { rows, columns, depth };
            let call = Call { sizes, a: &a, b: &b, b_row: columns, start, out: &mut out };
            match arch {
                Some(arch) => arch.dispatch(call),
                None => pulp::Scalar::new().vectorize(call),
            }
            for i in 0..rows {
                for j in 0..columns {
                    let first = match which {
                        0 => 0.0,
                        1 => bias[j].to_f64(),
                        _ => before[i * columns + j].to_f64(),
                    };
                    let sum: f64 = (0..depth).map(|k| a[i * depth + k].to_f64() * b[k * columns + j].to_f64()).sum();
                    assert_eq!(out[i * columns + j].to_f64(), first + sum, "{rows}x{columns}x{depth} at {i}, {j}");
                }
            }
        }
    }
}

#[test]
fn every_block_is_exact_on_whole_numbers() {
    check::<f32>(Some(Arch::new()));
    check::<f64>(Some(Arch::new()));
    check::<f32>(None);
    check::<f64>(None);
}
