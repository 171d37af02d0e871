//! Sampling on tensor cores: a whole integration in one launch, all values in registers.
//!
//! A warp owns 16 or 32 rows for the whole integration. The accumulators of one layer's products are, rounded and packed, the left
//! operand of the next layer's, so that nothing is exchanged and nothing waits in the loop; the packed weights lie in shared memory,
//! which every block loads once. What depends on the time alone comes from a table that [`Plan::shared`] is computed into
//! before, for every distinct time of every step; what depends on conditions alone is computed once per tile.
//!
//! With [`Products::X3`] every operand is a sum of two `f16`, 22 bits, and a product is three: `f32` accuracy. With
//! [`Products::Half`] operands are `f16` (11 bits), but for the state itself, which enters with 22 always. Sums are `f32` in both.
//! Measured on the CPU header, over the models of the tests: the error of an integration, over the length of the way from the
//! start, is at most 8e-7 with `X3` (an `f32` has as much) and 7e-4 with `Half`. The header adds products in `f32` and rounds each
//! sum; a tensor core cuts bits off instead, which has not been measured.
//!
//! Weights and values must be within the range of `f16`, ±65504; a value beyond becomes infinite, which the check of the state
//! finds.
//!
//! A model is eligible if its values are vectors (see [`Graph`]), and small enough for shared memory and registers;
//! otherwise [`Fragment::new`] says why not.

mod emit;
mod graph;
mod kernel;
mod lower;
mod pack;
mod places;
mod schedule;
#[cfg(all(test, feature = "cuda-header"))]
mod tests;

use super::{backend::Properties, source::Source};
use crate::{
    engine::{
        plan::{Plan, Use},
        scheme::{Scheme, stage_time},
    },
    program::{Activation, InputKind, Op, Program},
    tableau::{Kind as Explicitness, Tableau},
};
use graph::{Graph, Level};
use places::Places;
use schedule::{Schedule, halves};

/// How products are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Products {
    /// Operands of two `f16`, three products for one.
    X3,
    /// Operands of one `f16`.
    Half,
}

/// The kernel for tiles of one size.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    /// Rows of a tile, by sixteen: 1 or 2.
    pub(crate) rows: usize,
    /// Threads of a block, at most.
    pub(crate) threads: usize,
    /// Bytes that a warp keeps, and whether in shared memory.
    scratch: usize,
    shared_scratch: bool,
}

/// How a batch is launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Which of [`Fragment::variants`].
    pub(crate) variant: usize,
    pub(crate) blocks: usize,
    pub(crate) threads: usize,
    /// Dynamic shared memory in bytes.
    pub(crate) shared: usize,
    /// Bytes of the argument `scratch`; may be zero.
    pub(crate) scratch: usize,
}

/// A model and a method as a kernel.
///
/// # Parameters of the kernel, in order
/// | parameter | type | what |
/// |---|---|---|
/// | `packed` | pointer | [`pack`](Self::pack)'s words |
/// | `tables` | pointer | [`pack`](Self::pack)'s numbers |
/// | `table` | pointer | `[steps · distinct times, table_row]`, `f32`: [`Plan::shared`] at [`times`](Self::times) |
/// | `times` | pointer | those times, `f32` |
/// | `coefficients` | pointer | [`coefficients`](Self::coefficients), `f32` |
/// | `state` | pointer | `[rows, dim]`, `f32`, carried in place |
/// | `lost` | pointer | `[last_step − first_step, 2]`, `u32`, zero before the launch: how many rows stopped being finite in that step, and `0xffffffff −` the first of them |
/// | `scratch` | pointer | [`Shape::scratch`] bytes of no use otherwise |
/// | conditions | pointers | one each: labels `u32 [rows]`, vectors `f32 [rows, size]` |
/// | `count` | `int` | rows |
/// | `first_step`, `last_step` | `int` | steps `first_step..last_step` of the tables are done |
///
/// Of `lost` only the first step that has lost rows is complete: tiles stop where they lose one.
#[derive(Clone, Debug)]
pub(crate) struct Fragment {
    name: String,
    kernel: String,
    split: bool,
    graph: Graph,
    places: Places,
    stage: Schedule,
    tile: Schedule,
    conditions: Vec<bool>,
    dim: usize,
    shared_len: usize,
    times: Vec<usize>,
    c: Vec<f64>,
    stages: Vec<Vec<(usize, f64)>>,
    weights: Vec<(usize, f64)>,
    chain: bool,
    properties: Properties,
    variants: Vec<Variant>,
}

