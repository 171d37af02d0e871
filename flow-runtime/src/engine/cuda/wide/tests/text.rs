use super::*;
#[cfg(feature = "cuda")]
use crate::{
    engine::cuda::{nvrtc, source::Source},
    solve::{DormandPrince54, Euler},
};
use crate::{
    solve::{Method, Rk4},
    train::Loss,
};

const PRECISIONS: [Precision; 3] = [Precision::Strict, Precision::X3, Precision::Half];

/// The large model of the benches: 784 → 1024 → 1024 → 1024 → 784.
fn images() -> &'static Program {
    perceptron(784, &[1024, 1024, 1024], 0, Op::Silu)
}

/// Four products and four kernels for an evaluation, and no bytes but those that must be: what is written for the next product
/// alone is written rounded alone.
#[test]
fn an_evaluation_is_four_products_and_four_kernels() {
    let plan = |precision| SamplingPlan::new(images(), <Rk4 as Method>::TABLEAU, precision);
    for precision in PRECISIONS {
        assert_eq!(plan(precision).launches_per_step(), 4 * 8, "{precision:?}");
    }
    let half = plan(Precision::Half);
    let kernels = 3 * (4 + 2) * 1024 + (11 + 6) * 784;
    let products = 3 * 4 * 1024 + 4 * 784 + 2 * (3 * 1024 + 784);
    assert_eq!(half.bytes_per_evaluation(), [kernels as f64, products as f64]);
    // Three layers have one kernel; no number of it is written in `f32`.
    let hidden =
        half.planned.source.text.split("FM_KERNEL").find(|kernel| kernel.contains("wide_silu_fast(y0)")).unwrap();
    assert!(hidden.contains("wide_round_aligned<F16>") && !hidden.contains("wide_store"), "{hidden}");
    assert!(half.planned.source.text.contains("// + h0.bias, silu; + h1.bias, silu; + h2.bias, silu\n"));
}

/// What depends on the time alone is a row of a table, which the kernel that follows the first product adds.
#[test]
fn the_time_costs_no_launch() {
    let with_time = perceptron(784, &[1024, 1024, 1024], 64, Op::Silu);
    let plan = |program| SamplingPlan::new(program, <Rk4 as Method>::TABLEAU, Precision::Half);
    assert_eq!(plan(with_time).launches_per_step(), plan(images()).launches_per_step());
}

/// Forward: four products, four kernels; the loss: two; back: three products, three pullbacks; four weights: a product each;
/// four biases: two kernels each. In half precision the operands are rounded where they are computed, but for the points and
/// the cotangent.
#[test]
fn a_gradient_is_one_list_of_launches() {
    let plan = |precision| TrainingPlan::new(images(), precision, Loss::Mse).unwrap().launches();
    assert_eq!(plan(Precision::Strict), 8 + 2 + 6 + 4 + 8);
    assert_eq!(plan(Precision::Half), 8 + 2 + 6 + 4 + 8 + 2);
    assert_eq!(plan(Precision::X3), 8 + 2 + 6 + 3 * 4 + 8 + 2);
}

#[cfg(feature = "cuda")]
/// Every kernel has its registers, and few enough that four blocks are resident.
fn compiles(source: &Source) {
    for architecture in ["sm_80", "sm_90a"] {
        let binary = nvrtc::compile(source, architecture, &[]).unwrap();
        assert_eq!(binary.resources.len(), source.kernels.len());
        for used in &binary.resources {
            assert_eq!((used.stack, used.spill_stores, used.spill_loads), (0, 0, 0), "{used:?}\n{}", source.text);
            assert!(used.registers <= 64, "{used:?}\n{}", source.text);
        }
    }
}

#[cfg(feature = "cuda")]
#[test]
fn kernels_compile_without_spills() {
    if !nvrtc::tests::there_is_nvrtc() {
        return;
    }
    for precision in PRECISIONS {
        compiles(&SamplingPlan::new(images(), <DormandPrince54 as Method>::TABLEAU, precision).planned.source);
        compiles(&TrainingPlan::new(images(), precision, Loss::Huber { delta: 0.5 }).unwrap().planned.source);
    }
    // Every op of the language is in one of these.
    for seed in 0..6 {
        let program = random::program(seed).unwrap();
        let precision = PRECISIONS[seed as usize % 3];
        compiles(&SamplingPlan::new(program, <Euler as Method>::TABLEAU, precision).planned.source);
        compiles(&VelocityPlan::new(program, precision).planned.source);
        compiles(&TrainingPlan::new(program, precision, Loss::L1).unwrap().planned.source);
    }
}
