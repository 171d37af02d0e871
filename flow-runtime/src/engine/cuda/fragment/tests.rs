//! What the text computes, against the interpreter.

mod models;
mod shared;
mod stopgap;

use super::{Fragment, Products, Shape};
use crate::{
    data::{Condition, ConditionValues, Conditions},
    engine::{
        cuda::backend::Properties,
        plan::{Plan, Use},
    },
    prelude::*,
    program::{Init, InputKind, Program},
    rng::{Philox, Stream},
    tableau::Tableau,
};
use stopgap::Argument;

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

/// Weights, points and conditions of a model.
struct Case {
    program: &'static Program,
    weights: Vec<f32>,
    x: Vec<f32>,
    conditions: Conditions,
}

impl Case {
    fn new(program: &'static Program, rows: usize, seed: u64) -> Self {
        let philox = Philox::new(seed, Stream::Data, 0);
        let mut next = 0;
        let mut normal = || {
            next += 1;
            philox.normal(next)
        };
        let mut weights = Vec::new();
        for parameter in program.parameters {
            for _ in 0..parameter.shape.iter().product::<usize>() {
                let value = match parameter.init {
                    Init::FanIn(n) => normal() / (n as f64).sqrt(),
                    Init::Normal { std } => std * normal(),
                    Init::Ones => 1.0 + 0.1 * normal(),
                    Init::Zeros => 0.1 * normal(),
                };
                weights.push(value as f32);
            }
        }
        let x = (0..rows * program.state_dim()).map(|_| normal() as f32).collect();
        let columns = program
            .conditions()
            .map(|(_, input)| {
                let values = match input.kind {
                    InputKind::Class { classes } => {
                        ConditionValues::Class((0..rows).map(|i| ((7 * i + 3) % classes) as u32).collect())
                    }
                    _ => ConditionValues::Vector {
                        dim: input.size(),
                        values: (0..rows * input.size()).map(|_| normal() as f32).collect(),
                    },
                };
                Condition { name: input.name.to_owned(), values }
            })
            .collect();
        Self { program, weights, x, conditions: Conditions { columns } }
    }

    fn rows(&self) -> usize {
        self.x.len() / self.program.state_dim()
    }

    /// The integration in `f64`.
    fn reference(&self, tableau: &Tableau, nodes: &[f64]) -> Vec<f64> {
        let weights: Vec<f64> = self.weights.iter().map(|w| f64::from(*w)).collect();
        let mut x: Vec<f64> = self.x.iter().map(|x| f64::from(*x)).collect();
        for ends in nodes.windows(2) {
            let h = ends[1] - ends[0];
            let mut slopes: Vec<Vec<f64>> = Vec::new();
            let sum = |x: &[f64], row: &[f64], slopes: &[Vec<f64>]| {
                let mut y = x.to_vec();
                for (a, k) in row.iter().zip(slopes) {
                    y.iter_mut().zip(k).for_each(|(y, k)| *y += h * a * k);
                }
                y
            };
            for (row, c) in tableau.a.iter().zip(tableau.c) {
                let y = sum(&x, row, &slopes);
                slopes.push(self.program.evaluate(&weights, &[ends[0] + c * h], &y, &self.conditions).unwrap());
            }
            x = sum(&x, tableau.b, &slopes);
        }
        x
    }

