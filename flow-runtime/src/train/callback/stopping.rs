//! Early stopping.

use super::{Callback, Control, EvaluationInfo, StartInfo};
use crate::error::Result;

/// Stops when the held-out loss has not fallen for some evaluations (Prechelt 1998).
///
/// An evaluation counts as better if its loss is below the best so far by more than `min_delta`. After `patience`
/// evaluations in a row that are not better, the run stops. A resumed run counts on from where it was. Has an effect
/// only with [`Trainer::evaluate_every`](crate::train::Trainer::evaluate_every).
///
/// ```
/// use flow_runtime::prelude::*;
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 1_000 }
/// # }
/// let (train, held_out) = data::two_moons(100, 0.05, 0)?.split(0.8, 0)?;
/// let patient = EarlyStopping::new(2).min_delta(10.0); // no loss falls by ten
/// let trained = LineTraining::trainer().evaluate_every(5, held_out).callback(patient).fit(&train)?;
/// assert_eq!(trained.report.stopped_by, StoppedBy::Callback);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EarlyStopping {
    patience: usize,
    min_delta: f64,
    best: f64,
    waited: usize,
}

impl EarlyStopping {
    /// Stops after `patience` evaluations without improvement; zero counts as one.
    pub fn new(patience: usize) -> Self {
        Self { patience: patience.max(1), min_delta: 0.0, best: f64::INFINITY, waited: 0 }
    }

    /// How much lower a loss must be to count as better.
    #[must_use]
    pub fn min_delta(mut self, min_delta: f64) -> Self {
        self.min_delta = min_delta;
        self
    }

    fn observe(&mut self, loss: f64) -> Control {
        if loss < self.best - self.min_delta {
            self.best = loss;
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        if self.waited >= self.patience { Control::Stop } else { Control::Continue }
    }
}

impl Callback for EarlyStopping {
    fn on_start(&mut self, info: &StartInfo<'_>) -> Result<()> {
        (self.best, self.waited) = (f64::INFINITY, 0);
        for &(_, loss) in info.evaluations {
            let _ = self.observe(loss);
        }
        Ok(())
    }

    fn on_evaluation(&mut self, info: &EvaluationInfo) -> Result<Control> {
        Ok(self.observe(info.loss))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops_at(mut stopping: EarlyStopping, losses: &[f64]) -> Option<usize> {
        losses.iter().position(|&loss| stopping.observe(loss) == Control::Stop)
    }

    #[test]
    fn patience_counts_evaluations_in_a_row() {
        assert_eq!(stops_at(EarlyStopping::new(2), &[3.0, 4.0, 2.0, 2.0, 2.5, 1.0]), Some(4));
        assert_eq!(stops_at(EarlyStopping::new(3), &[3.0, 4.0, 2.0, 2.0, 2.5, 1.0]), None);
    }

    #[test]
    fn small_gains_do_not_count() {
        let losses = [1.0, 0.95, 0.91, 0.85];
        assert_eq!(stops_at(EarlyStopping::new(2).min_delta(0.1), &losses), Some(2));
        assert_eq!(stops_at(EarlyStopping::new(3).min_delta(0.1), &losses), None);
    }

    #[test]
    fn a_loss_that_is_not_a_number_is_no_improvement() {
        assert_eq!(stops_at(EarlyStopping::new(1), &[1.0, f64::NAN]), Some(1));
    }
}
