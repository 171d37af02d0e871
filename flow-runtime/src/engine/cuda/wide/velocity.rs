//! The velocity of a batch of a wide model, at a time for each row.

use super::{
    Precision,
    area::Area,
    item::items,
    list::{Compiler, Launchable},
    memory::Division,
    place::{Space, Spaces},
    resident::{Planned, Resident},
};
use crate::{
    engine::{
        cuda::backend::{Backend, Memory},
        plan::{Plan, Use},
    },
    error::Result,
    program::Program,
};

/// What is printed and planned for evaluating a model, before there is a device.
pub(crate) struct VelocityPlan {
    pub(crate) planned: Planned,
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
        let (source, operands) = compiler.finish();
        Self { planned: Planned { program, plan, format, operands, source }, list }
    }

    /// Rows of one call, at most.
    pub(crate) fn most_rows(&self) -> usize {
        self.planned.most_rows()
    }

    /// Bytes of the device for so many rows.
    pub(crate) fn bytes(&self, rows: usize) -> usize {
        self.divide(rows).1
    }

    fn divide(&self, rows: usize) -> (Area, usize) {
        let mut division = Division::new();
        let mut area = self.planned.area(&mut division, &[&self.list], rows);
        let values = area.capacity * self.planned.program.state_dim();
        area.point = division.floats(values);
        area.times = division.floats(area.capacity);
        area.slopes = vec![division.floats(values)];
        (area, division.bytes)
    }
}

/// A model on a device, to be evaluated.
pub(crate) struct Velocity {
    plan: VelocityPlan,
    resident: Resident,
}

impl Velocity {
    /// Makes room for `rows` rows and loads the kernels.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) for too little memory, or a text that does not compile.
    pub(crate) fn new(plan: VelocityPlan, rows: usize, backend: &mut dyn Backend) -> Result<Self> {
        let resident = Resident::new(&plan.planned, plan.divide(rows), ("evaluating", rows), backend)?;
        Ok(Self { plan, resident })
    }

    /// Takes over weights.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn load(&mut self, weights: &[f32], backend: &mut dyn Backend) -> Result<()> {
        self.resident.load(&self.plan.planned, weights, backend)?;
        self.resident.recorder(&self.plan.planned, 0).pack(backend)
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
        let (planned, resident) = (&self.plan.planned, &self.resident);
        resident.check_rows(rows)?;
        if rows == 0 {
            return Ok(());
        }
        let bytes = 4 * rows * planned.program.state_dim();
        let place = |address: u64| (&resident.memory, resident.place(address));
        backend.copy((x, 0), place(resident.area.point), bytes)?;
        backend.copy((t, 0), place(resident.area.times), 4 * rows)?;
        resident.take_conditions(planned.program, conditions, rows, backend)?;
        resident.recorder(planned, rows).start(&self.plan.list, backend)?;
        backend.copy(place(resident.area.slopes[0]), (out, 0), bytes)
    }
}
