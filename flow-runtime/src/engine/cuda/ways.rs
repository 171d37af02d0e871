//! Which kernels integrate a model: made when they are first needed, and kept.
//!
//! | way | what it takes | precision |
//! |---|---|---|
//! | [fragments](super::fragment) | vectors whose weights fit in shared memory: everything in registers | `x3`, `half` |
//! | [tiles](super::tile) | any model whose weights fit in shared memory; any at all without cuBLASLt | all |
//! | [wide](super::wide) | any model: products of the whole batch, captured as graphs | all |

mod registers;

use super::{
    backend::{Backend, Memory, room},
    fragment::Products,
    lost::Lost,
    tile::{Integrator as Tiles, Timetable},
    wide::{self, Sampling, SamplingPlan},
};
use crate::{
    engine::{CudaPrecision, scheme::Scheme},
    error::{Error, Result},
    program::Program,
    tableau::Tableau,
};
use registers::Registers;

/// Rows that are carried in the device's memory.
pub(crate) struct Task<'a> {
    pub(crate) nodes: &'a [f64],
    /// `f32 [rows, dim]`, carried in place.
    pub(crate) points: &'a Memory,
    pub(crate) rows: usize,
    /// In the program's order: labels `u32 [rows]`, or values `f32 [rows, size]`.
    pub(crate) conditions: &'a [Memory],
    /// Nodes whose states are kept, ascending, and where: as the points.
    pub(crate) saved: &'a [(usize, Memory)],
}

impl Task<'_> {
    /// Calls `run` with the steps between nodes that are saved, and keeps the states there.
    fn in_pieces(
        &self,
        backend: &mut dyn Backend,
        mut run: impl FnMut(&mut dyn Backend, usize, usize) -> Result<()>,
    ) -> Result<()> {
        let mut at = 0;
        for (node, memory) in self.saved {
            run(backend, at, *node)?;
            at = *node;
            backend.copy((self.points, 0), (memory, 0), memory.bytes)?;
        }
        run(backend, at, self.nodes.len().saturating_sub(1))
    }
}

/// The kernels of a method.
pub(super) struct Integrator {
    scheme: Scheme,
    way: Way,
    precision: CudaPrecision,
    /// Whether 16-bit numbers held the weights that the way was chosen for.
    held: bool,
    /// The grid that the last call was for.
    grid: Option<(Vec<f64>, Timetable)>,
    marks: Option<Memory>,
}

enum Way {
    Tiles(Box<Tiles>),
    Fragment(Box<Registers>),
    /// Made for as many rows as it was asked for.
    Wide {
        precision: wide::Precision,
        made: Option<(usize, Box<Sampling>)>,
        weights: Vec<f32>,
    },
}

impl Integrator {
    fn new(
        program: &'static Program,
        tableau: &'static Tableau,
        precision: CudaPrecision,
        rows: usize,
        weights: &[f32],
        backend: &dyn Backend,
    ) -> Self {
        let scheme = Scheme::of(tableau);
        let device = backend.properties();
        let products = match precision {
            CudaPrecision::Strict => None,
            CudaPrecision::X3 => Some(Products::X3),
            CudaPrecision::Half => Some(Products::Half),
        };
        let registers = products.and_then(|products| Registers::new(program, tableau, products, weights, backend));
        let held = halves_hold(program, weights);
        let way = match registers {
            Some(registers) => Way::Fragment(Box::new(registers)),
            None => {
                // Tiles round weights to 16 bits as they are; wide kernels scale them before.
                let held = held || precision == CudaPrecision::Strict;
                let own = if held { precision } else { CudaPrecision::Strict };
                let tiles = Tiles::new(program, &scheme, rows, own, device);
                if tiles.weights_fit() && held || !backend.multiplies() {
                    Way::Tiles(Box::new(tiles))
                } else {
                    Way::Wide { precision: wide_precision(precision), made: None, weights: Vec::new() }
                }
            }
        };
        Self { scheme, way, precision, held, grid: None, marks: None }
    }

