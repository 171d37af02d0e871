//! Fragments on a device: the kernels of each size of a batch, and what they read.

use super::Task;
use crate::{
    engine::cuda::{
        backend::{Argument, Backend, Kernel, Launch, Memory, bytes_of, room},
        fragment::{Fragment, Products},
        tile::{Table, Timetable},
    },
    error::Result,
    program::Program,
    tableau::Tableau,
};

/// The kernels that keep everything in registers.
pub(super) struct Registers {
    fragment: Fragment,
    table: Table,
    kernels: Vec<Option<Kernel>>,
    words: Option<Memory>,
    numbers: Option<Memory>,
    scratch: Option<Memory>,
}

impl Registers {
    /// `None` if the model is not eligible, or 16-bit numbers do not hold its weights.
    pub(super) fn new(
        program: &'static Program,
        tableau: &Tableau,
        products: Products,
        weights: &[f32],
        backend: &dyn Backend,
    ) -> Option<Self> {
        let fragment = Fragment::new(program, tableau, products, backend.properties()).ok()?;
        fragment.pack(weights).ok()?;
        let table = Table::new(program, fragment.table_row());
        let kernels = vec![None; fragment.variants().len()];
        Some(Self { fragment, table, kernels, words: None, numbers: None, scratch: None })
    }

    /// Whether 16-bit numbers hold weights.
    pub(super) fn takes(&self, weights: &[f32]) -> bool {
        self.fragment.pack(weights).is_ok()
    }

    pub(super) fn load(&mut self, backend: &mut dyn Backend, weights: &[f32]) -> Result<()> {
        // Whether they fit was asked before.
        let Ok((words, numbers)) = self.fragment.pack(weights) else { return Err(super::not_loaded()) };
        self.table.load(backend, weights)?;
        let memory = room(&mut self.words, backend, 4 * words.len().max(4), "the packed weights")?.clone();
        backend.upload(&memory, 0, bytes_of(&words))?;
        let memory = room(&mut self.numbers, backend, 4 * numbers.len().max(4), "the weights")?.clone();
        backend.upload(&memory, 0, bytes_of(&numbers))
    }

    pub(super) fn timetable(&self, backend: &mut dyn Backend, nodes: &[f64]) -> Result<Timetable> {
        let times: Vec<f32> = self.fragment.times(nodes).iter().map(|t| *t as f32).collect();
        Timetable::new(backend, &self.table, &times, &self.fragment.coefficients(nodes))
    }

    pub(super) fn run(
        &mut self,
        backend: &mut dyn Backend,
        timetable: &Timetable,
        task: &Task<'_>,
        (from, to): (usize, usize),
        marks: &Memory,
    ) -> Result<()> {
        if from == to {
            return Ok(());
        }
        let shape = self.fragment.shape(task.rows);
        let kernel = match self.kernels.get(shape.variant).copied().flatten() {
            Some(kernel) => kernel,
            None => {
                let kernel = backend.load(&self.fragment.source(shape.variant))?[0];
                self.kernels[shape.variant] = Some(kernel);
                kernel
            }
        };
        let scratch = room(&mut self.scratch, backend, shape.scratch.max(16), "values of the tiles")?;
        let (Some(words), Some(numbers)) = (&self.words, &self.numbers) else { return Err(super::not_loaded()) };
        let memory = [
            words.address,
            numbers.address,
            timetable.table.address,
            timetable.times.address,
            timetable.coefficients.address,
            task.points.address,
            marks.address + 8 * from as u64,
            scratch.address,
        ];
        let conditions = task.conditions.iter().map(|memory| memory.address);
        let mut arguments: Vec<Argument> = memory.into_iter().chain(conditions).map(Argument::Address).collect();
        arguments.extend([task.rows, from, to].map(|number| Argument::Int(number as i32)));
        let launch = Launch {
            blocks: shape.blocks as u32,
            threads: shape.threads as u32,
            shared: shape.shared,
            cooperative: false,
        };
        backend.launch(kernel, launch, &arguments)
    }
}
