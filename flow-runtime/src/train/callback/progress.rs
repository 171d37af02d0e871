//! The progress bar.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Callback, Control, EvaluationInfo, StartInfo, StepInfo};
use crate::{
    error::{Error, Result},
    train::{StoppedBy, TrainReport},
};

const TEMPLATE: &str = "{prefix} {bar:32} {pos}/{len} {msg}, {eta} left";
const SHOWN_FOR: Duration = Duration::from_millis(50);

/// Shows how a run goes, on the standard error stream: loss, rate and time left.
///
/// A bar on a terminal; elsewhere (a file, a pipe) a plain line at every tenth of the run.
///
/// ```
/// use flow_runtime::{prelude::*, train::Progress};
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 10 }
/// # }
/// // Plain lines on the standard output, instead of what `.progress(true)` shows.
/// let trainer = LineTraining::trainer().callback(Progress::plain(std::io::stdout()));
/// ```
pub struct Progress {
    plain: Option<Box<dyn Write>>,
    bar: ProgressBar,
    recipe: &'static str,
    evaluation: Option<f64>,
    shown: Option<Instant>,
}

impl Progress {
    /// A bar if the standard error stream is a terminal, else plain lines.
    pub fn new() -> Self {
        let plain: Option<Box<dyn Write>> =
            if io::stderr().is_terminal() { None } else { Some(Box::new(io::stderr())) };
        Self { plain, bar: ProgressBar::hidden(), recipe: "", evaluation: None, shown: None }
    }

    /// Plain lines into `out`.
    pub fn plain(out: impl Write + 'static) -> Self {
        Self { plain: Some(Box::new(out)), bar: ProgressBar::hidden(), recipe: "", evaluation: None, shown: None }
    }

    fn line(&mut self, text: impl std::fmt::Display) {
        match &mut self.plain {
            // A stream that nobody reads any more is no reason to end a run.
            Some(out) => drop(writeln!(out, "{text}").and_then(|()| out.flush())),
            None => self.bar.println(text.to_string()),
        }
    }

    fn message(&self, loss: f64) -> String {
        match self.evaluation {
            Some(held_out) => format!("loss {loss:.4} held-out {held_out:.4}"),
            None => format!("loss {loss:.4}"),
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Callback for Progress {
    fn on_start(&mut self, info: &StartInfo<'_>) -> Result<()> {
        (self.recipe, self.evaluation, self.shown) = (info.recipe, None, None);
        if self.plain.is_none() {
            self.bar = ProgressBar::new(info.steps).with_position(info.step).with_prefix(info.recipe);
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                self.bar.set_style(style.progress_chars("━╸─"));
            }
            self.bar.reset_eta();
        }
        if info.resumed {
            self.line(format!("{}: resumed at step {} of {}", info.recipe, info.step, info.steps));
        }
        Ok(())
    }

    fn on_step(&mut self, info: &StepInfo) -> Result<Control> {
        if self.plain.is_none() {
            // Formatting costs more than a small model's step, and nobody reads faster than this.
            let due = self.shown.is_none_or(|shown| shown.elapsed() > SHOWN_FOR) || info.step == info.steps;
            if due {
                self.shown = Some(Instant::now());
                let message = self.message(info.loss);
                self.bar.set_message(format!("{message} {:.1} steps/s", self.bar.per_sec()));
                self.bar.set_position(info.step);
            }
        } else if info.step == info.steps || info.step.is_multiple_of((info.steps / 10).max(1)) {
            let message = self.message(info.loss);
            let percent = 100 * info.step / info.steps;
            self.line(format!(
                "{}: step {}/{} ({percent}%) {message} lr {:.2e} {:.1} s",
                self.recipe, info.step, info.steps, info.learning_rate, info.seconds
            ));
        }
        Ok(Control::Continue)
    }

    fn on_evaluation(&mut self, info: &EvaluationInfo) -> Result<Control> {
        self.evaluation = Some(info.loss);
        Ok(Control::Continue)
    }

    fn on_warning(&mut self, message: &str) -> Result<()> {
        self.line(format!("warning: {message}"));
        Ok(())
    }

    fn on_error(&mut self, _error: &Error) {
        // The error itself is told by whoever called the trainer.
        self.bar.abandon();
    }

    fn on_end(&mut self, report: &TrainReport) -> Result<()> {
        match report.stopped_by {
            StoppedBy::Completed => self.bar.finish(),
            _ => {
                self.bar.abandon();
                let checkpoint = match &report.checkpoint {
                    Some(path) => format!("; checkpoint {}", path.display()),
                    None => String::new(),
                };
                self.line(format!("{}: stopped at step {}{checkpoint}", report.recipe, report.steps));
            }
        }
        Ok(())
    }
}
