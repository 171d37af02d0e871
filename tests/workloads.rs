//! The benches' networks, weights and start points are those of the peers' harness: the test vectors that it prints.
//!
//! For its reference the harness rounds the frequencies of the time embedding to `f32`, a program does not: the ends of
//! trajectories below are its own with that rounding left out. With it they differ in the tenth decimal.

#[path = "../benches/workloads/moons.rs"]
#[expect(dead_code, reason = "the benches use the rest")]
mod moons;
#[path = "../benches/workloads/peers.rs"]
#[expect(dead_code, reason = "the benches use the rest")]
mod peers;
#[path = "../benches/workloads/reference.rs"]
mod reference;
#[path = "../benches/workloads/wide.rs"]
#[expect(dead_code, reason = "the benches use the rest")]
mod wide;

use flow_runtime::{prelude::*, solve::Method};

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
