//! Training steps of a wide model: draw, gradient, clip, optimiser and average as launches, captured as one graph for a step.
//!
//! Sums are in a fixed order, and what changes from step to step (the number of the draw, the learning rate) is read from the
//! device's memory, so that the graph of a step serves all of them.

use super::{Precision, Training, TrainingPlan};
use crate::{
    engine::cuda::{
        backend::{Argument, Backend, Kernel, Launch, Memory, bytes_of, bytes_of_mut},
        source::{Source, Writer},
        tile::{Batches, RANDOM, Rates, STREAMS, Spec, State, Steps, TRAIN, of_device, update_text},
    },
    error::Result,
    model::Layout,
    program::{InputKind, Program},
};
use std::ops::Range;

const THREADS: usize = 256;
/// Blocks that share out the sum of the gradient's squares.
const SUMS: usize = 256;
/// Steps from which on a graph is worth its making.
const WORTH: usize = 3;

const KERNELS: [&str; 6] = ["draw", "loss", "square", "update", "next", "optimize"];

/// A wide model in training, with everything that a recipe asks for.
pub(crate) struct WideTrainer {
    program: &'static Program,
    pub(crate) spec: Spec,
    precision: Precision,
    source: Source,
    loaded: Option<Loaded>,
}

struct Loaded {
    training: Training,
    kernels: Vec<Kernel>,
    moment1: Memory,
    moment2: Memory,
    average: Memory,
    squares: Memory,
    loss: Memory,
    /// Step of the launch, number of the first draw, seed, and the bits of the bound of the gradient's norm.
    at: Memory,
}

impl WideTrainer {
    pub(crate) fn new(program: &'static Program, spec: Spec, precision: Precision) -> Self {
        let source = text(program, &spec);
        Self { program, spec, precision, source, loaded: None }
    }

    #[cfg(test)]
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    fn loaded(&mut self, backend: &mut dyn Backend) -> Result<&mut Loaded> {
        if let Some(loaded) = self.loaded.take() {
            return Ok(self.loaded.insert(loaded));
        }
        {
            let plan = TrainingPlan::new(self.program, self.precision, self.spec.loss)?;
            let training = Training::new(plan, self.spec.batch, self.spec.accumulate, backend)?;
            let kernels = backend.load(&self.source)?;
            let len = self.program.parameter_count().max(1);
            let numbers = |backend: &mut dyn Backend, count: usize, what| backend.allocate(4 * count, what);
            let average = if self.spec.ema { len } else { 1 };
            Ok(self.loaded.insert(Loaded {
                training,
                kernels,
                moment1: numbers(backend, len, "the first moment")?,
                moment2: numbers(backend, len, "the second moment")?,
                average: numbers(backend, average, "the average of the weights")?,
                squares: numbers(backend, 2 * SUMS, "the gradient's norm")?,
                loss: numbers(backend, 2, "the loss")?,
                at: numbers(backend, 8, "a counter")?,
            }))
        }
    }

    /// Takes over the host's state.
    pub(crate) fn upload(&mut self, backend: &mut dyn Backend, state: &State<'_>) -> Result<()> {
        let loaded = self.loaded(backend)?;
        let at = loaded.training.weights();
        backend.upload(at.memory, at.offset, bytes_of(state.weights))?;
        let moments = [(&loaded.moment1, &*state.moment1), (&loaded.moment2, &*state.moment2)];
        for (memory, values) in moments.into_iter().chain([(&loaded.average, &*state.average)]) {
            if !values.is_empty() {
                backend.upload(memory, 0, bytes_of(values))?;
            }
        }
        Ok(())
    }

    /// Gives the state back to the host.
    pub(crate) fn download(&mut self, backend: &mut dyn Backend, state: &mut State<'_>) -> Result<()> {
        let loaded = self.loaded(backend)?;
        let at = loaded.training.weights();
        backend.download(at.memory, at.offset, bytes_of_mut(state.weights))?;
        let State { moment1, moment2, average, .. } = state;
        let rest = [(&loaded.moment1, moment1), (&loaded.moment2, moment2), (&loaded.average, average)];
        for (memory, values) in rest {
            if !values.is_empty() {
                backend.download(memory, 0, bytes_of_mut(values))?;
            }
        }
        Ok(())
    }

