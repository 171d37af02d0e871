//! The velocity of a batch at times of its own, or at one time for all.

use super::{
    executor::{Bound, Executor, SLACK, Shared},
    frame::{ConditionRows, Frame},
    integrate::{SMALL, share},
    math::Math,
    team::Team,
};

/// What a thread works in.
pub(super) struct Workspace<T> {
    arena: Vec<T>,
    shared: Vec<T>,
    conditions: Vec<ConditionRows<T>>,
}

// SAFETY: the pointers in `conditions` are written before they are read in each call.
unsafe impl<T: Send> Send for Workspace<T> {}
// SAFETY: as above; each workspace is used by one thread at a time.
unsafe impl<T: Sync> Sync for Workspace<T> {}

impl<T> Default for Workspace<T> {
    fn default() -> Self {
        Self { arena: Vec::new(), shared: Vec::new(), conditions: Vec::new() }
    }
}

/// The times of a batch.
#[derive(Clone, Copy)]
pub(super) enum Times<'a, T> {
    /// One for all; the plan is one for a shared time.
    Shared(T),
    /// One for each row.
    Rows(&'a [T]),
}

#[allow(clippy::too_many_arguments)]
/// Writes the velocity at `x: [rows, dim]` into `out`, which is as long.
pub(super) fn velocity<T: Math>(
    executor: &Executor<T>,
    team: &mut Team,
    workspaces: &mut Vec<Workspace<T>>,
    times: Times<'_, T>,
    x: &[T],
    conditions: &Bound<'_, T>,
    (dim, flops): (usize, u64),
    out: &mut [T],
) {
    let rows = x.len().checked_div(dim).unwrap_or(0);
    let members = if rows as f64 * (flops as f64 + 1e3) < SMALL { 1 } else { team.size() };
    let tile = executor.tile_of(rows, members);
    let tiles = rows.div_ceil(tile);
    workspaces.resize_with(members.max(workspaces.len()), Workspace::default);
    let members_of = Shared(workspaces.as_mut_ptr());
    let out = Shared(out.as_mut_ptr());
    let plan = &executor.plan;
    let run = |member: usize, i: usize| {
        let first = i * tile;
        let rows = tile.min(rows - first);
        // SAFETY: members have workspaces of their own, tiles rows of their own; the workspace is large enough for the
        // plan's buffers, and the slices were checked to be as long as the rows say.
        unsafe {
            let workspace = &mut *members_of.at(member);
            workspace.arena.resize((plan.arena_row() * rows + SLACK).max(workspace.arena.len()), T::default());
            workspace.shared.resize((plan.shared_len + SLACK).max(workspace.shared.len()), T::default());
            conditions.rows(first, &mut workspace.conditions);
            let time = match &times {
                Times::Shared(time) => {
                    share(executor, *time, workspace.shared.as_mut_ptr());
                    std::ptr::from_ref(time)
                }
                Times::Rows(times) => times[first..].as_ptr(),
            };
            let frame = Frame {
                rows,
                capacity: rows,
                arena: workspace.arena.as_mut_ptr(),
                shared: workspace.shared.as_mut_ptr(),
                state: x[first * dim..].as_ptr(),
                time,
                output: out.at(first * dim),
                conditions: &workspace.conditions,
                sample: first,
                ..Frame::empty()
            };
            executor.run(&plan.prologue, &frame);
            executor.run(&plan.body, &frame);
        }
    };
    if members == 1 { (0..tiles).for_each(|i| run(0, i)) } else { team.each(tiles, &|member, i| run(member.index, i)) }
}
