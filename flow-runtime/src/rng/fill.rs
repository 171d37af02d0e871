//! Many numbers at once: each block is computed once.

use super::{Philox, normal, normals64, unit32, unit64};
use pulp::{Arch, Simd, WithSimd};

/// Blocks that are made side by side, one in each lane.
const SIDE: usize = 16;

impl Philox {
    /// `out[i] = uniform_f32(first + i)`.
    ///
    /// ```
    /// use flow_runtime::rng::{Philox, Stream};
    /// let (random, mut out) = (Philox::new(7, Stream::Data, 0), [0.0; 5]);
    /// random.fill_uniform(2, &mut out);
    /// assert_eq!(out[1], random.uniform_f32(3));
    /// ```
    pub fn fill_uniform(&self, first: u64, out: &mut [f32]) {
        self.fill(first, out, |words| words.map(unit32));
    }

    /// `out[i] = normal_f32(first + i)`.
    pub fn fill_normal(&self, first: u64, out: &mut [f32]) {
        // Whole runs of blocks go side by side, what is left at both ends block by block; the bits are the same.
        let head = out.len().min((first.wrapping_neg() % 4) as usize);
        let (start, rest) = out.split_at_mut(head);
        self.fill_normal_blocks(first, start);
        let (runs, end) = rest.as_chunks_mut::<{ 4 * SIDE }>();
        let block = (first + head as u64) / 4;
        if !runs.is_empty() {
            Arch::new().dispatch(Normals { random: self, block, runs });
        }
        self.fill_normal_blocks((block + (runs.len() * SIDE) as u64) * 4, end);
    }

    fn fill_normal_blocks(&self, first: u64, out: &mut [f32]) {
        self.fill(first, out, |[w0, w1, w2, w3]| {
            let ([a, b], [c, d]) = (normal::pair(w0, w1), normal::pair(w2, w3));
            [a, b, c, d]
        });
    }

    /// `out[i] = uniform(first + i)`.
    pub fn fill_uniform_f64(&self, first: u64, out: &mut [f64]) {
        self.fill(first, out, |[w0, w1, w2, w3]| [unit64(super::join(w0, w1)), unit64(super::join(w2, w3))]);
    }

    /// `out[i] = normal(first + i)`.
    pub fn fill_normal_f64(&self, first: u64, out: &mut [f64]) {
        self.fill(first, out, normals64);
    }

    /// The numbers `0..n` in a random order (Fisher & Yates, from the last place down; place `i` draws
    /// `below(i, i + 1)`).
    ///
    /// ```
    /// use flow_runtime::rng::{Philox, Stream};
    /// let mut order = Philox::new(0, Stream::Batch, 0).permutation(100);
    /// order.sort_unstable();
    /// assert!(order.into_iter().eq(0..100));
    /// ```
    pub fn permutation(&self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i as u64, i as u64 + 1) as usize);
        }
        order
    }

    /// Blocks of `N` numbers, of which the first one may start in its middle.
    fn fill<T: Copy, const N: usize>(&self, first: u64, out: &mut [T], make: impl Fn([u32; 4]) -> [T; N]) {
        let skipped = (first % N as u64) as usize;
        let head = if skipped == 0 { 0 } else { out.len().min(N - skipped) };
        let (start, rest) = out.split_at_mut(head);
        let mut block = first / N as u64;
        if head > 0 {
            start.copy_from_slice(&make(self.block(block))[skipped..skipped + head]);
            block += 1;
        }
        for chunk in rest.chunks_mut(N) {
            chunk.copy_from_slice(&make(self.block(block))[..chunk.len()]);
            block = block.wrapping_add(1);
        }
    }
}

/// Normal numbers of whole runs of blocks.
struct Normals<'a> {
    random: &'a Philox,
    block: u64,
    runs: &'a mut [[f32; 4 * SIDE]],
}

impl WithSimd for Normals<'_> {
    type Output = ();

    // Plain loops over lanes: the compiler vectorises them for the instruction set that this is inlined into.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let mut block = self.block;
        for run in self.runs {
            let words = self.random.blocks::<SIDE>(block);
            let (mut even, mut odd) = ([[0.0f32; SIDE]; 2], [[0.0f32; SIDE]; 2]);
            for half in 0..2 {
                for i in 0..SIDE {
                    let [cos, sin] = normal::pair(words[2 * half][i], words[2 * half + 1][i]);
                    even[half][i] = cos;
                    odd[half][i] = sin;
                }
            }
            for i in 0..SIDE {
                run[4 * i..4 * i + 4].copy_from_slice(&[even[0][i], odd[0][i], even[1][i], odd[1][i]]);
            }
            block = block.wrapping_add(SIDE as u64);
        }
    }
}
