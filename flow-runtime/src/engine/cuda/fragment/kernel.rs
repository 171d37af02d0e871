//! The text of the kernel around the evaluation: a tile of rows is carried over all steps.

use super::{
    emit::{Emit, columns, each_chunk},
    graph::{Graph, Level},
    places::Places,
    schedule::{Schedule, chunks, halves},
};
use crate::engine::cuda::source::Writer;

/// All that the text depends on.
pub(super) struct Parts<'a> {
    pub(super) name: &'a str,
    pub(super) kernel: &'a str,
    pub(super) graph: &'a Graph,
    pub(super) places: &'a Places,
    pub(super) stage: &'a Schedule,
    pub(super) tile: &'a Schedule,
    pub(super) split: bool,
    /// Whether a condition is a label.
    pub(super) conditions: &'a [bool],
    pub(super) dim: usize,
    pub(super) table_row: usize,
    /// Index among a step's distinct times, for each stage.
    pub(super) times: &'a [usize],
    pub(super) distinct_times: usize,
    pub(super) chain: bool,
    /// Rows of a tile, by sixteen.
    pub(super) rows: usize,
    pub(super) threads: usize,
    /// Half chunks that a warp keeps, in shared memory or not.
    pub(super) scratch: usize,
    pub(super) shared_scratch: bool,
}

