//! Learns real handwritten digits, ten classes of 8×8 images, and draws those that are asked for.
//!
//! ```text
//! cargo run --release --example digits
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

mod common;

use common::{Arguments, Flag};
use flow_runtime::{
    metrics::NearestNeighbor,
    plot::{ImageGrid, Options},
    prelude::*,
};
use std::{error::Error, process::ExitCode};

flow_model! {
    block residual(h, c, width) {
        let r = silu(linear(layer_norm(h), width) + linear(c, width, bias = false));
        h + linear(r, width)
    }

    /// Velocity field over 8×8 images, conditional on the digit.
    pub model Digits(x: [8, 8], t: Time, y: Class<10>) -> [8, 8] {
        let c = silu(linear(concat(sinusoidal(t, 32), embedding(y, 32)), 64));
        let mut h = linear(flatten(x), 192);
        for _ in 0..3 {
            h = residual(h, c, 192);
        }
        reshape(linear(silu(layer_norm(h)), 64), [8, 8])
    }

    pub train DigitsTraining for Digits {
        path: Affine(CondOt),
        loss: mse,
        optimizer: adamw(lr = 2e-3, weight_decay = 0.01),
        schedule: cosine(floor = 0.01, warmup = 100),
        batch: 128,
        steps: 3_000,
        ema: 0.999,
        clip: 1.0,
        time: logit_normal,
    }

    pub sampler DigitsSampler for Digits { solver: Midpoint, grid: uniform(25) }
}

fn main() -> ExitCode {
    let flags = [Flag::Device, Flag::Steps(3_000, "steps of training"), Flag::Samples(1_000), Flag::Seed];
    common::run("digits", &flags, digits)
}

fn digits(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let out = &arguments.out;
    println!("{}", Digits::PROGRAM);

    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/digits.csv.gz");
    let images = data::digits(file)?;
    let trained = DigitsTraining::trainer()
        .steps(arguments.steps)
        .seed(arguments.seed)
        .device(arguments.device)
        .progress(true)
        .fit(&images)?;
    plot::loss_curve(out.join("loss.png"), &trained.losses, &Options::titled("Loss"))?;

    // The same number of every digit, in turn.
    let asked: Vec<u32> = (0..arguments.samples).map(|i| (i % 10) as u32).collect();
    let conditions = Conditions::none().class("y", &asked)?;
    let sampler = DigitsSampler::new(&trained.model).device(arguments.device).seed(arguments.seed);
    let samples = sampler.sample_given(asked.len(), &conditions)?;

    let agreement = NearestNeighbor::fit(&images, "y")?.agreement(&samples, &asked)?;
    println!(
        "a nearest-neighbour classifier sees the digit asked for in {:.1} % of {} samples",
        100.0 * agreement,
        asked.len()
    );

    let shown: Vec<usize> = (0..100.min(samples.rows())).collect();
    let grid = ImageGrid {
        title: "Digits that were asked for".to_owned(),
        column_labels: (0..10).map(|digit| digit.to_string()).collect(),
        ..ImageGrid::new(8, 8, 10)
    };
    plot::image_grid(out.join("digits.png"), &samples.subset(&shown)?, &grid)?;
    println!("wrote {}", out.join("digits.png").display());
    arguments.report(&serde_json::json!({
        "example": "digits",
        "device": trained.report.device,
        "seed": arguments.seed,
        "steps": trained.report.steps,
        "seconds": trained.report.seconds,
        "steps_per_second": trained.report.steps_per_second,
        "samples": samples.rows(),
        "agreement": agreement,
    }))
}
