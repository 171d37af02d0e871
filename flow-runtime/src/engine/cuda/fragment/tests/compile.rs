//! Every kernel compiles, for both architectures, into registers alone.

use super::{models, properties};
use crate::{
    engine::cuda::{
        fragment::{Fragment, Products},
        nvrtc::{compile, tests::there_is_nvrtc},
    },
    prelude::*,
    program::Program,
    tableau::Tableau,
};

/// Compiles some variants of a kernel; says what they take of a multiprocessor.
fn registers(program: &Program, tableau: &Tableau, products: Products, architecture: &str, variants: &[usize]) {
    let fragment = Fragment::new(program, tableau, products, &properties()).unwrap();
    for &variant in variants.iter().filter(|variant| **variant < fragment.variants().len()) {
        let binary = compile(&fragment.source(variant), architecture, &[]).unwrap();
        let [resources] = &binary.resources[..] else { panic!("{}", binary.log) };
        let threads = fragment.variants()[variant].threads;
        let what = format!("{} {products:?} {} variant {variant} {architecture}", program.name, tableau.name);
        eprintln!("{what}: {} registers, {threads} threads", resources.registers);
        let lost = (resources.stack, resources.spill_stores, resources.spill_loads);
        assert_eq!(lost, (0, 0, 0), "{what}\n{}", binary.log);
        assert!(resources.registers as usize * threads <= 65536, "{what}: {}", resources.registers);
    }
}

#[test]
fn moons_needs_no_stack() {
    if !there_is_nvrtc() {
        return;
    }
    for products in [Products::X3, Products::Half] {
        registers(models::moons(), &Rk4::TABLEAU, products, "sm_90a", &[0, 1]);
        registers(models::moons(), &Rk4::TABLEAU, products, "sm_80", &[0, 1]);
        registers(models::moons(), &DormandPrince54::TABLEAU, products, "sm_90a", &[1]);
        registers(models::moons(), &CooperVerner8::TABLEAU, products, "sm_80", &[0]);
    }
}

#[test]
fn other_models_need_no_stack() {
    if !there_is_nvrtc() {
        return;
    }
    for (i, (_, program)) in models::all().into_iter().enumerate().skip(1) {
        let (tableau, other) = (&Rk4::TABLEAU, &DormandPrince54::TABLEAU);
        let (tableau, other) = if i % 2 == 0 { (tableau, other) } else { (other, tableau) };
        registers(program, tableau, Products::X3, "sm_90a", &[1]);
        registers(program, other, Products::X3, "sm_80", &[0]);
        registers(program, tableau, Products::Half, "sm_90a", &[0]);
        registers(program, other, Products::Half, "sm_80", &[1]);
    }
}