    /// What the kernel makes of it, from node to node of `stops`, and what it says of lost rows.
    fn carried(&self, fragment: &Fragment, variant: usize, nodes: &[f64], stops: &[usize], seed: u64) -> (Vec<f32>, Vec<u32>) {
        let plan = Plan::of(self.program, &[], Use::SharedTime);
        let (mut words, mut tables) = fragment.pack(&self.weights).unwrap();
        let times = fragment.times(nodes);
        let mut table = vec![f32::NAN; times.len() * fragment.table_row()];
        for (t, to) in times.iter().zip(table.chunks_mut(fragment.table_row().max(1))) {
            for (to, value) in to.iter_mut().zip(shared::row(&plan, &self.weights, *t)) {
                *to = value as f32;
            }
        }
        let mut times: Vec<f32> = times.iter().map(|t| *t as f32).collect();
        let mut coefficients = fragment.coefficients(nodes);
        let mut state = self.x.clone();
        let tiles = self.rows().div_ceil(16 * fragment.variants()[variant].rows);
        // Two blocks of up to two warps, so that there are several rounds.
        let (blocks, warps) = (tiles.min(2), tiles.div_ceil(2).min(2));
        let shape = fragment.shape_of(variant, blocks, warps);
        let mut scratch = vec![f32::NAN; shape.scratch / 4 + 4];
        let mut columns: Vec<Vec<u32>> = self
            .conditions
            .columns
            .iter()
            .map(|column| match &column.values {
                ConditionValues::Class(labels) => labels.clone(),
                ConditionValues::Vector { values, .. } => values.iter().map(|v| v.to_bits()).collect(),
            })
            .collect();
        let mut lost = Vec::new();
        for ends in stops.windows(2) {
            let mut lost_here = vec![0u32; 2 * (ends[1] - ends[0])];
            let mut arguments = vec![
                Argument::Pointer(words.as_mut_ptr().cast()),
                Argument::Pointer(tables.as_mut_ptr().cast()),
                Argument::Pointer(table.as_mut_ptr().cast()),
                Argument::Pointer(times.as_mut_ptr().cast()),
                Argument::Pointer(coefficients.as_mut_ptr().cast()),
                Argument::Pointer(state.as_mut_ptr().cast()),
                Argument::Pointer(lost_here.as_mut_ptr().cast()),
                Argument::Pointer(scratch.as_mut_ptr().cast()),
            ];
            arguments.extend(columns.iter_mut().map(|column| Argument::Pointer(column.as_mut_ptr().cast())));
            arguments.extend([self.rows(), ends[0], ends[1]].map(|n| Argument::Int(n as i32)));
            stopgap::run(&fragment.source(variant), &shape, seed, &mut arguments);
            lost.extend(lost_here);
        }
        (state, lost)
    }

    /// Relative error of the displacement, and the largest error.
    fn error(&self, carried: &[f32], reference: &[f64]) -> (f64, f64) {
        let (mut error, mut length, mut largest) = (0.0f64, 0.0f64, 0.0f64);
        for ((x, exact), start) in carried.iter().zip(reference).zip(&self.x) {
            let apart = f64::from(*x) - exact;
            error += apart * apart;
            length += (exact - f64::from(*start)).powi(2);
            largest = if apart.abs() <= largest { largest } else { apart.abs() };
        }
        ((error / length).sqrt(), largest)
    }
}

fn nodes(steps: usize) -> Vec<f64> {
    (0..=steps).map(|i| (i as f64 / steps as f64).powf(1.2)).collect()
}

/// Writes the texts of some models where a path is given.
#[test]
fn dump() {
    let Ok(folder) = std::env::var("FLOW_DUMP") else { return };
    for (name, program) in models::all() {
        for (products, label) in [(Products::X3, "x3"), (Products::Half, "half")] {
            for (method, tableau) in [("rk4", &Rk4::TABLEAU), ("dp54", &DormandPrince54::TABLEAU)] {
                match Fragment::new(program, tableau, products, &properties()) {
                    Ok(fragment) => {
                        for (i, variant) in fragment.variants().iter().enumerate() {
                            let file = format!("{folder}/{name}_{label}_{method}_{}.cu", variant.rows);
                            std::fs::write(file, fragment.source(i).text).unwrap();
                            println!(
                                "{name} {label} {method} {variant:?} registers {} stage {} words {}",
                                fragment.registers(),
                                fragment.stage.registers,
                                fragment.places.words
                            );
                        }
                    }
                    Err(reason) => println!("{name} {label} {method}: {reason}"),
                }
            }
        }
    }
}

#[test]
fn errors() {
    for (name, program) in models::all() {
        for products in [Products::X3, Products::Half] {
            let case = Case::new(program, 33, 5);
            for tableau in [&Rk4::TABLEAU, &DormandPrince54::TABLEAU] {
                let Ok(fragment) = Fragment::new(program, tableau, products, &properties()) else { continue };
                let nodes = nodes(4);
                let reference = case.reference(tableau, &nodes);
                for variant in 0..fragment.variants().len() {
                    let (x, lost) = case.carried(&fragment, variant, &nodes, &[0, 1, 4], 0);
                    let error = case.error(&x, &reference);
                    println!("{name} {products:?} {} {}: {error:?} {lost:?}", tableau.name, variant + 1);
                }
            }
        }
    }
}
