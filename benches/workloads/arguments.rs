//! The command line, with the names of the peers' `run.py`.

use super::child::Work;
use flow_runtime::{engine::Resolved, prelude::*};
use std::{error::Error, path::PathBuf};

pub struct Arguments {
    pub workloads: Vec<String>,
    pub peers: Vec<String>,
    pub device: Device,
    /// Of matrix products on a GPU.
    pub precision: CudaPrecision,
    /// 0 leaves the engine at its default.
    pub threads: usize,
    pub repeats: usize,
    pub warmup: usize,
    pub seeds: u64,
    pub max_seconds: f64,
    pub out: Option<PathBuf>,
    pub out_plot: Option<PathBuf>,
}

pub enum Command {
    Run(Arguments),
    /// What a workload does in a process of its own.
    Child(Work, Arguments),
    List,
    Usage,
}

const USAGE: &str = "usage: cargo bench --bench workloads -- [--list] [--workloads PREFIX,…] [--peers flow,dfdx-by-hand] \
[--device auto|cpu|cuda|cuda:N|dfdx] [--precision strict|x3|half] [--threads 0] [--repeats 5] [--warmup 1] [--seeds 3] \
[--max-seconds 60] [--out results.jsonl] [--out-plot scaling.png]";

impl Arguments {
    pub fn read(mut parser: lexopt::Parser) -> Result<Command, Box<dyn Error>> {
        use lexopt::{Arg, ValueExt};
        let mut arguments = Arguments {
            workloads: Vec::new(),
            peers: vec!["flow".to_owned()],
            device: Device::Auto,
            precision: CudaPrecision::Strict,
            threads: 0,
            repeats: 5,
            warmup: 1,
            seeds: 3,
            max_seconds: 60.0,
            out: None,
            out_plot: None,
        };
        let mut child = None;
        let list = |text: String| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("workloads") => arguments.workloads = list(parser.value()?.parse()?),
                Arg::Long("peers") => arguments.peers = list(parser.value()?.parse()?),
                Arg::Long("device") => arguments.device = parser.value()?.parse()?,
                Arg::Long("precision") => arguments.precision = parser.value()?.parse()?,
                Arg::Long("threads") => arguments.threads = parser.value()?.parse()?,
                Arg::Long("repeats") => arguments.repeats = parser.value()?.parse()?,
                Arg::Long("warmup") => arguments.warmup = parser.value()?.parse()?,
                Arg::Long("seeds") => arguments.seeds = parser.value()?.parse()?,
                Arg::Long("max-seconds") => arguments.max_seconds = parser.value()?.parse()?,
                Arg::Long("out") => arguments.out = Some(parser.value()?.into()),
                Arg::Long("out-plot") => arguments.out_plot = Some(parser.value()?.into()),
                Arg::Long("child") => child = Some(parser.value()?.parse()?),
                Arg::Long("list") => return Ok(Command::List),
                // Cargo says so to every bench.
                Arg::Long("bench") => {}
                Arg::Long("help") | Arg::Short('h') => {
                    println!("{USAGE}");
                    return Ok(Command::Usage);
                }
                other => return Err(format!("{}\n{USAGE}", other.unexpected()).into()),
            }
        }
        if arguments.repeats == 0 || arguments.seeds == 0 {
            return Err("`--repeats` and `--seeds` are at least 1".into());
        }
        Ok(match child {
            Some(work) => Command::Child(work, arguments),
            None => Command::Run(arguments),
        })
    }

    /// Whether a workload is asked for. What is made for a GPU runs elsewhere under its full name only, as a prefix or `all` is
    /// not meant for hours.
    pub fn wants(&self, workload: &str, for_gpu: bool) -> bool {
        if for_gpu && !self.on_gpu() {
            return self.workloads.iter().any(|name| name == workload);
        }
        self.workloads.is_empty() || self.workloads.iter().any(|prefix| prefix == "all" || workload.starts_with(prefix))
    }

    /// Whether the device that was asked for is a GPU; `auto` is one if it is served by one.
    pub fn on_gpu(&self) -> bool {
        match self.device {
            Device::Cuda(_) => true,
            Device::Auto => !matches!(self.device.resolve(), Ok(Resolved::Cpu | Resolved::Dfdx) | Err(_)),
            Device::Cpu | Device::Dfdx => false,
        }
    }

    /// A prefix or peer that names nothing, so that a slip is not a table with less in it.
    pub fn unknown<'a>(&'a self, workloads: &[&str], peers: &[&str]) -> Option<&'a str> {
        let workload = |prefix: &&String| *prefix != "all" && !workloads.iter().any(|name| name.starts_with(*prefix));
        let peer = |asked: &&String| !peers.contains(&asked.as_str());
        self.workloads.iter().find(workload).or_else(|| self.peers.iter().find(peer)).map(String::as_str)
    }
}
