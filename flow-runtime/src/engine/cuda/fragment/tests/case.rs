//! A model with weights, points and conditions; what the interpreter and what the kernel make of them.

use super::{machine::machine, shared};
use crate::{
    data::{Condition, ConditionValues, Conditions},
    engine::{
        cuda::{
            backend::{Argument, Backend, Launch, Memory, Plain, bytes_of, bytes_of_mut},
            fragment::Fragment,
        },
        plan::{Plan, Use},
    },
    program::{Init, InputKind, Program},
    rng::{Philox, Stream},
    tableau::Tableau,
};

pub(super) struct Case {
    pub(super) program: &'static Program,
    pub(super) weights: Vec<f32>,
    pub(super) x: Vec<f32>,
    conditions: Conditions,
}

/// How a kernel is run.
pub(super) struct Way<'a> {
    pub(super) variant: usize,
    pub(super) nodes: &'a [f64],
    /// Nodes from one of which to the next a launch goes.
    pub(super) stops: &'a [usize],
    /// Of the order in which threads run.
    pub(super) seed: u64,
}

impl Case {
    pub(super) fn new(program: &'static Program, rows: usize, seed: u64) -> Self {
        let philox = Philox::new(seed, Stream::Data, 0);
        let mut next = 0;
        let mut normal = || {
            next += 1;
            philox.normal(next)
        };
        let mut weights = Vec::new();
        for parameter in program.parameters {
            for _ in 0..parameter.size() {
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

    /// The integration in `f64`, with the interpreter.
    pub(super) fn reference(&self, tableau: &Tableau, nodes: &[f64]) -> Vec<f64> {
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

    /// The time table: what depends on the time alone, in `f64`, rounded.
    fn table(&self, fragment: &Fragment, times: &[f64]) -> Vec<f32> {
        let plan = Plan::of(self.program, &[], Use::SharedTime);
        let row = fragment.table_row();
        let mut table = vec![f32::NAN; times.len() * row];
        for (t, to) in times.iter().zip(table.chunks_mut(row.max(1))) {
            for (to, value) in to.iter_mut().zip(shared::row(&plan, &self.weights, *t)) {
                *to = value as f32;
            }
        }
        table
    }

    /// What the kernel makes of the points, and what it says of lost rows: for each step how many, and the first.
    /// Nothing where there is no machine.
    pub(super) fn carried(&self, fragment: &Fragment, way: &Way<'_>) -> Option<(Vec<f32>, Vec<(u32, u32)>)> {
        let mut machine = machine(way.seed)?;
        let machine = machine.as_mut();
        let (words, tables) = fragment.pack(&self.weights).unwrap();
        let times = fragment.times(way.nodes);
        let single: Vec<f32> = times.iter().map(|t| *t as f32).collect();
        let state = put(machine, &self.x);
        // Two blocks of up to two warps, so that there are several rounds.
        let tiles = self.rows().div_ceil(16 * fragment.variants()[way.variant].rows);
        let shape = fragment.shape_of(way.variant, tiles.min(2), tiles.div_ceil(2).min(2));
        let lost = machine.allocate(8 * way.nodes.len(), "lost rows").unwrap();
        let scratch = machine.allocate(shape.scratch.max(16), "scratch").unwrap();
        let mut memory = vec![
            put(machine, &words),
            put(machine, &tables),
            put(machine, &self.table(fragment, &times)),
            put(machine, &single),
            put(machine, &fragment.coefficients(way.nodes)),
            state.clone(),
            lost.clone(),
            scratch,
        ];
        for column in &self.conditions.columns {
            memory.push(match &column.values {
                ConditionValues::Class(labels) => put(machine, labels),
                ConditionValues::Vector { values, .. } => put(machine, values),
            });
        }
        let kernel = machine.load(&fragment.source(way.variant)).unwrap()[0];
        let launch = Launch {
            blocks: shape.blocks as u32,
            threads: shape.threads as u32,
            shared: shape.shared,
            cooperative: false,
        };
        let mut reports = Vec::new();
        for ends in way.stops.windows(2) {
            let steps = ends[1] - ends[0];
            machine.zero(&lost, 0, 8 * steps).unwrap();
            let mut arguments: Vec<Argument> = memory.iter().map(|memory| Argument::Address(memory.address)).collect();
            arguments.extend([self.rows(), ends[0], ends[1]].map(|n| Argument::Int(n as i32)));
            machine.launch(kernel, launch, &arguments).unwrap();
            let mut report = vec![0u32; 2 * steps];
            machine.download(&lost, 0, bytes_of_mut(&mut report)).unwrap();
            reports.extend(report.chunks(2).map(|pair| (pair[0], !pair[1])));
        }
        let mut x = self.x.clone();
        machine.download(&state, 0, bytes_of_mut(&mut x)).unwrap();
        Some((x, reports))
    }

    /// Error over the length of the way from the start, root mean square.
    pub(super) fn error(&self, carried: &[f32], reference: &[f64]) -> f64 {
        let (mut error, mut length) = (0.0f64, 0.0f64);
        for ((x, exact), start) in carried.iter().zip(reference).zip(&self.x) {
            error += (f64::from(*x) - exact).powi(2);
            length += (exact - f64::from(*start)).powi(2);
        }
        (error / length).sqrt()
    }
}

fn put<T: Plain>(machine: &mut dyn Backend, values: &[T]) -> Memory {
    let memory = machine.allocate(size_of_val(values).max(16), "a test").unwrap();
    machine.upload(&memory, 0, bytes_of(values)).unwrap();
    memory
}
