//! Learns to carry Gaussian noise to two moons, and draws the samples, their way and the flow as a moving picture.
//!
//! ```text
//! cargo run --release --example two_moons -- [--device auto|cpu|cuda|cuda:N|dfdx] [--precision strict|x3|half]
//!                                            [--threads N] [--steps N] [--samples N] [--seed N] [--out DIR]
//! ```
//!
//! The same seed gives the same samples, bit for bit, on any number of threads. `report.json` says how near they are to
//! fresh data, and how many seconds each part took.
#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

mod common;

use common::{Arguments, Flag, Stopwatch};
use flow_runtime::{
    plot::{Animation, Options, Series},
    prelude::*,
};
use std::{error::Error, process::ExitCode};

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
        path: Affine(CondOt),
        loss: mse,
        optimizer: adam(lr = 4e-3),
        schedule: cosine(floor = 0.01, warmup = 100),
        batch: 256,
        steps: 10_000,
        ema: 0.999,
    }

    pub sampler MoonsSampler for Moons { solver: Rk4, grid: uniform(100), source: gaussian }
}

fn main() -> ExitCode {
    let flags =
        [Flag::Device, Flag::Threads, Flag::Steps(10_000, "steps of training"), Flag::Samples(10_000), Flag::Seed];
    common::run("two_moons", &flags, two_moons)
}

fn two_moons(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let out = &arguments.out;
    println!("{}", Moons::PROGRAM);
    let mut stopwatch = Stopwatch::start();

    let moons = data::two_moons(100_000, 0.05, 2)?;
    stopwatch.lap("data");
    let trained = MoonsTraining::trainer()
        .steps(arguments.steps)
        .seed(arguments.seed)
        .device(arguments.device)
        .precision(arguments.precision)
        .threads(arguments.threads)
        .progress(true)
        .log_csv(out.join("loss.csv"))
        .fit(&moons)?;
    trained.model.save_safetensors(out.join("moons.safetensors"))?;
    stopwatch.lap("train");

    let sampler = MoonsSampler::new(&trained.model)
        .device(arguments.device)
        .precision(arguments.precision)
        .threads(arguments.threads)
        .seed(arguments.seed);
    let samples = sampler.sample(arguments.samples)?;
    let ways = sampler.trajectories(2_000.min(arguments.samples), &Conditions::none(), 2)?;
    stopwatch.lap("sample");

    let fresh = data::two_moons(samples.rows(), 0.05, 5)?;
    let sliced_w2 = metrics::sliced_wasserstein2(&samples, &fresh)?;
    let energy = metrics::energy_distance(&samples, &fresh)?;
    println!("sliced Wasserstein-2 {sliced_w2:.4}, energy distance {energy:.5} (to {} fresh points)", fresh.rows());
    stopwatch.lap("metrics");

    plot::loss_curve(out.join("loss.png"), &trained.losses, &Options::titled("Loss"))?;
    let clouds = [Series::new("data", &fresh), Series::new("samples", &samples)];
    plot::scatter(out.join("samples.png"), &clouds, &Options::titled("Two moons"))?;
    let few: Vec<usize> = (0..300.min(arguments.samples)).collect();
    let some = ways.states.iter().map(|states| states.subset(&few)).collect::<Result<Vec<_>, _>>()?;
    plot::trajectories(out.join("trajectories.png"), &some, &Options::titled("From noise to moons"))?;
    let animation =
        Animation { times: Some(ways.times.clone()), target: Some((&fresh).into()), ..Animation::default() };
    plot::animation(out.join("flow.gif"), &ways.states, &animation)?;
    stopwatch.lap("draw");
    for picture in ["loss.png", "samples.png", "trajectories.png", "flow.gif"] {
        println!("wrote {}", out.join(picture).display());
    }

    arguments.report(&serde_json::json!({
        "example": "two_moons",
        "device": trained.report.device,
        "precision": arguments.precision_used(),
        "threads": arguments.threads_used(),
        "seed": arguments.seed,
        "steps": trained.report.steps,
        "steps_per_second": trained.report.steps_per_second,
        "samples": samples.rows(),
        "sliced_wasserstein": sliced_w2,
        "energy_distance": energy,
        "seconds": stopwatch.seconds(),
    }))
}
