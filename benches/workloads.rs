//! The workloads W1, W2, W6 and W7 with the data, weights, flags and JSON lines of the peers' harness, so that both
//! are read side by side in one table.
//!
//! ```text
//! cargo bench --bench workloads -- --workloads W1/b256,W2/rk4/10k --device cpu --out results.jsonl
//! ```

mod workloads {
    pub mod arguments;
    pub mod by_hand;
    pub mod cold;
    pub mod measure;
    pub mod network;
    pub mod quality;
    pub mod reference;
    pub mod sample;
    pub mod train;
}

use std::process::ExitCode;
use workloads::{
    arguments::{Arguments, Command},
    cold,
    measure::Row,
    quality, sample, train,
};

/// One piece of work that can be asked for by the prefix of its name.
#[derive(Clone, Copy)]
pub enum Workload {
    /// Training steps at a batch size: `steps` are one run.
    Train {
        /// Samples in a gradient.
        batch: usize,
        /// Steps of one run.
        steps: u64,
    },
    /// Samples with a method over 100 uniform steps.
    Sample {
        /// The method.
        method: sample::Named,
        /// Samples of one run.
        count: usize,
    },
    /// A whole process: 500 training steps, 1,000 samples.
    Cold,
    /// 10,000 training steps per seed, 10,000 samples against fresh data.
    Quality,
}

const WORKLOADS: &[(&str, Workload)] = &[
    ("W1/b256", Workload::Train { batch: 256, steps: 2000 }),
    ("W1/b4096", Workload::Train { batch: 4096, steps: 400 }),
    ("W2/rk4/10k", Workload::Sample { method: sample::Named::Rk4, count: 10_000 }),
    ("W2/midpoint/10k", Workload::Sample { method: sample::Named::Midpoint, count: 10_000 }),
    ("W2/euler/10k", Workload::Sample { method: sample::Named::Euler, count: 10_000 }),
    ("W2/rk4/100k", Workload::Sample { method: sample::Named::Rk4, count: 100_000 }),
    ("W2/midpoint/100k", Workload::Sample { method: sample::Named::Midpoint, count: 100_000 }),
    ("W2/euler/100k", Workload::Sample { method: sample::Named::Euler, count: 100_000 }),
    ("W6/cold", Workload::Cold),
    ("W7/quality", Workload::Quality),
];

fn main() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(Command::Run(arguments)) => arguments,
        Ok(Command::ColdChild(arguments)) => {
            return match cold::child(&arguments) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("error: {error}");
                    ExitCode::FAILURE
                }
            };
        }
        Ok(Command::List) => {
            println!("peers:     {}", train::PEERS.join(" "));
            println!("workloads: {}", WORKLOADS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" "));
            return ExitCode::SUCCESS;
        }
        Ok(Command::Usage) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut failed = false;
    for (name, workload) in WORKLOADS {
        if !arguments.wants(name) {
            continue;
        }
        for peer in train::PEERS {
            if !arguments.peers.iter().any(|asked| asked == peer) {
                continue;
            }
            let row = Row::new(peer, name, &arguments);
            let row = match workload {
                Workload::Train { batch, steps } => train::run(row, &arguments, *batch, *steps),
                // Only training is written twice: the hand-written loop is there to show what generated code costs.
                _ if *peer != "flow" => continue,
                Workload::Sample { method, count } => sample::run(row, &arguments, *method, *count),
                Workload::Cold => cold::run(row, &arguments),
                Workload::Quality => quality::run(row, &arguments),
            };
            failed |= !row.finish(&arguments);
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
