//! The velocity of a batch of a wide model, at a time for each row.

use super::{
    Precision,
    item::items,
    list::{Compiler, Format, Launchable, Operand},
    memory::{Division, check_rows, condition_bytes, most_rows},
    place::{Space, Spaces},
    record::{Area, FIXED, Recorder},
    sampling::{load, upload_constants},
};
use crate::{
    engine::{
        cuda::{
            backend::{Backend, Kernel, Memory},
            source::Source,
        },
        plan::{Plan, Use},
    },
    error::Result,
    program::Program,
};

/// What is printed and planned for evaluating a model, before there is a device.
pub(crate) struct VelocityPlan {
    program: &'static Program,
    plan: Plan,
    format: Option<Format>,
    operands: Vec<Operand>,
    /// The text of all kernels.
    pub(crate) source: Source,
    list: Vec<Launchable>,
}

impl VelocityPlan {
    /// Plans the evaluation of a model.
    pub(crate) fn new(program: &'static Program, precision: Precision) -> Self {
        let plan = Plan::of(program, &[], Use::TimePerRow);
        let format = precision.of_sampling();
        let mut compiler = Compiler::new(program, &plan, format, precision == Precision::Half);
        let spaces = Spaces { state: Space::Point, time: Space::Time, shared: Space::Table, output: Space::Slope(0) };
        let all: Vec<_> =
            [&plan.prologue, &plan.body].into_iter().flat_map(|steps| items(steps, &plan, &spaces)).collect();
        compiler.register(&all);
        let list = compiler.list(all, &|space| space == Space::Slope(0));
        let source = compiler.source(super::TEXT, &FIXED);
        let operands = std::mem::take(&mut compiler.operands);
        drop(compiler);
        Self { program, plan, format, operands, source, list }
    }

    /// Rows of one call, at most.
    pub(crate) fn most_rows(&self) -> usize {
        most_rows(&self.plan, self.program)
    }

    /// Bytes of the device for so many rows.
    pub(crate) fn bytes(&self, rows: usize) -> usize {
        self.divide(rows).1
    }

    fn divide(&self, rows: usize) -> (Area, usize) {
        let mut division = Division::new();
        let rounding = (self.operands.as_slice(), self.format);
        let mut area = division.area(self.program, &self.plan, rounding, &[&self.list], rows);
        let values = area.capacity * self.program.state_dim();
        area.point = division.floats(values);
        area.times = division.floats(area.capacity);
        area.slopes = vec![division.floats(values)];
        (area, division.bytes)
    }
}

/// A model on a device, to be evaluated.
pub(crate) struct Velocity {
    plan: VelocityPlan,
    kernels: Vec<Kernel>,
    memory: Memory,
    area: Area,
    most: usize,
}

impl Velocity {
    /// Makes room for `rows` rows and loads the kernels.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) for too little memory, or a text that does not compile.
    pub(crate) fn new(plan: VelocityPlan, rows: usize, backend: &mut dyn Backend) -> Result<Self> {
        check_rows("evaluating", rows, plan.most_rows())?;
        let (area, bytes) = plan.divide(rows);
        let kernels = backend.load(&plan.source)?;
        let memory = backend.allocate(bytes, "the values of a wide model")?;
        upload_constants(&plan.plan, &area, &memory, backend)?;
        let area = area.moved(memory.address);
        Ok(Self { plan, kernels, memory, area, most: rows })
    }

    /// Takes over weights.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn load(&mut self, weights: &[f32], backend: &mut dyn Backend) -> Result<()> {
        load(weights, &self.plan.plan, &mut self.area, &self.memory, backend)?;
        self.recorder(0).pack(backend)
    }

    /// Writes the velocity at `x`, `f32 [rows, dim]`, and times `t`, `f32 [rows]`, to `out`, which is as `x`; conditions are as
    /// in an integration.
    ///
    /// # Errors
    /// Those of the device; [`Error::Invalid`](crate::Error::Invalid) for more rows than there is room for.
    pub(crate) fn evaluate(
        &self,
        (t, x, rows): (&Memory, &Memory, usize),
        conditions: &[Memory],
        out: &Memory,
        backend: &mut dyn Backend,
    ) -> Result<()> {
        check_rows("evaluating", rows, self.most)?;
        if rows == 0 {
            return Ok(());
        }
        let bytes = 4 * rows * self.plan.program.state_dim();
        let place = |address: u64| (&self.memory, (address - self.memory.address) as usize);
        backend.copy((x, 0), place(self.area.point), bytes)?;
        backend.copy((t, 0), place(self.area.times), 4 * rows)?;
        for (i, (condition, row)) in conditions.iter().zip(condition_bytes(self.plan.program)).enumerate() {
            backend.copy((condition, 0), place(self.area.conditions[i]), rows * row)?;
        }
        self.recorder(rows).start(&self.plan.list, backend)?;
        backend.copy(place(self.area.slopes[0]), (out, 0), bytes)
    }

    fn recorder(&self, rows: usize) -> Recorder<'_> {
        Recorder {
            plan: &self.plan.plan,
            area: &self.area,
            operands: &self.plan.operands,
            format: self.plan.format,
            kernels: &self.kernels,
            compare: None,
            rows,
            fresh: true,
        }
    }
}
