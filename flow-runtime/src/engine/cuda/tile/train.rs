//! Many training steps as one kernel: batches, forward, loss, reverse, the sums over the batch, clip, optimiser and average.
//!
//! All blocks stay where they are for the whole launch. In a step each takes tiles of the batch and sums their gradients into a place
//! of its own; then every weight is one thread's, which adds the blocks' sums in their order and takes the optimiser's step.
//! Blocks wait for each other twice a step, and a third time where the gradient is clipped.

use super::{
    FUNCTIONS, RANDOM, TILE, TILE_MMA, TRAIN,
    layout::{Layout, THREADS},
    packs::Packs,
    rows::Conditions,
    spec::{Spec, loss_text},
    steps::Scope,
    sums::Sums,
    update::partial_row,
};
use crate::{
    engine::{
        CudaPrecision,
        cuda::{
            backend::Properties,
            source::{Source, Writer},
        },
        plan::{Plan, Use},
    },
    error::Result,
    program::{Gradient, Program, Wanted},
};

/// The training kernel of a program.
pub(crate) struct Text {
    pub(super) packs: Packs,
    pub(super) layout: Layout,
    pub(crate) source: Source,
    /// Blocks that the launch has, and of which the text may declare a cluster.
    pub(super) blocks: usize,
}

/// Blocks of the largest cluster that every device with clusters has.
const CLUSTER: usize = 8;

impl Text {
    pub(crate) fn new(program: &'static Program, spec: &Spec, device: &Properties) -> Result<Self> {
        let gradient = program.gradient(Wanted { parameters: true, state: false })?;
        let plan = Plan::of(&gradient.program, gradient.parameters, Use::TrainingFused);
        let packs = Packs::of(&plan, spec.precision);
        let dim = program.state_dim();
        let conditions = Conditions::of(program);
        let float = |name: &str, numbers| (name.to_owned(), numbers, "float");
        let mut parts = vec![float("x", dim), float("ut", dim), float("v", dim), float("dv", dim), float("t", 1)];
        parts.extend([
            ("row".to_owned(), 1, "int"),
            ("path".to_owned(), 8, "double"),
            // A double for each warp: twice as many numbers, in a tile of eight rows.
            ("room".to_owned(), 2 * (THREADS / 32) / 8, "double"),
        ]);
        parts.extend(conditions.parts.iter().cloned());
        let layout = Layout::for_training(&plan, &packs, &parts, spec.batch, spec.precision, device);
        let tiles = spec.batch.div_ceil(layout.rows);
        let most = device.multiprocessors as usize;
        // The blocks of a cluster wait for each other a shorter time.
        let cluster = (2..=CLUSTER.min(most)).contains(&tiles) && device.capability >= (9, 0);
        let blocks = if cluster {
            tiles.next_power_of_two()
        } else {
            // Every weight is one thread's: more blocks than there are tiles share that work.
            tiles.max(program.parameter_count().div_ceil(THREADS)).clamp(1, most)
        };
        // With one tile in a step, of one gradient, there is nothing to add up.
        let several = tiles > blocks || spec.accumulate > 1;
        let sums = Sums::of(&plan, spec.precision, &layout, several);
        let source = Kernel {
            program,
            gradient,
            plan: &plan,
            packs: &packs,
            layout: &layout,
            spec,
            sums: &sums,
            blocks,
            working: tiles.clamp(1, blocks),
            cluster,
        }
        .print(&conditions);
        Ok(Self { packs, layout, source, blocks })
    }
}

/// What the text is printed from.
pub(super) struct Kernel<'a> {
    pub(super) program: &'static Program,
    pub(super) gradient: &'a Gradient,
    pub(super) plan: &'a Plan,
    pub(super) packs: &'a Packs,
    pub(super) layout: &'a Layout,
    pub(super) spec: &'a Spec,
    pub(super) sums: &'a Sums,
    pub(super) blocks: usize,
    /// Blocks that have tiles, the first ones.
    pub(super) working: usize,
    pub(super) cluster: bool,
}

