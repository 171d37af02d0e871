//! Logs in files: JSON lines and CSV.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Callback, CheckpointInfo, Control, EpochInfo, EvaluationInfo, StartInfo, StepInfo};
use crate::{
    error::{Error, Result},
    train::TrainReport,
};

/// One JSON object per event, one event per line.
///
/// Every line has `event`: `start`, `step`, `epoch`, `evaluation`, `checkpoint`, `warning`, `error` or `end`; all but
/// warnings and errors have `step`, the steps done. A number that is not finite is `null`. A new run replaces the file; a resumed one
/// goes on with it, less the lines of the steps after its checkpoint, which are taken again.
///
/// ```
/// use flow_runtime::prelude::*;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("log.jsonl");
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 3 }
/// # }
/// let _ = LineTraining::trainer().log_json(&path).fit(&data::two_moons(100, 0.05, 0)?)?;
/// let log = std::fs::read_to_string(&path).unwrap();
/// assert_eq!(log.lines().filter(|line| line.contains(r#""event":"step""#)).count(), 3);
/// # Ok::<(), Error>(())
/// ```
pub struct JsonLog(LogFile);

impl JsonLog {
    /// A log at `path`, opened when the run starts.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self(LogFile::new(path))
    }

    fn write(&mut self, value: &Value) -> Result<()> {
        self.0.line(format_args!("{value}"))
    }
}

impl Callback for JsonLog {
    fn on_start(&mut self, info: &StartInfo<'_>) -> Result<()> {
        self.0.open(info, |line| serde_json::from_str::<Value>(line).ok()?.get("step")?.as_u64())?;
        self.write(&json!({
            "event": "start", "step": info.step, "steps": info.steps, "recipe": info.recipe, "model": info.model,
            "parameters": info.parameters, "rows": info.rows, "epoch_steps": info.epoch_steps, "seed": info.seed,
            "resumed": info.resumed,
        }))
    }

    fn on_step(&mut self, info: &StepInfo) -> Result<Control> {
        self.write(&json!({
            "event": "step", "step": info.step, "epoch": info.epoch, "loss": info.loss,
            "learning_rate": info.learning_rate, "gradient_norm": info.gradient_norm, "seconds": info.seconds,
        }))?;
        Ok(Control::Continue)
    }

    fn on_epoch(&mut self, info: &EpochInfo) -> Result<Control> {
        self.write(&json!({"event": "epoch", "step": info.step, "epoch": info.epoch, "loss": info.loss}))?;
        Ok(Control::Continue)
    }

    fn on_evaluation(&mut self, info: &EvaluationInfo) -> Result<Control> {
        self.write(&json!({"event": "evaluation", "step": info.step, "loss": info.loss, "best": info.best}))?;
        Ok(Control::Continue)
    }

    fn on_checkpoint(&mut self, info: &CheckpointInfo) -> Result<()> {
        self.write(&json!({"event": "checkpoint", "step": info.step, "path": info.path.to_string_lossy()}))?;
        self.0.flush()
    }

    fn on_warning(&mut self, message: &str) -> Result<()> {
        self.write(&json!({"event": "warning", "message": message}))
    }

    fn on_error(&mut self, error: &Error) {
        // The run has failed already, perhaps for the same reason as these would.
        drop(self.write(&json!({"event": "error", "message": error.to_string()})));
        drop(self.0.flush());
    }

    fn on_end(&mut self, report: &TrainReport) -> Result<()> {
        self.write(&json!({"event": "end", "step": report.steps, "report": report}))?;
        self.0.flush()
    }
}

/// One row per step: `step,epoch,loss,learning_rate,gradient_norm,seconds,evaluation_loss`; the last is empty where
/// the held-out data was not evaluated.
///
/// A new run replaces the file; a resumed one goes on with it, less the rows of the steps after its checkpoint,
/// which are taken again.
///
/// ```
/// use flow_runtime::prelude::*;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("loss.csv");
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 8, steps: 3 }
/// # }
/// let _ = LineTraining::trainer().log_csv(&path).fit(&data::two_moons(100, 0.05, 0)?)?;
/// let log = std::fs::read_to_string(&path).unwrap();
/// assert_eq!(log.lines().next(), Some("step,epoch,loss,learning_rate,gradient_norm,seconds,evaluation_loss"));
/// assert_eq!(log.lines().count(), 1 + 3);
/// # Ok::<(), Error>(())
/// ```
pub struct CsvLog {
    file: LogFile,
    // Held back until the next event: the evaluation of a step comes after the step.
    row: Option<(StepInfo, Option<f64>)>,
}

