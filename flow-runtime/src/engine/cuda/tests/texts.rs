//! What NVRTC makes of the kernels: no stack, no spills, registers within what the threads of a block have, and the instructions
//! of the loops that the time goes into.

use super::models::{Broad, Everything, Moons};
use crate::{
    engine::{
        CudaPrecision,
        cuda::{
            backend::Properties,
            fragment::{Fragment, Products},
            noise,
            proof::{Loop, frugal, loops},
            source::Source,
            tile::{Integrator, Pointwise, Spec, Text},
            wide::{self, SamplingPlan, TrainingPlan, VelocityPlan, WideTrainer},
        },
        scheme::Scheme,
    },
    flow::{DeviceText, Source as Noise},
    prelude::*,
    program::{Op, builder::Builder},
    tableau::Tableau,
    train::{Loss, Optimizer, TimeSampling},
};
use CudaPrecision::{Half, Strict, X3};

/// Registers that a thread may have where 256 of them share a multiprocessor.
const ALL: u32 = 255;
const MANY: usize = 1 << 20;

fn device(capability: (u32, u32)) -> Properties {
    let shared_per_block = if capability == (8, 0) { 163 << 10 } else { 227 << 10 };
    Properties { name: String::new(), capability, multiprocessors: 132, shared_per_block, memory: 80 << 30 }
}

const DEVICES: [(&str, (u32, u32)); 2] = [("sm_80", (8, 0)), ("sm_90a", (9, 0))];

/// The network of the benches: 2 + 32 → 64 → 128 → 64 → 2.
fn bench() -> &'static Program {
    perceptron("Bench", &[("h", 64), ("h2", 128), ("h3", 64)])
}

/// One whose gradients take all the registers that are kept for them, and more.
fn full() -> &'static Program {
    perceptron("Full", &[("h", 128), ("h2", 128), ("h3", 64), ("h4", 64)])
}

fn perceptron(name: &str, layers: &[(&str, usize)]) -> &'static Program {
    let mut b = Builder::new(name, &[2]);
    let e = b.sinusoidal(b.time(), 32, 64.0);
    let mut h = b.concat(&[b.state(), e]);
    for &(name, width) in layers {
        h = b.linear(name, h, width, true);
        h = b.apply(Op::Elu { alpha: 1.0 }, h);
    }
    let v = b.linear("out", h, 2, true);
    b.finish(v).unwrap()
}

fn spec(precision: CudaPrecision, batch: usize, path: Option<DeviceText>) -> Spec {
    Spec {
        precision,
        loss: Loss::Huber { delta: 0.5 },
        optimizer: Optimizer::Adam { lr: 0.0, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01 },
        clip: batch < 1000,
        ema: true,
        accumulate: 1,
        batch,
        time: TimeSampling::LogitNormal { mean: 0.0, std: 1.0 },
        source: Noise::Gaussian,
        path,
    }
}

fn tableaus() -> [&'static Tableau; 3] {
    [<Euler as Method>::TABLEAU, <Rk4 as Method>::TABLEAU, <DormandPrince87 as Method>::TABLEAU]
}

/// Compiles for both architectures; `false` where there is no NVRTC.
fn compiles(source: impl Fn(&Properties) -> Source, registers: u32) -> bool {
    DEVICES.iter().all(|(name, capability)| frugal(&source(&device(*capability)), name, registers).is_some())
}

#[test]
fn tiles_of_every_model_method_and_precision() {
    for program in [bench(), Everything::PROGRAM, Broad::PROGRAM] {
        for (tableau, precision) in [(0, X3), (1, Strict), (1, Half), (2, Strict)].map(|(i, p)| (tableaus()[i], p)) {
            let scheme = Scheme::of(tableau);
            let rows = if precision == X3 { 100 } else { MANY };
            if !compiles(|device| Integrator::new(program, &scheme, rows, precision, device).source().clone(), ALL) {
                return;
            }
        }
        compiles(|device| Pointwise::new(program, 5000, device).source().clone(), ALL);
    }
}

#[test]
fn training_of_every_model_and_precision() {
    let paths = [Path::device_text(&Affine(CondOt)), Path::device_text(&Affine(Cosine)), None];
    for (program, precision, batch, path) in [
        (bench(), Strict, 256, &paths[0]),
        (bench(), Strict, 65_536, &paths[0]),
        (bench(), X3, 65_536, &paths[1]),
        (bench(), Half, 256, &paths[0]),
        (bench(), Half, 65_536, &paths[0]),
        (full(), Strict, 65_536, &paths[0]),
        (full(), Half, 65_536, &paths[0]),
        (Everything::PROGRAM, Half, 100, &paths[2]),
    ] {
        let source =
            |device: &Properties| Text::new(program, &spec(precision, batch, path.clone()), device).unwrap().source;
        if !compiles(source, ALL) {
            return;
        }
    }
}

