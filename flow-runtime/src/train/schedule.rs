//! How the learning rate moves over a run.

use std::f64::consts::PI;

use super::{Schedule, ScheduleShape};

impl Schedule {
    /// The optimiser's `lr` in every step.
    pub const CONSTANT: Self = Self { warmup: 0, shape: ScheduleShape::Constant };

    /// The factor on the optimiser's `lr` in step `step` of `total_steps`, counted from zero.
    ///
    /// With `w = warmup`, `s = step − w` and `n = total_steps − w`:
    ///
    /// * `step < w`: `(step + 1) / w`, so that no step is without effect and step `w − 1` has the full rate;
    /// * [`Constant`](ScheduleShape::Constant): `1`;
    /// * [`Cosine`](ScheduleShape::Cosine): `floor + (1 − floor) (1 + cos(π s / (n − 1))) / 2`, which is one at
    ///   `s = 0` and `floor` at the last step and after it (Loshchilov & Hutter 2017, one cycle);
    /// * [`Step`](ScheduleShape::Step): `gamma^⌊s / every⌋`.
    ///
    /// ```
    /// use flow_runtime::train::{Schedule, ScheduleShape};
    /// let schedule = Schedule { warmup: 4, shape: ScheduleShape::Cosine { floor: 0.1 } };
    /// assert_eq!(schedule.factor(0, 104), 0.25);
    /// assert_eq!(schedule.factor(4, 104), 1.0);
    /// assert_eq!(schedule.factor(103, 104), 0.1);
    /// ```
    pub fn factor(&self, step: u64, total_steps: u64) -> f64 {
        if step < self.warmup {
            return (step + 1) as f64 / self.warmup as f64;
        }
        let s = step - self.warmup;
        match self.shape {
            ScheduleShape::Constant => 1.0,
            ScheduleShape::Cosine { floor } => {
                let last = total_steps.saturating_sub(self.warmup).saturating_sub(1);
                if s >= last {
                    // A run of one step has no "first" and "last": it is to have an effect.
                    return if last == 0 && s == 0 { 1.0 } else { floor };
                }
                // libm, not the platform's cosine: the rates are the same bits everywhere.
                floor + (1.0 - floor) * 0.5 * (1.0 + libm::cos(PI * s as f64 / last as f64))
            }
            ScheduleShape::Step { every, gamma } => libm::pow(gamma, s.checked_div(every).unwrap_or(0) as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schedule(warmup: u64, shape: ScheduleShape) -> Schedule {
        Schedule { warmup, shape }
    }

    #[test]
    fn warm_up_is_linear_and_ends_at_one() {
        let s = schedule(5, ScheduleShape::Constant);
        let factors: Vec<_> = (0..7).map(|i| s.factor(i, 7)).collect();
        assert_eq!(factors, [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn cosine_passes_through_its_middle() {
        let s = schedule(0, ScheduleShape::Cosine { floor: 0.0 });
        assert_eq!(s.factor(0, 101), 1.0);
        assert!((s.factor(50, 101) - 0.5).abs() < 1e-15);
        assert_eq!(s.factor(100, 101), 0.0);
        assert_eq!(s.factor(1000, 101), 0.0, "past the end");
    }

    #[test]
    fn cosine_over_a_single_step_is_one() {
        assert_eq!(schedule(0, ScheduleShape::Cosine { floor: 0.0 }).factor(0, 1), 1.0);
        assert_eq!(schedule(3, ScheduleShape::Cosine { floor: 0.0 }).factor(3, 4), 1.0);
    }

    #[test]
    fn step_drops_at_multiples_counted_after_the_warm_up() {
        let s = schedule(2, ScheduleShape::Step { every: 3, gamma: 0.5 });
        let factors: Vec<_> = (0..9).map(|i| s.factor(i, 9)).collect();
        assert_eq!(factors, [0.5, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25]);
    }

    fn shapes() -> impl Strategy<Value = ScheduleShape> {
        prop_oneof![
            Just(ScheduleShape::Constant),
            (0.0..=1.0).prop_map(|floor| ScheduleShape::Cosine { floor }),
            (1u64..50, 0.01..=1.0).prop_map(|(every, gamma)| ScheduleShape::Step { every, gamma }),
        ]
    }

    proptest! {
        #[test]
        fn factors_are_bounded_rise_then_fall(warmup in 0u64..60, shape in shapes(), extra in 1u64..200) {
            let (s, total) = (schedule(warmup, shape), warmup + extra);
            let low = if let ScheduleShape::Cosine { floor } = shape { floor } else { 0.0 };
            for step in 0..total + 5 {
                let factor = s.factor(step, total);
                prop_assert!(factor > 0.0 || factor >= low);
                prop_assert!(factor <= 1.0);
                if step > 0 {
                    let before = s.factor(step - 1, total);
                    if step < warmup { prop_assert!(factor > before) }
                    if step > warmup { prop_assert!(factor <= before) }
                }
            }
            prop_assert_eq!(s.factor(warmup, total), 1.0);
            if extra > 1 && let ScheduleShape::Cosine { floor } = shape {
                prop_assert_eq!(s.factor(total - 1, total), floor);
            }
        }
    }
}
