//! Whole integrations of a wide model: the launches of a step, captured once and replayed for all.

use super::{
    Precision,
    area::Area,
    item::{Function, Item, Pointwise, items},
    list::{Compiler, Launchable},
    memory::Division,
    place::{Place, Space, Spaces},
    record::{Recorder, launches},
    resident::{Planned, Resident},
};
use crate::{
    engine::{
        cuda::{
            backend::{Backend, Graph, Memory, bytes_of},
            lost::Lost,
            ways::Task,
        },
        plan::{Plan, Use},
        scheme::{Scheme, stage_time},
    },
    error::Result,
    program::{InputKind, Program},
    tableau::Tableau,
};

/// Numbers of the table of what a batch shares, at most: beyond, a grid is done in pieces.
const TABLE: usize = 1 << 24;
/// Steps of a piece, at most.
const STEPS: usize = 4096;
/// Launches of a graph of a whole piece, at most; longer ones replay the graph of a step.
const GRAPH: usize = 1 << 14;
/// Graphs that are kept.
const GRAPHS: usize = 8;

/// What is printed and planned for a model and a method, before there is a device.
pub(crate) struct SamplingPlan {
    pub(crate) planned: Planned,
    scheme: Scheme,
    /// Once for all times, with a row for each.
    table: Vec<Launchable>,
    /// Once for the conditions.
    prologue: Vec<Launchable>,
    /// Once for the points, as they come.
    begin: Vec<Launchable>,
    stages: Vec<Vec<Launchable>>,
    /// Coefficients of a step.
    coefficients: usize,
}

impl SamplingPlan {
    /// Plans the integration of a model by a method.
    pub(crate) fn new(program: &'static Program, tableau: &Tableau, precision: Precision) -> Self {
        let plan = Plan::of(program, &[], Use::SharedTime);
        let scheme = Scheme::of(tableau);
        let format = precision.of_sampling();
        let mut compiler = Compiler::new(program, &plan, format, precision == Precision::Half);
        let dense = |space| state_place(program, space);
        compiler.carried = Some(dense(Space::Point));
        let count = scheme.stages.len();
        let mut first = 0;
        let mut bodies = Vec::with_capacity(count);
        for (i, stage) in scheme.stages.iter().enumerate() {
            let state = if stage.terms.is_empty() { Space::Point } else { Space::Stage };
            let spaces = Spaces {
                state,
                time: Space::Moment(stage.time),
                shared: Space::Row(stage.time),
                output: Space::Slope(i),
            };
            let mut body = items(&plan.body, &plan, &spaces);
            let (terms, out) = match scheme.stages.get(i + 1) {
                Some(next) => (&next.terms, Space::Stage),
                None => (&scheme.weights, Space::Point),
            };
            if !terms.is_empty() || out == Space::Point {
                let slopes = terms.iter().map(|(k, _)| dense(Space::Slope(*k)));
                let operands: Vec<Place> = [dense(Space::Point)].into_iter().chain(slopes).collect();
                let function = Function::Combine { first, checked: out == Space::Point };
                body.push(Item::Pointwise(Pointwise { function, operands, out: dense(out) }));
                first += terms.len();
            }
            compiler.register(&body);
            bodies.push(body);
        }
        let whole = Spaces { state: Space::Point, time: Space::Time, shared: Space::Table, output: Space::Slope(0) };
        let table = compiler.list(items(&plan.shared, &plan, &whole), &|_| true);
        let prologue = compiler.list(items(&plan.prologue, &plan, &whole), &|_| true);
        let begin = compiler.list(vec![Item::copy(dense(Space::Point), dense(Space::Point))], &|_| false);
        let stage_is_read: Vec<bool> =
            bodies.iter().map(|body| compiler.reads_single(body, Space::Stage)).chain([false]).collect();
        let mut stages = Vec::with_capacity(count);
        for (i, body) in bodies.into_iter().enumerate() {
            // The slope of this stage is still needed when the kernel that combines it here is done.
            let later = scheme.stages.iter().skip(i + 2).any(|stage| stage.terms.iter().any(|(k, _)| *k == i))
                || i + 1 < count && scheme.weights.iter().any(|(k, _)| *k == i);
            let kept = |space| match space {
                Space::Point => true,
                Space::Stage => stage_is_read[i + 1],
                Space::Slope(_) => later,
                _ => false,
            };
            stages.push(compiler.list(body, &kept));
        }
        let (source, operands) = compiler.finish();
        let planned = Planned { program, plan, format, operands, source };
        Self { planned, scheme, table, prologue, begin, stages, coefficients: first }
    }

    /// Launches and products of one step, without that which counts the steps.
    pub(crate) fn launches_per_step(&self) -> usize {
        self.stages.iter().map(|stage| launches(stage, self.planned.format)).sum()
    }

    /// Bytes that the kernels and the products of an evaluation move for a row, on average.
    #[cfg(test)]
    pub(crate) fn bytes_per_evaluation(&self) -> [f64; 2] {
        let all =
            self.stages.iter().map(|stage| super::record::traffic(stage, &self.planned.operands, self.planned.format));
        let sum = all.fold([0; 2], |sum, bytes| [sum[0] + bytes[0], sum[1] + bytes[1]]);
        sum.map(|bytes| bytes as f64 / self.stages.len() as f64)
    }

