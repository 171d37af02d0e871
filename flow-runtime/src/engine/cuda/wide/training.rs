//! Loss and gradient of a batch of a wide model: forward, the loss, reverse, and the sums over the whole batch as products.

use super::{
    Precision,
    item::{Item, items},
    list::{Compiler, Format, Launchable, Operand},
    memory::{Division, check_rows, condition_bytes, most_rows},
    place::{Space, Spaces},
    record::{Area, FIXED, Recorder, partial_bytes},
    sampling::{state_place, upload_constants},
};
use crate::{
    engine::{
        cuda::{
            backend::{Backend, Graph, Kernel, Memory, bytes_of},
            source::{Source, Writer, double},
        },
        plan::{Plan, Use},
    },
    error::Result,
    program::{Program, Wanted},
    train::Loss,
};

/// What is printed and planned for training a model, before there is a device.
pub(crate) struct TrainingPlan {
    program: &'static Program,
    plan: Plan,
    format: Option<Format>,
    operands: Vec<Operand>,
    /// The text of all kernels.
    pub(crate) source: Source,
    list: Vec<Launchable>,
    /// The kernel of the loss, among the list's own.
    compare: usize,
}

impl TrainingPlan {
    /// Plans the training of a model.
    ///
    /// # Errors
    /// As [`Program::gradient`].
    pub(crate) fn new(program: &'static Program, precision: Precision, loss: Loss) -> Result<Self> {
        let gradient = program.gradient(Wanted { parameters: true, state: false })?;
        let plan = Plan::of(&gradient.program, gradient.parameters, Use::TrainingDeferred);
        let format = precision.of_training();
        let mut compiler = Compiler::new(&gradient.program, &plan, format, precision == Precision::Half);
        let spaces = Spaces { state: Space::Point, time: Space::Time, shared: Space::Table, output: Space::Slope(0) };
        let mut all = items(&plan.body[..plan.forward], &plan, &spaces);
        let (velocity, cotangent) = (state_place(program, Space::Slope(0)), state_place(program, Space::Cotangent));
        all.push(Item::Compare { velocity, cotangent });
        all.extend(items(&plan.body[plan.forward..], &plan, &spaces));
        all.extend(items(&plan.sums, &plan, &spaces));
        compiler.register(&all);
        let list = compiler.list(all, &|_| false);
        let compare = compiler.add(compare_text(loss), "the loss, and its derivative by the velocity".to_owned());
        let source = compiler.source(super::TEXT, &FIXED);
        let operands = std::mem::take(&mut compiler.operands);
        drop(compiler);
        Ok(Self { program, plan, format, operands, source, list, compare })
    }

    /// Launches and products of one gradient, the rounding of weights not counted.
    #[cfg(test)]
    pub(crate) fn launches(&self) -> usize {
        super::record::launches(&self.list, self.format)
    }

    /// Rows of a batch, at most.
    pub(crate) fn most_rows(&self) -> usize {
        most_rows(&self.plan, self.program)
    }

    fn divide(&self, rows: usize) -> (Area, usize) {
        let mut division = Division::new();
        let rounding = (self.operands.as_slice(), self.format);
        let mut area = division.area(self.program, &self.plan, rounding, &[&self.list], rows);
        let values = area.capacity * self.program.state_dim();
        area.point = division.floats(values);
        area.times = division.floats(area.capacity);
        area.target = division.floats(values);
        area.slopes = vec![division.floats(values)];
        area.cotangent = division.floats(values);
        area.keys = division.take(16);
        area.share = division.take(8);
        area.loss = division.take(8);
        area.partials = division.take(partial_bytes(&self.list));
        area.gradient = division.floats(self.program.parameter_count());
        (area, division.bytes)
    }
}

/// Numbers in memory of the device, from a byte on.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) memory: &'a Memory,
    pub(crate) offset: usize,
}

/// The text of the kernel of a loss.
fn compare_text(loss: Loss) -> String {
    let (value, derivative) = match loss {
        Loss::Mse => ("d * d".to_owned(), "2.0 * d".to_owned()),
        Loss::L1 => ("fabs(d)".to_owned(), "(d > 0.0 ? 1.0 : d < 0.0 ? -1.0 : d)".to_owned()),
        Loss::Huber { delta } => {
            let delta = double(delta);
            (
                format!("(fabs(d) > {delta} ? {delta} * (fabs(d) - 0.5 * {delta}) : 0.5 * d * d)"),
                format!("(d > {delta} ? {delta} : d < -{delta} ? -{delta} : d)"),
            )
        }
    };
    let mut out = Writer::default();
    let head = "FM_KERNEL(256) void NAME(const float* velocity, const float* target, const double* share, float* cotangent, \
                double* partial, int count)";
    out.block(head, |out| {
        out.line("FM_SMEM(double, sums);");
        out.line("double sum = 0.0, part = share[0];");
        out.block("for (u32 i = blockIdx.x * 256u + threadIdx.x; i < (u32)count; i += gridDim.x * 256u)", |out| {
            out.line("double d = (double)velocity[i] - (double)target[i];");
            out.line(format_args!("sum += {value};"));
            out.line(format_args!("cotangent[i] = (float)(part * {derivative});"));
        });
        out.line("sums[threadIdx.x] = sum;");
        out.line("__syncthreads();");
        out.block("for (u32 half = 128u; half > 0u; half /= 2u)", |out| {
            out.line("if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];");
            out.line("__syncthreads();");
        });
        out.line("if (threadIdx.x == 0) partial[blockIdx.x] = part * sums[0];");
    });
    out.finish()
}