#[test]
fn a_batch_on_one_cluster() {
    let own = spec(Strict, 60, Path::device_text(&Affine(CondOt)));
    let text = |capability| Text::new(Moons::PROGRAM, &own, &device(capability)).unwrap().source;
    assert!(text((9, 0)).text.contains("FM_CLUSTER(8)") && text((9, 0)).text.contains("fm_cluster_sync();"));
    assert!(!text((8, 0)).text.contains("FM_CLUSTER(8)"));
    compiles(|device| text(device.capability), ALL);
}

#[test]
fn wide_models_and_noise() {
    let all = [
        SamplingPlan::new(Broad::PROGRAM, tableaus()[1], wide::Precision::Half).planned.source,
        VelocityPlan::new(Broad::PROGRAM, wide::Precision::Strict).planned.source,
        TrainingPlan::new(Broad::PROGRAM, wide::Precision::X3, Loss::Mse).unwrap().planned.source,
        WideTrainer::new(
            Broad::PROGRAM,
            spec(Strict, 256, Path::device_text(&Affine(Cosine))),
            wide::Precision::Strict,
        )
        .source()
        .clone(),
        noise::text(),
    ];
    for source in all {
        if !compiles(|_| source.clone(), ALL) {
            return;
        }
    }
}

/// The loop with the most of a class of instructions, among those without a loop inside.
fn busiest(source: &Source, class: &str, inner: bool) -> Option<Loop> {
    let binary = frugal(source, "sm_90a", ALL)?;
    let loops = loops(&binary.cubin).unwrap()?;
    let busiest = loops.into_iter().filter(|own| own.inner || !inner).max_by_key(|own| own.count(class))?;
    eprintln!("{}: {}", source.name, busiest.summary());
    Some(busiest)
}

/// In single precision a product is multiply-adds and little else: 256 of 280 instructions, of which 16 read shared memory.
#[test]
fn the_loop_of_a_strict_product() {
    let scheme = Scheme::of(tableaus()[1]);
    let source = Integrator::new(bench(), &scheme, MANY, Strict, &device((9, 0))).source().clone();
    let Some(product) = busiest(&source, "FFMA", true) else { return };
    let (sums, all) = (product.count("FFMA"), product.total());
    assert!(sums >= 256 && 100 * sums >= 90 * all, "{}", product.summary());
    assert_eq!((product.count("LDL"), product.count("STL"), product.count("LDG")), (0, 0, 0), "{}", product.summary());
    assert!(sums >= 16 * product.count("LDS"), "{}", product.summary());
}

/// An evaluation of 32 points is a fixed number of tensor products (404 for 16 points in `x3`, 140 in `half`), and of exponentials:
/// one of a warp for each of the 256 hidden numbers.
#[test]
fn the_loop_of_an_evaluation_in_registers() {
    for (products, tensor, instructions) in [(Products::X3, 808, 2950), (Products::Half, 280, 1650)] {
        let device = device((9, 0));
        let fragment = Fragment::new(bench(), tableaus()[1], products, &device).unwrap();
        let source = fragment.source(fragment.shape(MANY).variant);
        let Some(evaluation) = busiest(&source, "HMMA", true) else { return };
        assert_eq!(evaluation.count("HMMA"), tensor, "{}", evaluation.summary());
        assert_eq!(evaluation.count("MUFU.EX2"), 256, "{}", evaluation.summary());
        assert!(evaluation.total() <= instructions, "{}", evaluation.summary());
        assert_eq!((evaluation.count("LDL"), evaluation.count("STL")), (0, 0), "{}", evaluation.summary());
    }
}

/// The weight gradients of a training in `x3`: 24 tensor products in 188 instructions, most of which split the factors.
#[test]
fn the_loop_of_a_weight_gradient() {
    let own = spec(X3, 65_536, Path::device_text(&Affine(CondOt)));
    let source = Text::new(bench(), &own, &device((9, 0))).unwrap().source;
    let Some(outer) = busiest(&source, "HMMA", true) else { return };
    assert!(outer.count("HMMA") >= 24 && outer.total() <= 8 * outer.count("HMMA"), "{}", outer.summary());
    assert_eq!((outer.count("LDL"), outer.count("STL")), (0, 0), "{}", outer.summary());
}
