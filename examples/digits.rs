//! Learns real handwritten digits, ten classes of 8×8 images, and draws those that are asked for.
//!
//! ```text
//! cargo run --release --example digits -- [--device auto|cpu|cuda|cuda:N|dfdx] [--precision strict|x3|half]
//!                                         [--threads N] [--steps N] [--samples N] [--seed N] [--out DIR]
//! ```
//!
//! The model is trained on three quarters of the images. A nearest-neighbour classifier then looks at the samples, twice:
//! once knowing the images that the model was trained on, so that copies of them would please it, and once knowing only the
//! quarter that the model never saw. Beside the latter stands how often it is right about real images.
#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

mod common;

use common::{Arguments, Flag, Stopwatch};
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
        let c = silu(linear(concat(sinusoidal(t, 32), embedding(y, 64)), 128));
        let mut h = linear(flatten(x), 256);
        for _ in 0..3 {
            h = residual(h, c, 256);
        }
        reshape(linear(silu(layer_norm(h)), 64), [8, 8])
    }

    pub train DigitsTraining for Digits {
        path: Affine(CondOt),
        loss: mse,
        optimizer: adamw(lr = 2e-3, weight_decay = 0.01),
        schedule: cosine(floor = 0.01, warmup = 100),
        batch: 128,
        steps: 4_000,
        ema: 0.999,
        clip: 1.0,
        time: logit_normal,
    }

    pub sampler DigitsSampler for Digits { solver: Midpoint, grid: uniform(25) }
}

fn main() -> ExitCode {
    let flags =
        [Flag::Device, Flag::Threads, Flag::Steps(4_000, "steps of training"), Flag::Samples(1_000), Flag::Seed];
    common::run("digits", &flags, digits)
}

fn digits(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let out = &arguments.out;
    println!("{}", Digits::PROGRAM);
    let mut stopwatch = Stopwatch::start();

    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/digits.csv.gz");
    let (images, held_out) = data::digits(file)?.split(0.75, 0)?;
    stopwatch.lap("data");
    let trained = DigitsTraining::trainer()
        .steps(arguments.steps)
        .seed(arguments.seed)
        .device(arguments.device)
        .precision(arguments.precision)
        .threads(arguments.threads)
        .progress(true)
        .evaluate_every(arguments.steps, held_out.clone())
        .fit(&images)?;
    stopwatch.lap("train");

    // The same number of every digit, in turn.
    let asked: Vec<u32> = (0..arguments.samples).map(|i| (i % 10) as u32).collect();
    let conditions = Conditions::none().class("y", &asked)?;
    let sampler = DigitsSampler::new(&trained.model)
        .device(arguments.device)
        .precision(arguments.precision)
        .threads(arguments.threads)
        .seed(arguments.seed);
    let samples = sampler.sample_given(asked.len(), &conditions)?;
    stopwatch.lap("sample");

    let agreement = NearestNeighbor::fit(&images, "y")?.agreement(&samples, &asked)?;
    let stranger = NearestNeighbor::fit(&held_out, "y")?;
    let held_out_agreement = stranger.agreement(&samples, &asked)?;
    let held_out_accuracy = stranger.agreement(&images, images.conditions().labels("y")?)?;
    let energy = metrics::energy_distance(&samples, &held_out)?;
    let energy_of_images = metrics::energy_distance(&images, &held_out)?;
    let percent = |share: f64| 100.0 * share;
    println!("the digit asked for is seen in {:.1} % of {} samples", percent(agreement), asked.len());
    println!(
        "by a classifier that knows {} other images, in {:.1} % (it is right about {:.1} % of real images)",
        held_out.rows(),
        percent(held_out_agreement),
        percent(held_out_accuracy)
    );
    println!("energy distance to those images {energy:.4} (of the trained ones {energy_of_images:.4})");
    stopwatch.lap("metrics");

    plot::loss_curve(out.join("loss.png"), &trained.losses, &Options::titled("Loss"))?;
    let shown: Vec<usize> = (0..100.min(samples.rows())).collect();
    let grid = ImageGrid {
        title: "Digits that were asked for".to_owned(),
        column_labels: (0..10).map(|digit| digit.to_string()).collect(),
        ..ImageGrid::new(8, 8, 10)
    };
    plot::image_grid(out.join("digits.png"), &samples.subset(&shown)?, &grid)?;
    stopwatch.lap("draw");
    println!("wrote {}", out.join("digits.png").display());

    arguments.report(&serde_json::json!({
        "example": "digits",
        "device": trained.report.device,
        "precision": arguments.precision_used(),
        "threads": arguments.threads_used(),
        "seed": arguments.seed,
        "steps": trained.report.steps,
        "steps_per_second": trained.report.steps_per_second,
        "images": images.rows(),
        "held_out": held_out.rows(),
        "loss": trained.report.final_loss,
        "held_out_loss": trained.report.best_evaluation,
        "samples": samples.rows(),
        "agreement": agreement,
        "held_out_agreement": held_out_agreement,
        "held_out_accuracy": held_out_accuracy,
        "energy_distance": energy,
        "energy_distance_of_images": energy_of_images,
        "seconds": stopwatch.seconds(),
    }))
}