    /// Evaluations of the velocity in a step.
    pub(super) fn evaluations(&self) -> usize {
        self.scheme.evaluations()
    }

    /// What is known by this name, for reports.
    #[cfg(all(test, feature = "cuda-header"))]
    pub(super) fn name(&self) -> &'static str {
        match self.way {
            Way::Tiles(_) => "tiles",
            Way::Fragment(_) => "fragments",
            Way::Wide { .. } => "wide",
        }
    }

    fn load(&mut self, backend: &mut dyn Backend, new: &[f32]) -> Result<()> {
        self.grid = None;
        match &mut self.way {
            Way::Tiles(tiles) => tiles.load(backend, new),
            Way::Wide { made, weights, .. } => {
                new.clone_into(weights);
                match made {
                    Some((_, sampling)) => sampling.load(new, backend),
                    None => Ok(()),
                }
            }
            Way::Fragment(registers) => registers.load(backend, new),
        }
    }

    /// Whether the kernels take weights of these sizes: those in registers round them to 16 bits, without a scale.
    fn takes(&self, program: &Program, weights: &[f32]) -> bool {
        match &self.way {
            Way::Fragment(registers) => registers.takes(weights),
            _ => self.precision == CudaPrecision::Strict || self.held == halves_hold(program, weights),
        }
    }

    /// Gives graphs back.
    fn forget(&mut self, backend: &mut dyn Backend) {
        if let Way::Wide { made, .. } = &mut self.way
            && let Some((_, mut sampling)) = made.take()
        {
            sampling.forget(backend);
        }
    }

    /// Rows that there is memory for at a time.
    pub(super) fn piece(
        &self,
        backend: &mut dyn Backend,
        program: &'static Program,
        tableau: &Tableau,
        rows: usize,
        row: usize,
    ) -> Result<usize> {
        match &self.way {
            // What it holds is no longer free.
            Way::Wide { made: Some((most, _)), .. } if *most >= rows => return Ok(*most),
            Way::Wide { .. } => {}
            // So few that nobody need ask.
            _ if rows * row < backend.properties().memory / 8 => return Ok(rows.max(1)),
            _ => {}
        }
        // Half is left to others, and to what is rounded up.
        let free = backend.free()? / 2;
        let Way::Wide { precision, made, .. } = &self.way else { return Ok((free / row.max(1)).max(1)) };
        let plan = SamplingPlan::new(program, tableau, *precision);
        let (one, many) = (plan.bytes(1), plan.bytes(1025));
        let each = (many.saturating_sub(one)).div_ceil(1024) + row;
        let held = made.as_ref().map_or(0, |(most, _)| *most);
        Ok((free.saturating_sub(one) / each).clamp(1, plan.most_rows()).max(held))
    }

    /// Carries rows over the grid; says where the numbers were left, if they were.
    pub(super) fn run(
        &mut self,
        backend: &mut dyn Backend,
        program: &'static Program,
        tableau: &'static Tableau,
        task: &Task<'_>,
    ) -> Result<Option<Lost>> {
        let Self { scheme, way, grid, marks, .. } = self;
        match way {
            Way::Tiles(tiles) => {
                let timetable = keep(grid, task.nodes, || tiles.timetable(backend, scheme, task.nodes))?;
                let bytes = 4 * (task.rows + 1);
                let marks = room(marks, backend, bytes, "what is lost")?.clone();
                backend.zero(&marks, 0, bytes)?;
                task.in_pieces(backend, |backend, from, to| {
                    let steps = (from, to - from);
                    if from == to {
                        return Ok(());
                    }
                    tiles.run(backend, timetable, task.points, task.rows, steps, task.conditions, &marks)
                })?;
                Lost::of_rows(backend, &marks, (4 * task.rows, 0), task.rows)
            }
            Way::Fragment(registers) => {
                let steps = task.nodes.len().saturating_sub(1);
                let timetable = keep(grid, task.nodes, || registers.timetable(backend, task.nodes))?;
                let bytes = (8 * steps).max(8);
                let marks = room(marks, backend, bytes, "what is lost")?.clone();
                backend.zero(&marks, 0, bytes)?;
                task.in_pieces(backend, |backend, from, to| {
                    registers.run(backend, timetable, task, (from, to), &marks)
                })?;
                Lost::of_steps(backend, &marks, steps)
            }
            Way::Wide { precision, made, weights } => {
                if made.as_ref().is_none_or(|(most, _)| *most < task.rows) {
                    if let Some((_, mut old)) = made.take() {
                        old.forget(backend);
                    }
                    let plan = SamplingPlan::new(program, tableau, *precision);
                    let mut sampling = Sampling::new(plan, task.rows, backend)?;
                    sampling.load(weights, backend)?;
                    *made = Some((task.rows, Box::new(sampling)));
                }
                let Some((_, sampling)) = made else { return Err(not_loaded()) };
                sampling.integrate(task, backend)
            }
        }
    }
}

