//! From a list to launches on a device, over memory that is there.

use super::{
    area::Area,
    kernel::Work,
    list::{Format, Launchable, Operand},
    place::Place,
};
use crate::{
    engine::{
        cuda::backend::{Argument, Backend, Kernel, Launch, Matrix, Number, Product},
        plan::Plan,
    },
    error::Result,
};

/// The kernels of `text/wide.cuh`, in the order in which a source lists them.
pub(super) const FIXED: [&str; 7] = [
    "flow_wide_next",
    "flow_wide_pack_f16",
    "flow_wide_pack_bf16",
    "flow_wide_sum_runs",
    "flow_wide_sum_chunks",
    "flow_wide_scatter",
    "flow_wide_loss",
];
pub(super) const NEXT: usize = 0;
const PACK_F16: usize = 1;
const PACK_BF16: usize = 2;
const SUM_RUNS: usize = 3;
const SUM_CHUNKS: usize = 4;
const SCATTER: usize = 5;
const LOSS: usize = 6;

pub(super) const THREADS: u32 = 256;
/// Blocks of a kernel for each multiprocessor, at most: as many as are resident with 256 threads.
const BLOCKS: u32 = 8;
/// Lines of a run of a sum of columns, at least, and runs at most.
const RUN: usize = 256;
const RUNS: usize = 128;
/// Blocks that share out a loss.
pub(super) const LOSS_BLOCKS: usize = 128;

/// A list that can be started.
pub(super) struct Recorder<'a> {
    pub(super) plan: &'a Plan,
    pub(super) area: &'a Area,
    pub(super) operands: &'a [Operand],
    pub(super) format: Option<Format>,
    /// The fixed kernels, then the list's own.
    pub(super) kernels: &'a [Kernel],
    /// The kernel of the loss, in training.
    pub(super) compare: Option<Kernel>,
    pub(super) rows: usize,
    /// Sums over the batch begin anew.
    pub(super) fresh: bool,
}

