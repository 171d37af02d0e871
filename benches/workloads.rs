//! The workloads W1, W2, W5, W6 and W7 with the data, weights, flags and JSON lines of the peers' harness, so that both
//! are read side by side in one table; the peak of memory; and how the cost grows.
//!
//! ```text
//! cargo bench --bench workloads -- --workloads W1/b256,W2/rk4/10k --device cpu --out results.jsonl
//! cargo bench --bench workloads -- --workloads scaling --out-plot scaling.png
//! cargo bench --bench workloads -- --workloads W1,W2/rk4/1m --device cuda --precision x3 --out results.jsonl
//! ```

pub(crate) mod workloads {
    pub mod arguments;
    pub mod by_hand;
    pub mod child;
    pub mod cold;
    pub mod engine;
    pub mod family;
    pub mod machine;
    pub mod measure;
    pub mod memory;
    pub mod moons;
    pub mod peers;
    pub mod quality;
    pub mod reference;
    pub mod sample;
    pub mod scaling;
    pub mod train;
    pub mod wide;
}

use std::{error::Error, process::ExitCode};
use workloads::{
    arguments::{Arguments, Command},
    child::Work,
    cold::{self, Cache},
    measure::Row,
    memory, quality, sample,
    scaling::{self, Growing},
    train::{self, Steps},
};

/// One piece of work that can be asked for by the prefix of its name.
#[derive(Clone, Copy)]
enum Workload {
    /// Training steps at a batch size: `steps` are one run.
    Train { batch: usize, steps: Steps },
    /// Samples with a method over 100 uniform steps.
    Sample { method: sample::Named, count: usize },
    /// Training steps of the wide network.
    WideTrain { steps: Steps },
    /// Samples of the wide network.
    WideSample { count: usize },
    /// A whole process.
    Cold(Work, Cache),
    /// 10,000 training steps per seed, 10,000 samples against fresh data.
    Quality,
    /// The peak memory of a process.
    Memory,
    /// The cost over the sizes of an axis.
    Scaling(Growing),
}

/// Name, work, and whether it is made for a GPU: others run that under its full name alone.
const WORKLOADS: &[(&str, Workload, bool)] = &[
    ("W1/b256", Workload::Train { batch: 256, steps: Steps { cpu: 2000, gpu: 50_000 } }, false),
    ("W1/b4096", Workload::Train { batch: 4096, steps: Steps { cpu: 400, gpu: 20_000 } }, false),
    ("W1/b65536", Workload::Train { batch: 65_536, steps: Steps { cpu: 20, gpu: 5_000 } }, true),
    ("W2/rk4/4096", Workload::Sample { method: sample::Named::Rk4, count: 4_096 }, false),
    ("W2/rk4/10k", Workload::Sample { method: sample::Named::Rk4, count: 10_000 }, false),
    ("W2/midpoint/10k", Workload::Sample { method: sample::Named::Midpoint, count: 10_000 }, false),
    ("W2/euler/10k", Workload::Sample { method: sample::Named::Euler, count: 10_000 }, false),
    ("W2/rk4/100k", Workload::Sample { method: sample::Named::Rk4, count: 100_000 }, false),
    ("W2/midpoint/100k", Workload::Sample { method: sample::Named::Midpoint, count: 100_000 }, false),
    ("W2/euler/100k", Workload::Sample { method: sample::Named::Euler, count: 100_000 }, false),
    ("W2/rk4/1m", Workload::Sample { method: sample::Named::Rk4, count: 1_000_000 }, true),
    ("W2/midpoint/1m", Workload::Sample { method: sample::Named::Midpoint, count: 1_000_000 }, true),
    ("W2/euler/1m", Workload::Sample { method: sample::Named::Euler, count: 1_000_000 }, true),
    ("W5/train", Workload::WideTrain { steps: Steps { cpu: 40, gpu: 1000 } }, false),
    ("W5/sample", Workload::WideSample { count: 512 }, false),
    ("W5/sample/4096", Workload::WideSample { count: 4_096 }, true),
    ("W6/cold", Workload::Cold(Work::Cold, Cache::Empty), false),
    // Only a GPU has kernels to be found on disk.
    ("W6/cold-warmcache", Workload::Cold(Work::Cold, Cache::Warm), true),
    ("W6/first-sample", Workload::Cold(Work::First, Cache::Empty), false),
    ("W6/first-sample-warmcache", Workload::Cold(Work::First, Cache::Warm), true),
    ("W7/quality", Workload::Quality, false),
    ("memory/rk4/100k", Workload::Memory, false),
    ("scaling/batch", Workload::Scaling(Growing::Batch), false),
    ("scaling/steps", Workload::Scaling(Growing::Steps), false),
    ("scaling/width", Workload::Scaling(Growing::Width), false),
];

fn main() -> ExitCode {
    start(lexopt::Parser::from_env())
}

/// The bench with that command line.
pub(crate) fn start(command_line: lexopt::Parser) -> ExitCode {
    match run(command_line) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything that was asked for was done.
fn run(command_line: lexopt::Parser) -> Result<bool, Box<dyn Error>> {
    let names: Vec<&str> = WORKLOADS.iter().map(|(name, ..)| *name).collect();
    let arguments = match Arguments::read(command_line)? {
        Command::Run(arguments) => arguments,
        Command::Child(Work::Cold, arguments) => return Ok(cold::child(&arguments).map(|()| true)?),
        Command::Child(Work::First, arguments) => return Ok(cold::first_sample(&arguments).map(|()| true)?),
        Command::Child(Work::Short, arguments) => return Ok(cold::short(&arguments).map(|()| true)?),
        Command::Child(Work::Memory, arguments) => return Ok(memory::child(&arguments).map(|()| true)?),
        Command::List => {
            println!("peers:     {}\nworkloads: {}", train::PEERS.join(" "), names.join(" "));
            return Ok(true);
        }
        Command::Usage => return Ok(true),
    };
    if let Some(unknown) = arguments.unknown(&names, train::PEERS) {
        return Err(format!("no workload begins with, and no peer is called `{unknown}`; `--list` names them").into());
    }
    let (mut all_done, mut costs) = (true, Vec::new());
    for &(name, workload, for_gpu) in WORKLOADS {
        for peer in train::PEERS.iter().filter(|peer| arguments.peers.iter().any(|asked| asked == *peer)) {
            // Only W1 is written twice: the hand-written loop is there to show what generated code costs.
            if !arguments.wants(name, for_gpu) || *peer != "flow" && !matches!(workload, Workload::Train { .. }) {
                continue;
            }
            let row = Row::new(peer, name, &arguments);
            let row = match workload {
                Workload::Train { batch, steps } => train::moons(row, &arguments, batch, steps),
                Workload::Sample { method, count } => sample::moons(row, &arguments, method, count),
                Workload::WideTrain { steps } => train::wide(row, &arguments, steps),
                Workload::WideSample { count } => sample::wide(row, &arguments, count),
                Workload::Cold(work, cache) => cold::run(row, &arguments, work, cache),
                Workload::Quality => quality::run(row, &arguments),
                Workload::Memory => memory::run(row, &arguments),
                Workload::Scaling(growing) => {
                    let (row, cost) = growing.run(row, |name| Row::new(peer, name, &arguments), &arguments);
                    costs.extend(cost);
                    row
                }
            };
            all_done &= row.finish(&arguments);
        }
    }
    if let Some(path) = arguments.out_plot.as_ref().filter(|_| !costs.is_empty()) {
        scaling::draw(&costs, path)?;
        println!("wrote {}", path.display());
    }
    Ok(all_done)
}
