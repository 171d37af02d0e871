//! What the text computes, against the interpreter.

mod case;
#[cfg(feature = "cuda")]
mod compile;
mod machine;
mod models;
mod shared;

use super::{Fragment, Products};
use crate::{
    engine::cuda::backend::Properties,
    prelude::*,
    program::{Op, Program, builder::Builder, random},
    tableau::Tableau,
};
use case::{Case, Way};

/// An H200, as far as text depends on it.
fn properties() -> Properties {
    Properties {
        name: "test".to_owned(),
        capability: (9, 0),
        multiprocessors: 132,
        shared_per_block: 232_448,
        memory: 1 << 37,
    }
}

fn fragment(program: &Program, tableau: &Tableau, products: Products) -> Fragment {
    Fragment::new(program, tableau, products, &properties()).unwrap()
}

/// Steps that are not all the same.
fn nodes(steps: usize) -> Vec<f64> {
    (0..=steps).map(|i| (i as f64 / steps as f64).powf(1.2)).collect()
}

/// Largest error that a way of computing may have, over the length of the way of a sample: some four times what was measured
/// (x3 at most 7.5e-7, half at most 6.4e-4).
fn bound(products: Products) -> f64 {
    match products {
        Products::X3 => 3e-6,
        Products::Half => 2e-3,
    }
}

/// Carries a batch with every variant, in one launch and in several.
fn check(program: &'static Program, tableau: &Tableau, products: Products, rows: usize, variants: &[usize]) {
    let fragment = fragment(program, tableau, products);
    let case = Case::new(program, rows, 5 + rows as u64);
    let nodes = nodes(3);
    let reference = case.reference(tableau, &nodes);
    for &variant in variants.iter().filter(|variant| **variant < fragment.variants().len()) {
        for (seed, stops) in [(0, &[0, 3][..]), (7, &[0, 1, 3])] {
            let way = Way { variant, nodes: &nodes, stops, seed };
            let Some((x, lost)) = case.carried(&fragment, &way) else { return };
            let error = case.error(&x, &reference);
            let what = format!("{} {products:?} {} variant {variant} rows {rows}", program.name, tableau.name);
            eprintln!("{what}: {error:.1e}");
            assert!(error < bound(products), "{what}: {error:e}");
            assert!(lost.iter().all(|report| *report == (0, u32::MAX)), "{what}: {lost:?}");
        }
    }
}

#[test]
fn methods() {
    let moons = models::moons();
    let tableaus =
        [&Euler::TABLEAU, &Midpoint::TABLEAU, &Rk4::TABLEAU, &DormandPrince54::TABLEAU, &CooperVerner8::TABLEAU];
    for (tableau, rows) in tableaus.into_iter().zip([1, 15, 100, 33, 16]) {
        check(moons, tableau, Products::X3, rows, &[rows % 2]);
    }
    check(moons, &Rk4::TABLEAU, Products::Half, 100, &[0, 1]);
    check(moons, &Kutta3::TABLEAU, Products::Half, 33, &[1]);
}

#[test]
fn layers() {
    for (i, (_, program)) in models::all().into_iter().enumerate() {
        let tableau = if i % 2 == 0 { &Rk4::TABLEAU } else { &DormandPrince54::TABLEAU };
        check(program, tableau, Products::Half, 33, &[0]);
        if program.name != "WideState" {
            check(program, tableau, Products::X3, 17, &[1]);
        }
    }
}

#[test]
fn random_programs() {
    let mut eligible = 0;
    for seed in 0..24 {
        let program = random::program(seed).unwrap();
        let Ok(fragment) = Fragment::new(program, &Heun2::TABLEAU, Products::X3, &properties()) else { continue };
        let case = Case::new(program, 20, seed);
        if fragment.pack(&case.weights).is_err() {
            continue;
        }
        eligible += 1;
        let nodes = [0.0, 0.25];
        let reference = case.reference(&Heun2::TABLEAU, &nodes);
        let way = Way { variant: 0, nodes: &nodes, stops: &[0, 1], seed };
        let Some((x, _)) = case.carried(&fragment, &way) else { return };
        let error = case.error(&x, &reference);
        eprintln!("{seed}: {error:.1e}");
        assert!(error < 5e-6, "{seed}: {error:e}\n{program}");
    }
    assert!(eligible >= 5, "{eligible}");
}

