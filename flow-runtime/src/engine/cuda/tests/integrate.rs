//! Integrations against the CPU engine in `f64`.

use super::{
    engine, far,
    models::{Broad, Everything, Moons},
};
use crate::{
    engine::{CpuEngine, CudaPrecision},
    prelude::*,
    rng::{Philox, Stream},
};

fn numbers(count: usize) -> Vec<f32> {
    let random = Philox::new(5, Stream::Sample, 99);
    (0..count as u64).map(|index| random.normal_f32(index)).collect()
}

fn asked(program: &Program, rows: usize) -> Conditions {
    if program.conditions().count() == 0 {
        return Conditions::none();
    }
    let labels: Vec<u32> = (0..rows as u32).map(|row| row * 7 % 4).collect();
    let asked = Conditions::none().class("y", &labels).unwrap();
    if program.conditions().count() == 1 {
        return asked;
    }
    asked.vector("c", 3, &numbers(3 * rows)).unwrap()
}

fn compare<M: Model, S: Method>(seed: u64, rows: usize, nodes: &[f64], saved: &[usize]) {
    compare_in::<M, S>(CudaPrecision::Strict, 2e-5, seed, rows, nodes, saved);
}

fn compare_in<M: Model, S: Method>(
    precision: CudaPrecision,
    bound: f64,
    seed: u64,
    rows: usize,
    nodes: &[f64],
    saved: &[usize],
) {
    let Some(cuda) = engine::<M>(seed) else { return };
    let mut cuda = cuda.with_precision(precision);
    let model = M::new(3);
    cuda.load(model.weights().values()).unwrap();
    let mut cpu = CpuEngine::<M, f64>::with_threads(1).unwrap();
    cpu.load(model.weights().values()).unwrap();
    let conditions = asked(M::PROGRAM, rows);
    let mut x = numbers(rows * M::PROGRAM.state_dim());
    let mut exact: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    let (mut saves, mut exact_saves) = (vec![vec![]; saved.len()], vec![vec![]; saved.len()]);
    let statistics = cuda.integrate::<S>(nodes, &mut x, &conditions, saved, &mut saves).unwrap();
    let expected = cpu.integrate::<S>(nodes, &mut exact, &conditions, saved, &mut exact_saves).unwrap();
    assert_eq!(statistics, expected);
    eprintln!("{} {precision} {}: {:.2e}", M::PROGRAM.name, S::TABLEAU.name, far(&x, &exact));
    assert!(far(&x, &exact) < bound, "{}: {}", S::TABLEAU.name, far(&x, &exact));
    for (got, exact) in saves.iter().zip(&exact_saves) {
        assert!(far(got, exact) < bound, "{}: {}", S::TABLEAU.name, far(got, exact));
    }
}

#[test]
fn every_layer_and_several_methods() {
    compare::<Everything, Rk4>(1, 37, &[0.0, 0.3, 0.5, 1.0], &[0, 1, 3]);
    compare::<Everything, Euler>(0, 1, &[1.0, 0.5, 0.0], &[]);
    compare::<Moons, DormandPrince54>(2, 33, &[0.0, 0.5, 1.0], &[2]);
    compare::<Moons, DormandPrince87>(0, 5, &[0.0, 1.0], &[]);
    compare::<Moons, Midpoint>(0, 70, &[0.25], &[0]);
}

/// Enough rows for a tile to each warp.
#[test]
fn a_tile_to_each_warp() {
    compare::<Moons, Midpoint>(3, 600, &[0.0, 0.5, 1.0], &[]);
}

/// Products on tensor cores, for models of any shape.
#[test]
fn the_other_precisions() {
    for (precision, bound) in [(CudaPrecision::X3, 2e-5), (CudaPrecision::Half, 1e-2)] {
        compare_in::<Everything, Rk4>(precision, bound, 1, 37, &[0.0, 0.3, 0.5, 1.0], &[0, 1, 3]);
        compare_in::<Moons, DormandPrince54>(precision, bound, 2, 33, &[0.0, 0.5, 1.0], &[2]);
        compare_in::<Moons, Midpoint>(precision, bound, 0, 600, &[0.0, 0.5, 1.0], &[]);
    }
}

/// Products of the whole batch, captured as graphs; the second call has the graph of the first.
#[test]
fn wide_models() {
    for (precision, bound) in [(CudaPrecision::Strict, 2e-5), (CudaPrecision::X3, 2e-5), (CudaPrecision::Half, 1e-2)] {
        compare_in::<Broad, Rk4>(precision, bound, 0, 21, &[0.0, 0.3, 0.5, 1.0], &[0, 2]);
    }
}

