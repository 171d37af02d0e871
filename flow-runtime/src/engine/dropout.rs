//! Dropout masks that are the same on every engine.

use crate::rng::{Philox, Stream};

/// The dropout masks of one training step.
///
/// Element `i` of the batch at the dropout layer with ordinal `k` (counted from 0 in the order of the program) stays
/// if the number of `U[0, 1)` at index `k · 2^40 + i` of the sequence (seed, [`Stream::Dropout`], step) is at least
/// `p`. A run that is resumed sees the same masks.
///
/// ```
/// use flow_runtime::engine::Dropout;
/// let kept = Dropout::new(7, 100).factors(0, 1000, 0.25).filter(|factor| *factor == 1.0 / 0.75).count();
/// assert!((700..800).contains(&kept));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropout {
    sequence: Philox,
}

impl Dropout {
    /// The masks of a step of a run.
    pub const fn new(seed: u64, step: u64) -> Self {
        Self { sequence: Philox::new(seed, Stream::Dropout, step) }
    }

    /// What the elements of a layer are multiplied with: 0 with probability `p`, else `1 / (1 − p)`.
    pub fn factors(&self, ordinal: u64, elements: usize, p: f64) -> impl Iterator<Item = f64> {
        let (sequence, first, kept) = (self.sequence, ordinal << 40, 1.0 / (1.0 - p));
        let stays = move |index: u64| f64::from(sequence.uniform_f32(first.wrapping_add(index))) >= p;
        (0..elements as u64).map(move |index| if stays(index) { kept } else { 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_a_function_of_seed_step_layer_and_element() {
        let mask = |seed, step, ordinal| Dropout::new(seed, step).factors(ordinal, 64, 0.5).collect::<Vec<_>>();
        assert_eq!(mask(1, 2, 3), mask(1, 2, 3));
        for other in [mask(2, 2, 3), mask(1, 3, 3), mask(1, 2, 4)] {
            assert_ne!(mask(1, 2, 3), other);
        }
        let sequence = Philox::new(1, Stream::Dropout, 2);
        for (element, factor) in mask(1, 2, 3).into_iter().enumerate() {
            let stays = sequence.uniform_f32((3 << 40) + element as u64) >= 0.5;
            assert_eq!(factor, if stays { 2.0 } else { 0.0 });
        }
    }

    #[test]
    fn the_ends_drop_nothing_and_everything() {
        assert!(Dropout::new(0, 0).factors(0, 100, 0.0).all(|factor| factor == 1.0));
        assert!(Dropout::new(0, 0).factors(0, 100, 1.0).all(|factor| factor == 0.0));
    }
}
