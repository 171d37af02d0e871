//! Exponential moving average of the weights.

/// Exponential moving average of the weights, whose decay warms up.
///
/// `e ← d e + (1 − d) w` with `d = min(decay, (1 + n) / (10 + n))`, where `n` counts the updates from zero: a young
/// average follows the weights closely rather than remembering how they started.
///
/// ```
/// use flow_runtime::train::Ema;
/// let mut average = Ema::new(0.999, &[0.0]);
/// average.update(&[1.0]);
/// // The first update has a decay of 1/10 only.
/// assert_eq!((average.weights(), average.updates()), (&[0.9][..], 1));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ema {
    decay: f64,
    updates: u64,
    weights: Vec<f32>,
}

impl Ema {
    /// An average that starts at `weights`.
    pub fn new(decay: f64, weights: &[f32]) -> Self {
        Self { decay, updates: 0, weights: weights.to_vec() }
    }

    /// An average as it was after `updates` updates.
    pub(crate) fn restore(decay: f64, updates: u64, weights: Vec<f32>) -> Self {
        Self { decay, updates, weights }
    }

    /// The decay of update `n`, counted from zero.
    ///
    /// ```
    /// use flow_runtime::train::Ema;
    /// assert_eq!(Ema::decay_at(0.999, 0), 0.1);
    /// assert_eq!(Ema::decay_at(0.999, 8), 0.5);
    /// assert_eq!(Ema::decay_at(0.999, 1_000_000), 0.999);
    /// ```
    pub fn decay_at(decay: f64, n: u64) -> f64 {
        decay.min((1.0 + n as f64) / (10.0 + n as f64))
    }

    /// Moves the average towards `weights`, which are as many as it was made from.
    pub fn update(&mut self, weights: &[f32]) {
        debug_assert_eq!(self.weights.len(), weights.len());
        let follow = (1.0 - Self::decay_at(self.decay, self.updates)) as f32;
        for (average, weight) in self.weights.iter_mut().zip(weights) {
            *average += follow * (weight - *average);
        }
        self.updates += 1;
    }

    /// The share of the weights in the next update, for an engine that makes it.
    pub(crate) fn follow(&self) -> f32 {
        self.follow_after(0)
    }

    /// As [`follow`](Self::follow), after `more` updates.
    pub(crate) fn follow_after(&self, more: u64) -> f32 {
        (1.0 - Self::decay_at(self.decay, self.updates + more)) as f32
    }

    /// The average, for an engine that updates it.
    pub(crate) fn weights_mut(&mut self) -> &mut [f32] {
        &mut self.weights
    }

    /// Counts an update that an engine made.
    pub(crate) fn followed(&mut self) {
        self.updates += 1;
    }

    /// The averaged weights.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The averaged weights, by value.
    pub(crate) fn into_weights(self) -> Vec<f32> {
        self.weights
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.updates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn first_updates_follow_the_warm_up() {
        let mut ema = Ema::new(0.999, &[0.0]);
        ema.update(&[1.0]);
        assert_eq!(ema.weights(), [0.9]);
        ema.update(&[1.0]);
        let d = 2.0 / 11.0;
        assert!((f64::from(ema.weights()[0]) - (d * 0.9 + (1.0 - d))).abs() < 1e-7);
        assert_eq!(ema.updates(), 2);
    }

    #[test]
    fn a_late_average_uses_the_declared_decay() {
        let mut ema = Ema::restore(0.75, 1_000, vec![4.0]);
        ema.update(&[8.0]);
        assert_eq!(ema.weights(), [5.0]);
    }

    proptest! {
        #[test]
        fn stays_between_the_smallest_and_the_largest_weight(
            decay in 0.0..1.0f64, values in prop::collection::vec(-10.0..10.0f32, 2..50),
        ) {
            let mut ema = Ema::new(decay, &values[..1]);
            let (mut low, mut high) = (values[0], values[0]);
            for &value in &values[1..] {
                (low, high) = (low.min(value), high.max(value));
                ema.update(&[value]);
                prop_assert!(ema.weights()[0] >= low - 1e-5 && ema.weights()[0] <= high + 1e-5);
            }
        }

        #[test]
        fn weights_that_stay_are_kept_exactly(decay in 0.0..1.0f64, value in -1e6..1e6f32) {
            let mut ema = Ema::new(decay, &[value]);
            for _ in 0..20 { ema.update(&[value]) }
            prop_assert_eq!(ema.weights()[0], value);
        }
    }
}
