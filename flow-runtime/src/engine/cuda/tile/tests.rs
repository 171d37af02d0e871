//! Kernels of tiles: what they print.

use super::{Integrator, Pointwise};
use crate::{
    engine::{CudaPrecision, cuda::backend::Properties, scheme::Scheme},
    program::{Program, builder::Builder},
    solve::{Method, Rk4},
};

fn h200() -> Properties {
    Properties {
        name: "H200".to_owned(),
        capability: (9, 0),
        multiprocessors: 132,
        shared_per_block: 227 << 10,
        memory: 141 << 30,
    }
}

fn moons() -> &'static Program {
    let mut b = Builder::new("Moons", &[2]);
    let e = b.sinusoidal(b.time(), 32, 64.0);
    let mut h = b.concat(&[b.state(), e]);
    for (name, width) in [("h", 64), ("h2", 128), ("h3", 64)] {
        h = b.linear(name, h, width, true);
        h = b.apply(crate::program::Op::Elu { alpha: 1.0 }, h);
    }
    let v = b.linear("out", h, 2, true);
    b.finish(v).unwrap()
}

#[test]
fn dump() {
    let Ok(dir) = std::env::var("DUMP") else { return };
    let scheme = Scheme::of(<Rk4 as Method>::TABLEAU);
    for (name, count, precision) in [
        ("many", 1 << 20, CudaPrecision::Strict),
        ("few", 256, CudaPrecision::Strict),
        ("mma", 256, CudaPrecision::X3),
        ("half", 20000, CudaPrecision::Half),
    ] {
        let i = Integrator::new(moons(), &scheme, count, precision, &h200());
        std::fs::write(
            format!("{dir}/integrate_{name}.cu"),
            format!("{}{}", include_str!("../text/device.cuh"), i.source().text),
        )
        .unwrap();
        let i = Pointwise::new(moons(), count, &h200());
        std::fs::write(
            format!("{dir}/velocity_{name}.cu"),
            format!("{}{}", include_str!("../text/device.cuh"), i.source().text),
        )
        .unwrap();
    }
}

#[test]
fn dump_train() {
    use super::{Spec, train::Text};
    use crate::train::{Loss, Optimizer, TimeSampling};
    let Ok(dir) = std::env::var("DUMP") else { return };
    let base = Spec {
        precision: CudaPrecision::X3,
        loss: Loss::Mse,
        optimizer: Optimizer::Adam { lr: 0.0, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 },
        clip: true,
        ema: true,
        accumulate: 2,
        batch: 256,
        time: TimeSampling::Uniform,
        source: crate::flow::Source::Gaussian,
        path: crate::flow::Path::device_text(&crate::flow::Affine(crate::flow::Cosine)),
    };
    for (name, spec) in
        [("small", base.clone()), ("large", Spec { batch: 65536, clip: false, accumulate: 1, ema: false, ..base })]
    {
        let text = Text::new(moons(), &spec, &h200()).unwrap();
        std::fs::write(
            format!("{dir}/train_{name}.cu"),
            format!("{}{}", include_str!("../text/device.cuh"), text.source.text),
        )
        .unwrap();
    }
}
