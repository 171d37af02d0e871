//! The networks of `make_reference.py`, declared, and the names that they have there.

use flow_runtime::prelude::*;

flow_model! {
    pub model Moons(x: [2], t: Time) -> [2] {
        let e = sinusoidal(t, 32);
        let h = elu(linear(concat(x, e), 64));
        let h = elu(linear(h, 128));
        let h = elu(linear(h, 64));
        linear(h, 2)
    }

    block residual(h, c) {
        let norm = layer_norm(h);
        let fc1 = linear(norm, 24);
        let shift = linear(c, 24, bias = false);
        let fc2 = linear(gelu(fc1 + shift), 16);
        h + fc2
    }

    pub model Conditional(x: [3], t: Time, y: Class<5>) -> [3] {
        let e = fourier(t, 8, scale = 1.0);
        let label = embedding(y, 6);
        let context = silu(linear(concat(e, label), 16));
        let enter = linear(x, 16);
        let first = residual(enter, context);
        let second = residual(first, context);
        let norm = layer_norm(second);
        linear(norm, 3)
    }

    pub sampler MoonsSampler for Moons { solver: Rk4, grid: uniform(20) }
    pub sampler ConditionalSampler for Conditional { solver: Rk4, grid: uniform(20) }
}

/// An `nn.Sequential`, in which every other module is an activation.
pub fn moons_map() -> NameMap {
    NameMap::new().module("net.0", "h").module("net.2", "h2").module("net.4", "h3").module("net.6", "out")
}

pub fn conditional_map() -> NameMap {
    NameMap::new()
        .strip_prefix("model.")
        .rename("freqs", "e.frequencies")
        .module("blocks.0", "first")
        .module("blocks.1", "second")
        .module("leave", "out")
        .transposed("leave.weight")
        .ignore("updates")
}
