//! Where an integration left the numbers, as kernels mark it.

use super::backend::{Backend, Memory, bytes_of_mut};
use crate::error::Result;

/// Where an integration left the numbers: in step `step`, counted from 1, in `count` rows of which `first` is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) step: usize,
    pub(crate) count: usize,
    pub(crate) first: usize,
}

impl Lost {
    /// From marks `i32 [rows]` at byte `marks` of a memory: for each row `i32::MAX` less the step that lost it, counted from 0; and
    /// the largest of them at byte `most`. Zero is for none.
    pub(super) fn of_rows(
        backend: &mut dyn Backend,
        memory: &Memory,
        (most, marks): (usize, usize),
        rows: usize,
    ) -> Result<Option<Self>> {
        let mut earliest = [0i32];
        backend.download(memory, most, bytes_of_mut(&mut earliest))?;
        if earliest[0] == 0 {
            return Ok(None);
        }
        let mut all = vec![0i32; rows];
        backend.download(memory, marks, bytes_of_mut(&mut all))?;
        let mut hit = all.iter().enumerate().filter(|(_, mark)| **mark == earliest[0]);
        let first = hit.next().map_or(0, |(row, _)| row);
        Ok(Some(Self { step: (i32::MAX - earliest[0]) as usize + 1, count: 1 + hit.count(), first }))
    }

    /// From two words for each step: how many rows it lost, and the complement of the first of them.
    pub(super) fn of_steps(backend: &mut dyn Backend, memory: &Memory, steps: usize) -> Result<Option<Self>> {
        let mut all = vec![0u32; 2 * steps];
        if steps > 0 {
            backend.download(memory, 0, bytes_of_mut(&mut all))?;
        }
        let lost = all.chunks_exact(2).enumerate().find(|(_, step)| step[0] > 0);
        Ok(lost.map(|(step, own)| Self { step: step + 1, count: own[0] as usize, first: !own[1] as usize }))
    }
}