/// `v = x²`, which leaves `f32` when `x` is large.
fn square() -> &'static Program {
    let mut b = Builder::new("Square", &[3]);
    let square = b.mul(b.state(), b.state());
    b.finish(square).unwrap()
}

#[test]
fn lost_rows_are_counted() {
    let mut case = Case::new(square(), 40, 1);
    case.x.iter_mut().for_each(|x| *x = 0.5);
    case.x[3 * 5 + 1] = 1e30;
    case.x[3 * 20] = -1e30;
    case.x[3 * 20 + 2] = 1e30;
    case.x[3 * 33 + 2] = 1e15;
    let fragment = fragment(square(), &Euler::TABLEAU, Products::X3);
    let nodes = [0.0, 0.5, 1.0, 1.5];
    for variant in 0..2 {
        let way = Way { variant, nodes: &nodes, stops: &[0, 3], seed: 3 };
        let Some((x, lost)) = case.carried(&fragment, &way) else { return };
        assert_eq!(lost[0], (2, 5));
        assert!(x[3 * 34..].iter().all(|x| x.is_finite()));
        // The other tile went on, and lost its row one step later.
        assert_eq!(lost[1], (1, 33));
    }
}

#[test]
fn reasons() {
    let refused = |program: &Program, tableau: &Tableau, properties: &Properties| {
        Fragment::new(program, tableau, Products::X3, properties).unwrap_err()
    };
    let (moons, here) = (models::moons(), properties());
    assert!(refused(moons, &ImplicitEuler::TABLEAU, &here).contains("implicit"));
    let old = Properties { capability: (7, 5), ..properties() };
    assert!(refused(moons, &Rk4::TABLEAU, &old).contains("tensor cores"));
    let wide = models::mlp("Wide", 2, &[512, 512], Op::Relu);
    assert!(refused(wide, &Rk4::TABLEAU, &here).contains("shared memory"));
    let mut b = Builder::new("Lines", &[2, 3]);
    let out = b.linear("out", b.state(), 3, true);
    let lines = b.finish(out).unwrap();
    assert!(refused(lines, &Rk4::TABLEAU, &here).contains("several lines"));
}

#[test]
fn weights_beyond_sixteen_bits() {
    let fragment = fragment(models::moons(), &Rk4::TABLEAU, Products::X3);
    let count = models::moons().parameter_count();
    assert!(fragment.pack(&vec![0.0; count]).is_ok());
    assert!(fragment.pack(&vec![1e5; count]).unwrap_err().contains("beyond the range"));
    assert!(fragment.pack(&vec![1e-5; count]).unwrap_err().contains("too small"));
}

#[test]
fn batches_are_spread() {
    let fragment = fragment(models::moons(), &Rk4::TABLEAU, Products::Half);
    let one = fragment.shape(1);
    assert_eq!((one.blocks, one.threads), (1, 32));
    // Fewer tiles than multiprocessors could hold: one on each, before any has two.
    let few = fragment.shape(16 * 132);
    assert_eq!((few.blocks, few.threads), (132, 32));
    let many = fragment.shape(1 << 20);
    assert_eq!((many.blocks, many.threads), (132, fragment.variants()[many.variant].threads));
    assert!(many.shared <= properties().shared_per_block);
    for rows in [1, 17, 4096, 100_000] {
        let shape = fragment.shape(rows);
        assert!(shape.threads.is_multiple_of(32) && shape.threads <= fragment.variants()[shape.variant].threads);
    }
}

/// A wide layer between narrow ones is never there as a whole: packed it would need 128 registers.
#[test]
fn wide_layers_stream() {
    let wide = fragment(models::mlp("Wide", 2, &[64, 256, 48], Op::Silu), &Rk4::TABLEAU, Products::X3);
    assert!(wide.stage.registers < 128, "{}", wide.stage.registers);
    assert!(wide.stage.accumulated.iter().any(|whole| *whole));
}
