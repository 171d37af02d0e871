//! How a tile's memory is divided, and how many tiles a block carries.

use super::packs::Packs;
use crate::engine::{
    CudaPrecision,
    cuda::{backend::Properties, source::Writer},
    plan::Plan,
};

/// Shared memory that the system keeps for itself in every block.
const RESERVED: usize = 1 << 10;
/// Registers of a multiprocessor allow so many threads, of which each has all that it may have.
pub(super) const THREADS: usize = 256;
/// Of which the steps of a tile leave so many, for what is kept from tile to tile.
pub(super) const SPARE_REGISTERS: usize = 96;

/// Threads, rows and places of memory of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// Rows of a tile, and the distance of columns.
    pub(super) rows: usize,
    pub(super) stride: usize,
    /// Threads of a team, which has a tile.
    pub(super) team: usize,
    /// Teams of a block.
    pub(super) teams: usize,
    /// The packed weights are copied into shared memory.
    pub(super) weights_shared: bool,
    /// The tile's values are in shared memory.
    pub(super) values_shared: bool,
    /// Numbers of a tile, over all rows.
    pub(super) tile: usize,
    /// Packed numbers in shared memory.
    pub(super) packed: usize,
    names: Vec<(String, usize, &'static str)>,
}

impl Layout {
    /// The division for tiles whose values are `parts`: name, numbers of one row, type.
    ///
    /// A warp for each tile if there are many of them, else the whole block for one.
    pub(super) fn of(
        plan: &Plan,
        packs: &Packs,
        parts: &[(String, usize, &'static str)],
        count: usize,
        precision: CudaPrecision,
        device: &Properties,
    ) -> Self {
        let row = plan.arena_row() + parts.iter().map(|(_, numbers, _)| numbers).sum::<usize>();
        let room = device.shared_per_block.saturating_sub(RESERVED) / size_of::<f32>();
        let mut names = parts.to_vec();
        names.insert(0, ("a".to_owned(), plan.arena_row(), "float"));
        let mut layout = Self {
            rows: 32,
            stride: 32,
            team: THREADS,
            teams: 1,
            weights_shared: false,
            values_shared: true,
            tile: 0,
            packed: 0,
            names,
        };
        // Enough for every scheduler of every multiprocessor: each warp has a tile of its own.
        let many = count >= 32 * 4 * device.multiprocessors as usize;
        // On tensor cores rows side by side are read from different banks.
        let pad = if precision == CudaPrecision::Strict { 0 } else { 4 };
        if !many {
            // A tensor core takes 16 rows, and more of them share the weights.
            let fewest = if precision == CudaPrecision::Strict { 8 } else { 16 };
            // Few rows are spread over more blocks.
            let spread = |rows: usize| count.div_ceil(rows) >= device.multiprocessors as usize;
            let fits = |rows: usize| packs.body + (rows + pad) * row <= room;
            let sizes = || [64, 32, 16, 8].into_iter().filter(|rows| *rows >= fewest);
            let best = sizes().find(|rows| spread(*rows) && fits(*rows));
            layout.rows = best.or_else(|| sizes().find(|rows| spread(*rows) && *rows <= 32)).unwrap_or(fewest);
        }
        layout.stride = layout.rows + pad;
        layout.tile = layout.stride * row;
        layout.weights_shared = packs.body + layout.tile <= room;
        if !layout.weights_shared && layout.tile > room {
            layout.values_shared = false;
            // What is read again and again is the weights.
            layout.weights_shared = packs.body <= room;
        }
        layout.packed = if layout.weights_shared { packs.body } else { 0 };
        if many {
            let fit = (room - layout.packed).checked_div(layout.tile).unwrap_or(usize::MAX);
            let teams = if layout.values_shared { fit.min(THREADS / 32) } else { THREADS / 32 };
            // Fewer warps would leave schedulers idle: the block goes over one tile of more rows together then.
            let fits = |rows: &usize| layout.packed + (rows + pad) * row <= room;
            let together = [128, 64].into_iter().find(fits).filter(|_| layout.values_shared && teams < THREADS / 32);
            if let Some(rows) = together {
                (layout.rows, layout.stride, layout.tile) = (rows, rows + pad, (rows + pad) * row);
            } else if teams >= 4 {
                (layout.team, layout.teams) = (32, teams);
            }
        }
        layout
    }

    /// As [`of`](Self::of) for training: the block is one team, and a batch is spread over all blocks.
    pub(super) fn for_training(
        plan: &Plan,
        packs: &Packs,
        parts: &[(String, usize, &'static str)],
        batch: usize,
        precision: CudaPrecision,
        device: &Properties,
    ) -> Self {
        // Below what would give each warp a tile of its own.
        let few = batch.min(128 * device.multiprocessors as usize - 1);
        Self::of(plan, packs, parts, few, precision, device)
    }

    pub(super) fn threads(&self) -> usize {
        self.team * self.teams
    }

    /// Bytes of dynamic shared memory.
    pub(super) fn shared_bytes(&self) -> usize {
        size_of::<f32>() * (self.packed + if self.values_shared { self.teams * self.tile } else { 0 })
    }

    /// Bytes of global memory that a grid of `blocks` blocks needs for its values.
    pub(super) fn scratch_bytes(&self, blocks: usize) -> usize {
        if self.values_shared { 0 } else { size_of::<f32>() * blocks * self.teams * self.tile }
    }

    /// Blocks for so many rows.
    pub(super) fn blocks(&self, count: usize, device: &Properties) -> usize {
        count.div_ceil(self.rows * self.teams).clamp(1, device.multiprocessors as usize)
    }

    /// Which tile a thread works on, the weights, and the pointers into the tile's memory.
    pub(super) fn print(&self, out: &mut Writer) {
        self.print_pointers(out);
        if self.weights_shared {
            self.print_weights(out);
            out.line("fm_copied();");
            out.line("__syncthreads();");
        }
    }

    /// As [`print`](Self::print), without reading the weights.
    pub(super) fn print_pointers(&self, out: &mut Writer) {
        out.line("FM_SMEM(float, memory);");
        out.line(format_args!("const int team = threadIdx.x / {0}, me = threadIdx.x % {0};", self.team));
        out.line(if self.weights_shared { "float* w = memory;" } else { "const float* w = packed;" });
        if self.values_shared {
            out.line(format_args!("float* a = memory + {} + team * {};", self.packed, self.tile));
        } else {
            out.line(format_args!("float* a = scratch + ((u64)blockIdx.x * {} + team) * {};", self.teams, self.tile));
        }
        let mut at = 0;
        for (name, numbers, kind) in &self.names {
            if at > 0 {
                out.line(format_args!("{kind}* {name} = ({kind}*)(a + {at});"));
            }
            at += self.stride * numbers;
        }
    }

    /// Has the weights copied into shared memory; they are there after `fm_copied` and a barrier.
    pub(super) fn print_weights(&self, out: &mut Writer) {
        out.line(format_args!(
            "for (int i = threadIdx.x * 4; i < {}; i += {}) fm_copy16(w + i, packed + i);",
            self.packed,
            4 * self.threads()
        ));
    }
}
