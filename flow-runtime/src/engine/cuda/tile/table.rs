//! What a batch shares at the times of a grid: a row of a table for each time, by a kernel of its own.

use super::{FUNCTIONS, TILE, packs::Packs, steps::Scope};
use crate::{
    engine::{
        CudaPrecision,
        cuda::{
            backend::{Argument, Backend, Kernel, Launch, Memory, bytes_of},
            source::{Source, Writer},
        },
        plan::{Plan, Use},
    },
    error::Result,
    program::Program,
};

/// Threads of a block, which computes what a batch shares at one time.
const THREADS: usize = 128;

/// The kernel that computes what depends on the time alone.
pub(crate) struct Table {
    packs: Packs,
    source: Source,
    /// From one row to the next.
    stride: usize,
    empty: bool,
    loaded: Option<(Kernel, Memory, Memory)>,
}

impl Table {
    /// For rows `stride` numbers apart.
    pub(crate) fn new(program: &'static Program, stride: usize) -> Self {
        let mut plan = Plan::of(program, &[], Use::SharedTime);
        // Its packs are those of the shared steps alone.
        plan.prologue.clear();
        plan.body.clear();
        let packs = Packs::of(&plan, CudaPrecision::Strict);
        let source = text(program, &plan, &packs, stride);
        Self { packs, source, stride, empty: plan.shared_len == 0, loaded: None }
    }

    /// Takes over weights.
    pub(crate) fn load(&mut self, backend: &mut dyn Backend, weights: &[f32]) -> Result<()> {
        if self.empty {
            return Ok(());
        }
        let packed = self.packs.pack_all(weights);
        if self.loaded.is_none() {
            let kernel = backend.load(&self.source)?[0];
            let parameters = backend.allocate(4 * weights.len().max(1), "the weights")?;
            let memory = backend.allocate(4 * packed.len().max(1), "the packed weights")?;
            self.loaded = Some((kernel, parameters, memory));
        }
        let Some((_, parameters, memory)) = &self.loaded else { return Ok(()) };
        backend.upload(parameters, 0, bytes_of(weights))?;
        backend.upload(memory, 0, bytes_of(&packed))
    }

    /// The rows at `count` times, which are in the device's memory.
    pub(crate) fn compute(&self, backend: &mut dyn Backend, times: &Memory, count: usize) -> Result<Memory> {
        let table = backend.allocate(4 * (count * self.stride).max(4), "what the batch shares at each time")?;
        if let Some((kernel, parameters, packed)) = self.loaded.as_ref().filter(|_| count > 0) {
            let mut arguments: Vec<Argument> =
                [parameters, packed, times, &table].iter().map(|memory| Argument::Address(memory.address)).collect();
            arguments.push(Argument::Int(count as i32));
            let blocks = count.min(1 << 16) as u32;
            backend.launch(
                *kernel,
                Launch { blocks, threads: THREADS as u32, shared: 0, cooperative: false },
                &arguments,
            )?;
        }
        Ok(table)
    }
}

fn text(program: &Program, plan: &Plan, packs: &Packs, stride: usize) -> Source {
    let mut out = Writer::default();
    out.text(FUNCTIONS);
    out.text(TILE);
    out.line("");
    let name = format!("flow_{}_shared", program.name);
    out.line(format_args!("// What {} computes of the time alone, a row of the table for every time.", program.name));
    let head = format!(
        "FM_KERNEL({THREADS}) void {name}(const float* parameters, const float* packed, const float* times, float* table, int count)"
    );
    out.block(head, |out| {
        out.line("const int me = threadIdx.x;");
        out.block("for (int i = blockIdx.x; i < count; i += gridDim.x)", |out| {
            out.line("const float time = times[i];");
            out.line(format_args!("float* shared = table + (u64)i * {stride};"));
            let scope = Scope {
                program,
                plan,
                packs,
                rows: 1,
                stride: 1,
                team: THREADS,
                packed: "packed",
                shared_time: true,
                sums: None,
            };
            scope.print(out, &plan.shared);
        });
    });
    Source { name: program.name.to_owned(), text: out.finish(), kernels: vec![name] }
}
