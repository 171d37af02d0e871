//! Flags that the examples share, and the report that every example writes.
#![allow(dead_code, reason = "an example takes the flags that apply to it")]
#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

use flow_runtime::{engine::Resolved, prelude::*};
use std::{
    error::Error, fmt::Display, fs, path::PathBuf, process::ExitCode, str::FromStr, thread::available_parallelism,
    time::Instant,
};

/// Threads that `--threads` may ask for.
const MOST_THREADS: usize = 1024;

/// A flag that an example takes beside `--out`.
#[derive(Clone, Copy)]
pub enum Flag {
    /// `--device` and `--precision`
    Device,
    /// `--threads`
    Threads,
    /// `--steps`: the default, and what they are steps of.
    Steps(u64, &'static str),
    /// `--samples`: the default.
    Samples(usize),
    /// `--seed`
    Seed,
}

impl Flag {
    fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Threads => "threads",
            Self::Steps(..) => "steps",
            Self::Samples(_) => "samples",
            Self::Seed => "seed",
        }
    }
}

/// What the command line says.
pub struct Arguments {
    pub device: Device,
    /// Of matrix products on a GPU.
    pub precision: CudaPrecision,
    /// Threads of the CPU engine: as many as the system offers, unless the command line says.
    pub threads: usize,
    pub steps: u64,
    pub samples: usize,
    pub seed: u64,
    /// The folder for pictures and `report.json`; it exists.
    pub out: PathBuf,
}

impl Arguments {
    /// Reads the command line. `None` if help was asked for.
    fn read(name: &str, flags: &[Flag]) -> Result<Option<Self>, lexopt::Error> {
        use lexopt::prelude::*;
        let out = PathBuf::from("out").join(name);
        let threads = available_parallelism().map_or(1, usize::from);
        let mut arguments = Self {
            device: Device::Auto,
            precision: CudaPrecision::Strict,
            threads,
            steps: 0,
            samples: 0,
            seed: 0,
            out,
        };
        for flag in flags {
            match *flag {
                Flag::Steps(steps, _) => arguments.steps = steps,
                Flag::Samples(samples) => arguments.samples = samples,
                Flag::Device | Flag::Threads | Flag::Seed => {}
            }
        }
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            let taken = |name: &str| flags.iter().any(|flag| flag.name() == name);
            match argument {
                Long("device") if taken("device") => arguments.device = parser.value()?.parse()?,
                Long("precision") if taken("device") => arguments.precision = parser.value()?.parse()?,
                Long("threads") if taken("threads") => arguments.threads = parser.value()?.parse_with(threads_of)?,
                Long("steps") if taken("steps") => arguments.steps = parser.value()?.parse_with(count)?,
                Long("samples") if taken("samples") => arguments.samples = parser.value()?.parse_with(count)?,
                Long("seed") if taken("seed") => arguments.seed = parser.value()?.parse()?,
                Long("out") => arguments.out = parser.value()?.into(),
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(arguments))
    }

    /// Threads that the device uses: dfdx has one.
    pub fn threads_used(&self) -> usize {
        if self.device == Device::Dfdx { 1 } else { self.threads }
    }

    /// The precision of the engine that the device stands for: on the CPU there is one.
    pub fn precision_used(&self) -> String {
        match self.device.resolve() {
            Ok(Resolved::Cpu | Resolved::Dfdx) | Err(_) => "f32".to_owned(),
            Ok(_) => self.precision.to_string(),
        }
    }

    /// Writes `report.json` into the output folder.
    pub fn report(&self, report: &serde_json::Value) -> Result<(), Box<dyn Error>> {
        let path = self.out.join("report.json");
        fs::write(&path, format!("{report:#}\n"))?;
        println!("wrote {}", path.display());
        Ok(())
    }
}

/// A number of things, so that doubling it a few times does not overflow.
fn count<T: FromStr + PartialOrd + From<u8> + Display>(text: &str) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| *number >= T::from(1) && text.len() < 9);
    number.ok_or_else(|| "expected a whole number from 1 to 99999999".to_owned())
}

fn threads_of(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MOST_THREADS).contains(number));
    number.ok_or_else(|| format!("expected a number of threads from 1 to {MOST_THREADS}"))
}

/// Where the time of an example goes: seconds by the name of what was done.
pub struct Stopwatch {
    start: Instant,
    lap: Instant,
    seconds: Vec<(&'static str, f64)>,
}

impl Stopwatch {
    pub fn start() -> Self {
        let now = Instant::now();
        Self { start: now, lap: now, seconds: Vec::new() }
    }

    /// Counts the time since the last call towards `part`.
    pub fn lap(&mut self, part: &'static str) {
        let lap = self.lap.elapsed().as_secs_f64();
        self.lap = Instant::now();
        match self.seconds.iter_mut().find(|(name, _)| *name == part) {
            Some((_, seconds)) => *seconds += lap,
            None => self.seconds.push((part, lap)),
        }
    }

    /// The seconds of every part, and of all since the start, as `report.json` has them.
    pub fn seconds(&self) -> serde_json::Value {
        let total = ("total", self.start.elapsed().as_secs_f64());
        self.seconds
            .iter()
            .chain([&total])
            .map(|&(part, seconds)| (part.to_owned(), serde_json::Value::from(seconds)))
            .collect()
    }
}

fn usage(name: &str, flags: &[Flag]) -> String {
    let mut lines = Vec::new();
    for flag in flags {
        match flag {
            Flag::Device => {
                lines.push((
                    "--device D",
                    "auto, cpu, cuda, cuda:N or dfdx (default auto, the fastest there is)".to_owned(),
                ));
                lines.push(("--precision P", "of products on a GPU: strict, x3 or half (default strict)".to_owned()));
            }
            Flag::Threads => lines.push(("--threads N", "threads of the CPU engine (default all cores)".to_owned())),
            Flag::Steps(steps, of) => lines.push(("--steps N", format!("{of} (default {steps})"))),
            Flag::Samples(samples) => lines.push(("--samples N", format!("samples to draw (default {samples})"))),
            Flag::Seed => lines.push(("--seed N", "seed of everything random (default 0)".to_owned())),
        }
    }
    lines.push(("--out DIR", format!("where pictures and report.json go (default out/{name})")));
    let lines: Vec<String> = lines.iter().map(|(flag, meaning)| format!("  {flag:<13}  {meaning}")).collect();
    format!("usage: {name} [flags]\n{}", lines.join("\n"))
}

/// Reads the flags and runs an example; an error is printed as a person reads it.
pub fn run(name: &str, flags: &[Flag], example: impl FnOnce(&Arguments) -> Result<(), Box<dyn Error>>) -> ExitCode {
    let arguments = match Arguments::read(name, flags) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{}", usage(name, flags));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("error: {error}\n{}", usage(name, flags));
            return ExitCode::from(2);
        }
    };
    let folder = fs::create_dir_all(&arguments.out).map_err(|error| format!("{}: {error}", arguments.out.display()));
    match folder.map_err(Into::into).and_then(|()| example(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
