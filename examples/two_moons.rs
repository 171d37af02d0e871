//! Learns to carry Gaussian noise to two moons, and draws the samples, their way and the flow as a moving picture.
//!
//! ```text
//! cargo run --release --example two_moons
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

mod common;

use common::{Arguments, Flag};
use flow_runtime::{
    plot::{Animation, Options, Series},
    prelude::*,
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
    let flags = [Flag::Device, Flag::Steps(10_000, "steps of training"), Flag::Samples(10_000), Flag::Seed];
    common::run("two_moons", &flags, two_moons)
}

fn two_moons(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let out = &arguments.out;
    println!("{}", Moons::PROGRAM);

    let moons = data::two_moons(100_000, 0.05, 2)?;
    let trained = MoonsTraining::trainer()
        .steps(arguments.steps)
        .seed(arguments.seed)
        .device(arguments.device)
        .progress(true)
        .log_csv(out.join("loss.csv"))
        .fit(&moons)?;
    plot::loss_curve(out.join("loss.png"), &trained.losses, &Options::titled("Loss"))?;
    trained.model.save_safetensors(out.join("moons.safetensors"))?;

    let start = Instant::now();
    let sampler = MoonsSampler::new(&trained.model).device(arguments.device).seed(arguments.seed);
    let samples = sampler.sample(arguments.samples)?;
    let sampling_seconds = start.elapsed().as_secs_f64();
    let fresh = data::two_moons(samples.rows(), 0.05, 5)?;
    let sliced_w2 = metrics::sliced_wasserstein2(&samples, &fresh)?;
    let energy = metrics::energy_distance(&samples, &fresh)?;
    println!("sliced Wasserstein-2 {sliced_w2:.4}, energy distance {energy:.5} (to {} fresh points)", fresh.rows());

    let ways = sampler.trajectories(2_000.min(arguments.samples), &Conditions::none(), 2)?;
    let clouds = [Series::new("data", &fresh), Series::new("samples", &samples)];
    plot::scatter(out.join("samples.png"), &clouds, &Options::titled("Two moons"))?;
    let few: Vec<usize> = (0..300.min(arguments.samples)).collect();
    let some = ways.states.iter().map(|states| states.subset(&few)).collect::<Result<Vec<_>, _>>()?;
    plot::trajectories(out.join("trajectories.png"), &some, &Options::titled("From noise to moons"))?;
    let animation =
        Animation { times: Some(ways.times.clone()), target: Some((&fresh).into()), ..Animation::default() };
    plot::animation(out.join("flow.gif"), &ways.states, &animation)?;
    for picture in ["loss.png", "samples.png", "trajectories.png", "flow.gif"] {
        println!("wrote {}", out.join(picture).display());
    }

    arguments.report(&serde_json::json!({
        "example": "two_moons",
        "device": trained.report.device,
        "seed": arguments.seed,
        "steps": trained.report.steps,
        "seconds": trained.report.seconds,
        "steps_per_second": trained.report.steps_per_second,
        "samples": samples.rows(),
        "sampling_seconds": sampling_seconds,
        "sliced_wasserstein": sliced_w2,
        "energy_distance": energy,
    }))
}