impl Parts<'_> {
    pub(super) fn text(&self) -> String {
        let mut out = Writer::default();
        out.line(format_args!(
            "// {}: an integration of a batch. A warp carries {} rows over all steps.",
            self.name,
            16 * self.rows
        ));
        out.line(format_args!("#define FM_M {}", self.rows));
        out.line(format_args!("#define FM_SPLIT {}", u32::from(self.split)));
        out.text(include_str!("../text/fragment.cuh"));
        out.text(include_str!("../text/fragment_functions.cuh"));
        out.line("");
        self.velocity(&mut out);
        out.line("");
        self.kernel(&mut out);
        out.finish()
    }

    fn emit<'b>(&'b self, schedule: &'b Schedule, level: Level) -> Emit<'b> {
        let even = self.table_row.is_multiple_of(2);
        Emit { graph: self.graph, schedule, places: self.places, level, split: self.split, even }
    }

    fn velocity(&self, out: &mut Writer) {
        let count = chunks(self.dim);
        out.line("// The velocity at one time. row: what depends on the time alone; rows: parameters; kept: what was computed before the");
        out.line("// first step; weights and kept begin at this lane's.");
        let head = format!(
            "FM_FUNCTION void velocity(const Chunk (&x)[{count}], Chunk (&out)[{count}], const uint4* weights, \
             const float* rows, const float* __restrict__ row, const float* __restrict__ time, const float4* kept)"
        );
        out.block(head, |out| {
            let emit = self.emit(self.stage, Level::Stage);
            emit.statements(out);
            let output = &self.graph.values[self.graph.output];
            each_chunk(out, count, |out, c| {
                out.line(format_args!("out[{c}] = {}[{c}];", output.name));
            });
        });
    }

    fn kernel(&self, out: &mut Writer) {
        let mut parameters = vec![
            "const uint4* __restrict__ packed".to_owned(),
            "const float* __restrict__ tables".to_owned(),
            "const float* __restrict__ table".to_owned(),
            "const float* __restrict__ times".to_owned(),
            "const float* __restrict__ coefficients".to_owned(),
            "float* __restrict__ state".to_owned(),
            "u32* __restrict__ lost".to_owned(),
            "float4* __restrict__ scratch".to_owned(),
        ];
        for (i, label) in self.conditions.iter().enumerate() {
            let kind = if *label { "u32" } else { "float" };
            parameters.push(format!("const {kind}* __restrict__ condition_{i}"));
        }
        parameters.push("int count, int first_step, int last_step".to_owned());
        out.block(format_args!("FM_KERNEL({}) void {}({})", self.threads, self.kernel, parameters.join(", ")), |out| {
            let (words, row_len) = (self.places.words, self.places.row_len);
            out.line("FM_SMEM(uint4, shared);");
            out.line(format_args!("float* rows = (float*)(shared + {words});"));
            out.line(format_args!("for (int i = threadIdx.x; i < {words}; i += blockDim.x) shared[i] = packed[i];"));
            out.line(format_args!("for (int i = threadIdx.x; i < {row_len}; i += blockDim.x) rows[i] = tables[i];"));
            out.line("__syncthreads();");
            out.line("const int lane = threadIdx.x & 31, warp = (blockIdx.x * blockDim.x + threadIdx.x) >> 5;");
            out.line("const int warps = (gridDim.x * blockDim.x) >> 5;");
            out.line("const uint4* weights = shared + lane;");
            if self.scratch > 0 {
                let size = self.scratch * 32 * self.rows;
                out.line(if self.shared_scratch {
                    format!("float4* kept = (float4*)(rows + {row_len}) + (threadIdx.x >> 5) * {size} + lane;")
                } else {
                    format!("float4* kept = scratch + (u64)warp * {size} + lane;")
                });
            } else {
                out.line("float4* kept = scratch;");
            }
            let rows = 16 * self.rows;
            out.line("#pragma unroll 1");
            out.block(format_args!("for (int tile = warp; tile <= (count - 1) / {rows}; tile += warps)"), |out| {
                self.tile(out);
            });
        });
    }

    fn tile(&self, out: &mut Writer) {
        let (count, dim) = (chunks(self.dim), self.dim);
        out.line(format_args!("const int first = tile * {};", 16 * self.rows));
        out.line("const u32 there = fm_there(first, count);");
        if !self.tile.statements.is_empty() {
            out.line("// What depends on conditions alone.");
            out.block("", |out| self.emit(self.tile, Level::Tile).statements(out));
        }
        out.line(format_args!("Chunk x[{count}];"));
        each_chunk(out, count, |out, c| {
            out.line(format_args!("x[{c}] = fm_load(state, first, count, {dim}, 16 * {c});"));
        });
        if !self.chain {
            self.keep(out, "x", self.state_place());
        }
        out.line("#pragma unroll 1");
        out.block("for (int step = first_step; step < last_step; step++)", |out| {
            self.step(out);
            let lost = (0..count)
                .map(|c| format!("fm_lost(x[{c}], {})", columns(dim - 16 * c, "0")))
                .collect::<Vec<_>>()
                .join(" | ");
            out.line(format_args!("const u32 bad = ({lost}) & there;"));
            out.block("if (__any_sync(0xffffffffu, bad != 0))", |out| {
                out.line("fm_report(lost + 2 * (step - first_step), bad, first);");
                out.line("break;");
            });
        });
        each_chunk(out, count, |out, c| {
            out.line(format_args!("fm_store(state, x[{c}], first, count, {dim}, 16 * {c});"));
        });
    }

    /// Place of the state in what a warp keeps; the slopes follow.
    fn state_place(&self) -> usize {
        self.places.kept_halves
    }

    fn slope_place(&self) -> usize {
        self.state_place() + halves(self.dim)
    }

    fn keep(&self, out: &mut Writer, what: &str, place: usize) {
        each_chunk(out, chunks(self.dim), |out, c| {
            out.line(format_args!("fm_keep(kept, {place} + 2 * {c}, {what}[{c}], {});", columns(self.dim, c)));
        });
    }

    fn step(&self, out: &mut Writer) {
        let (stages, count, dim) = (self.times.len(), chunks(self.dim), self.dim);
        let packed = self.times.iter().enumerate().fold(0u64, |all, (i, time)| all | (*time as u64) << (4 * i));
        let time =
            if self.distinct_times == 1 { "0".to_owned() } else { format!("(int)({packed:#x}ull >> 4 * stage & 15)") };
        let evaluate = |out: &mut Writer, y: &str| {
            out.line(format_args!("const int at = step * {} + {time};", self.distinct_times));
            let row = self.table_row;
            out.line(format_args!("velocity({y}, k, weights, rows, table + (u64)at * {row}, times + at, kept);"));
        };
        if self.chain {
            out.line(
                "// Each stage reads the slope before it alone: a coefficient of the step and one of the next stage.",
            );
            out.line(format_args!("const float* h = coefficients + (u64)step * {};", 2 * stages));
            out.line(format_args!("Chunk y[{count}], sum[{count}], k[{count}];"));
            each_chunk(out, count, |out, c| out.line(format_args!("y[{c}] = sum[{c}] = x[{c}];")));
            out.line("#pragma unroll 1");
            out.block(format_args!("for (int stage = 0; stage < {stages}; stage++)"), |out| {
                evaluate(out, "y");
                out.line("const float weight = h[2 * stage], next = h[2 * stage + 1];");
                each_chunk(out, count, |out, c| {
                    out.line(format_args!("sum[{c}] = fm_axpy(weight, k[{c}], sum[{c}]);"));
                    out.line(format_args!("y[{c}] = fm_axpy(next, k[{c}], x[{c}]);"));
                });
            });
            return each_chunk(out, count, |out, c| out.line(format_args!("x[{c}] = sum[{c}];")));
        }
        let terms = stages * (stages + 1) / 2;
        let combine = |out: &mut Writer, y: &str, until: &str| {
            each_chunk(out, count, |out, c| {
                out.line(format_args!(
                    "{y}[{c}] = fm_kept(kept, {} + 2 * {c}, {});",
                    self.state_place(),
                    columns(dim, c)
                ));
            });
            out.line("#pragma unroll 1");
            out.block(format_args!("for (int i = 0; i < {until}; i++)"), |out| {
                out.line("const float factor = *h++;");
                out.block("if (factor != 0.0f)", |out| {
                    each_chunk(out, count, |out, c| {
                        let place = format!("{} + {} * i + 2 * {c}", self.slope_place(), halves(dim));
                        let slope = format!("fm_kept(kept, {place}, {})", columns(dim, c));
                        out.line(format_args!("{y}[{c}] = fm_axpy(factor, {slope}, {y}[{c}]);"));
                    });
                });
            });
        };
        out.line("// Coefficients of the stages, one after the other, then of the step.");
        out.line(format_args!("const float* h = coefficients + (u64)step * {terms};"));
        out.line("#pragma unroll 1");
        out.block(format_args!("for (int stage = 0; stage < {stages}; stage++)"), |out| {
            out.line(format_args!("Chunk y[{count}], k[{count}];"));
            combine(out, "y", "stage");
            evaluate(out, "y");
            each_chunk(out, count, |out, c| {
                let place = format!("{} + {} * stage + 2 * {c}", self.slope_place(), halves(dim));
                out.line(format_args!("fm_keep(kept, {place}, k[{c}], {});", columns(dim, c)));
            });
        });
        combine(out, "x", &stages.to_string());
        self.keep(out, "x", self.state_place());
    }
}
