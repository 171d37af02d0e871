//! Flags that every example takes, and the report that every example writes.

use flow_runtime::prelude::*;
use std::{error::Error, path::PathBuf, process::ExitCode};

/// `--device auto|cpu|cuda|dfdx --steps N --samples N --seed N --out DIR`
pub struct Arguments {
    pub device: Device,
    pub steps: u64,
    pub samples: usize,
    pub seed: u64,
    pub out: PathBuf,
}

impl Arguments {
    /// Reads the command line; what is not given is as here. `None` if `--help` was asked for and answered.
    pub fn read(name: &str, steps: u64, samples: usize) -> Result<Option<Self>, Box<dyn Error>> {
        use lexopt::{Arg, ValueExt};
        let mut arguments =
            Arguments { device: Device::Auto, steps, samples, seed: 0, out: PathBuf::from("out").join(name) };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("device") => arguments.device = parser.value()?.parse()?,
                Arg::Long("steps") => arguments.steps = parser.value()?.parse()?,
                Arg::Long("samples") => arguments.samples = parser.value()?.parse()?,
                Arg::Long("seed") => arguments.seed = parser.value()?.parse()?,
                Arg::Long("out") => arguments.out = parser.value()?.into(),
                Arg::Long("help") | Arg::Short('h') => {
                    println!(
                        "usage: {name} [--device auto|cpu|cuda|dfdx] [--steps {steps}] [--samples {samples}] [--seed 0] [--out out/{name}]"
                    );
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(arguments))
    }

    /// Writes `report.json` into the output folder.
    pub fn report(&self, report: &serde_json::Value) -> Result<(), Box<dyn Error>> {
        let path = self.out.join("report.json");
        std::fs::write(&path, serde_json::to_string_pretty(report)? + "\n")?;
        println!("wrote {}", path.display());
        Ok(())
    }
}

/// Runs an example; an error is printed as a person reads it.
pub fn run(example: impl FnOnce() -> Result<(), Box<dyn Error>>) -> ExitCode {
    match example() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
