//! What every kind of run of a wide model has: its plan and text, and on a device its kernels and one piece of memory.

use super::{
    area::Area,
    list::{Format, Launchable, Operand},
    memory::{Division, check_rows, condition_bytes, most_rows},
    record::Recorder,
};
use crate::{
    engine::{
        cuda::{
            backend::{Backend, Kernel, Memory, bytes_of},
            source::Source,
        },
        plan::{Pack, Plan},
    },
    error::Result,
    program::Program,
};

/// What is planned and printed before there is a device.
pub(crate) struct Planned {
    pub(super) program: &'static Program,
    pub(super) plan: Plan,
    pub(super) format: Option<Format>,
    /// The copies for products.
    pub(super) operands: Vec<Operand>,
    /// The text of all kernels.
    pub(crate) source: Source,
}

impl Planned {
    /// Rows of one call, at most.
    pub(super) fn most_rows(&self) -> usize {
        most_rows(&self.plan, self.program)
    }

    /// What every kind of run needs for so many rows of the lists.
    pub(super) fn area(&self, division: &mut Division, lists: &[&[Launchable]], rows: usize) -> Area {
        division.area(self.program, &self.plan, (&self.operands, self.format), lists, rows)
    }
}

/// A model on a device.
pub(super) struct Resident {
    pub(super) kernels: Vec<Kernel>,
    pub(super) memory: Memory,
    pub(super) area: Area,
    operation: &'static str,
    /// Rows that there is room for.
    most: usize,
}

impl Resident {
    /// Loads the kernels and makes room for `rows` rows: `divided` is the area for them, and its bytes.
    pub(super) fn new(
        planned: &Planned,
        divided: (Area, usize),
        (operation, rows): (&'static str, usize),
        backend: &mut dyn Backend,
    ) -> Result<Self> {
        check_rows(operation, rows, planned.most_rows())?;
        let (area, bytes) = divided;
        let kernels = backend.load(&planned.source)?;
        let memory = backend.allocate(bytes, "the values of a wide model")?;
        let constants: Vec<f32> = planned.plan.constants.iter().map(|value| *value as f32).collect();
        if !constants.is_empty() {
            backend.upload(&memory, area.constants as usize, bytes_of(&constants))?;
        }
        let area = area.moved(memory.address);
        Ok(Self { kernels, memory, area, operation, most: rows })
    }

    /// Refuses more rows than there is room for.
    pub(super) fn check_rows(&self, rows: usize) -> Result<()> {
        check_rows(self.operation, rows, self.most)
    }

    /// A place in the memory, of an address.
    pub(super) fn place(&self, address: u64) -> usize {
        (address - self.memory.address) as usize
    }

    /// Writes weights, and finds the scales of those that are rounded; says whether one changed.
    pub(super) fn load(&mut self, planned: &Planned, weights: &[f32], backend: &mut dyn Backend) -> Result<bool> {
        backend.upload(&self.memory, self.place(self.area.parameters), bytes_of(weights))?;
        let mut changed = false;
        let packs = planned.plan.packs.iter().zip(&mut self.area.packs);
        for (pack, packed) in packs.filter(|(_, packed)| packed.address != 0) {
            let scale = largest(pack, weights).map_or(1.0, scale_of);
            changed |= scale != std::mem::replace(&mut packed.scale, scale);
        }
        Ok(changed)
    }

    /// Takes over the conditions of `rows` rows, in the order of the program.
    pub(super) fn take_conditions(
        &self,
        program: &Program,
        conditions: &[Memory],
        rows: usize,
        backend: &mut dyn Backend,
    ) -> Result<()> {
        for (i, (condition, row)) in conditions.iter().zip(condition_bytes(program)).enumerate() {
            backend.copy((condition, 0), (&self.memory, self.place(self.area.conditions[i])), rows * row)?;
        }
        Ok(())
    }

    /// What starts lists for so many rows.
    pub(super) fn recorder<'a>(&'a self, planned: &'a Planned, rows: usize) -> Recorder<'a> {
        Recorder {
            plan: &planned.plan,
            area: &self.area,
            operands: &planned.operands,
            format: planned.format,
            kernels: &self.kernels,
            compare: None,
            rows,
            fresh: true,
        }
    }
}

/// The power of two by which weights of that magnitude fill the range of `f16` without leaving it, so that what a rounded
/// weight lost is not lost again.
fn scale_of(largest: f32) -> f32 {
    if largest > 0.0 && largest.is_finite() { (9.0 - largest.log2().floor()).clamp(-60.0, 60.0).exp2() } else { 1.0 }
}

/// The largest magnitude of a pack's weights.
fn largest(pack: &Pack, weights: &[f32]) -> Option<f32> {
    let column =
        |column: usize| (0..pack.depth).map(move |k| pack.offset + k * pack.depth_stride + column * pack.column_stride);
    (0..pack.columns).flat_map(column).filter_map(|at| weights.get(at)).map(|w| w.abs()).reduce(f32::max)
}
