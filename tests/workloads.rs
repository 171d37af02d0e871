//! The benches' networks, weights and start points are those of the peers' harness: the test vectors that it prints.
//!
//! For its reference the harness rounds the frequencies of the time embedding to `f32`, a program does not: the ends of
//! trajectories below are its own with that rounding left out. With it they differ in the tenth decimal.

#[path = "../benches/workloads.rs"]
#[expect(dead_code, reason = "what is not tested here")]
mod bench;

use bench::workloads::{machine::Gpu, moons, reference, wide};
use flow_runtime::{prelude::*, solve::Method};
use std::process::ExitCode;

fn assert_near(got: &[f64], expected: &[f64], tolerance: f64) {
    assert!(got.len() >= expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() < tolerance, "{got} instead of {expected}");
    }
}

fn assert_first_weights(model: &impl Model, expected: &[f32]) -> Result<(), Error> {
    assert_eq!(&model.weights().view("h.weight")?[..expected.len()], expected);
    Ok(())
}

#[test]
fn the_moons_network_is_the_peers() -> Result<(), Error> {
    let model = moons::model()?;
    assert_eq!(moons::Moons::FLOPS, 37_376);
    assert_first_weights(&model, &[0.022830414, 0.08430243, 0.1615526])?;
    let start = moons::start_points(2)?;
    let expected = [-0.15078936517238617, 1.2359668016433716, -0.45784690976142883, 0.4124327600002289_f64];
    assert_eq!(start.values(), expected.map(|x| x as f32));
    fn ends(method: impl Method, start: &Dataset) -> Result<Vec<f64>, Error> {
        reference::samples(&moons::model()?, method, moons::STEPS, start, 2)
    }
    let rk4 = [-0.06227284316269672, 1.0783237472494396, -0.3609183942062615, 0.2591850095441818];
    assert_near(&ends(Rk4, &start)?, &rk4, 1e-13);
    let midpoint = [-0.06226778195680147, 1.0783032694298227, -0.36091329295772545, 0.259164895765752];
    assert_near(&ends(Midpoint, &start)?, &midpoint, 1e-13);
    let euler = [-0.062200508416254616, 1.078245998513746, -0.360820383934673, 0.2590856416629534];
    assert_near(&ends(Euler, &start)?, &euler, 1e-13);
    Ok(())
}

/// The end of a trajectory depends on every layer: were the weights drawn in another order, it would be another.
#[test]
fn the_wide_network_is_the_peers() -> Result<(), Error> {
    let model = wide::model()?;
    assert_eq!(wide::Wide::FLOPS, 7_667_712);
    assert_first_weights(&model, &[0.0047543943, 0.017555837, 0.03364305])?;
    let end = reference::samples(&model, Rk4, wide::STEPS, &wide::start_points(1)?, 1)?;
    assert_near(&end, &[-0.17897405488551973, 1.286824376065406, -0.4820418164825643], 1e-13);
    Ok(())
}

fn start(command_line: &[&str]) -> ExitCode {
    bench::start(lexopt::Parser::from_args(command_line))
}

/// No machine has as many GPUs: the rows say so, and the bench fails.
#[test]
fn a_gpu_that_is_not_there_is_a_failed_row_and_a_failing_bench() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("results.jsonl");
    let out_text = out.to_string_lossy();
    let asked =
        ["--workloads", "W1/b256,W2/rk4/4096", "--device", "cuda:4095", "--precision", "x3", "--out", &out_text];
    assert_eq!(start(&asked), ExitCode::FAILURE);
    let rows = std::fs::read_to_string(&out)?;
    let rows: Vec<serde_json::Value> = rows.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let names: Vec<_> = rows.iter().map(|row| row["workload"].as_str()).collect();
    assert_eq!(names, [Some("W1/b256"), Some("W2/rk4/4096")]);
    for row in rows {
        let keys = ["peer", "device", "dtype", "precision", "status"].map(|key| row[key].as_str());
        assert_eq!(keys, [Some("flow"), Some("cuda:4095"), Some("f32/x3"), Some("x3"), Some("failed")]);
        let error = row["error"].as_str().unwrap_or_default();
        assert!(error.starts_with("device `cuda:4095`: ") && error.contains("; help: "), "{error}");
    }
    Ok(())
}

/// On the CPU a row says nothing of a GPU, and what is made for one does not run unless it is named.
#[test]
fn rows_of_the_cpu() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("results.jsonl");
    let out_text = out.to_string_lossy();
    let asked =
        ["--workloads", "W1/b6,W2/rk4/40", "--device", "cpu", "--repeats", "1", "--warmup", "0", "--out", &out_text];
    assert_eq!(start(&asked), ExitCode::SUCCESS);
    let rows = std::fs::read_to_string(&out)?;
    let row: serde_json::Value = serde_json::from_str(&rows)?;
    assert_eq!(row["workload"], "W2/rk4/4096");
    assert_eq!((row["dtype"].as_str(), row.get("precision")), (Some("f32"), None));
    assert!(row["extra"]["max_abs_err_vs_f64_ref"].as_f64().is_some_and(|error| error < 1e-5), "{row}");
    assert!(row["run_ms"].as_f64() > Some(0.0) && row["units_per_run"] == 4096.0, "{row}");
    Ok(())
}

#[test]
fn slips_on_the_command_line() {
    for slip in [["--precision", "tf32"], ["--device", "gpu"], ["--workloads", "W9"], ["--peers", "torch"]] {
        assert_eq!(start(&slip), ExitCode::FAILURE, "{slip:?}");
    }
    assert_eq!(start(&["--list"]), ExitCode::SUCCESS);
}

#[test]
fn the_drivers_line_about_a_gpu() {
    let gpu = Gpu::read("NVIDIA H100 80GB HBM3, 580.95.05\n").expect("a name and a version");
    assert_eq!((gpu.name.as_str(), gpu.driver.as_str()), ("NVIDIA H100 80GB HBM3", "580.95.05"));
    assert!(Gpu::read("No devices were found").is_none());
}