/// A model in training on a device, for batches of one size.
///
/// Whoever trains writes a batch, the weights, and seed and draw of dropout where the functions below say, and takes loss
/// and gradient from there; nothing passes through the host.
pub(crate) struct Training {
    plan: TrainingPlan,
    kernels: Vec<Kernel>,
    memory: Memory,
    area: Area,
    batch: usize,
    /// Of a gradient that begins anew, and of one that is added.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "a trainer records a gradient into the graph of its step; tests take it by itself")
    )]
    graphs: [Option<Graph>; 2],
}

impl Training {
    /// Makes room for batches of `batch` rows, of which `accumulate` make a step, and loads the kernels. The gradient is zero.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) for too little memory, or a text that does not compile.
    pub(crate) fn new(plan: TrainingPlan, batch: usize, accumulate: usize, backend: &mut dyn Backend) -> Result<Self> {
        check_rows("training", batch, plan.most_rows())?;
        let (area, bytes) = plan.divide(batch);
        let kernels = backend.load(&plan.source)?;
        let memory = backend.allocate(bytes, "the values of a wide model in training")?;
        upload_constants(&plan.plan, &area, &memory, backend)?;
        let share = 1.0 / (batch as f64 * plan.program.state_dim() as f64 * accumulate as f64);
        backend.upload(&memory, area.share as usize, bytes_of(&[share]))?;
        backend.zero(&memory, area.gradient as usize, 4 * plan.program.parameter_count())?;
        let area = area.moved(memory.address);
        Ok(Self { plan, kernels, memory, area, batch, graphs: [None, None] })
    }

    /// `f32 [batch, dim]`: the points.
    pub(crate) fn xt(&self) -> At<'_> {
        self.at(self.area.point)
    }

    /// `f32 [batch]`: their times.
    pub(crate) fn t(&self) -> At<'_> {
        self.at(self.area.times)
    }

    /// `f32 [batch, dim]`: the velocities to be learned.
    pub(crate) fn ut(&self) -> At<'_> {
        self.at(self.area.target)
    }

    /// A condition, by its place in the program: `u32 [batch]` labels, or `f32 [batch, size]` values.
    pub(crate) fn condition(&self, i: usize) -> At<'_> {
        self.at(self.area.conditions[i])
    }

    /// Bytes of a row of each condition.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "a trainer records a gradient into the graph of its step; tests take it by itself")
    )]
    pub(crate) fn condition_bytes(&self) -> Vec<usize> {
        condition_bytes(self.plan.program)
    }

    /// `u64 [2]`: the seed, and the number of the draw, which key dropout.
    pub(crate) fn keys(&self) -> At<'_> {
        self.at(self.area.keys)
    }

    /// `f32 [parameters]`: the weights, as the model has them.
    pub(crate) fn weights(&self) -> At<'_> {
        self.at(self.area.parameters)
    }

    /// `f32 [parameters]`: the gradient. What is not trained, or not used, is zero and stays so.
    pub(crate) fn gradient(&self) -> At<'_> {
        self.at(self.area.gradient)
    }

    /// `f64`: the mean loss of the batch, divided by the number of batches of a step.
    pub(crate) fn loss(&self) -> At<'_> {
        self.at(self.area.loss)
    }

    /// Computes loss and gradient: anew if `fresh`, else added to what is there. From the second call on this is a graph.
    ///
    /// # Errors
    /// Those of the device.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "a trainer records a gradient into the graph of its step; tests take it by itself")
    )]
    pub(crate) fn compute(&mut self, fresh: bool, backend: &mut dyn Backend) -> Result<()> {
        let graph = match self.graphs[usize::from(fresh)] {
            Some(graph) => graph,
            None => {
                let graph = backend.capture(&mut |backend| self.record(fresh, backend))?;
                self.graphs[usize::from(fresh)] = Some(graph);
                graph
            }
        };
        backend.replay(graph)
    }

    /// Starts what computes loss and gradient, launch by launch, as for a larger graph.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn record(&self, fresh: bool, backend: &mut dyn Backend) -> Result<()> {
        let recorder = Recorder {
            plan: &self.plan.plan,
            area: &self.area,
            operands: &self.plan.operands,
            format: self.plan.format,
            kernels: &self.kernels,
            compare: Some(self.kernels[FIXED.len() + self.plan.compare]),
            rows: self.batch,
            fresh,
        };
        recorder.pack(backend)?;
        recorder.start(&self.plan.list, backend)
    }

    fn at(&self, address: u64) -> At<'_> {
        At { memory: &self.memory, offset: (address - self.memory.address) as usize }
    }
}
