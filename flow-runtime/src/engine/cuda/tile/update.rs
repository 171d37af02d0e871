//! What becomes of the blocks' gradients: their sum, the clip, the optimiser's step, the average, and the weights in all their places.

use super::{packs::Form, spec::Spec, train::Kernel};
use crate::{
    engine::cuda::source::{Writer, float},
    model::Layout as Weights,
    program::Program,
    train::Optimizer,
};
use std::ops::Range;

impl Kernel<'_> {
    /// Writes a weight wherever it is read from.
    pub(super) fn print_store(&self, out: &mut Writer) {
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

    /// The gradient as a whole, and what it does to the weights.
    pub(super) fn print_update(&self, out: &mut Writer) {
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
    pub(super) fn print_outcomes(&self, out: &mut Writer) {
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

    /// The optimiser by itself, on a gradient that is there.
    pub(super) fn print_optimize(&self, out: &mut Writer, name: &str) {
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

fn adam(beta1: f64, beta2: f64, eps: f64, l2: f64) -> String {
    let [b1, r1, b2, r2, eps, l2] = [beta1, 1.0 - beta1, beta2, 1.0 - beta2, eps, l2].map(|value| float(value as f32));
    format!("fm_adam(old, gradient, first, second, rate, {b1}, {r1}, {b2}, {r2}, {eps}, {l2})")
}