    /// The gradient after a run that did not update; what is not trained has any value.
    pub(crate) fn gradient(&mut self, backend: &mut dyn Backend, gradient: &mut [f32]) -> Result<()> {
        let loaded = self.loaded(backend)?;
        let at = loaded.training.gradient();
        backend.download(at.memory, at.offset, bytes_of_mut(gradient))
    }

    /// One step of the optimiser with a gradient that the host has.
    pub(crate) fn optimize(&mut self, backend: &mut dyn Backend, rates: Rates, gradient: &[f32]) -> Result<()> {
        let loaded = self.loaded(backend)?;
        let at = loaded.training.gradient();
        backend.upload(at.memory, at.offset, bytes_of(gradient))?;
        let table = backend.allocate(size_of::<Rates>(), "the rates of the step")?;
        backend.upload(&table, 0, bytes_of(&rates.numbers()))?;
        backend.zero(&loaded.at, 0, 8)?;
        let arguments = loaded.update_arguments(&table);
        backend.launch(loaded.kernels[5], one_dimension(gradient.len()), &arguments)?;
        // What is not trained has no gradient.
        let at = loaded.training.gradient();
        backend.zero(at.memory, at.offset, size_of_val(gradient))
    }

    /// Takes steps; gives loss and norm of the gradient of each.
    pub(crate) fn run(
        &mut self,
        backend: &mut dyn Backend,
        steps: &Steps<'_>,
        batches: &Batches<'_>,
    ) -> Result<Vec<[f64; 2]>> {
        let (program, batch, accumulate) = (self.program, self.spec.batch, self.spec.accumulate);
        let loaded = self.loaded(backend)?;
        let rates: Vec<f32> = steps.rates.iter().flat_map(Rates::numbers).collect();
        let table = backend.allocate(4 * rates.len().max(1), "the rates of the steps")?;
        backend.upload(&table, 0, bytes_of(&rates))?;
        let count = steps.rates.len();
        let outcome = backend.allocate(16 * count.max(1), "the outcomes of the steps")?;
        backend.upload(&loaded.at, 0, bytes_of(&[0, steps.draw, steps.seed, u64::from(steps.bound.to_bits())]))?;
        let step = |backend: &mut dyn Backend| {
            loaded.step(backend, program, (batch, accumulate), batches, steps.update, &table, &outcome)
        };
        if count < WORTH {
            (0..count).try_for_each(|_| step(backend))?;
        } else {
            let graph = backend.capture(&mut |backend| step(backend))?;
            let result = (0..count).try_for_each(|_| backend.replay(graph));
            let result = result.and_then(|()| backend.synchronize());
            backend.forget(graph);
            result?;
        }
        let mut flat = vec![f64::NAN; 2 * count];
        if count > 0 {
            backend.download(&outcome, 0, bytes_of_mut(&mut flat))?;
        }
        Ok(flat.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
    }
}

impl Loaded {
    fn update_arguments(&self, rates: &Memory) -> Vec<Argument> {
        let [weights, gradient] = [self.training.weights(), self.training.gradient()];
        let addresses = [
            weights.memory.address + weights.offset as u64,
            gradient.memory.address + gradient.offset as u64,
            self.moment1.address,
            self.moment2.address,
            self.average.address,
            self.squares.address,
            rates.address,
            self.at.address,
        ];
        addresses.map(Argument::Address).to_vec()
    }

