//! Many training steps as one kernel: batches, forward, loss, reverse, the sums over the batch, clip, optimiser and average.
//!
//! All blocks stay where they are for the whole launch. In a step each takes tiles of the batch and sums their gradients into a place
//! of its own; then every weight is one thread's, which adds the blocks' sums in their order and takes the optimiser's step.
//! Blocks wait for each other twice a step, and a third time where the gradient is clipped.

use super::{
    FUNCTIONS, RANDOM, TILE, TILE_MMA, TRAIN,
    layout::{Layout, THREADS},
    packs::{Form, Packs},
    rows::Conditions,
    spec::{Spec, loss_text},
    steps::Scope,
    sums::Sums,
};
use crate::{
    engine::{
        CudaPrecision,
        cuda::{
            backend::Properties,
            source::{Source, Writer, float},
        },
        plan::{Plan, Use},
    },
    error::Result,
    model::Layout as Weights,
    program::{Gradient, Program, Wanted},
    train::Optimizer,
};
use std::ops::Range;

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

    /// The optimiser by itself, on a gradient that is there.
    fn print_optimize(&self, out: &mut Writer, name: &str) {
        out.line("// One step of the optimiser.");
        let head = format!(
            "FM_KERNEL(256) void {name}(float* parameters, float* packed, const float* total, float* moment1, float* moment2, float* average, const fm_rates* rates)"
        );
        out.block(head, |out| {
            out.line("const fm_rates rate = rates[0];");
            for Range { start, end } in Weights::of(self.program).trained_ranges() {
                let head =
                    format!("for (int i = {start} + blockIdx.x * 256 + threadIdx.x; i < {end}; i += gridDim.x * 256)");
                out.block(head, |out| {
                    out.line("const float gradient = total[i];");
                    self.update_text().iter().for_each(|text| out.text(text));
                });
            }
        });
    }

    /// Whether the derivative of the loss is taken without the share of a sample until all are summed.
    fn scaled(&self) -> bool {
        self.spec.precision != CudaPrecision::Strict
    }

    /// What blocks do that have tiles.
    fn print_working(&self, out: &mut Writer, body: impl FnOnce(&mut Writer)) {
        if self.working == self.blocks {
            return body(out);
        }
        out.block(format_args!("if (blockIdx.x < {})", self.working), body);
    }

    fn wait(&self) -> &'static str {
        if self.cluster { "fm_cluster_sync();" } else { "fm_grid_sync(arrived);" }
    }

    /// Writes a weight wherever it is read from.
    fn print_store(&self, out: &mut Writer) {
        out.line("// A weight goes to its place, and to those in the packed weights.");
        let name = format!("flow_{}_store", self.program.name);
        out.block(format_args!("FM_FUNCTION void {name}(float* parameters, float* packed, int i, float w)"), |out| {
            out.line("parameters[i] = w;");
            for placed in self.packs.iter() {
                let pack = &placed.pack;
                let last = (pack.depth - 1) * pack.depth_stride + (pack.columns - 1) * pack.column_stride;
                let (of_k, of_n) = if pack.column_stride == 1 && pack.depth_stride >= pack.columns {
                    (format!("e / {}", pack.depth_stride), format!("e % {}", pack.depth_stride))
                } else {
                    (format!("e % {}", pack.column_stride), format!("e / {}", pack.column_stride))
                };
                out.block(format_args!("if (i >= {} && i <= {})", pack.offset, pack.offset + last), |out| {
                    out.line(format_args!("const int e = i - {}, k = {of_k}, n = {of_n};", pack.offset));
                    let (place, inside) = (placed.place, format!("k < {} && n < {}", pack.depth, pack.columns));
                    match placed.form {
                        Form::Rows => {
                            out.line(format_args!("if ({inside}) packed[{place} + k * {} + n] = w;", placed.row()));
                        }
                        Form::Halves { parts } => {
                            let (deep, wide) = placed.tiles();
                            let low = if parts == 3 { deep * wide * 128 } else { 0 };
                            out.line(format_args!(
                                "if ({inside}) fm_store_half<{parts}, {wide}, {low}>(packed + {place}, k, n, w);"
                            ));
                        }
                    }
                });
            }
        });
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

    /// The gradient as a whole, and what it does to the weights.
    fn print_update(&self, out: &mut Writer) {
        let team = self.layout.threads();
        let ranges = Weights::of(self.program).trained_ranges();
        let row = partial_row(self.program);
        out.line("// ---- every weight is one thread's");
        out.line("const fm_rates rate = rates[step];");
        out.line("double square = 0.0;");
        let apply = |out: &mut Writer, with: &str| {
            for Range { start, end } in &ranges {
                out.line("#pragma unroll 1");
                out.block(format_args!("for (int i = {start} + own_thread; i < {end}; i += threads)"), |out| {
                    out.text(with);
                });
            }
        };
        let [before, update] = self.update_text();
        let share = if self.scaled() { "gradient = (float)(share * (double)gradient);\n" } else { "" };
        // Many reads are under way at once, and the sum is in the order of the blocks all the same.
        let sum = format!(
            "float gradient = 0.0f;\n#pragma unroll {SUMMED}\nfor (int b = 0; b < {}; b++) \
             gradient += partial[(u64)b * {row} + i];\n{share}square += (double)gradient * (double)gradient;",
            self.working
        );
        if self.spec.clip {
            apply(out, &format!("{sum}\ntotal[i] = gradient;"));
        } else {
            apply(out, &format!("{before}\n{sum}\nif (update) {{\n{update}\n}} else total[i] = gradient;"));
        }
        out.line(format_args!("square = fm_block_sum<{team}>(square, room);"));
        out.line("if (threadIdx.x == 0) square_of[blockIdx.x] = square;");
        if self.spec.clip {
            out.line(self.wait());
            out.block("if (update)", |out| {
                out.line("const double norm = sqrt(fm_warp_total(square_of, gridDim.x));");
                out.line("const bool clipped = norm > (double)bound && norm - norm == 0.0;");
                out.line("const double factor = clipped ? (double)bound / norm : 1.0;");
                apply(out, &format!("{before}\nfloat gradient = (float)((double)total[i] * factor);\n{update}"));
            });
        }
        out.line(self.wait());
    }

    /// Losses and norms of all steps, a warp for each: at the end, so that no step waits for them.
    fn print_outcomes(&self, out: &mut Writer) {
        out.line("// ---- what the steps came to");
        out.block("for (int step = own_thread / 32; step < steps; step += threads / 32)", |out| {
            out.line("const double loss = fm_warp_total(losses + (u64)step * gridDim.x, gridDim.x);");
            out.line("const double norm = sqrt(fm_warp_total(squares + (u64)step * gridDim.x, gridDim.x));");
            out.block("if (threadIdx.x % 32 == 0)", |out| {
                out.line("outcome[2 * step] = loss;");
                out.line("outcome[2 * step + 1] = norm;");
            });
        });
    }

    /// What the optimiser does to weight `i` with `gradient`, and what it reads for it.
    fn update_text(&self) -> [String; 2] {
        update_text(self.spec, &format!("flow_{}_store(parameters, packed, i, weight);", self.program.name))
    }
}

