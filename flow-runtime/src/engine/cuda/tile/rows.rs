//! Rows at times of their own: the velocity of a batch as a kernel.

use super::{FUNCTIONS, TILE, layout::Layout, packs::Packs, steps::Scope};
use crate::{
    engine::{
        CudaPrecision,
        cuda::{
            backend::{Argument, Backend, Kernel, Launch, Memory, Properties, bytes_of},
            source::{Source, Writer},
        },
        plan::{Plan, Use},
    },
    error::Result,
    program::{InputKind, Program},
};

/// The conditions of a program in a kernel: parameters, places in the tile, and how they are read.
pub(super) struct Conditions {
    /// Name, numbers of a row, type.
    pub(super) parts: Vec<(String, usize, &'static str)>,
}

impl Conditions {
    pub(super) fn of(program: &Program) -> Self {
        let part = |(i, (_, input)): (usize, (usize, &crate::program::Input))| match input.kind {
            InputKind::Class { .. } => (format!("y{i}"), 1, "int"),
            _ => (format!("c{i}"), input.size(), "float"),
        };
        Self { parts: program.conditions().enumerate().map(part).collect() }
    }

    /// Parameters of the kernel, after others.
    pub(super) fn parameters(&self) -> String {
        self.parts.iter().map(|(name, _, kind)| format!(", const {kind}* given_{name}")).collect()
    }

    /// Reads those of a tile whose rows are `row(r)` of the batch.
    pub(super) fn print(&self, out: &mut Writer, rows: usize, stride: usize, team: usize, row: &str) {
        for (name, numbers, _) in &self.parts {
            out.line(format_args!(
                "fm_each<{team}, {rows}, 1, {numbers}>(me, [&](int l, int j, int r) {{ {name}[j * {stride} + r] = given_{name}[(u64)({row}) * {numbers} + j]; }});"
            ));
        }
    }
}

/// The velocity kernel of a program.
pub(crate) struct Pointwise {
    packs: Packs,
    layout: Layout,
    source: Source,
    loaded: Option<Loaded>,
}

struct Loaded {
    kernel: Kernel,
    parameters: Memory,
    packed: Memory,
}

impl Pointwise {
    /// For batches of about `count` rows.
    pub(crate) fn new(program: &'static Program, count: usize, device: &Properties) -> Self {
        let plan = Plan::of(program, &[], Use::TimePerRow);
        let packs = Packs::of(&plan, CudaPrecision::Strict);
        let dim = program.state_dim();
        let conditions = Conditions::of(program);
        let mut parts =
            vec![("x".to_owned(), dim, "float"), ("v".to_owned(), dim, "float"), ("t".to_owned(), 1, "float")];
        parts.extend(conditions.parts.iter().cloned());
        let layout = Layout::of(&plan, &packs, &parts, count, CudaPrecision::Strict, device);
        let source = text(program, &plan, &packs, &layout, &conditions);
        Self { packs, layout, source, loaded: None }
    }

    #[cfg(test)]
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Whether the weights that a tile reads fit into shared memory.
    pub(crate) fn weights_fit(&self) -> bool {
        self.layout.weights_shared
    }

    /// Takes over weights.
    pub(crate) fn load(&mut self, backend: &mut dyn Backend, weights: &[f32]) -> Result<()> {
        let packed = self.packs.pack_all(weights);
        if self.loaded.is_none() {
            let kernel = backend.load(&self.source)?[0];
            let parameters = backend.allocate(4 * weights.len().max(1), "the weights")?;
            let memory = backend.allocate(4 * packed.len().max(1), "the packed weights")?;
            self.loaded = Some(Loaded { kernel, parameters, packed: memory });
        }
        let Some(loaded) = &self.loaded else { return Ok(()) };
        backend.upload(&loaded.parameters, 0, bytes_of(weights))?;
        backend.upload(&loaded.packed, 0, bytes_of(&packed))
    }

    /// The velocity at `t: [rows]`, `x: [rows, dim]` into `v: [rows, dim]`, all in the device's memory.
    pub(crate) fn run(
        &self,
        backend: &mut dyn Backend,
        rows: usize,
        (t, x, v): (&Memory, &Memory, &Memory),
        conditions: &[Memory],
    ) -> Result<()> {
        let Some(loaded) = &self.loaded else { return Ok(()) };
        let blocks = self.layout.blocks(rows, backend.properties());
        let scratch = backend.allocate(self.layout.scratch_bytes(blocks).max(4), "values of the tiles")?;
        let mut arguments = vec![
            Argument::Address(loaded.parameters.address),
            Argument::Address(loaded.packed.address),
            Argument::Address(scratch.address),
            Argument::Address(t.address),
            Argument::Address(x.address),
            Argument::Address(v.address),
            Argument::Int(rows as i32),
        ];
        arguments.extend(conditions.iter().map(|memory| Argument::Address(memory.address)));
        let launch = Launch {
            blocks: blocks as u32,
            threads: self.layout.threads() as u32,
            shared: self.layout.shared_bytes(),
            cooperative: false,
        };
        backend.launch(loaded.kernel, launch, &arguments)?;
        // The scratch memory is given back when the kernel is done: memory is freed in the stream's order.
        drop(scratch);
        Ok(())
    }
}

fn text(program: &Program, plan: &Plan, packs: &Packs, layout: &Layout, conditions: &Conditions) -> Source {
    let mut out = Writer::default();
    out.text(FUNCTIONS);
    out.text(TILE);
    let (rows, stride, team, dim) = (layout.rows, layout.stride, layout.team, program.state_dim());
    let name = format!("flow_{}_velocity", program.name);
    out.line("");
    out.line(format_args!("// The velocity of {} at times of each row's own.", program.name));
    let head = format!(
        "FM_KERNEL({}) void {name}(const float* parameters, const float* packed, float* scratch, const float* times, const float* points, float* out, int rows{})",
        layout.threads(),
        conditions.parameters()
    );
    out.block(head, |out| {
        layout.print(out);
        let head = format!(
            "for (int tile = blockIdx.x * {0} + team; tile * {rows} < rows; tile += gridDim.x * {0})",
            layout.teams
        );
        out.block(head, |out| {
            out.line(format_args!("const int first = tile * {rows}, count = min({rows}, rows - first);"));
            // Rows past the end are the last one again.
            out.line(format_args!("fm_each<{team}, {rows}, 1, {dim}>(me, [&](int l, int j, int r) {{ x[j * {stride} + r] = points[(u64)(first + min(r, count - 1)) * {dim} + j]; }});"));
            out.line(format_args!("fm_each<{team}, {rows}, 1, 1>(me, [&](int l, int j, int r) {{ t[r] = times[first + min(r, count - 1)]; }});"));
            conditions.print(out, rows, stride, team, "first + min(r, count - 1)");
            out.line("const float* in = x;");
            out.line(format_args!("fm_team_sync<{team}>();"));
            let scope = Scope { program, plan, packs, rows, stride, team, packed: "w", shared_time: false, sums: None };
            let steps: Vec<_> = plan.prologue.iter().chain(&plan.body).copied().collect();
            scope.print(out, &steps);
            out.line(format_args!("fm_team_sync<{team}>();"));
            out.line(format_args!("fm_each<{team}, {rows}, 1, {dim}>(me, [&](int l, int j, int r) {{ if (r < count) out[(u64)(first + r) * {dim} + j] = v[j * {stride} + r]; }});"));
            out.line(format_args!("fm_team_sync<{team}>();"));
        });
    });
    Source { name: program.name.to_owned(), text: out.finish(), kernels: vec![name] }
}