    /// Rows of one call, at most.
    pub(crate) fn most_rows(&self) -> usize {
        self.planned.most_rows()
    }

    /// Bytes of the device for so many rows, the table of a grid apart.
    pub(crate) fn bytes(&self, rows: usize) -> usize {
        self.divide(rows).1
    }

    fn divide(&self, rows: usize) -> (Area, usize) {
        let mut division = Division::new();
        let mut lists: Vec<&[Launchable]> = self.stages.iter().map(Vec::as_slice).collect();
        lists.push(&self.prologue);
        let mut area = self.planned.area(&mut division, &lists, rows);
        let values = area.capacity * self.planned.program.state_dim();
        area.point = division.floats(values);
        area.stage = division.floats(values);
        area.slopes = self.stages.iter().map(|_| division.floats(values)).collect();
        area.counter = division.take(8);
        area.lost = division.floats(1 + area.capacity);
        area.per_step = self.scheme.times.len();
        area.shared_len = self.planned.plan.shared_len;
        area.coefficient_stride = self.coefficients;
        (area, division.bytes)
    }
}

/// The state's own lines in a space.
pub(super) fn state_place(program: &Program, space: Space) -> Place {
    let shape = program.inputs.iter().find(|input| input.kind == InputKind::State).map_or(&[][..], |input| input.shape);
    let width = shape.last().copied().unwrap_or(1);
    let lines = program.state_dim() / width.max(1);
    Place { space, offset: 0, width, line: width, lines, row: lines * width }
}

/// A model and a method on a device.
///
/// For 784 → 1024 → 1024 → 1024 → 784 with `silu` and RK4, an evaluation is four products and four kernels: each kernel adds
/// the bias, applies `silu` and writes the operand of the next product alone; the last one also makes the point of the next
/// stage, or of the next step. In half precision the kernels of an evaluation move 31.8 kB for a row (4 · 1024 bytes in and
/// 2 · 1024 out three times over; 11 · 784 in and 6 · 784 out for the stage, on average), and the products write 15.4 kB and
/// read 7.7 kB of it, beside the weights.
pub(crate) struct Sampling {
    plan: SamplingPlan,
    resident: Resident,
    /// Times, coefficients and table of a piece of a grid.
    grid: Option<Memory>,
    /// The piece that the grid's memory holds.
    piece: Vec<f64>,
    graphs: Vec<(Captured, Graph)>,
    /// Pieces that came before, by rows and steps.
    seen: Vec<(usize, usize)>,
}

/// What a graph is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Captured {
    rows: usize,
    steps: usize,
}

impl Sampling {
    /// Makes room for `rows` rows and loads the kernels.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) for too little memory, or a text that does not compile.
    pub(crate) fn new(plan: SamplingPlan, rows: usize, backend: &mut dyn Backend) -> Result<Self> {
        let resident = Resident::new(&plan.planned, plan.divide(rows), ("integrating", rows), backend)?;
        Ok(Self { plan, resident, grid: None, piece: Vec::new(), graphs: Vec::new(), seen: Vec::new() })
    }