/// Numbers from one block's gradient to the next: pairs are written at even places.
pub(super) fn partial_row(program: &Program) -> usize {
    program.parameter_count().next_multiple_of(4).max(4)
}

/// Reads on the way to a weight's gradient: enough to hide how long one takes.
const SUMMED: usize = 32;

/// What the optimiser reads of weight `i`, which is best read before its `gradient` is there, and its step; the weight is stored by
/// `store`, and the average follows.
pub(crate) fn update_text(spec: &Spec, store: &str) -> [String; 2] {
    let mut before = "const float old = parameters[i];".to_owned();
    let mut after = String::new();
    let step = match spec.optimizer {
        Optimizer::Adam { beta1, beta2, eps, weight_decay, .. } => adam(beta1, beta2, eps, weight_decay),
        Optimizer::AdamW { beta1, beta2, eps, .. } => adam(beta1, beta2, eps, 0.0),
        Optimizer::Sgd { momentum, nesterov, weight_decay, .. } => format!(
            "fm_sgd(old, gradient, first, rate, {}, {nesterov}, {})",
            float(momentum as f32),
            float(weight_decay as f32)
        ),
    };
    match spec.optimizer {
        Optimizer::Adam { .. } | Optimizer::AdamW { .. } => {
            before.push_str("\nfloat first = moment1[i], second = moment2[i];");
            after.push_str("\nmoment1[i] = first;\nmoment2[i] = second;");
        }
        // Without momentum there is no moment.
        Optimizer::Sgd { momentum: 0.0, .. } => before.push_str("\nfloat first = 0.0f;"),
        Optimizer::Sgd { .. } => {
            before.push_str("\nfloat first = moment1[i];");
            after.push_str("\nmoment1[i] = first;");
        }
    }
    if spec.ema {
        before.push_str("\nconst float mean = average[i];");
        after.push_str("\naverage[i] = mean + rate.follow * (weight - mean);");
    }
    [before, format!("const float weight = {step};\n{store}{after}")]
}

/// An expression with the functions that stand in `text/train.cuh`.
pub(crate) fn of_device(text: &str) -> String {
    text.replace("sin(", "fm_sin64(").replace("cos(", "fm_cos64(").replace("tan(", "fm_tan64(")
}

fn adam(beta1: f64, beta2: f64, eps: f64, l2: f64) -> String {
    let [b1, r1, b2, r2, eps, l2] = [beta1, 1.0 - beta1, beta2, 1.0 - beta2, eps, l2].map(|value| float(value as f32));
    format!("fm_adam(old, gradient, first, second, rate, {b1}, {r1}, {b2}, {r2}, {eps}, {l2})")
}