/// Registers besides those of the values: addresses, coefficients, weights on their way.
const OTHER_REGISTERS: usize = 48;
/// Most numbers of a state that are kept in registers between stages.
const CHAINED: usize = 16;

impl Fragment {
    /// # Errors
    /// Why the model is not eligible, as a clause.
    pub(crate) fn new(
        program: &Program,
        tableau: &Tableau,
        products: Products,
        properties: &Properties,
    ) -> Result<Self, String> {
        if tableau.kind != Explicitness::Explicit {
            return Err("an implicit method".to_owned());
        }
        if properties.capability < (8, 0) {
            return Err("a device without the tensor cores that this needs".to_owned());
        }
        let plan = Plan::of(program, &[], Use::SharedTime);
        let scheme = Scheme::of(tableau);
        if scheme.stages.len() > 16 {
            return Err(format!("a method of {} stages", scheme.stages.len()));
        }
        let split = products == Products::X3;
        let graph = Graph::of(program, &plan)?;
        let widest = graph.values.iter().map(|value| value.width).max().unwrap_or(0);
        if widest > 1024 {
            return Err(format!("a value of {widest} columns"));
        }
        let mut places = Places::of(&graph, split);
        for node in program.nodes.iter().filter(|node| node.op == Op::Embedding) {
            if let Some(&table) = node.parameters.first() {
                places.set_classes(program.parameter_offset(table), program.parameters[table].shape[0]);
            }
        }
        let kept: Vec<usize> = places.kept.iter().map(|(value, _)| *value).collect();
        let stage = Schedule::of(&graph, Level::Stage, &[graph.output], &[], split);
        let tile = Schedule::of(&graph, Level::Tile, &[], &kept, split);
        let dim = program.state_dim();
        let chained =
            scheme.stages.iter().enumerate().all(|(i, stage)| stage.terms.iter().all(|(from, _)| from + 1 == i));
        let identifier = program.name.to_lowercase();
        let mut fragment = Self {
            name: program.name.to_owned(),
            kernel: format!("flow_{identifier}_sample"),
            split,
            graph,
            places,
            stage,
            tile,
            conditions: program.conditions().map(|(_, input)| matches!(input.kind, InputKind::Class { .. })).collect(),
            dim,
            shared_len: plan.shared_len,
            times: scheme.stages.iter().map(|stage| stage.time).collect(),
            c: scheme.times,
            stages: scheme.stages.into_iter().map(|stage| stage.terms).collect(),
            weights: scheme.weights,
            chain: chained && dim <= CHAINED,
            properties: properties.clone(),
            variants: Vec::new(),
        };
        fragment.variants = [1, 2].into_iter().filter_map(|rows| fragment.variant(rows)).collect();
        if fragment.fixed_shared() + 4096 > properties.shared_per_block {
            return Err(format!(
                "{} bytes of weights, more than the {} of a block's shared memory",
                fragment.fixed_shared(),
                properties.shared_per_block
            ));
        }
        if fragment.variants.is_empty() {
            return Err(format!("values that need {} registers", fragment.registers()));
        }
        Ok(fragment)
    }

    /// Registers for sixteen rows: an estimate.
    fn registers(&self) -> usize {
        let state = 4 * halves(self.dim);
        let stage = self.stage.registers + if self.chain { 2 * state } else { 0 };
        // The compiler begins one chunk's long function before the last one's split is stored.
        let gelu = |value: &graph::Value| matches!(value.kind, graph::Kind::Map { f: Activation::Gelu, .. });
        let overlap = if self.split && self.graph.values.iter().any(gelu) { 20 } else { 0 };
        (stage + overlap).max(self.tile.registers)
    }

    fn fixed_shared(&self) -> usize {
        16 * self.places.words + 4 * self.places.row_len
    }

    /// Half chunks that a warp keeps.
    fn scratch_halves(&self) -> usize {
        let state = if self.chain { 0 } else { halves(self.dim) * (1 + self.stages.len()) };
        self.places.kept_halves + state
    }

    fn variant(&self, rows: usize) -> Option<Variant> {
        let registers = rows * self.registers() + OTHER_REGISTERS;
        // 64 Ki registers of a multiprocessor are shared out among the threads of a block: 128, 168 or 255 for each, of which the
        // estimate leaves some, since the compiler reads ahead.
        let threads = [(112, 512), (160, 384), (242, 256)].into_iter().find(|(most, _)| registers <= *most)?.1;
        let threads = if rows == 2 { threads.min(256) } else { threads };
        let scratch = self.scratch_halves() * 512 * rows;
        let shared_scratch = self.fixed_shared() + threads / 32 * scratch <= self.properties.shared_per_block;
        Some(Variant { rows, threads, scratch, shared_scratch })
    }