impl CsvLog {
    /// A log at `path`, opened when the run starts.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { file: LogFile::new(path), row: None }
    }

    fn write_row(&mut self) -> Result<()> {
        let Some((info, evaluation)) = self.row.take() else { return Ok(()) };
        let StepInfo { step, epoch, loss, learning_rate, gradient_norm, seconds, .. } = info;
        let evaluation = evaluation.map(|loss| loss.to_string()).unwrap_or_default();
        self.file.line(format_args!("{step},{epoch},{loss},{learning_rate},{gradient_norm},{seconds},{evaluation}"))
    }
}

impl Callback for CsvLog {
    fn on_start(&mut self, info: &StartInfo<'_>) -> Result<()> {
        self.row = None;
        let header = "step,epoch,loss,learning_rate,gradient_norm,seconds,evaluation_loss";
        let empty = self.file.open(info, |line| match line.split(',').next()? {
            "step" => Some(0),
            step => step.parse().ok(),
        })?;
        if empty { self.file.line(format_args!("{header}")) } else { Ok(()) }
    }

    fn on_step(&mut self, info: &StepInfo) -> Result<Control> {
        self.write_row()?;
        self.row = Some((*info, None));
        Ok(Control::Continue)
    }

    fn on_evaluation(&mut self, info: &EvaluationInfo) -> Result<Control> {
        if let Some((_, evaluation)) = &mut self.row {
            *evaluation = Some(info.loss);
        }
        Ok(Control::Continue)
    }

    fn on_checkpoint(&mut self, _info: &CheckpointInfo) -> Result<()> {
        self.write_row()?;
        self.file.flush()
    }

    fn on_error(&mut self, _error: &Error) {
        drop(self.write_row().and_then(|()| self.file.flush()));
    }

    fn on_end(&mut self, _report: &TrainReport) -> Result<()> {
        self.write_row()?;
        self.file.flush()
    }
}

/// A file of lines whose steps do not fall.
struct LogFile {
    path: PathBuf,
    out: Option<BufWriter<File>>,
    flushed: Instant,
}

impl LogFile {
    fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned(), out: None, flushed: Instant::now() }
    }

    /// Opens the file; a resumed run keeps its lines as far as `step_of` gives a step that is done. True if empty.
    fn open(&mut self, info: &StartInfo<'_>, step_of: impl Fn(&str) -> Option<u64>) -> Result<bool> {
        let opened = || -> io::Result<(File, u64)> {
            if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                fs::create_dir_all(folder)?;
            }
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(!info.resumed).open(&self.path)?;
            let kept = kept_bytes(&file, info.step, step_of)?;
            file.set_len(kept)?;
            file.seek(SeekFrom::Start(kept))?;
            Ok((file, kept))
        };
        let (file, kept) = opened().map_err(|source| io_error("opening the log", &self.path, source))?;
        self.out = Some(BufWriter::new(file));
        Ok(kept == 0)
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) -> Result<()> {
        // Only a warning before the start finds the file closed; it is told by the other callbacks.
        let Some(out) = &mut self.out else { return Ok(()) };
        writeln!(out, "{text}").map_err(|source| io_error("writing the log", &self.path, source))?;
        // Whoever watches the file sees it grow, without a system call for every step.
        if self.flushed.elapsed() > Duration::from_secs(1) { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.flushed = Instant::now();
        match &mut self.out {
            Some(out) => out.flush().map_err(|source| io_error("writing the log", &self.path, source)),
            None => Ok(()),
        }
    }
}

/// Length of the leading lines that are whole and whose steps are done.
fn kept_bytes(file: &File, done: u64, step_of: impl Fn(&str) -> Option<u64>) -> io::Result<u64> {
    let (mut reader, mut kept, mut line) = (BufReader::new(file), 0, Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        let text = String::from_utf8_lossy(&line);
        if step_of(text.trim_end()).is_some_and(|step| step > done) {
            break;
        }
        kept += line.len() as u64;
        line.clear();
    }
    Ok(kept)
}

fn io_error(operation: &'static str, path: &Path, source: io::Error) -> Error {
    let help = match source.kind() {
        io::ErrorKind::IsADirectory => "add the name of a file to the path",
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            "a part of this path is a file; choose a folder for the log"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        _ => "choose a place that you may write to",
    };
    Error::Io { operation, path: path.to_owned(), source, help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str, done: u64) -> usize {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, text).unwrap();
        let step_of = |line: &str| line.split(',').next()?.parse().ok();
        kept_bytes(&File::open(&path).unwrap(), done, step_of).unwrap() as usize
    }

    #[test]
    fn lines_are_kept_up_to_the_first_that_is_not_done_or_not_whole() {
        let text = "step,loss\n1,0.5\n2,0.25\n3,0.1";
        assert_eq!(kept(text, 0), "step,loss\n".len());
        assert_eq!(kept(text, 1), "step,loss\n1,0.5\n".len());
        assert_eq!(kept(text, 2), "step,loss\n1,0.5\n2,0.25\n".len());
        assert_eq!(kept(text, 3), kept(text, 2), "a line that was cut off is taken again");
        assert_eq!(kept("", 3), 0);
    }
}
