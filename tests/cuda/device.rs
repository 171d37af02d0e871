//! On a GPU: the same numbers as on the CPU, at sizes that the CPU header cannot reach.

use crate::{
    engines::{PRECISIONS, far},
    models::{BASE, Everything, Joined, Steered, conditions, data_for, exactly, numbers},
};
use flow_runtime::{
    engine::{CpuEngine, CudaEngine, CudaPrecision, DfdxModel},
    prelude::*,
    train::{Recipe, TrainState, run_steps},
};

flow_model! {
    /// The network of the benches.
    pub model Moons(x: [2], t: Time) -> [2] {
        let e = sinusoidal(t, 32);
        let h = elu(linear(concat(x, e), 64));
        let h = elu(linear(h, 128));
        let h = elu(linear(h, 64));
        linear(h, 2)
    }

    /// Too wide for the fused kernels.
    pub model Broad(x: [96], t: Time) -> [96] {
        let h = silu(linear(concat(x, sinusoidal(t, 32)), 512));
        let h = silu(linear(h, 512));
        linear(h, 96)
    }

    pub train MoonsTraining for Moons { path: Affine(CondOt), optimizer: adam(lr = 1e-3), batch: 256, steps: 200, ema: 0.99 }
    pub sampler MoonsSampler for Moons { solver: Rk4, grid: uniform(20) }
}

/// The GPU, or the reason why there is none: then the test says so and passes, unless `FLOW_REQUIRE_CUDA` is set.
fn device<M: Model>(precision: CudaPrecision) -> Option<CudaEngine<M>> {
    match CudaEngine::<M>::new(0) {
        Ok(engine) => Some(engine.with_precision(precision)),
        Err(error) => {
            assert!(std::env::var_os("FLOW_REQUIRE_CUDA").is_none(), "{error}");
            println!("skipped: {error}");
            None
        }
    }
}

fn integrates<M: DfdxModel, S: Method>(rows: usize, nodes: &[f64]) {
    let model = M::from_weights(M::initial_weights(4)).expect("the weights are the model's");
    let (x, given) = (numbers(rows * M::PROGRAM.state_dim(), 6), conditions(M::PROGRAM, rows));
    let mut cpu = CpuEngine::<M, f64>::new().expect("the model is the engine's");
    cpu.load(model.weights().values()).expect("they fit");
    let mut expected = exactly(&x);
    cpu.integrate::<S>(nodes, &mut expected, &given, &[], &mut []).expect("it stays finite");
    for (precision, bound) in PRECISIONS {
        let Some(mut engine) = device::<M>(precision) else { return };
        engine.load(model.weights().values()).expect("they fit");
        let mut got = x.clone();
        engine.integrate::<S>(nodes, &mut got, &given, &[], &mut []).expect("it stays finite");
        let off = far(&exactly(&got), &expected);
        println!("{} {} {rows} rows, {precision}: {off:.2e}", M::PROGRAM.name, S::TABLEAU.name);
        assert!(off < bound, "{} {} {rows} rows, {precision}: {off:e}", M::PROGRAM.name, S::TABLEAU.name);
    }
}

const NODES: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];

#[test]
fn integrations_of_every_size() {
    for rows in [1, 33, 4096, 100_003] {
        integrates::<Moons, Rk4>(rows, &NODES);
    }
    integrates::<Moons, DormandPrince87>(1000, &NODES);
}

#[test]
fn integrations_of_every_layer() {
    integrates::<Everything, Rk4>(777, &NODES);
    integrates::<Joined, Midpoint>(5000, &NODES);
    integrates::<Steered, Tsit5>(5000, &NODES);
}

#[test]
fn integrations_of_wide_models() {
    integrates::<Broad, Rk4>(1024, &NODES);
    integrates::<Broad, Rk4>(3, &NODES);
}

fn trains<M: DfdxModel>(recipe: &Recipe, steps: u64) {
    let data = data_for(M::PROGRAM, 4000);
    let start = TrainState::new(recipe, M::initial_weights(recipe.seed));
    let mut cpu = CpuEngine::<M>::new().expect("the model is the engine's");
    let mut expected = start.clone();
    let outcomes = run_steps(&mut cpu, recipe, &Affine(CondOt), &data, &mut expected, steps).expect("they fit");
    for (precision, bound) in [(CudaPrecision::Strict, 1e-3), (CudaPrecision::X3, 1e-3), (CudaPrecision::Half, 3e-2)] {
        let Some(mut engine) = device::<M>(precision) else { return };
        let mut state = start.clone();
        let got = run_steps(&mut engine, recipe, &Affine(CondOt), &data, &mut state, steps).expect("they fit");
        let off = got.iter().zip(&outcomes).map(|(a, b)| (a.loss - b.loss).abs() / b.loss).fold(0.0, f64::max);
        println!("{} batch {}, {precision}: losses off by {off:.2e}", M::PROGRAM.name, recipe.batch);
        assert!(off < bound, "{} batch {}, {precision}: {off:e}", M::PROGRAM.name, recipe.batch);
        // The same bits again, on an engine of its own.
        let Some(mut again) = device::<M>(precision) else { return };
        let mut other = start.clone();
        run_steps(&mut again, recipe, &Affine(CondOt), &data, &mut other, steps).expect("they fit");
        assert_eq!(state, other, "{precision}");
    }
}

