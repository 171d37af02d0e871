//! Fields of two hidden layers that differ by their width alone.

use super::{arguments::Arguments, engine::sampler};
use flow_runtime::prelude::*;

/// Carries points over a grid.
pub type Transport = Box<dyn Fn(&Arguments, &Grid, &Dataset) -> Result<Dataset, Error>>;

/// A field with its weights.
pub struct Member {
    /// Floating-point operations of one evaluation for one sample.
    pub flops: u64,
    /// Carries points by `Rk4`.
    pub transport: Transport,
}

macro_rules! family {
    ($($model:ident, $sampler:ident, $width:tt;)*) => {
        flow_model! {
            $(
                model $model(x: [2], t: Time) -> [2] {
                    let h = elu(linear(concat(x, sinusoidal(t, 32)), $width));
                    let h = elu(linear(h, $width));
                    linear(h, 2)
                }
                sampler $sampler for $model { solver: Rk4, grid: uniform(100) }
            )*
        }

        /// The whole family with its widths, the narrowest first.
        pub fn members() -> Vec<(usize, Member)> {
            vec![$({
                let model = $model::new(0);
                let transport = move |arguments: &Arguments, grid: &Grid, start: &Dataset| {
                    sampler::<$sampler>(arguments, &model).grid(grid.clone()).transport(start)
                };
                ($width, Member { flops: $model::FLOPS, transport: Box::new(transport) })
            }),*]
        }
    };
}

family! {
    Width64, Width64Sampler, 64;
    Width128, Width128Sampler, 128;
    Width256, Width256Sampler, 256;
    Width512, Width512Sampler, 512;
    Width1024, Width1024Sampler, 1024;
    Width2048, Width2048Sampler, 2048;
}
