//! How weights start.

use crate::{
    program::{Init, Program},
    rng::{Philox, Stream},
};

/// The first values of all parameters. Uniform and normal numbers come from steps of their own, since numbers of one
/// sequence share their words.
pub(super) fn values(program: &Program, seed: u64) -> Vec<f32> {
    let uniform = Philox::new(seed, Stream::Weights, 0);
    let normal = Philox::new(seed, Stream::Weights, 1);
    let mut values = Vec::with_capacity(program.parameter_count());
    for parameter in program.parameters {
        let offset = values.len() as u64;
        let indices = offset..offset + parameter.size() as u64;
        match parameter.init {
            Init::FanIn(fan_in) => {
                let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
                values.extend(indices.map(|i| (bound * (2.0 * f64::from(uniform.uniform_f32(i)) - 1.0)) as f32));
            }
            Init::Normal { std } => values.extend(indices.map(|i| (std * f64::from(normal.normal_f32(i))) as f32)),
            Init::Ones => values.extend(indices.map(|_| 1.0)),
            Init::Zeros => values.extend(indices.map(|_| 0.0)),
        }
    }
    values
}
