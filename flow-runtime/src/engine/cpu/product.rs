//! Matrix products: `C = start + A B`, register block by register block.
//!
//! One kernel serves the three products of a linear layer. With rows `x: [m, in]`, weights `W: [out, in]`:
//! `y = x Wᵀ + b` (B is `Wᵀ`, packed), `dx = dy W` (B is `W`, packed) and `dW += dyᵀ x` (A is `dy` read by columns, B
//! is `x` as it lies). A value of A is broadcast, a register of B holds neighbours in a row, and a block of
//! [`ROWS`] × a few registers of C stays in registers over the whole depth.
//!
//! Each number of C is one chain of `fma`s in the order of the depth, whatever the block it falls in: results do not
//! depend on how rows and columns are divided among threads.

// Indices of a register block are also distances in memory.
#![allow(clippy::needless_range_loop)]

use super::simd::Element;
use pulp::Simd;

/// Rows of a register block.
pub(crate) const ROWS: usize = 6;

/// Steps of the depth after which C is put down: so many rows of a panel of B stay in the cache.
pub(crate) const DEPTH: usize = 256;

/// Registers of B side by side in a block: as many as leave room for it and for a value of A.
pub(crate) const fn panel_registers<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 } else { 2 }
}

/// What C is before the product is added.
#[derive(Clone, Copy)]
pub(crate) enum Start<T> {
    Zero,
    /// The same row everywhere: a bias.
    Row(*const T),
    /// A matrix, which does not overlap C.
    Rows {
        values: *const T,
        row: usize,
    },
    /// What C holds.
    Kept,
}

/// `A[i][k]` is at `values + i · row + k · depth`.
#[derive(Clone, Copy)]
pub(crate) struct Left<T> {
    pub(crate) values: *const T,
    pub(crate) row: usize,
    pub(crate) depth: usize,
}

/// `B[k][j]`.
#[derive(Clone, Copy)]
pub(crate) enum Right<T> {
    /// Written by [`pack`]: panels of whole registers, each `[depth, panel]`, the last one as wide as is needed.
    Packed(*const T),
    /// At `values + k · row + j`.
    Rows { values: *const T, row: usize },
}

/// The sizes of a product: `C: [rows, columns]`, `A: [rows, depth]`, `B: [depth, columns]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) depth: usize,
}

/// `C = start + A B`.
///
/// # Safety
/// All of A, B, the start and C (`out + i · out_row + j`) can be read and written as far as `sizes` say, and
/// C overlaps none of the others. `Right::Rows` is read up to the end of the register that its last column is in.
#[inline(always)]
pub(crate) unsafe fn product<T: Element, S: Simd>(
    simd: S,
    sizes: Sizes,
    a: Left<T>,
    b: Right<T>,
    start: Start<T>,
    out: *mut T,
    out_row: usize,
) {
    let lanes = T::lanes::<S>();
    let panel = panel_registers::<S>() * lanes;
    let mut first = 0;
    // The depth is cut so that a slice of a panel stays in the cache while all rows pass by.
    loop {
        let depth = DEPTH.min(sizes.depth - first);
        let start = if first == 0 { start } else { Start::Kept };
        let mut column = 0;
        while column < sizes.columns {
            let width = panel.min(sizes.columns - column);
            let registers = width.div_ceil(lanes);
            // SAFETY: the offsets stay within what the caller vouches for.
            unsafe {
                let (values, row) = match b {
                    Right::Packed(values) => {
                        (values.add(column * sizes.depth + first * registers * lanes), registers * lanes)
                    }
                    Right::Rows { values, row } => (values.add(column + first * row), row),
                };
                let start = match start {
                    Start::Row(bias) => Start::Row(bias.add(column)),
                    Start::Rows { values, row } => Start::Rows { values: values.add(column), row },
                    other => other,
                };
                let a = Left { values: a.values.add(first * a.depth), ..a };
                let strip = Strip { a, b: values, b_row: row, depth, start, out: out.add(column), out_row, width };
                match registers {
                    1 => strip.run::<S, 1>(simd, sizes.rows),
                    2 => strip.run::<S, 2>(simd, sizes.rows),
                    3 => strip.run::<S, 3>(simd, sizes.rows),
                    _ => strip.run::<S, 4>(simd, sizes.rows),
                }
            }
            column += width;
        }
        first += depth;
        if first >= sizes.depth {
            break;
        }
    }
}

/// Columns up to which [`narrow`] is the faster one: a register across them would be mostly empty.
pub(crate) const NARROW: usize = 4;

/// `C = start + A Bᵀ` for a few rows of B, each of which lies without gaps, and so do those of A.
///
/// Registers run along the depth, and their lanes are summed at the end.
///
/// # Safety
/// As [`product`], with `b + j · b_row + k` for `B[j][k]`; there are [`NARROW`] columns at most.
#[inline(always)]
pub(crate) unsafe fn narrow<T: Element, S: Simd>(
    simd: S,
    sizes: Sizes,
    (a, a_row): (*const T, usize),
    (b, b_row): (*const T, usize),
    start: Start<T>,
    out: *mut T,
    out_row: usize,
) {
    let mut row = 0;
    // SAFETY: the offsets stay within what the caller vouches for.
    unsafe {
        let call = Dots { a, a_row, b, b_row, start, out, out_row, depth: sizes.depth };
        while row < sizes.rows {
            let rows = DOTS.min(sizes.rows - row);
            match (rows == DOTS, sizes.columns) {
                (true, 1) => call.block::<S, DOTS, 1>(simd, row),
                (true, 2) => call.block::<S, DOTS, 2>(simd, row),
                (true, 3) => call.block::<S, DOTS, 3>(simd, row),
                (true, _) => call.block::<S, DOTS, 4>(simd, row),
                (false, 1) => (row..row + rows).for_each(|row| call.block::<S, 1, 1>(simd, row)),
                (false, 2) => (row..row + rows).for_each(|row| call.block::<S, 1, 2>(simd, row)),
                (false, 3) => (row..row + rows).for_each(|row| call.block::<S, 1, 3>(simd, row)),
                (false, _) => (row..row + rows).for_each(|row| call.block::<S, 1, 4>(simd, row)),
            }
            row += rows;
        }
    }
}

