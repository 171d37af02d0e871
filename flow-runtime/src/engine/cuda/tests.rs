//! The whole engine on the CPU header: the kernels' own text, compared with the CPU engine and the interpreter.

mod integrate;
mod models;
mod random;
#[cfg(feature = "cuda")]
mod texts;
mod train;
mod velocity;

use super::{
    CudaEngine,
    backend::Backend,
    header::{Header, Settings, unavailable},
};
use crate::model::Model;

/// A device, or why there is none: then the test says so and passes, unless `FLOW_REQUIRE_HEADER` is set.
fn header(seed: u64) -> Option<Box<dyn Backend>> {
    header_of(Settings { seed, ..Settings::default() })
}

fn header_of(settings: Settings) -> Option<Box<dyn Backend>> {
    match unavailable() {
        None => Some(Box::new(Header::new(settings).unwrap())),
        Some(reason) => {
            assert!(std::env::var_os("FLOW_REQUIRE_HEADER").is_none(), "{reason}");
            eprintln!("skipped: {reason}");
            None
        }
    }
}

/// An engine on the header.
fn engine<M: Model>(seed: u64) -> Option<CudaEngine<M>> {
    header(seed).map(|backend| CudaEngine::on(backend).unwrap())
}

/// The largest difference, relative to the larger of 1 and the expected value; NaN is as far as can be.
fn far(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let relative = |(got, expected): (&f32, &f64)| (f64::from(*got) - expected).abs() / expected.abs().max(1.0);
    got.iter().zip(expected).map(relative).fold(0.0, |a, b| if b > a || b.is_nan() { b } else { a })
}