/// Whether two 16-bit halves hold the weights of every layer with all their digits: the largest of them must not be so small that
/// the lower half underflows.
fn halves_hold(program: &Program, weights: &[f32]) -> bool {
    const RANGE: std::ops::Range<f32> = 7.8125e-3..32_768.0;
    (program.parameters.iter().enumerate()).filter(|(_, parameter)| parameter.shape.len() > 1).all(|(i, parameter)| {
        let start = program.parameter_offset(i);
        let own = weights.get(start..start + parameter.shape.iter().product::<usize>()).unwrap_or_default();
        let largest = own.iter().fold(0.0f32, |most, weight| most.max(weight.abs()));
        largest == 0.0 || RANGE.contains(&largest)
    })
}

fn not_loaded() -> Error {
    Error::Device {
        asked: "cuda".to_owned(),
        found: "kernels without weights".to_owned(),
        help: "this is a bug in flow-runtime: please report it".to_owned(),
    }
}

pub(super) fn wide_precision(precision: CudaPrecision) -> wide::Precision {
    match precision {
        CudaPrecision::Strict => wide::Precision::Strict,
        CudaPrecision::X3 => wide::Precision::X3,
        CudaPrecision::Half => wide::Precision::Half,
    }
}

/// What belongs to a grid, made anew for another.
fn keep<'a>(
    slot: &'a mut Option<(Vec<f64>, Timetable)>,
    nodes: &[f64],
    make: impl FnOnce() -> Result<Timetable>,
) -> Result<&'a Timetable> {
    let kept = slot.take().filter(|(own, _)| own == nodes);
    let kept = match kept {
        Some(kept) => kept,
        None => (nodes.to_vec(), make()?),
    };
    Ok(&slot.insert(kept).1)
}

/// What a set of kernels is for.
#[derive(Clone, Copy, PartialEq)]
struct Key {
    tableau: *const Tableau,
    precision: CudaPrecision,
    /// Rows, rounded up: sizes that are near each other have the same text.
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
    ) -> Result<&mut Integrator> {
        let key = Key { tableau, precision, rows: rows.max(1).next_power_of_two().min(1 << 20) };
        let at = match self.all.iter().position(|(own, ..)| *own == key) {
            Some(at) => at,
            None => {
                let integrator = Integrator::new(program, tableau, precision, key.rows, weights, backend);
                self.all.push((key, integrator, false));
                self.all.len() - 1
            }
        };
        let (_, integrator, fresh) = &mut self.all[at];
        if !*fresh {
            if !integrator.takes(program, weights) {
                integrator.forget(backend);
                *integrator = Integrator::new(program, tableau, precision, key.rows, weights, backend);
            }
            integrator.load(backend, weights)?;
            *fresh = true;
        }
        Ok(integrator)
    }
}
