//! Loss and gradient of a batch of a wide model: forward, the loss, reverse, and the sums over the whole batch as products.

use super::{
    Precision,
    area::Area,
    item::{Item, items},
    list::{Compiler, Launchable},
    memory::{Division, condition_bytes},
    place::{Space, Spaces},
    record::{FIXED, Recorder, partial_bytes},
    resident::{Planned, Resident},
    sampling::state_place,
};
use crate::{
    engine::{
        cuda::{
            backend::{Backend, Graph, Memory, bytes_of},
            source::Writer,
            tile::loss_text,
        },
        plan::{Plan, Use},
    },
    error::Result,
    program::{Program, Wanted},
    train::Loss,
};

/// What is printed and planned for training a model, before there is a device.
pub(crate) struct TrainingPlan {
    pub(crate) planned: Planned,
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
        let (source, operands) = compiler.finish();
        Ok(Self { planned: Planned { program, plan, format, operands, source }, list, compare })
    }

    /// Launches and products of one gradient, the rounding of weights not counted.
    #[cfg(test)]
    pub(crate) fn launches(&self) -> usize {
        super::record::launches(&self.list, self.planned.format)
    }

    fn divide(&self, rows: usize) -> (Area, usize) {
        let mut division = Division::new();
        let mut area = self.planned.area(&mut division, &[&self.list], rows);
        let values = area.capacity * self.planned.program.state_dim();
        area.point = division.floats(values);
        area.times = division.floats(area.capacity);
        area.target = division.floats(values);
        area.slopes = vec![division.floats(values)];
        area.cotangent = division.floats(values);
        area.keys = division.take(16);
        area.share = division.take(8);
        area.loss = division.take(8);
        area.partials = division.take(partial_bytes(&self.list));
        area.gradient = division.floats(self.planned.program.parameter_count());
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
    let [value, derivative] = loss_text(loss);
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
    resident: Resident,
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
        let resident = Resident::new(&plan.planned, plan.divide(batch), ("training", batch), backend)?;
        let (program, area, memory) = (plan.planned.program, &resident.area, &resident.memory);
        let share = 1.0 / (batch as f64 * program.state_dim() as f64 * accumulate as f64);
        backend.upload(memory, resident.place(area.share), bytes_of(&[share]))?;
        backend.zero(memory, resident.place(area.gradient), 4 * program.parameter_count())?;
        Ok(Self { plan, resident, batch, graphs: [None, None] })
    }

    /// `f32 [batch, dim]`: the points.
    pub(crate) fn xt(&self) -> At<'_> {
        self.at(self.resident.area.point)
    }

    /// `f32 [batch]`: their times.
    pub(crate) fn t(&self) -> At<'_> {
        self.at(self.resident.area.times)
    }

    /// `f32 [batch, dim]`: the velocities to be learned.
    pub(crate) fn ut(&self) -> At<'_> {
        self.at(self.resident.area.target)
    }

    /// A condition, by its place in the program: `u32 [batch]` labels, or `f32 [batch, size]` values.
    pub(crate) fn condition(&self, i: usize) -> At<'_> {
        self.at(self.resident.area.conditions[i])
    }

    /// Bytes of a row of each condition.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "a trainer records a gradient into the graph of its step; tests take it by itself")
    )]
    pub(crate) fn condition_bytes(&self) -> Vec<usize> {
        condition_bytes(self.plan.planned.program)
    }

    /// `u64 [2]`: the seed, and the number of the draw, which key dropout.
    pub(crate) fn keys(&self) -> At<'_> {
        self.at(self.resident.area.keys)
    }

    /// `f32 [parameters]`: the weights, as the model has them.
    pub(crate) fn weights(&self) -> At<'_> {
        self.at(self.resident.area.parameters)
    }

    /// `f32 [parameters]`: the gradient. What is not trained, or not used, is zero and stays so.
    pub(crate) fn gradient(&self) -> At<'_> {
        self.at(self.resident.area.gradient)
    }

    /// `f64`: the mean loss of the batch, divided by the number of batches of a step.
    pub(crate) fn loss(&self) -> At<'_> {
        self.at(self.resident.area.loss)
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
        let Self { plan, resident, batch, .. } = self;
        let recorder = Recorder {
            compare: Some(resident.kernels[FIXED.len() + plan.compare]),
            fresh,
            ..resident.recorder(&plan.planned, *batch)
        };
        recorder.pack(backend)?;
        recorder.start(&plan.list, backend)
    }

    fn at(&self, address: u64) -> At<'_> {
        At { memory: &self.resident.memory, offset: self.resident.place(address) }
    }
}