/// Rows of a block of [`narrow`].
const DOTS: usize = 4;

#[derive(Clone, Copy)]
struct Dots<T> {
    a: *const T,
    a_row: usize,
    b: *const T,
    b_row: usize,
    start: Start<T>,
    out: *mut T,
    out_row: usize,
    depth: usize,
}

impl<T: Element> Dots<T> {
    #[inline(always)]
    unsafe fn block<S: Simd, const M: usize, const N: usize>(self, simd: S, row: usize) {
        let lanes = T::lanes::<S>();
        let zero = T::splat(simd, T::default());
        let mut sums = [[zero; N]; M];
        // SAFETY: the caller's promise; what does not fill a register is loaded in part.
        unsafe {
            let mut at = 0;
            while at < self.depth {
                let count = lanes.min(self.depth - at);
                let part = T::part(simd, count);
                let load = |from: *const T| {
                    if count == lanes { T::load(simd, from) } else { T::load_part(simd, part, from) }
                };
                let mut b = [zero; N];
                for j in 0..N {
                    b[j] = load(self.b.add(j * self.b_row + at));
                }
                for i in 0..M {
                    let a = load(self.a.add((row + i) * self.a_row + at));
                    for j in 0..N {
                        sums[i][j] = T::fma(simd, a, b[j], sums[i][j]);
                    }
                }
                at += lanes;
            }
            for i in 0..M {
                for j in 0..N {
                    let to = self.out.add((row + i) * self.out_row + j);
                    let start = match self.start {
                        Start::Zero => T::default(),
                        Start::Row(bias) => *bias.add(j),
                        Start::Rows { values, row: stride } => *values.add((row + i) * stride + j),
                        Start::Kept => *to,
                    };
                    *to = start.plus(T::sum(simd, sums[i][j]));
                }
            }
        }
    }
}

/// The columns of one panel.
#[derive(Clone, Copy)]
struct Strip<T> {
    a: Left<T>,
    b: *const T,
    b_row: usize,
    depth: usize,
    start: Start<T>,
    out: *mut T,
    out_row: usize,
    width: usize,
}

impl<T: Element> Strip<T> {
    #[inline(always)]
    unsafe fn run<S: Simd, const N: usize>(self, simd: S, rows: usize) {
        let mut row = 0;
        // SAFETY: `row + M <= rows` in each call.
        unsafe {
            while row + ROWS <= rows {
                self.block::<S, ROWS, N>(simd, row);
                row += ROWS;
            }
            match rows - row {
                0 => {}
                1 => self.block::<S, 1, N>(simd, row),
                2 => self.block::<S, 2, N>(simd, row),
                3 => self.block::<S, 3, N>(simd, row),
                4 => self.block::<S, 4, N>(simd, row),
                _ => self.block::<S, 5, N>(simd, row),
            }
        }
    }

    /// Rows `row .. row + M` and `N` registers, the last of which may be needed in part.
    #[inline(always)]
    unsafe fn block<S: Simd, const M: usize, const N: usize>(self, simd: S, row: usize) {
        let lanes = T::lanes::<S>();
        let whole = self.width == N * lanes;
        let part = T::part(simd, self.width - (N - 1) * lanes);
        // SAFETY: the caller's promise; a register that is needed in part is loaded and stored in part.
        unsafe {
            let a = self.a.values.add(row * self.a.row);
            let out = self.out.add(row * self.out_row);
            let mut sums = [[T::splat(simd, T::default()); N]; M];
            match self.start {
                Start::Zero => {}
                Start::Row(bias) => {
                    for j in 0..N {
                        let bias = if whole || j + 1 < N {
                            T::load(simd, bias.add(j * lanes))
                        } else {
                            T::load_part(simd, part, bias.add(j * lanes))
                        };
                        for i in 0..M {
                            sums[i][j] = bias;
                        }
                    }
                }
                Start::Kept | Start::Rows { .. } => {
                    let (values, stride) = match self.start {
                        Start::Rows { values, row: stride } => (values.add(row * stride), stride),
                        _ => (out.cast_const(), self.out_row),
                    };
                    for i in 0..M {
                        for j in 0..N {
                            let from = values.add(i * stride + j * lanes);
                            sums[i][j] =
                                if whole || j + 1 < N { T::load(simd, from) } else { T::load_part(simd, part, from) };
                        }
                    }
                }
            }
            let (mut a_at, mut b_at) = (a, self.b);
            for _ in 0..self.depth {
                let mut b = [T::splat(simd, T::default()); N];
                for j in 0..N {
                    b[j] = T::load(simd, b_at.add(j * lanes));
                }
                for i in 0..M {
                    let a = T::splat(simd, *a_at.add(i * self.a.row));
                    for j in 0..N {
                        sums[i][j] = T::fma(simd, a, b[j], sums[i][j]);
                    }
                }
                a_at = a_at.wrapping_add(self.a.depth);
                b_at = b_at.wrapping_add(self.b_row);
            }
            for i in 0..M {
                for j in 0..N {
                    let to = out.add(i * self.out_row + j * lanes);
                    if whole || j + 1 < N {
                        T::store(simd, to, sums[i][j]);
                    } else {
                        T::store_part(simd, part, to, sums[i][j]);
                    }
                }
            }
        }
    }
}
