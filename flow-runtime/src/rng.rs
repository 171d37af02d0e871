//! Counter-based random numbers: Philox 4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405).
//!
//! There is no state to carry along: a number is a function of the seed, the [`Stream`], the step and its index. So
//! batches, noise and initial weights do not depend on the batch size or on the number of threads, and a resumed run
//! continues the very same sequence.
//!
//! # Layout
//!
//! | word | holds |
//! |---|---|
//! | `key[0]`, `key[1]` | low and high half of the seed |
//! | `counter[0]` | low 32 bits of the block number |
//! | `counter[1]` | the next 16 bits of the block number, and the stream in the upper 16 bits |
//! | `counter[2]`, `counter[3]` | low and high half of the step |
//!
//! A block is four words `w0 … w3`. Numbers of 32 bits (`f32`) take one word each: number `i` is word `i mod 4` of
//! block `i / 4`. Numbers of 64 bits (`f64`, `u64`) take two, the low one first: number `i` is made of words
//! `2 (i mod 2)` and `2 (i mod 2) + 1` of block `i / 2`. Normal numbers come in pairs (Box & Muller 1958): the
//! even number of a pair is `sqrt(−2 ln u) cos(2π v)`, the odd one `sqrt(−2 ln u) sin(2π v)`, where `u` and `v`
//! are the uniform numbers at the two indices, moved from `[0, 1)` to the middle of their cells so that `ln u` is
//! finite.

mod fill;
mod normal;
mod philox;

pub use philox::philox4x32_10;

use std::f64::consts::TAU;

/// What a random number is for; keeps the sequences of a run apart.
///
/// ```
/// use flow_runtime::rng::{Philox, Stream};
/// let (source, time) = (Philox::new(7, Stream::Source, 0), Philox::new(7, Stream::Time, 0));
/// assert_ne!(source.bits64(0), time.bits64(0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// Initial weights.
    Weights = 0,
    /// Which samples make a batch.
    Batch = 1,
    /// Source points `x0`.
    Source = 2,
    /// Training times.
    Time = 3,
    /// Dropout masks.
    Dropout = 4,
    /// Data that is generated.
    Data = 5,
    /// Directions and subsets of metrics.
    Metric = 6,
    /// Sampling after training.
    Sample = 7,
}

/// The random numbers of one seed, stream and step, each found by its index.
///
/// Indices run to `2^49` for 64-bit and `2^50` for 32-bit numbers and repeat after that. The 32-bit and 64-bit
/// numbers of one sequence are made of the same words: use one kind per step of a stream.
///
/// ```
/// use flow_runtime::rng::{Philox, Stream};
/// let noise = Philox::new(7, Stream::Source, 100);
/// let mut row = [0.0; 8];
/// noise.fill_normal(0, &mut row);
/// assert_eq!(row[5], noise.normal_f32(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Philox {
    key: [u32; 2],
    counter: [u32; 4],
}

impl Philox {
    /// The sequence of a seed, a stream and a step.
    pub const fn new(seed: u64, stream: Stream, step: u64) -> Self {
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            counter: [0, (stream as u32) << 16, step as u32, (step >> 32) as u32],
        }
    }

    /// The four words of a block, of whose number the low 48 bits count.
    ///
    /// ```
    /// use flow_runtime::rng::{Philox, Stream, philox4x32_10};
    /// let random = Philox::new(7, Stream::Source, 3);
    /// assert_eq!(random.block(5), philox4x32_10([5, 2 << 16, 3, 0], [7, 0]));
    /// assert_eq!(random.block(5)[1], random.bits32(21));
    /// ```
    pub const fn block(&self, block: u64) -> [u32; 4] {
        let [_, stream, low, high] = self.counter;
        philox4x32_10([block as u32, stream | (block >> 32) as u32 & 0xffff, low, high], self.key)
    }

    /// The words of `N` blocks from `first` on: word by word, each of all blocks.
    #[inline(always)]
    fn blocks<const N: usize>(&self, first: u64) -> [[u32; N]; 4] {
        let [_, stream, low, high] = self.counter;
        let block = |i: usize| first.wrapping_add(i as u64);
        let counter0 = std::array::from_fn(|i| block(i) as u32);
        let counter1 = std::array::from_fn(|i| stream | (block(i) >> 32) as u32 & 0xffff);
        philox::side_by_side([counter0, counter1, [low; N], [high; N]], self.key)
    }

    /// 32 random bits.
    pub const fn bits32(&self, index: u64) -> u32 {
        self.block(index / 4)[(index % 4) as usize]
    }

    /// 64 random bits.
    pub const fn bits64(&self, index: u64) -> u64 {
        let [w0, w1, w2, w3] = self.block(index / 2);
        if index.is_multiple_of(2) { join(w0, w1) } else { join(w2, w3) }
    }

    /// `U[0, 1)`, a multiple of `2^-53`.
    ///
    /// ```
    /// use flow_runtime::rng::{Philox, Stream};
    /// let random = Philox::new(7, Stream::Data, 0);
    /// assert!((0..1000).all(|i| (0.0..1.0).contains(&random.uniform(i))));
    /// ```
    pub const fn uniform(&self, index: u64) -> f64 {
        unit64(self.bits64(index))
    }

    /// `U[0, 1)`, a multiple of `2^-24`.
    pub const fn uniform_f32(&self, index: u64) -> f32 {
        unit32(self.bits32(index))
    }

    /// `N(0, 1)` with 53 bits in each of the two uniform numbers behind it.
    pub fn normal(&self, index: u64) -> f64 {
        normals64(self.block(index / 2))[(index % 2) as usize]
    }

    /// `N(0, 1)`, computed in `f64` from two words and rounded once; its size is at most 6.77.
    pub fn normal_f32(&self, index: u64) -> f32 {
        let [w0, w1, w2, w3] = self.block(index / 4);
        let pair = if index % 4 < 2 { normal::pair(w0, w1) } else { normal::pair(w2, w3) };
        pair[(index % 2) as usize]
    }

    /// A whole number in `0..n`, or zero if `n` is zero.
    ///
    /// `floor(bits · n / 2^64)` (Lemire 2019): no value is likelier than another by more than `n / 2^64`.
    ///
    /// ```
    /// use flow_runtime::rng::{Philox, Stream};
    /// let random = Philox::new(7, Stream::Batch, 0);
    /// assert!((0..1000).all(|i| random.below(i, 6) < 6));
    /// assert_eq!(random.below(0, 0), 0);
    /// ```
    pub const fn below(&self, index: u64, n: u64) -> u64 {
        ((self.bits64(index) as u128 * n as u128) >> 64) as u64
    }
}

const fn join(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

const fn unit64(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

const fn unit32(bits: u32) -> f32 {
    (bits >> 8) as f32 * (1.0 / (1u32 << 24) as f32)
}

/// The middle of one of the `2^52` cells of `(0, 1)`; exact, so neither end is reached.
const fn middle64(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
}

fn box_muller(u: f64, v: f64) -> [f64; 2] {
    let radius = libm::sqrt(-2.0 * libm::log(u));
    let (sin, cos) = libm::sincos(TAU * v);
    [radius * cos, radius * sin]
}

fn normals64([w0, w1, w2, w3]: [u32; 4]) -> [f64; 2] {
    box_muller(middle64(join(w0, w1)), middle64(join(w2, w3)))
}

#[cfg(test)]
mod tests;