impl Kernel<'_> {
    fn print(&self, conditions: &Conditions) -> Source {
        let mut out = Writer::default();
        for text in [FUNCTIONS, RANDOM, TILE, TRAIN] {
            out.text(text);
        }
        if self.spec.precision != CudaPrecision::Strict {
            out.text(TILE_MMA);
        }
        out.line("");
        self.print_store(&mut out);
        out.line("");
        let name = format!("flow_{}_train", self.program.name);
        out.line(format_args!(
            "// Training steps of {}: {} rows to a tile, {} gradients to a step.",
            self.program.name, self.layout.rows, self.spec.accumulate
        ));
        if self.cluster {
            out.line(format_args!("// The grid is one cluster of {} blocks.", self.blocks));
        }
        let cluster = if self.cluster { format!("FM_CLUSTER({}) ", self.blocks) } else { String::new() };
        let parameters = "float* parameters, float* packed, float* scratch, float* partial, float* total, double* losses, \
                          double* squares, float* moment1, float* moment2, float* average, const fm_rates* rates, \
                          double* outcome, u32* arrived, const float* data, const float* given_t, const float* given_x, \
                          const float* given_u, u64 seed, u64 first_draw, int data_rows, int batch, int steps, int update, \
                          float bound";
        let head = format!(
            "FM_KERNEL({}) {cluster}void {name}({parameters}{})",
            self.layout.threads(),
            conditions.parameters()
        );
        out.block(head, |out| {
            self.layout.print_pointers(out);
            let threads = self.layout.threads();
            out.line(format_args!(
                "const int threads = gridDim.x * {threads}, own_thread = blockIdx.x * {threads} + threadIdx.x;"
            ));
            out.line(format_args!("float* g = partial + (u64)blockIdx.x * {};", partial_row(self.program)));
            let accumulate = self.spec.accumulate;
            out.line(format_args!(
                "const double share = 1.0 / ((double)batch * {}.0 * {accumulate}.0);",
                self.program.state_dim()
            ));
            out.line("#pragma unroll 1");
            out.block("for (int step = 0; step < steps; step++)", |out| {
                if self.layout.weights_shared {
                    out.line("// They come while the first tile is drawn.");
                    self.print_working(out, |out| self.layout.print_weights(out));
                }
                out.line("double* loss_of = losses + (u64)step * gridDim.x;");
                out.line("double* square_of = squares + (u64)step * gridDim.x;");
                out.line("double own = 0.0;");
                out.line("bool fresh = true;");
                out.line("(void)fresh;");
                self.sums.print_clear(out);
                out.line("#pragma unroll 1");
                out.block(format_args!("for (int part = 0; part < {accumulate}; part++)"), |out| {
                    self.print_tiles(out, conditions);
                });
                self.print_working(out, |out| self.sums.print_give(out));
                out.line(format_args!("const double loss = share * fm_block_sum<{threads}>(own, room);"));
                out.line("if (threadIdx.x == 0) loss_of[blockIdx.x] = loss;");
                out.line(self.wait());
                self.print_update(out);
            });
            self.print_outcomes(out);
        });
        out.line("");
        let alone = format!("flow_{}_optimize", self.program.name);
        self.print_optimize(&mut out, &alone);
        Source { name: self.program.name.to_owned(), text: out.finish(), kernels: vec![name, alone] }
    }

    /// Whether the derivative of the loss is taken without the share of a sample until all are summed.
    pub(super) fn scaled(&self) -> bool {
        self.spec.precision != CudaPrecision::Strict
    }

    /// What blocks do that have tiles.
    fn print_working(&self, out: &mut Writer, body: impl FnOnce(&mut Writer)) {
        if self.working == self.blocks {
            return body(out);
        }
        out.block(format_args!("if (blockIdx.x < {})", self.working), body);
    }

    pub(super) fn wait(&self) -> &'static str {
        if self.cluster { "fm_cluster_sync();" } else { "fm_grid_sync(arrived);" }
    }

    /// The tiles of one batch: draw, forward, loss, reverse.
    fn print_tiles(&self, out: &mut Writer, conditions: &Conditions) {
        let (rows, team) = (self.layout.rows, self.layout.team);
        let wait = format!("fm_team_sync<{team}>();");
        out.line(format_args!("const u64 draw = first_draw + (u64)step * {} + part;", self.spec.accumulate));
        out.line("const fm_random masks = fm_random_of(seed, 4, draw);");
        out.line("(void)masks;");
        out.line("#pragma unroll 1");
        out.block(format_args!("for (int tile = blockIdx.x; tile * {rows} < batch; tile += gridDim.x)"), |out| {
            out.line(format_args!("const int sample = tile * {rows}, count = min({rows}, batch - sample);"));
            self.print_draw(out, conditions);
            if self.layout.weights_shared {
                out.line("fm_copied();");
            }
            out.line(&wait);
            out.line("const float* in = x;");
            let scope = Scope {
                program: &self.gradient.program,
                plan: self.plan,
                packs: self.packs,
                rows,
                stride: self.layout.stride,
                team,
                packed: "w",
                shared_time: false,
                sums: Some(self.sums),
            };
            out.line("// ---- forward");
            let (forward, reverse) = self.plan.body.split_at(self.plan.forward);
            let before: Vec<_> = self.plan.prologue.iter().chain(forward).copied().collect();
            scope.print(out, &before);
            out.line(&wait);
            self.print_loss(out);
            out.line("// ---- reverse");
            scope.print(out, reverse);
            out.line(&wait);
            out.line("fresh = false;");
        });
    }

    fn print_loss(&self, out: &mut Writer) {
        let (rows, stride) = (self.layout.rows, self.layout.stride);
        let (team, dim) = (self.layout.team, self.program.state_dim());
        let [value, slope] = loss_text(self.spec.loss);
        // In 16-bit numbers derivatives are to be of size one; their sum takes the share of a sample.
        let scale = if self.scaled() { "" } else { "share * " };
        out.line("// ---- loss");
        out.block(format_args!("fm_each<{team}, {rows}, 1, {dim}>(me, [&](int l, int j, int r)"), |out| {
            out.line(format_args!("const double d = (double)v[j * {stride} + r] - (double)ut[j * {stride} + r];"));
            out.line(format_args!("if (r < count) own += {value};"));
            out.line(format_args!("dv[j * {stride} + r] = r < count ? (float)({scale}{slope}) : 0.0f;"));
        });
        out.line(");");
        out.line(format_args!("fm_team_sync<{team}>();"));
    }
}