    /// Takes over weights.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn load(&mut self, weights: &[f32], backend: &mut dyn Backend) -> Result<()> {
        let changed = self.resident.load(&self.plan.planned, weights, backend)?;
        // Graphs hold the scales of products.
        if changed {
            self.forget(backend);
        }
        self.piece.clear();
        self.recorder(0).pack(backend)
    }

    /// Carries a batch over a grid. What comes back is where the numbers stopped being finite, if they did; the points are
    /// then of no use.
    ///
    /// # Errors
    /// Those of the device; [`Error::Invalid`](crate::Error::Invalid) for more rows than there is room for.
    pub(crate) fn integrate(&mut self, task: &Task<'_>, backend: &mut dyn Backend) -> Result<Option<Lost>> {
        let &Task { points, rows, nodes, conditions, saved } = task;
        self.resident.check_rows(rows)?;
        let program = self.plan.planned.program;
        let bytes = 4 * rows * program.state_dim();
        if rows == 0 {
            return Ok(None);
        }
        let point = self.resident.place(self.resident.area.point);
        backend.copy((points, 0), (&self.resident.memory, point), bytes)?;
        self.resident.take_conditions(program, conditions, rows, backend)?;
        backend.zero(&self.resident.memory, self.resident.place(self.resident.area.lost), 4 * (1 + rows))?;
        let mut saved = saved.iter().peekable();
        if let Some((_, to)) = saved.next_if(|(node, _)| *node == 0) {
            backend.copy((&self.resident.memory, point), (to, 0), bytes)?;
        }
        let steps = nodes.len().saturating_sub(1);
        let per_step = self.resident.area.per_step * self.resident.area.shared_len;
        let length = (TABLE / per_step.max(1)).clamp(1, STEPS).min(steps.max(1));
        for base in (0..steps).step_by(length) {
            let piece = &nodes[base..=(base + length).min(steps)];
            self.prepare(piece, length, backend)?;
            let counter = [0i32, base as i32];
            backend.upload(
                &self.resident.memory,
                self.resident.place(self.resident.area.counter),
                bytes_of(&counter),
            )?;
            if base == 0 {
                let recorder = self.recorder(rows);
                recorder.start(&self.plan.prologue, backend)?;
                recorder.start(&self.plan.begin, backend)?;
            }
            let count = piece.len() - 1;
            let inner = saved.peek().is_some_and(|(node, _)| *node < base + count);
            let known = self.seen.contains(&(rows, count));
            if !known {
                self.seen.truncate(4 * GRAPHS - 1);
                self.seen.insert(0, (rows, count));
            }
            if known && !inner && count * (self.plan.launches_per_step() + 1) <= GRAPH {
                let graph = self.graph(Captured { rows, steps: count }, backend)?;
                backend.replay(graph)?;
            } else {
                let graph = self.graph(Captured { rows, steps: 1 }, backend)?;
                for step in base..base + count {
                    backend.replay(graph)?;
                    if step + 1 < base + count
                        && let Some((_, to)) = saved.next_if(|(node, _)| *node == step + 1)
                    {
                        backend.copy((&self.resident.memory, point), (to, 0), bytes)?;
                    }
                }
            }
            if let Some((_, to)) = saved.next_if(|(node, _)| *node == base + count) {
                backend.copy((&self.resident.memory, point), (to, 0), bytes)?;
            }
        }
        backend.copy((&self.resident.memory, point), (points, 0), bytes)?;
        let lost = self.resident.place(self.resident.area.lost);
        Lost::of_rows(backend, &self.resident.memory, (lost, lost + 4), rows)
    }

    /// Times, coefficients and the table of a piece of a grid, if they are not there; the memory has room for `length` steps.
    fn prepare(&mut self, piece: &[f64], length: usize, backend: &mut dyn Backend) -> Result<()> {
        let scheme = &self.plan.scheme;
        let mut division = Division::new();
        let times = division.floats(length * self.resident.area.per_step);
        let coefficients = division.floats(length * self.resident.area.coefficient_stride);
        let table = division.floats(length * self.resident.area.per_step * self.resident.area.shared_len);
        let grid = match &self.grid {
            Some(grid)
                if grid.bytes >= division.bytes
                    && self.resident.area.times == grid.address + times
                    && self.resident.area.coefficients == grid.address + coefficients
                    && self.resident.area.table == grid.address + table =>
            {
                grid.clone()
            }
            _ => {
                // Graphs hold its addresses.
                self.graphs.drain(..).for_each(|(_, graph)| backend.forget(graph));
                self.piece.clear();
                let grid = backend.allocate(division.bytes, "the table of a grid of times")?;
                self.resident.area.times = grid.address + times;
                self.resident.area.coefficients = grid.address + coefficients;
                self.resident.area.table = grid.address + table;
                self.grid = Some(grid.clone());
                grid
            }
        };
        if self.piece == piece {
            return Ok(());
        }
        let mut values = Vec::with_capacity(length * scheme.times.len());
        let mut factors = Vec::with_capacity(length * self.resident.area.coefficient_stride);
        for ends in piece.windows(2) {
            let h = ends[1] - ends[0];
            values.extend(scheme.times.iter().map(|c| stage_time(ends, *c) as f32));
            let terms = scheme.stages.iter().skip(1).flat_map(|stage| &stage.terms).chain(&scheme.weights);
            factors.extend(terms.map(|(_, a)| (h * a) as f32));
        }
        backend.upload(&grid, times as usize, bytes_of(&values))?;
        backend.upload(&grid, coefficients as usize, bytes_of(&factors))?;
        let rows = values.len();
        self.piece.clear();
        self.recorder(rows).start(&self.plan.table, backend)?;
        self.piece.extend_from_slice(piece);
        Ok(())
    }

    /// The graph of some steps, captured if it is not there.
    fn graph(&mut self, captured: Captured, backend: &mut dyn Backend) -> Result<Graph> {
        if let Some((_, graph)) = self.graphs.iter().find(|(known, _)| *known == captured) {
            return Ok(*graph);
        }
        let recorder = self.recorder(captured.rows);
        let graph = backend.capture(&mut |backend| {
            for _ in 0..captured.steps {
                self.plan.stages.iter().try_for_each(|stage| recorder.start(stage, backend))?;
                recorder.next(backend)?;
            }
            Ok(())
        })?;
        if self.graphs.len() == GRAPHS {
            backend.forget(self.graphs.remove(0).1);
        }
        self.graphs.push((captured, graph));
        Ok(graph)
    }

    /// Gives graphs back to a device that this was made on.
    pub(crate) fn forget(&mut self, backend: &mut dyn Backend) {
        self.graphs.drain(..).for_each(|(_, graph)| backend.forget(graph));
    }

    fn recorder(&self, rows: usize) -> Recorder<'_> {
        self.resident.recorder(&self.plan.planned, rows)
    }
}