    /// The kernels: one source each, with one kernel.
    pub(crate) fn variants(&self) -> &[Variant] {
        &self.variants
    }

    /// The text of a variant.
    pub(crate) fn source(&self, variant: usize) -> Source {
        let variant = &self.variants[variant];
        let parts = kernel::Parts {
            name: &self.name,
            kernel: &self.kernel,
            graph: &self.graph,
            places: &self.places,
            stage: &self.stage,
            tile: &self.tile,
            split: self.split,
            conditions: &self.conditions,
            dim: self.dim,
            table_row: self.table_row(),
            times: &self.times,
            distinct_times: self.c.len(),
            chain: self.chain,
            rows: variant.rows,
            threads: variant.threads,
            scratch: self.scratch_halves(),
            shared_scratch: variant.shared_scratch,
        };
        Source { name: self.name.clone(), text: parts.text(), kernels: vec![self.kernel.clone()] }
    }

    /// From one row of the time table to the next, in numbers: [`Plan::shared_len`], made even.
    pub(crate) fn table_row(&self) -> usize {
        self.shared_len.next_multiple_of(2)
    }

    /// Weights as the kernel reads them: packed words, and rows and tables in `f32`.
    ///
    /// # Errors
    /// Why 16-bit numbers do not hold the weights, as a clause.
    pub(crate) fn pack(&self, weights: &[f32]) -> Result<(Vec<u32>, Vec<f32>), String> {
        Ok((pack::words(&self.places, weights)?, pack::rows(&self.places, weights)))
    }

    /// The times of the table's rows: for each step its distinct times.
    pub(crate) fn times(&self, nodes: &[f64]) -> Vec<f64> {
        let step = |ends: &[f64]| self.c.iter().map(|c| stage_time(ends, *c)).collect::<Vec<_>>();
        nodes.windows(2).flat_map(step).collect()
    }

    /// `h a_ij` and `h b_i` of every step, as the kernel reads them.
    pub(crate) fn coefficients(&self, nodes: &[f64]) -> Vec<f32> {
        let mut out = Vec::new();
        let stages = self.stages.len();
        let of = |terms: &[(usize, f64)], stage: usize| {
            terms.iter().find(|(from, _)| *from == stage).map_or(0.0, |(_, coefficient)| *coefficient)
        };
        for ends in nodes.windows(2) {
            let h = ends[1] - ends[0];
            if self.chain {
                for i in 0..stages {
                    let next = self.stages.get(i + 1).map_or(0.0, |terms| of(terms, i));
                    out.extend([(h * of(&self.weights, i)) as f32, (h * next) as f32]);
                }
                continue;
            }
            for (i, terms) in self.stages.iter().enumerate() {
                out.extend((0..i).map(|j| (h * of(terms, j)) as f32));
            }
            out.extend((0..stages).map(|j| (h * of(&self.weights, j)) as f32));
        }
        out
    }

    /// How so many rows are launched: tiles of the size that is done first, spread over all multiprocessors.
    pub(crate) fn shape(&self, rows: usize) -> Shape {
        let processors = (self.properties.multiprocessors as usize).max(1);
        let shape_at = |(index, variant): (usize, &Variant)| {
            let tiles = rows.div_ceil(16 * variant.rows).max(1);
            let most = variant.threads / 32;
            let blocks = processors.min(tiles);
            let warps = tiles.div_ceil(blocks).min(most);
            let rounds = tiles.div_ceil(blocks * warps);
            // Time of a round: warps of one processor share its units; one alone waits for its own results.
            let busy = warps as f64 * if variant.rows == 1 { 1.3 } else { 2.0 };
            let alone = if variant.rows == 1 { 4.0 } else { 5.0 };
            let cost = rounds as f64 * f64::max(busy, alone);
            (cost, self.shape_of(index, blocks, warps))
        };
        let shapes = self.variants.iter().enumerate().map(shape_at);
        let best = shapes.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, shape)| shape);
        best.unwrap_or(Shape { variant: 0, blocks: 1, threads: 32, shared: 0, scratch: 0 })
    }

    /// So many blocks of so many warps.
    fn shape_of(&self, index: usize, blocks: usize, warps: usize) -> Shape {
        let variant = &self.variants[index];
        let kept = if variant.shared_scratch { warps * variant.scratch } else { 0 };
        let scratch = if variant.shared_scratch { 0 } else { blocks * warps * variant.scratch };
        Shape { variant: index, blocks, threads: 32 * warps, shared: self.fixed_shared() + kept, scratch }
    }
}