impl Recorder<'_> {
    /// Starts a list.
    pub(super) fn start(&self, list: &[Launchable], backend: &mut dyn Backend) -> Result<()> {
        list.iter().try_for_each(|item| self.launch(item, backend))
    }

    fn launch(&self, item: &Launchable, backend: &mut dyn Backend) -> Result<()> {
        match item {
            Launchable::Kernel { kernel, parameters, work } => {
                let arguments: Vec<Argument> =
                    parameters.iter().map(|p| self.area.argument(p, self.rows, self.plan)).collect();
                let Work { threads, lines } = *work;
                self.kernel(backend, self.kernels[FIXED.len() + kernel], self.rows * lines * threads, &arguments)
            }
            Launchable::Multiply { x, operand, pack, out, keep } => {
                self.multiply(backend, (x, *operand), *pack, out, if *keep { 1.0 } else { 0.0 })
            }
            Launchable::Outer { dy, x, to, first } => {
                self.outer(backend, dy, x, *to, if *first && self.fresh { 0.0 } else { 1.0 })
            }
            Launchable::Sum { x, to, first } => self.sum(backend, x, *to, *first && self.fresh),
            Launchable::Scatter { condition, dy, to, classes, first } => {
                let items = classes * dy.width.div_ceil(32);
                let arguments = [
                    Argument::Address(self.area.conditions[*condition]),
                    Argument::Address(self.area.address(dy, self.plan)),
                    Argument::Int(dy.stride() as i32),
                    Argument::Int(dy.width as i32),
                    Argument::Int(self.rows as i32),
                    Argument::Address(self.area.gradient + 4 * *to as u64),
                    Argument::Int(*classes as i32),
                    Argument::Int(i32::from(!(*first && self.fresh))),
                ];
                let launch = plain(items.div_ceil(8) as u32, THREADS, 0);
                backend.launch(self.kernels[SCATTER], launch, &arguments)
            }
            Launchable::Compare { velocity, cotangent } => self.compare(backend, velocity, cotangent),
        }
    }

    /// Starts a kernel whose threads go over so many items in strides of the grid.
    fn kernel(&self, backend: &mut dyn Backend, kernel: Kernel, items: usize, arguments: &[Argument]) -> Result<()> {
        let most = (backend.properties().multiprocessors * BLOCKS).max(1) as usize;
        let blocks = items.div_ceil(THREADS as usize).clamp(1, most);
        backend.launch(kernel, plain(blocks as u32, THREADS, 0), arguments)
    }

    /// The next step.
    pub(super) fn next(&self, backend: &mut dyn Backend) -> Result<()> {
        backend.launch(self.kernels[NEXT], plain(1, 32, 0), &[Argument::Address(self.area.counter)])
    }

    /// Rounds the weights of all packs that products read.
    pub(super) fn pack(&self, backend: &mut dyn Backend) -> Result<()> {
        let Some(format) = self.format else { return Ok(()) };
        let kernel = if format.number == Number::Bf16 { PACK_BF16 } else { PACK_F16 };
        for (pack, packed) in self.plan.packs.iter().zip(&self.area.packs).filter(|(_, packed)| packed.address != 0) {
            let arguments = [
                Argument::Address(self.area.parameters + 4 * pack.offset as u64),
                Argument::Int(pack.columns as i32),
                Argument::Int(pack.depth as i32),
                Argument::Int(pack.column_stride as i32),
                Argument::Int(pack.depth_stride as i32),
                Argument::Float(packed.scale),
                Argument::Address(packed.address),
                Argument::Int(packed.stride as i32),
                Argument::Int(format.parts as i32),
            ];
            self.kernel(backend, self.kernels[kernel], pack.columns * pack.depth, &arguments)?;
        }
        Ok(())
    }

    /// The lines of a value as a matrix; those with one number in the line alone, if lines are not equally far apart.
    fn matrix(&self, place: &Place, only: Option<usize>) -> Matrix {
        let address = self.area.address(place, self.plan);
        let (rows, stride, skipped) = match only {
            Some(line) => (self.rows, place.row, line * place.line),
            None => (self.rows * place.lines, place.stride(), 0),
        };
        // Of one row the stride does not matter, but to those who check it.
        let stride = stride.max(place.width);
        Matrix { address: address + 4 * skipped as u64, rows, columns: place.width, stride }
    }

    fn multiply(
        &self,
        backend: &mut dyn Backend,
        (x, operand): (&Place, Option<usize>),
        pack: usize,
        out: &Place,
        beta: f32,
    ) -> Result<()> {
        let weights = &self.plan.packs[pack];
        if let (Some(operand), Some(format)) = (operand, self.format) {
            let depth = format.parts * x.width;
            let stride = self.operands[operand].stride;
            let packed = self.area.packs[pack];
            return backend.multiply(&Product {
                number: format.number,
                a: Matrix { address: self.area.operands[operand], rows: self.rows * x.lines, columns: depth, stride },
                a_transposed: false,
                b: Matrix { address: packed.address, rows: weights.columns, columns: depth, stride: packed.stride },
                b_transposed: true,
                out: self.matrix(out, None),
                alpha: 1.0 / packed.scale,
                beta,
                repeatable: self.compare.is_some(),
            });
        }
        let address = self.area.parameters + 4 * weights.offset as u64;
        // Weights lie as `[out, in]`; the reverse pass reads them the other way round.
        let b_transposed = weights.depth_stride == 1;
        let (rows, columns, stride) = if b_transposed {
            (weights.columns, weights.depth, weights.column_stride)
        } else {
            (weights.depth, weights.columns, weights.depth_stride)
        };
        let b = Matrix { address, rows, columns, stride: stride.max(columns) };
        let every = if x.is_even() && out.is_even() { vec![None] } else { (0..x.lines).map(Some).collect() };
        for line in every {
            backend.multiply(&Product {
                number: Number::F32,
                a: self.matrix(x, line),
                a_transposed: false,
                b,
                b_transposed,
                out: self.matrix(out, line),
                alpha: 1.0,
                beta,
                repeatable: self.compare.is_some(),
            })?;
        }
        Ok(())
    }

    /// `gradient[to..] = dyᵀ x`. Of three parts, the products are those of the rounded numbers, and of each with what the other
    /// lost.
    fn outer(
        &self,
        backend: &mut dyn Backend,
        (dy, dy_operand): &(Place, Option<usize>),
        (x, x_operand): &(Place, Option<usize>),
        to: usize,
        beta: f32,
    ) -> Result<()> {
        let address = self.area.gradient + 4 * to as u64;
        let out = Matrix { address, rows: dy.width, columns: x.width, stride: x.width };
        let product = |number, a, b, beta| Product {
            number,
            a,
            a_transposed: true,
            b,
            b_transposed: false,
            out,
            alpha: 1.0,
            beta,
            repeatable: self.compare.is_some(),
        };
        let (Some(format), Some(dy_operand), Some(x_operand)) = (self.format, *dy_operand, *x_operand) else {
            return backend.multiply(&product(Number::F32, self.matrix(dy, None), self.matrix(x, None), beta));
        };
        let part = |operand: usize, place: &Place, part: usize| Matrix {
            address: self.area.operands[operand] + 2 * (part * place.width) as u64,
            rows: self.rows * place.lines,
            columns: place.width,
            stride: self.operands[operand].stride,
        };
        let parts: &[(usize, usize)] = if format.parts == 1 { &[(0, 0)] } else { &[(0, 0), (1, 0), (0, 1)] };
        for (i, &(of_dy, of_x)) in parts.iter().enumerate() {
            let beta = if i == 0 { beta } else { 1.0 };
            let (a, b) = (part(dy_operand, dy, of_dy), part(x_operand, x, of_x));
            backend.multiply(&product(format.number, a, b, beta))?;
        }
        Ok(())
    }

    /// `gradient[to..] = Σ x`: runs of lines first, then the runs, both in their order.
    fn sum(&self, backend: &mut dyn Backend, x: &Place, to: usize, fresh: bool) -> Result<()> {
        let lines = self.rows * x.lines;
        let run = lines.div_ceil(RUNS).max(RUN);
        let chunks = lines.div_ceil(run).max(1);
        let tiles = x.width.div_ceil(32);
        let arguments = [
            Argument::Address(self.area.address(x, self.plan)),
            Argument::Int(x.stride() as i32),
            Argument::Int(x.width as i32),
            Argument::Int(lines as i32),
            Argument::Int(run as i32),
            Argument::Address(self.area.partials),
        ];
        let launch = plain((chunks * tiles) as u32, THREADS, 4 * THREADS as usize);
        backend.launch(self.kernels[SUM_RUNS], launch, &arguments)?;
        let arguments = [
            Argument::Address(self.area.partials),
            Argument::Int(chunks as i32),
            Argument::Int(x.width as i32),
            Argument::Address(self.area.gradient + 4 * to as u64),
            Argument::Int(i32::from(!fresh)),
        ];
        backend.launch(self.kernels[SUM_CHUNKS], plain(x.width.div_ceil(256) as u32, THREADS, 0), &arguments)
    }

    /// The loss, and the cotangent of the velocity.
    fn compare(&self, backend: &mut dyn Backend, velocity: &Place, cotangent: &Place) -> Result<()> {
        let Some(kernel) = self.compare else { return Ok(()) };
        let count = self.rows * velocity.size();
        let blocks = count.div_ceil(THREADS as usize).clamp(1, LOSS_BLOCKS);
        let arguments = [
            Argument::Address(self.area.address(velocity, self.plan)),
            Argument::Address(self.area.target),
            Argument::Address(self.area.share),
            Argument::Address(self.area.address(cotangent, self.plan)),
            Argument::Address(self.area.partials),
            Argument::Int(count as i32),
        ];
        backend.launch(kernel, plain(blocks as u32, THREADS, 8 * THREADS as usize), &arguments)?;
        let arguments = [
            Argument::Address(self.area.partials),
            Argument::Int(blocks as i32),
            Argument::Address(self.area.loss),
            Argument::Int(i32::from(!self.fresh)),
        ];
        backend.launch(self.kernels[LOSS], plain(1, 32, 0), &arguments)
    }
}

