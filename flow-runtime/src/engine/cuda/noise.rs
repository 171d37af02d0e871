//! Start points drawn on the device: the numbers of [`Source::fill`], without a way over the bus.

use super::{
    backend::{Argument, Backend, Kernel, Launch, Memory},
    source::{Source as Text, Writer},
    tile::RANDOM,
};
use crate::{error::Result, flow::Source, rng::Stream};

const THREADS: u32 = 256;

/// The kernels that draw start points.
#[derive(Default)]
pub(super) struct Noise {
    kernels: Vec<Kernel>,
}

impl Noise {
    /// Rows `first .. first + rows` of the start points of a seed, into `points: [rows, dim]`.
    pub(super) fn draw(
        &mut self,
        backend: &mut dyn Backend,
        source: Source,
        seed: u64,
        (first, rows, dim): (usize, usize, usize),
        points: &Memory,
    ) -> Result<()> {
        if self.kernels.is_empty() {
            self.kernels = backend.load(&text())?;
        }
        let (kernel, ends) = match source {
            Source::Gaussian => (self.kernels[0], [0.0; 2]),
            Source::Uniform { low, high } => (self.kernels[1], [low, high]),
        };
        let (start, count) = ((first as u64).wrapping_mul(dim as u64), (rows * dim) as u64);
        let mut arguments = vec![Argument::Address(points.address)];
        arguments.extend([start, count, seed].map(Argument::Long));
        // Ends of the interval to the last bit.
        arguments.extend(ends.map(|end: f64| Argument::Long(end.to_bits())));
        let blocks = (rows * dim).div_ceil(2 * THREADS as usize).clamp(1, 1 << 16) as u32;
        backend.launch(kernel, Launch { blocks, threads: THREADS, shared: 0, cooperative: false }, &arguments)
    }
}

pub(super) fn text() -> Text {
    let mut out = Writer::default();
    out.text(RANDOM);
    let stream = Stream::Sample as u32;
    let parameters = "float* points, u64 start, u64 count, u64 seed, u64 low, u64 high";
    let names = ["flow_gaussian", "flow_uniform"];
    out.line("");
    out.line("// Normal numbers come in pairs, of which a range may hold only one.");
    out.block(format_args!("FM_KERNEL({THREADS}) void {}({parameters})", names[0]), |out| {
        out.line(format_args!("const fm_random random = fm_random_of(seed, {stream}, 0);"));
        out.line("const u64 end = start + count;");
        let head = format!(
            "for (u64 pair = start / 2 + blockIdx.x * {THREADS}ull + threadIdx.x; 2 * pair < end; pair += gridDim.x * {THREADS}ull)"
        );
        out.block(head, |out| {
            out.line("float even, odd;");
            out.line("fm_normal_pair(random, 2 * pair, &even, &odd);");
            out.line("if (2 * pair >= start) points[2 * pair - start] = even;");
            out.line("if (2 * pair + 1 < end) points[2 * pair + 1 - start] = odd;");
        });
    });
    out.line("");
    out.block(format_args!("FM_KERNEL({THREADS}) void {}({parameters})", names[1]), |out| {
        out.line(format_args!("const fm_random random = fm_random_of(seed, {stream}, 0);"));
        let head =
            format!("for (u64 i = blockIdx.x * {THREADS}ull + threadIdx.x; i < count; i += gridDim.x * {THREADS}ull)");
        out.block(head, |out| {
            out.line(
                "points[i] = fm_source_uniform(random, start + i, __longlong_as_double((long long)low), \
                 __longlong_as_double((long long)high));",
            );
        });
    });
    Text { name: "noise".to_owned(), text: out.finish(), kernels: names.map(str::to_owned).to_vec() }
}
