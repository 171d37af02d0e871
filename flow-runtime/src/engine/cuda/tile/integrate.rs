//! A whole integration as one kernel.

use super::{FUNCTIONS, TILE, TILE_MMA, layout::Layout, packs::Packs, rows::Conditions, steps::Scope, table::Table};
use crate::{
    engine::{
        CudaPrecision,
        cuda::{
            backend::{self, Argument, Backend, Kernel, Launch, Memory, Properties, bytes_of},
            source::{Source, Writer},
        },
        plan::{Plan, Use},
        scheme::Scheme,
    },
    error::Result,
    program::Program,
};

/// A program and an explicit method as a kernel.
pub(crate) struct Integrator {
    table: Table,
    packs: Packs,
    layout: Layout,
    source: Source,
    scratch: Option<Memory>,
    loaded: Option<Loaded>,
}

struct Loaded {
    integrate: Kernel,
    parameters: Memory,
    packed: Memory,
}

/// A grid in the device's memory, with everything that depends on it and on the weights alone.
pub(crate) struct Timetable {
    pub(crate) times: Memory,
    pub(crate) table: Memory,
    pub(crate) coefficients: Memory,
}

impl Timetable {
    pub(crate) fn new(backend: &mut dyn Backend, table: &Table, times: &[f32], coefficients: &[f32]) -> Result<Self> {
        let upload = |backend: &mut dyn Backend, values: &[f32], what| -> Result<Memory> {
            let memory = backend.allocate(4 * values.len().max(1), what)?;
            backend.upload(&memory, 0, bytes_of(values))?;
            Ok(memory)
        };
        let coefficients = upload(backend, coefficients, "the coefficients of the steps")?;
        let own = upload(backend, times, "the times of the stages")?;
        let table = table.compute(backend, &own, times.len())?;
        Ok(Self { times: own, table, coefficients })
    }
}

impl Integrator {
    /// For batches of about `count` rows.
    pub(crate) fn new(
        program: &'static Program,
        scheme: &Scheme,
        count: usize,
        precision: CudaPrecision,
        device: &Properties,
    ) -> Self {
        let plan = Plan::of(program, &[], Use::SharedTime);
        let packs = Packs::of(&plan, precision);
        let dim = program.state_dim();
        let conditions = Conditions::of(program);
        let mut parts = vec![
            ("x".to_owned(), dim, "float"),
            ("stage".to_owned(), dim, "float"),
            ("k".to_owned(), dim * scheme.stages.len(), "float"),
        ];
        parts.extend(conditions.parts.iter().cloned());
        let layout = Layout::of(&plan, &packs, &parts, count, precision, device);
        let source = text(program, &plan, &packs, &layout, &conditions, scheme, precision);
        let table = Table::new(program, plan.shared_len.max(1));
        Self { table, packs, layout, source, scratch: None, loaded: None }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Whether the weights that a tile reads again and again fit into shared memory.
    pub(crate) fn weights_fit(&self) -> bool {
        self.layout.weights_shared
    }

    /// Takes over weights.
    pub(crate) fn load(&mut self, backend: &mut dyn Backend, weights: &[f32]) -> Result<()> {
        self.table.load(backend, weights)?;
        let packed = self.packs.pack_all(weights);
        if self.loaded.is_none() {
            let kernels = backend.load(&self.source)?;
            let parameters = backend.allocate(4 * weights.len().max(1), "the weights")?;
            let memory = backend.allocate(4 * packed.len().max(1), "the packed weights")?;
            self.loaded = Some(Loaded { integrate: kernels[0], parameters, packed: memory });
        }
        let Some(loaded) = &self.loaded else { return Ok(()) };
        backend.upload(&loaded.parameters, 0, bytes_of(weights))?;
        backend.upload(&loaded.packed, 0, bytes_of(&packed))
    }

    /// What all rows share on a grid, in the device's memory.
    pub(crate) fn timetable(&self, backend: &mut dyn Backend, scheme: &Scheme, nodes: &[f64]) -> Result<Timetable> {
        let (times, coefficients) = (scheme.times_of(nodes), scheme.coefficients_of(nodes));
        Timetable::new(backend, &self.table, &times, &coefficients)
    }

    /// Carries `points: [rows, dim]` over the steps `first .. first + steps` of the grid.
    ///
    /// In `lost: [rows + 1]`, which is zero before, `i32::MAX` less the first step after which a row is not finite is kept, and at
    /// the end that of the first of all.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn run(
        &mut self,
        backend: &mut dyn Backend,
        timetable: &Timetable,
        points: &Memory,
        rows: usize,
        (first, steps): (usize, usize),
        conditions: &[Memory],
        lost: &Memory,
    ) -> Result<()> {
        let Some(loaded) = &self.loaded else { return Ok(()) };
        let blocks = self.layout.blocks(rows, backend.properties());
        let bytes = self.layout.scratch_bytes(blocks).max(4);
        let scratch = backend::room(&mut self.scratch, backend, bytes, "values of the tiles")?;
        let addresses = [
            &loaded.parameters,
            &loaded.packed,
            scratch,
            &timetable.times,
            &timetable.table,
            &timetable.coefficients,
            points,
            lost,
        ];
        let mut arguments: Vec<Argument> = addresses.iter().map(|memory| Argument::Address(memory.address)).collect();
        arguments.extend([rows, first, steps].map(|number| Argument::Int(number as i32)));
        arguments.extend(conditions.iter().map(|memory| Argument::Address(memory.address)));
        let launch = Launch {
            blocks: blocks as u32,
            threads: self.layout.threads() as u32,
            shared: self.layout.shared_bytes(),
            cooperative: false,
        };
        backend.launch(loaded.integrate, launch, &arguments)
    }
}

