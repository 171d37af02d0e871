//! One point at a time: a loop of a program's own that asks a trained flow for the next point, soon.
//!
//! [`Sampler::transport_in_place`](flow_runtime::sample::Sampler::transport_in_place) carries points where they lie. A few
//! points are carried on the calling thread, and after the first call nothing is allocated, so that it may stand in a loop
//! that has a deadline. The example prints the time of a call in microseconds: the median, and those that one call in a
//! hundred and in a thousand exceed.
//!
//! ```text
//! cargo run --release --example single_point -- [--device auto|cpu|cuda|cuda:N|dfdx] [--precision strict|x3|half]
//!                                               [--threads N] [--steps N] [--samples N] [--seed N] [--out DIR]
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

mod common;

use common::{Arguments, Flag};
use flow_runtime::{
    prelude::*,
    rng::{Philox, Stream},
    sample::SampleRecipe,
};
use std::{error::Error, process::ExitCode, time::Instant};

flow_model! {
    /// Velocity field that carries noise to two moons.
    pub model Moons(x: [2], t: Time) -> [2] {
        let e = sinusoidal(t, 32);
        let h = elu(linear(concat(x, e), 64));
        let h = elu(linear(h, 128));
        let h = elu(linear(h, 64));
        linear(h, 2)
    }

    pub train MoonsTraining for Moons {
        optimizer: adam(lr = 4e-3),
        schedule: cosine(floor = 0.01, warmup = 100),
        batch: 256,
        steps: 2_000,
        ema: 0.99,
    }

    pub sampler MoonsSampler for Moons { solver: Rk4, grid: uniform(20) }
}

/// A thing of the program's own that wants a new point now and then.
struct Walker {
    position: [f32; 2],
    visited: Vec<[f32; 2]>,
}

fn main() -> ExitCode {
    let flags =
        [Flag::Device, Flag::Threads, Flag::Steps(2_000, "steps of training"), Flag::Samples(10_000), Flag::Seed];
    common::run("single_point", &flags, single_point)
}

fn single_point(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let moons = data::two_moons(100_000, 0.05, 2)?;
    let trained = MoonsTraining::trainer()
        .steps(arguments.steps)
        .seed(arguments.seed)
        .device(arguments.device)
        .precision(arguments.precision)
        .threads(arguments.threads)
        .progress(true)
        .fit(&moons)?;

    // The sampler keeps its engine from call to call.
    let sampler = MoonsSampler::new(&trained.model)
        .device(arguments.device)
        .precision(arguments.precision)
        .threads(arguments.threads);
    let (none, noise) = (Conditions::none(), Philox::new(arguments.seed, Stream::Sample, 0));
    let mut walker = Walker { position: [0.0; 2], visited: Vec::with_capacity(arguments.samples) };
    let mut microseconds = Vec::with_capacity(arguments.samples);
    let mut evaluations = 0;
    for call in 0..arguments.samples {
        let start = Instant::now();
        MoonsSampler::SOURCE.fill(&noise, call as u64, 2, &mut walker.position)?;
        evaluations = sampler.transport_in_place(&mut walker.position, &none)?.evaluations;
        microseconds.push(start.elapsed().as_secs_f64() * 1e6);
        walker.visited.push(walker.position);
    }

    // The first call makes the engine.
    let first = microseconds[0];
    microseconds.sort_by(f64::total_cmp);
    let slower_than = |share: f64| microseconds[((microseconds.len() - 1) as f64 * share) as usize];
    let (median, hundredth, thousandth) = (slower_than(0.5), slower_than(0.99), slower_than(0.999));
    let gigaflops = evaluations as f64 * Moons::FLOPS as f64 / median / 1e3;
    println!("{} calls of one point each, {evaluations} evaluations of the network a call", arguments.samples);
    println!("first call {first:.0} us; median {median:.1} us, 99 % {hundredth:.1} us, 99.9 % {thousandth:.1} us");
    println!("{gigaflops:.1} GFLOP/s at the median");

    // A point that is carried alone is the one that is carried in a batch.
    let batch =
        MoonsSampler::new(&trained.model).device(arguments.device).precision(arguments.precision).seed(arguments.seed);
    let same = batch.sample(arguments.samples)?.values() == walker.visited.as_flattened();
    println!("one call for all of them gives the same points, bit for bit: {}", if same { "yes" } else { "no" });

    arguments.report(&serde_json::json!({
        "example": "single_point",
        "device": trained.report.device,
        "precision": arguments.precision_used(),
        "threads": arguments.threads_used(),
        "seed": arguments.seed,
        "steps": trained.report.steps,
        "samples": arguments.samples,
        "evaluations": evaluations,
        "microseconds": { "first": first, "median": median, "p99": hundredth, "p999": thousandth },
        "gigaflops": gigaflops,
        "same_as_batch": same,
    }))
}
