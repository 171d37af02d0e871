//! Which kernels integrate a program: made when they are first needed, and kept.

use super::{
    backend::{Backend, Memory},
    tile::{Integrator as Tiles, Timetable},
};
use crate::{
    engine::{CudaPrecision, scheme::Scheme},
    error::Result,
    program::Program,
    tableau::Tableau,
};

/// Rows that are carried in the device's memory.
pub(super) struct Points<'a> {
    /// `[rows, dim]`, carried in place.
    pub(super) points: &'a Memory,
    pub(super) rows: usize,
    pub(super) conditions: &'a [Memory],
    /// For each row the first step that left the numbers, and the first of all at the end; `i32::MAX` before.
    pub(super) lost: &'a Memory,
}

/// The kernels of a method.
pub(super) struct Integrator {
    scheme: Scheme,
    tiles: Tiles,
}

impl Integrator {
    /// Evaluations of the velocity in a step.
    pub(super) fn evaluations(&self) -> usize {
        self.scheme.evaluations()
    }

    pub(super) fn timetable(&self, backend: &mut dyn Backend, nodes: &[f64]) -> Result<Timetable> {
        self.tiles.timetable(backend, &self.scheme, nodes)
    }

    /// Rows that there is memory for.
    pub(super) fn piece(&self, backend: &mut dyn Backend, dim: usize) -> Result<usize> {
        // Points, marks, conditions of about their size; half is left to others.
        let row = 4 * (2 * dim + 4);
        Ok((backend.free()? / 2 / row).max(1))
    }

    /// Carries points over `steps` steps from step `first` on.
    pub(super) fn run(
        &self,
        backend: &mut dyn Backend,
        timetable: &Timetable,
        points: &Points<'_>,
        (first, steps): (usize, usize),
    ) -> Result<()> {
        if steps == 0 {
            return Ok(());
        }
        let Points { points, rows, conditions, lost } = *points;
        self.tiles.run(backend, timetable, points, rows, (first, steps), conditions, lost)
    }
}

/// What a set of kernels is for.
#[derive(Clone, Copy, PartialEq)]
struct Key {
    tableau: *const Tableau,
    precision: CudaPrecision,
    /// Rows are enough for a tile to each warp, or how many rows a tile has.
    rows: usize,
}

// SAFETY: the pointer is one to a constant, and only compared.
unsafe impl Send for Key {}

/// The kernels of all methods that an engine was asked for.
#[derive(Default)]
pub(super) struct Integrators {
    all: Vec<(Key, Integrator, bool)>,
}

impl Integrators {
    /// The weights have changed.
    pub(super) fn stale(&mut self) {
        self.all.iter_mut().for_each(|(_, _, fresh)| *fresh = false);
    }

    /// The kernels for a batch of `rows` rows, with the weights.
    pub(super) fn ready(
        &mut self,
        backend: &mut dyn Backend,
        program: &'static Program,
        tableau: &'static Tableau,
        precision: CudaPrecision,
        rows: usize,
        weights: &[f32],
    ) -> Result<&Integrator> {
        // Sizes that are near each other have the same text.
        let key = Key { tableau, precision, rows: rows.max(1).next_power_of_two().min(1 << 20) };
        let at = match self.all.iter().position(|(own, ..)| *own == key) {
            Some(at) => at,
            None => {
                let scheme = Scheme::of(tableau);
                let tiles = Tiles::new(program, &scheme, key.rows, precision, backend.properties());
                self.all.push((key, Integrator { scheme, tiles }, false));
                self.all.len() - 1
            }
        };
        let (_, integrator, fresh) = &mut self.all[at];
        if !*fresh {
            integrator.tiles.load(backend, weights)?;
            *fresh = true;
        }
        Ok(integrator)
    }
}