#[test]
fn every_model_goes_the_way_that_is_made_for_it() {
    use crate::engine::cuda::ways::Integrators;
    let Some(mut backend) = super::header(0) else { return };
    let mut way = |program: &'static Program, precision, weights: &[f32]| {
        let tableau = <Rk4 as Method>::TABLEAU;
        let mut all = Integrators::default();
        all.ready(&mut *backend, program, tableau, precision, 100, weights).unwrap().name()
    };
    use CudaPrecision::{Half, Strict, X3};
    let (moons, everything, broad) = (Moons::new(0), Everything::new(0), Broad::new(0));
    for (precision, expected) in [(Strict, "tiles"), (X3, "fragments"), (Half, "fragments")] {
        assert_eq!(way(Moons::PROGRAM, precision, moons.weights().values()), expected);
    }
    for precision in [Strict, X3, Half] {
        assert_eq!(way(Everything::PROGRAM, precision, everything.weights().values()), "tiles");
        assert_eq!(way(Broad::PROGRAM, precision, broad.weights().values()), "wide");
    }
}

/// Weights that 16 bits do not hold as they are.
#[test]
fn small_weights_keep_their_digits() {
    use crate::engine::cuda::ways::Integrators;
    let Some(mut backend) = super::header(0) else { return };
    let small: Vec<f32> = Moons::new(3).weights().values().iter().map(|weight| weight * 1e-4).collect();
    let mut all = Integrators::default();
    let tableau = <Rk4 as Method>::TABLEAU;
    let mut way = |weights: &[f32]| {
        let way = all.ready(&mut *backend, Moons::PROGRAM, tableau, CudaPrecision::X3, 100, weights).unwrap().name();
        all.stale();
        way
    };
    assert_eq!(way(Moons::new(3).weights().values()), "fragments");
    assert_eq!(way(&small), "wide");
    assert_eq!(way(Moons::new(4).weights().values()), "fragments");
}

/// A batch that does not fit into the device's memory is carried in pieces, each as if it were alone.
#[test]
fn a_batch_in_pieces() {
    let small = super::Settings { memory: 200 << 10, ..super::Settings::default() };
    let Some(mut whole) = engine::<Moons>(0) else { return };
    let mut pieces = crate::engine::CudaEngine::<Moons>::on(Box::new(super::Header::new(small).unwrap())).unwrap();
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let own = std::sync::Arc::clone(&told);
    pieces = pieces.on_progress(move |done, all| own.lock().unwrap().push((done, all)));
    let model = Moons::new(3);
    whole.load(model.weights().values()).unwrap();
    pieces.load(model.weights().values()).unwrap();
    let (mut one, mut other) = (numbers(40_000), numbers(40_000));
    whole.integrate::<Euler>(&[0.0, 1.0], &mut one, &Conditions::none(), &[], &mut []).unwrap();
    pieces.integrate::<Euler>(&[0.0, 1.0], &mut other, &Conditions::none(), &[], &mut []).unwrap();
    assert_eq!(one, other);
    let told = told.lock().unwrap();
    assert!(told.len() > 2 && told.last() == Some(&(20_000, 20_000)), "{told:?}");
}

#[test]
fn what_is_lost_is_told_as_the_cpu_engine_does() {
    let Some(mut cuda) = engine::<Moons>(0) else { return };
    let mut model = Moons::new(3);
    model.weights_mut().set("out.bias", &[3e38, 0.0]).unwrap();
    cuda.load(model.weights().values()).unwrap();
    let mut cpu = CpuEngine::<Moons>::with_threads(1).unwrap();
    cpu.load(model.weights().values()).unwrap();
    let mut x = numbers(80);
    // Rows 3 and 7 are pushed over the edge at once, the others a step later.
    for row in [3, 7] {
        x[2 * row] = 3e38;
    }
    let nodes = [0.0, 0.5, 1.0];
    let error = |result: Result<_, Error>| result.map(|_: crate::solve::Statistics| ()).unwrap_err().to_string();
    let got = error(cuda.integrate::<Euler>(&nodes, &mut x.clone(), &Conditions::none(), &[], &mut []));
    let expected = error(cpu.integrate::<Euler>(&nodes, &mut x.clone(), &Conditions::none(), &[], &mut []));
    assert_eq!(got, expected);
}

#[test]
fn start_points_are_those_of_the_source() {
    let Some(mut cuda) = engine::<Moons>(0) else { return };
    cuda.load(Moons::new(3).weights().values()).unwrap();
    for source in [Source::Gaussian, Source::Uniform { low: -0.7, high: 2.1 }] {
        let (mut x, mut start) = (vec![0.0; 2 * 41], vec![vec![]]);
        let mut expected = vec![0.0; 2 * 41];
        source.fill(&Philox::new(9, Stream::Sample, 0), 0, 2, &mut expected).unwrap();
        cuda.sample::<Euler>(source, 9, &[0.0, 1.0], &mut x, &Conditions::none(), &[0], &mut start).unwrap();
        assert_eq!(start[0], expected);
    }
}
