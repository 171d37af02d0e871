//! One piece of memory for all that a model needs, divided.

use super::{
    area::{Area, Packed},
    list::{Format, Launchable, Operand},
};
use crate::{
    engine::plan::Plan,
    error::{Error, Result},
    program::{InputKind, Program},
};

/// Places one after the other, each at a multiple of 256 bytes.
pub(super) struct Division {
    /// Bytes so far.
    pub(super) bytes: usize,
}

impl Division {
    pub(super) fn new() -> Self {
        // So that no place is zero, which stands for nothing.
        Self { bytes: 256 }
    }

    pub(super) fn take(&mut self, bytes: usize) -> u64 {
        let at = self.bytes;
        self.bytes = (at + bytes).next_multiple_of(256);
        at as u64
    }

    pub(super) fn floats(&mut self, count: usize) -> u64 {
        self.take(4 * count)
    }

    /// What every kind of run needs for so many rows; addresses count from the beginning of the memory.
    pub(super) fn area(
        &mut self,
        program: &Program,
        plan: &Plan,
        (operands, format): (&[Operand], Option<Format>),
        lists: &[&[Launchable]],
        rows: usize,
    ) -> Area {
        // Whole registers for every value.
        let capacity = rows.next_multiple_of(16);
        let rounded = |pack: usize| {
            let uses = |item: &Launchable| matches!(item, Launchable::Multiply { operand: Some(_), pack: p, .. } if *p == pack);
            lists.iter().any(|list| list.iter().any(uses))
        };
        let packs = (plan.packs.iter().enumerate())
            .map(|(i, pack)| match format {
                Some(format) if rounded(i) => {
                    let stride = (format.parts * pack.depth).next_multiple_of(8);
                    Packed { address: self.take(2 * stride * pack.columns), stride, scale: 1.0 }
                }
                _ => Packed::default(),
            })
            .collect();
        Area {
            capacity,
            arena: self.floats(plan.arena_row() * capacity),
            parameters: self.floats(program.parameter_count()),
            packs,
            operands: operands.iter().map(|o| self.take(2 * o.stride * o.place.lines * capacity)).collect(),
            constants: self.floats(plan.constants.len()),
            conditions: program.conditions().map(|(_, input)| self.floats(capacity * input.size())).collect(),
            ..Area::default()
        }
    }
}

/// Rows for which all counts of elements fit in the words of the kernels.
pub(super) fn most_rows(plan: &Plan, program: &Program) -> usize {
    let widest = plan.buffers.iter().map(|buffer| buffer.size).max().unwrap_or(0);
    i32::MAX as usize / widest.max(program.state_dim()).max(1)
}

/// Refuses more rows than there is memory for, or than the words of the kernels count.
pub(super) fn check_rows(operation: &'static str, rows: usize, most: usize) -> Result<()> {
    if rows <= most {
        return Ok(());
    }
    Err(Error::Invalid {
        operation,
        what: "the number of rows of one call on the device".to_owned(),
        got: rows.to_string(),
        expected: format!("{most} at most"),
        help: "take the rows in smaller pieces".to_owned(),
    })
}

/// Conditions in the order of the program: bytes of a row, and whether they are labels.
pub(super) fn condition_bytes(program: &Program) -> Vec<usize> {
    program
        .conditions()
        .map(|(_, input)| if matches!(input.kind, InputKind::Class { .. }) { 4 } else { 4 * input.size() })
        .collect()
}