/// Bytes that the partial sums of a list need.
pub(super) fn partial_bytes(list: &[Launchable]) -> usize {
    let widest = list.iter().map(|item| match item {
        Launchable::Sum { x, .. } => 4 * RUNS * x.width,
        _ => 0,
    });
    widest.max().unwrap_or(0).max(8 * LOSS_BLOCKS)
}

/// Launches and products of a list, the fixed sequences counted as they are started.
pub(super) fn launches(list: &[Launchable], format: Option<Format>) -> usize {
    let each = |item: &Launchable| match item {
        Launchable::Sum { .. } | Launchable::Compare { .. } => 2,
        Launchable::Outer { .. } => format.map_or(1, |format| format.parts),
        Launchable::Multiply { x, out, .. } if !(x.is_even() && out.is_even()) => x.lines,
        _ => 1,
    };
    list.iter().map(each).sum()
}

/// Bytes of values that the kernels and the products of a list move for a row: weights, and what all rows share, are not
/// counted.
#[cfg(test)]
pub(super) fn traffic(list: &[Launchable], operands: &[Operand], format: Option<Format>) -> [usize; 2] {
    use super::kernel::Parameter;

    let value = |place: &Place| if place.is_broadcast() { 0 } else { 4 * place.size() };
    let rounded = |place: &Place| 2 * format.map_or(0, |format| format.parts) * place.size();
    let [mut kernels, mut products] = [0; 2];
    for item in list {
        match item {
            Launchable::Kernel { parameters, .. } => {
                for parameter in parameters {
                    kernels += match parameter {
                        Parameter::Value(place) | Parameter::Result(place) => value(place),
                        Parameter::Operand(operand, _) => rounded(&operands[*operand].place),
                        _ => 0,
                    };
                }
            }
            Launchable::Multiply { x, operand, out, keep, .. } => {
                products += if operand.is_some() { rounded(x) } else { value(x) };
                products += if *keep { 2 * value(out) } else { value(out) };
            }
            _ => {}
        }
    }
    [kernels, products]
}

pub(super) fn plain(blocks: u32, threads: u32, shared: usize) -> Launch {
    Launch { blocks, threads, shared, cooperative: false }
}