#[test]
fn training_follows_the_cpu_engine() {
    trains::<Moons>(&Recipe { batch: 256, ..MoonsTraining::RECIPE }, 100);
    trains::<Moons>(&Recipe { batch: 20_000, clip: Some(0.5), ..MoonsTraining::RECIPE }, 20);
    trains::<Steered>(&Recipe { accumulate: 2, ..BASE }, 40);
    trains::<Everything>(&BASE, 20);
    trains::<Broad>(&Recipe { batch: 256, clip: Some(0.5), ..MoonsTraining::RECIPE }, 20);
}

#[test]
fn a_recipe_and_a_sampler_run_on_the_gpu() {
    if device::<Moons>(CudaPrecision::Strict).is_none() {
        return;
    }
    let moons = data::two_moons(10_000, 0.05, 0).expect("it is data");
    let trained = MoonsTraining::trainer().device(Device::Cuda(0)).fit(&moons).expect("it trains");
    assert!(trained.losses.last() < trained.losses.first());
    let sampler = MoonsSampler::new(&trained.model).seed(3);
    let cpu = sampler.clone().device(Device::Cpu).sample(5000).expect("it samples");
    let gpu = sampler.device(Device::Cuda(0)).sample(5000).expect("it samples");
    assert!(far(&exactly(gpu.values()), &exactly(cpu.values())) < 2e-5);
}

#[test]
fn what_there_is_not_enough_of_is_told_and_the_engine_goes_on() {
    let Some(mut engine) = device::<Moons>(CudaPrecision::Strict) else { return };
    let mut model = Moons::new(1);
    engine.load(model.weights().values()).expect("they fit");
    model.weights_mut().set("out.bias", &[3e38, 3e38]).expect("it fits");
    let mut other = device::<Moons>(CudaPrecision::Strict).expect("it was there before");
    other.load(model.weights().values()).expect("they fit");
    let mut x = numbers(2000, 1);
    // 3e38 a unit of time for 8 units is more than an f32 holds.
    let error = other.integrate::<Rk4>(&[0.0, 4.0, 8.0], &mut x.clone(), &Conditions::none(), &[], &mut []);
    assert!(matches!(error, Err(Error::NotFinite { .. })), "{error:?}");
    engine.integrate::<Rk4>(&NODES, &mut x, &Conditions::none(), &[], &mut []).expect("it stays finite");
    let missing = CudaEngine::<Moons>::new(4095).map(|_| ()).expect_err("there are not so many");
    assert!(matches!(missing, Error::Device { .. }), "{missing}");
}

fn velocities() {
    let model = Everything::new(2);
    let (t, x, given) = (vec![0.25; 30], numbers(180, 6), conditions(Everything::PROGRAM, 30));
    let Some(mut engine) = device::<Everything>(CudaPrecision::Strict) else { return };
    engine.load(model.weights().values()).expect("they fit");
    let mut got = vec![f32::NAN; 180];
    engine.velocity(&t, &x, &given, &mut got).expect("they fit");
    let expected = model.velocity_reference(&exactly(&t), &exactly(&x), &given).expect("they fit");
    assert!(far(&exactly(&got), &expected) < 2e-5);
}

/// Short enough for compute-sanitizer: every kind of kernel once.
#[test]
fn sanitizer_of_every_kernel() {
    integrates::<Moons, Midpoint>(70, &[0.0, 1.0]);
    integrates::<Everything, Euler>(40, &[0.0, 1.0]);
    integrates::<Broad, Euler>(20, &[0.0, 1.0]);
    trains::<Moons>(&Recipe { batch: 48, clip: Some(0.5), ..MoonsTraining::RECIPE }, 2);
    trains::<Steered>(&Recipe { batch: 20, ..BASE }, 2);
    trains::<Broad>(&Recipe { batch: 20, ..MoonsTraining::RECIPE }, 3);
    velocities();
}
