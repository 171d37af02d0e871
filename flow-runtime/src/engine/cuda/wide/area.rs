//! Where everything of a run is in the device's memory.

use super::{
    kernel::Parameter,
    place::{Place, Space},
};
use crate::engine::{cuda::backend::Argument, plan::Plan};

/// Rounded weights of a pack.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Packed {
    pub(super) address: u64,
    pub(super) stride: usize,
    /// What they are multiplied by; a power of two.
    pub(super) scale: f32,
}

/// Where everything is, and how much there is of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Area {
    /// Samples that the buffers have room for.
    pub(super) capacity: usize,
    pub(super) arena: u64,
    pub(super) parameters: u64,
    pub(super) packs: Vec<Packed>,
    /// Of the copies for products.
    pub(super) operands: Vec<u64>,
    pub(super) point: u64,
    pub(super) stage: u64,
    pub(super) slopes: Vec<u64>,
    pub(super) table: u64,
    pub(super) times: u64,
    /// Distinct times of a step, and numbers of the shared row.
    pub(super) per_step: usize,
    pub(super) shared_len: usize,
    pub(super) coefficients: u64,
    pub(super) coefficient_stride: usize,
    pub(super) counter: u64,
    pub(super) lost: u64,
    pub(super) constants: u64,
    pub(super) conditions: Vec<u64>,
    pub(super) keys: u64,
    pub(super) cotangent: u64,
    pub(super) target: u64,
    /// The share of an element in the loss.
    pub(super) share: u64,
    pub(super) partials: u64,
    pub(super) loss: u64,
    pub(super) gradient: u64,
}

impl Area {
    pub(super) fn address(&self, place: &Place, plan: &Plan) -> u64 {
        let base = match place.space {
            Space::Buffer(b) => self.arena + 4 * (plan.buffers[b].place * self.capacity) as u64,
            Space::Table => self.table,
            Space::Row(time) => self.table + 4 * (time * self.shared_len) as u64,
            Space::Parameters => self.parameters,
            Space::Point => self.point,
            Space::Stage => self.stage,
            Space::Slope(i) => self.slopes[i],
            Space::Time => self.times,
            Space::Moment(time) => self.times + 4 * time as u64,
            Space::Condition(i) => self.conditions[i],
            Space::Cotangent => self.cotangent,
        };
        base + 4 * place.offset as u64
    }

    pub(super) fn argument(&self, parameter: &Parameter, rows: usize, plan: &Plan) -> Argument {
        match parameter {
            Parameter::Value(place) | Parameter::Result(place) => Argument::Address(self.address(place, plan)),
            Parameter::Stride(Space::Row(_)) => Argument::Int((self.per_step * self.shared_len) as i32),
            Parameter::Stride(_) => Argument::Int(self.per_step as i32),
            Parameter::Counter => Argument::Address(self.counter),
            Parameter::Operand(operand, column) => Argument::Address(self.operands[*operand] + 2 * *column as u64),
            Parameter::Weights(at) => Argument::Address(self.parameters + 4 * *at as u64),
            Parameter::Constants(at) => Argument::Address(self.constants + 4 * *at as u64),
            Parameter::Labels(condition) => Argument::Address(self.conditions[*condition]),
            Parameter::Keys => Argument::Address(self.keys),
            Parameter::Coefficients(first) => Argument::Address(self.coefficients + 4 * *first as u64),
            Parameter::CoefficientStride => Argument::Int(self.coefficient_stride as i32),
            Parameter::Lost => Argument::Address(self.lost),
            Parameter::Lines(lines) => Argument::Int((rows * lines) as i32),
        }
    }

    /// Addresses of the device, from those that count from the beginning of the memory.
    pub(super) fn moved(mut self, base: u64) -> Self {
        let Self { packs, operands, slopes, conditions, .. } = &mut self;
        for address in packs.iter_mut().map(|packed| &mut packed.address) {
            // What is not there stays so.
            if *address != 0 {
                *address += base;
            }
        }
        operands.iter_mut().chain(slopes).chain(conditions).for_each(|address| *address += base);
        for address in [
            &mut self.arena,
            &mut self.parameters,
            &mut self.point,
            &mut self.stage,
            &mut self.table,
            &mut self.times,
            &mut self.coefficients,
            &mut self.counter,
            &mut self.lost,
            &mut self.constants,
            &mut self.keys,
            &mut self.cotangent,
            &mut self.target,
            &mut self.share,
            &mut self.partials,
            &mut self.loss,
            &mut self.gradient,
        ] {
            *address += base;
        }
        self
    }
}