    /// What one step starts.
    #[allow(clippy::too_many_arguments)]
    fn step(
        &self,
        backend: &mut dyn Backend,
        program: &Program,
        (batch, accumulate): (usize, usize),
        batches: &Batches<'_>,
        update: bool,
        rates: &Memory,
        outcome: &Memory,
    ) -> Result<()> {
        let training = &self.training;
        let address = |at: super::At<'_>| Argument::Address(at.memory.address + at.offset as u64);
        let (data, given, rows, from) = match batches {
            Batches::Drawn(data) => (data.values.address, [0; 3], data.rows, &data.conditions),
            Batches::Given(given) => (0, [given.t.address, given.x.address, given.u.address], batch, &given.conditions),
        };
        for part in 0..accumulate {
            let mut arguments = vec![Argument::Address(data)];
            arguments.extend(given.map(Argument::Address));
            arguments.extend([training.t(), training.xt(), training.ut(), training.keys()].map(address));
            arguments.push(Argument::Address(self.at.address));
            arguments.extend([rows, batch, part].map(|number| Argument::Int(number as i32)));
            for (i, memory) in from.iter().enumerate() {
                arguments.extend([Argument::Address(memory.address), address(training.condition(i))]);
            }
            backend.launch(self.kernels[0], one_dimension(batch * program.state_dim()), &arguments)?;
            training.record(part == 0, backend)?;
            let arguments =
                [address(training.loss()), Argument::Address(self.loss.address), Argument::Int(part as i32)];
            backend.launch(self.kernels[1], ONE, &arguments)?;
        }
        let gradient = address(training.gradient());
        let squares = Argument::Address(self.squares.address);
        let launch = Launch { blocks: SUMS as u32, ..one_dimension(1) };
        backend.launch(self.kernels[2], launch, &[gradient, squares])?;
        if update {
            let arguments = self.update_arguments(rates);
            backend.launch(self.kernels[3], one_dimension(program.parameter_count()), &arguments)?;
        }
        let arguments = [
            Argument::Address(self.loss.address),
            squares,
            Argument::Address(outcome.address),
            Argument::Address(self.at.address),
        ];
        backend.launch(self.kernels[4], ONE, &arguments)
    }
}

/// A block, with room for a number of each of its warps.
const ONE: Launch = Launch { blocks: 1, threads: THREADS as u32, shared: THREADS / 4, cooperative: false };

/// Threads for so many elements, which go over them in strides if they are fewer.
fn one_dimension(count: usize) -> Launch {
    Launch { blocks: count.div_ceil(THREADS).clamp(1, 4096) as u32, ..ONE }
}

fn text(program: &'static Program, spec: &Spec) -> Source {
    let mut out = Writer::default();
    out.text(RANDOM);
    out.text(TRAIN);
    let names = KERNELS.map(|what| format!("flow_{}_{what}", program.name));
    out.line("");
    print_draw(&mut out, program, spec, &names[0]);
    out.line("");
    out.line("// The loss of a step is the sum of those of its batches.");
    let head = format!("FM_KERNEL({THREADS}) void {}(const double* loss, double* sum, int part)", names[1]);
    out.block(head, |out| out.line("if (threadIdx.x == 0) *sum = part == 0 ? *loss : *sum + *loss;"));
    out.line("");
    let count = program.parameter_count();
    let head = format!("FM_KERNEL({THREADS}) void {}(const float* gradient, double* squares)", names[2]);
    out.block(head, |out| {
        out.line("FM_SMEM(double, room);");
        out.line("double sum = 0.0;");
        out.line(format_args!(
            "for (int i = blockIdx.x * {THREADS} + threadIdx.x; i < {count}; i += gridDim.x * {THREADS}) sum += (double)gradient[i] * (double)gradient[i];"
        ));
        out.line(format_args!("sum = fm_block_sum<{THREADS}>(sum, room);"));
        out.line("if (threadIdx.x == 0) squares[blockIdx.x] = sum;");
    });
    for (name, clipped) in [(&names[3], spec.clip), (&names[5], false)] {
        out.line("");
        print_update(&mut out, program, spec, name, clipped);
    }
    out.line("");
    let head = format!(
        "FM_KERNEL({THREADS}) void {}(const double* loss, const double* squares, double* outcome, u64* at)",
        names[4]
    );
    out.block(head, |out| {
        out.line("FM_SMEM(double, room);");
        out.line(format_args!("const double norm = fm_block_sum<{THREADS}>(squares[threadIdx.x], room);"));
        out.block("if (threadIdx.x == 0)", |out| {
            out.line("outcome[2 * at[0]] = *loss;");
            out.line("outcome[2 * at[0] + 1] = sqrt(norm);");
            out.line("at[0] = at[0] + 1;");
        });
    });
    Source { name: program.name.to_owned(), text: out.finish(), kernels: names.to_vec() }
}

fn print_update(out: &mut Writer, program: &'static Program, spec: &Spec, name: &str, clipped: bool) {
    let head = format!(
        "FM_KERNEL({THREADS}) void {name}(float* parameters, const float* total, float* moment1, float* moment2, float* average, const double* squares, const fm_rates* rates, const u64* at)"
    );
    out.block(head, |out| {
        out.line("const fm_rates rate = rates[at[0]];");
        if clipped {
            out.line("FM_SMEM(double, room);");
            out.line(format_args!("const double sum = fm_block_sum<{THREADS}>(squares[threadIdx.x], room);"));
            out.line("if (threadIdx.x == 0) room[0] = sum;");
            out.line("__syncthreads();");
            out.line("const double norm = sqrt(room[0]), bound = (double)__uint_as_float((u32)at[3]);");
            out.line("const double factor = norm > bound && norm - norm == 0.0 ? bound / norm : 1.0;");
        }
        for Range { start, end } in Layout::of(program).trained_ranges() {
            let head = format!(
                "for (int i = {start} + blockIdx.x * {THREADS} + threadIdx.x; i < {end}; i += gridDim.x * {THREADS})"
            );
            out.block(head, |out| {
                let scaled = if clipped { "(float)((double)total[i] * factor)" } else { "total[i]" };
                out.line(format_args!("const float gradient = {scaled};"));
                update_text(spec, "parameters[i] = weight;").iter().for_each(|text| out.text(text));
            });
        }
    });
}

fn print_draw(out: &mut Writer, program: &'static Program, spec: &Spec, name: &str) {
    let dim = program.state_dim();
    let conditions: Vec<(&str, usize)> = program
        .conditions()
        .map(|(_, input)| match input.kind {
            InputKind::Class { .. } => ("int", 1),
            _ => ("float", input.size()),
        })
        .collect();
    let parameters: String = (conditions.iter().enumerate())
        .map(|(i, (kind, _))| format!(", const {kind}* from{i}, {kind}* to{i}"))
        .collect();
    out.line("// The batch of a draw, a thread for each number.");
    let head = format!(
        "FM_KERNEL({THREADS}) void {name}(const float* data, const float* given_t, const float* given_x, const float* given_u, float* t_of, float* x, float* u, u64* keys, const u64* at, int data_rows, int batch, int part{parameters})"
    );
    out.block(head, |out| {
        let accumulate = spec.accumulate;
        out.line(format_args!("const u64 turn = at[0] * {accumulate} + part, draw = at[1] + turn, seed = at[2];"));
        out.line("if (blockIdx.x == 0 && threadIdx.x == 0) { keys[0] = seed; keys[1] = draw; }");
        let own = "blockIdx.x * 256ull + threadIdx.x";
        let head = format!("for (u64 e = {own}; e < (u64)batch * {dim}; e += gridDim.x * 256ull)");
        out.block(head, |out| {
            out.line(format_args!("const u64 i = e / {dim};"));
            out.line(format_args!("const int j = (int)(e % {dim});"));
            let given = |out: &mut Writer| {
                out.line("const u64 from = turn * batch + i;");
                out.line("if (j == 0) t_of[i] = given_t[from];");
                out.line(format_args!("x[e] = given_x[from * {dim} + j];"));
                out.line(format_args!("u[e] = given_u[from * {dim} + j];"));
                for (c, (_, numbers)) in conditions.iter().enumerate() {
                    out.line(format_args!("for (int n = j; n < {numbers}; n += {dim}) to{c}[i * {numbers} + n] = from{c}[from * {numbers} + n];"));
                }
            };
            let Some(path) = &spec.path else { return given(out) };
            out.block("if (given_t)", given);
            out.block("else", |out| {
                out.line(STREAMS);
                out.line(format_args!("const float drawn = {};", spec.time_text()));
                out.line("const u64 row = fm_below(rows_of, i, data_rows);");
                let source = spec.source_text("e");
                out.line(format_args!("const double x0 = (double){source}, x1 = (double)data[row * {dim} + j], t = (double)drawn;"));
                out.line("(void)t;");
                let [a, s, da, ds] = [&path.alpha, &path.sigma, &path.d_alpha, &path.d_sigma].map(|text| of_device(text));
                out.line("if (j == 0) t_of[i] = drawn;");
                out.line(format_args!("x[e] = (float)fm_dadd(fm_dmul({a}, x1), fm_dmul({s}, x0));"));
                out.line(format_args!("u[e] = (float)fm_dadd(fm_dmul({da}, x1), fm_dmul({ds}, x0));"));
                for (c, (_, numbers)) in conditions.iter().enumerate() {
                    out.line(format_args!("for (int n = j; n < {numbers}; n += {dim}) to{c}[i * {numbers} + n] = from{c}[row * {numbers} + n];"));
                }
            });
        });
    });
}