fn text(
    program: &Program,
    plan: &Plan,
    packs: &Packs,
    layout: &Layout,
    conditions: &Conditions,
    scheme: &Scheme,
    precision: CudaPrecision,
) -> Source {
    let mut out = Writer::default();
    out.text(FUNCTIONS);
    out.text(TILE);
    if precision != CudaPrecision::Strict {
        out.text(TILE_MMA);
    }
    out.line("");
    let name = format!("flow_{}_integrate", program.name);
    print_integrate(&mut out, program, plan, packs, layout, conditions, scheme, &name);
    Source { name: program.name.to_owned(), text: out.finish(), kernels: vec![name] }
}

#[allow(clippy::too_many_arguments)]
fn print_integrate(
    out: &mut Writer,
    program: &Program,
    plan: &Plan,
    packs: &Packs,
    layout: &Layout,
    conditions: &Conditions,
    scheme: &Scheme,
    name: &str,
) {
    let (rows, stride, team, dim) = (layout.rows, layout.stride, layout.team, program.state_dim());
    let size = stride * dim;
    let terms: usize = scheme.terms();
    out.line(format_args!(
        "// {} over a grid: {} evaluations in a step, {rows} rows to a tile.",
        program.name,
        scheme.stages.len()
    ));
    let head = format!(
        "FM_KERNEL({}) void {name}(const float* parameters, const float* packed, float* scratch, const float* times, const float* table, const float* coefficients, float* points, int* lost, int rows, int first_step, int steps{})",
        layout.threads(),
        conditions.parameters()
    );
    let each = format!("fm_each<{team}, {rows}, 1, {dim}>(me, [&](int l, int j, int r)");
    let sync = format!("fm_team_sync<{team}>();");
    out.block(head, |out| {
        layout.print(out);
        let head = format!(
            "for (int tile = blockIdx.x * {0} + team; tile * {rows} < rows; tile += gridDim.x * {0})",
            layout.teams
        );
        out.block(head, |out| {
            out.line(format_args!("const int first = tile * {rows}, count = min({rows}, rows - first);"));
            out.line("// Rows past the end are the last one again.");
            out.line(format_args!(
                "{each} {{ x[j * {stride} + r] = points[(u64)(first + min(r, count - 1)) * {dim} + j]; }});"
            ));
            conditions.print(out, rows, stride, team, "first + min(r, count - 1)");
            out.line(&sync);
            let scope = Scope { program, plan, packs, rows, stride, team, packed: "w", shared_time: true, sums: None };
            out.line("const float* in = x;");
            scope.print(out, &plan.prologue);
            out.line(&sync);
            out.line("#pragma unroll 1");
            out.block("for (int step = first_step; step < first_step + steps; step++)", |out| {
                out.line(format_args!("const float* h = coefficients + step * {terms};"));
                out.line("#pragma unroll 1");
                out.block(
                    format_args!("for (int stage_index = 0; stage_index < {}; stage_index++)", scheme.stages.len()),
                    |out| {
                        out.line(format_args!("int at = step * {};", scheme.times.len()));
                        out.block("switch (stage_index)", |out| print_stages(out, scheme, stride, size, &each));
                        out.line(&sync);
                        out.line("const float time = times[at];");
                        out.line(format_args!("const float* shared = table + (u64)at * {};", plan.shared_len));
                        out.line(format_args!("float* v = k + stage_index * {size};"));
                        out.line("(void)time; (void)shared;");
                        scope.print(out, &plan.body);
                        out.line(&sync);
                    },
                );
                let sum = combination("x", &scheme.weights, terms - scheme.weights.len(), size, stride);
                out.line("// The step, and whether it left the numbers.");
                out.block(format_args!("{each}"), |out| {
                    out.line(format_args!("float next = {sum};"));
                    out.line(format_args!("x[j * {stride} + r] = next;"));
                    out.block("if (!(fabsf(next) <= 3.402823466e38f) && r < count)", |out| {
                        out.line("const int mark = 0x7fffffff - step;");
                        out.line("if (lost[first + r] < mark) lost[first + r] = mark;");
                        out.line("atomicMax(lost + rows, mark);");
                    });
                });
                out.line(");");
                out.line(&sync);
            });
            out.line(format_args!(
                "{each} {{ if (r < count) points[(u64)(first + r) * {dim} + j] = x[j * {stride} + r]; }});"
            ));
            out.line(&sync);
        });
    });
}

/// The state of each stage, in `in`, and the place of its time.
fn print_stages(out: &mut Writer, scheme: &Scheme, stride: usize, size: usize, each: &str) {
    let mut term = 0;
    for (i, stage) in scheme.stages.iter().enumerate() {
        out.line(format_args!("case {i}: // c = {}", stage.c));
        out.line(format_args!("  at += {};", stage.time));
        if stage.terms.is_empty() {
            out.line("  in = x;");
        } else {
            let sum = combination("x", &stage.terms, term, size, stride);
            out.line(format_args!("  {each} {{ stage[j * {stride} + r] = {sum}; }});"));
            out.line("  in = stage;");
        }
        out.line("  break;");
        term += stage.terms.len();
    }
}

/// `x + Σ h a k` as a chain of fused multiply-adds.
fn combination(x: &str, terms: &[(usize, f64)], first: usize, size: usize, stride: usize) -> String {
    terms.iter().enumerate().fold(format!("{x}[j * {stride} + r]"), |sum, (i, (stage, _))| {
        format!("fmaf(h[{}], k[{} + j * {stride} + r], {sum})", first + i, stage * size)
    })
}
