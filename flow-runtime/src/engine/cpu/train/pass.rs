//! Loss and gradient of a batch: forward, the loss and its derivative, reverse, and the sums over the batch.

use super::{
    GROUP_ROWS, GROUPS, Training,
    batch::{Drawn, Rows},
};
use crate::{
    engine::cpu::{
        executor::{SLACK, Shared},
        frame::{ConditionRows, Frame, Masks},
        math::Math,
        simd::Element,
        team::{Member, Team},
    },
    error::Result,
    train::Loss,
};
use pulp::{Simd, WithSimd};
use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

/// A gradient to be taken: the mean over the draws, of batches of one size.
pub(in crate::engine::cpu) struct Pass<'a> {
    pub(in crate::engine::cpu) loss: Loss,
    pub(in crate::engine::cpu) seed: u64,
    /// Numbers of the draws, which key dropout, too.
    pub(in crate::engine::cpu) draws: Range<u64>,
    pub(in crate::engine::cpu) batch: usize,
    pub(in crate::engine::cpu) dim: usize,
    /// How to draw the batches; without it, the batch is there.
    pub(in crate::engine::cpu) drawn: Option<Drawn<'a>>,
}

/// What a thread works in.
pub(super) struct Workspace<T> {
    arena: Vec<T>,
    velocity: Vec<T>,
    cotangent: Vec<T>,
    conditions: Vec<ConditionRows<T>>,
}

impl<T> Default for Workspace<T> {
    fn default() -> Self {
        Self { arena: Vec::new(), velocity: Vec::new(), cotangent: Vec::new(), conditions: Vec::new() }
    }
}

// SAFETY: the pointers in `conditions` are written before they are read in each call.
unsafe impl<T: Send> Send for Workspace<T> {}
// SAFETY: as above; each workspace is used by one thread at a time.
unsafe impl<T: Sync> Sync for Workspace<T> {}

/// How the rows of a batch are divided, by its size alone.
#[derive(Clone, Copy)]
pub(super) struct Division {
    pub(super) groups: usize,
    pub(super) rows: usize,
}

impl Division {
    pub(super) fn of(batch: usize) -> Self {
        let groups = batch.div_ceil(GROUP_ROWS).clamp(1, GROUPS);
        // Multiples of the block of the products.
        let rows = batch.div_ceil(groups).next_multiple_of(16);
        Self { groups: batch.div_ceil(rows).max(1), rows }
    }
}

/// Everything that the threads of a pass share.
pub(super) struct Work<'a, T> {
    pass: &'a Pass<'a>,
    executor: &'a super::Executor<T>,
    deferred: bool,
    division: Division,
    rows: Rows<T>,
    groups: Vec<Shared<T>>,
    losses: Shared<f64>,
    workspaces: Shared<Workspace<T>>,
    next: AtomicUsize,
    next_sum: AtomicUsize,
}

impl<T: Math> Training<T> {
    /// Memory for a pass; after the first of its size nothing is allocated but a few pointers.
    pub(super) fn reserve(&mut self, members: usize, pass: &Pass<'_>) -> Division {
        let division = Division::of(pass.batch);
        let parameters = self.total.len();
        let copies = if self.deferred { 1 } else { division.groups };
        while self.groups.len() < copies {
            self.groups.push(vec![T::default(); parameters]);
        }
        self.losses.resize(division.groups.max(self.losses.len()), 0.0);
        let rows = if self.deferred { pass.batch } else { self.executor.tile.min(division.rows) };
        let owners = if self.deferred { 1 } else { members };
        self.workspaces.resize_with(members.max(self.workspaces.len()), Workspace::default);
        let arena = self.executor.plan.arena_row() * rows + SLACK;
        let values = rows * pass.dim + SLACK;
        for workspace in &mut self.workspaces[..owners] {
            workspace.arena.resize(arena.max(workspace.arena.len()), T::default());
            workspace.velocity.resize(values.max(workspace.velocity.len()), T::default());
            workspace.cotangent.resize(values.max(workspace.cotangent.len()), T::default());
        }
        division
    }

    /// What the threads share, for a pass on `members` threads.
    pub(super) fn work<'a>(
        &'a mut self,
        members: usize,
        pass: &'a Pass<'a>,
    ) -> (Work<'a, T>, super::update::Parts<'a, T>) {
        let division = self.reserve(members, pass);
        let Self { executor, groups, losses, squares, total, batches, workspaces, chunks, deferred, .. } = self;
        squares.resize(chunks.len(), 0.0);
        let pointers: Vec<Shared<T>> = groups.iter_mut().map(|group| Shared(group.as_mut_ptr())).collect();
        let parts = super::update::Parts {
            arch: executor.arch,
            chunks,
            squares: Shared(squares.as_mut_ptr()),
            // In `f32` the sum of the groups is the gradient; else it is rounded.
            total: if size_of::<T>() == size_of::<f32>() {
                Shared(pointers[0].0.cast())
            } else {
                Shared(total.as_mut_ptr())
            },
            groups: if *deferred { 1 } else { division.groups },
            marker: std::marker::PhantomData,
        };
        let work = Work {
            pass,
            executor,
            deferred: *deferred,
            division,
            rows: batches.rows(),
            groups: pointers,
            losses: Shared(losses.as_mut_ptr()),
            workspaces: Shared(workspaces.as_mut_ptr()),
            next: AtomicUsize::new(0),
            next_sum: AtomicUsize::new(0),
        };
        (work, parts)
    }

    /// Loss, and the gradient in `self.total`.
    pub(in crate::engine::cpu) fn pass(&mut self, team: &mut Team, pass: &Pass<'_>) -> Result<f64> {
        let members = team.size();
        let (work, parts) = self.work(members, pass);
        team.run(members, &|member| {
            // SAFETY: the memory was made for this pass, and members keep to their parts of it.
            unsafe {
                if work.run(member) && member.wait() {
                    parts.sum(&work, member);
                }
            }
        });
        let loss = work.loss();
        self.total.fill(0.0);
        for &(start, end) in &self.chunks {
            let sums = self.groups[0][start..end].iter();
            self.total[start..end].iter_mut().zip(sums).for_each(|(total, sum)| *total = sum.to_f32());
        }
        Ok(loss)
    }
}

impl<T: Math> Work<'_, T> {
    pub(super) fn executor(&self) -> &super::Executor<T> {
        self.executor
    }

    /// The gradient of one group of rows.
    pub(super) fn group(&self, group: usize) -> Shared<T> {
        self.groups[group]
    }

    /// The mean loss, after all members are done.
    pub(super) fn loss(&self) -> f64 {
        // SAFETY: every group has written its loss.
        (0..self.division.groups).map(|group| unsafe { *self.losses.at(group) }).sum()
    }

    /// Takes part in the pass; `false` if another member failed.
    ///
    /// # Safety
    /// All memory was made for this pass, and all members call this once.
    pub(super) unsafe fn run(&self, member: &Member<'_>) -> bool {
        if self.deferred {
            // SAFETY: the caller's promise.
            return unsafe { self.run_deferred(member) };
        }
        loop {
            let group = self.next.fetch_add(1, Ordering::Relaxed);
            if group >= self.division.groups {
                return true;
            }
            // SAFETY: members have workspaces of their own; a group is one member's.
            unsafe {
                let workspace = &mut *self.workspaces.at(member.index);
                let gradient = self.groups[group];
                let first = group * self.division.rows;
                let end = (first + self.division.rows).min(self.pass.batch);
                let mut loss = 0.0;
                for draw in self.pass.draws.clone() {
                    for tile in (first..end).step_by(self.executor.tile) {
                        let rows = self.executor.tile.min(end - tile);
                        let memory = Memory {
                            arena: workspace.arena.as_mut_ptr(),
                            velocity: workspace.velocity.as_mut_ptr(),
                            cotangent: workspace.cotangent.as_mut_ptr(),
                            capacity: rows,
                            buffer_row: 0,
                            fresh: draw == self.pass.draws.start && tile == first,
                        };
                        loss += self.tile(draw, tile, rows, memory, &mut workspace.conditions, gradient.0);
                    }
                }
                *self.losses.at(group) = loss;
            }
        }
    }

    /// All rows first, then the sums over them, shared out by parameters.
    unsafe fn run_deferred(&self, member: &Member<'_>) -> bool {
        let plan = &self.executor.plan;
        for (turn, draw) in self.pass.draws.clone().enumerate() {
            // SAFETY: the first workspace has room for the whole batch, of which every group has its own rows.
            unsafe {
                let whole = &raw mut *self.workspaces.0;
                let (arena, velocity, cotangent) =
                    ((*whole).arena.as_mut_ptr(), (*whole).velocity.as_mut_ptr(), (*whole).cotangent.as_mut_ptr());
                let conditions = &raw mut (*self.workspaces.at(member.index)).conditions;
                // Counters are set back while nobody uses them: that of the sums before the first barrier, that of the groups
                // after it.
                if member.index == 0 {
                    self.next_sum.store(0, Ordering::Relaxed);
                }
                loop {
                    let group = self.next.fetch_add(1, Ordering::Relaxed);
                    if group >= self.division.groups {
                        break;
                    }
                    let first = group * self.division.rows;
                    let rows = self.division.rows.min(self.pass.batch - first);
                    let memory = Memory {
                        arena,
                        velocity: velocity.add(first * self.pass.dim),
                        cotangent: cotangent.add(first * self.pass.dim),
                        capacity: self.pass.batch,
                        buffer_row: first,
                        fresh: false,
                    };
                    let loss = self.tile(draw, first, rows, memory, &mut *conditions, std::ptr::null_mut());
                    let before = if turn == 0 { 0.0 } else { *self.losses.at(group) };
                    *self.losses.at(group) = before + loss;
                }
                if !member.wait() {
                    return false;
                }
                if member.index == 0 {
                    self.next.store(0, Ordering::Relaxed);
                }
                self.rows.conditions(0, &mut *conditions);
                let (time, state) = self.rows.inputs_as_they_are();
                let frame = Frame {
                    rows: self.pass.batch,
                    capacity: self.pass.batch,
                    arena,
                    state,
                    time,
                    cotangent,
                    output: velocity,
                    conditions: &*conditions,
                    gradient: self.groups[0].0,
                    fresh: turn == 0,
                    ..Frame::empty()
                };
                loop {
                    let job = self.next_sum.fetch_add(1, Ordering::Relaxed);
                    let Some(sums) = plan.sum_jobs.get(job) else { break };
                    self.executor.run(&plan.sums[sums.clone()], &frame);
                }
                if !member.wait() {
                    return false;
                }
            }
        }
        true
    }

    /// Loss of some rows, and their gradient added to `gradient`.
    unsafe fn tile(
        &self,
        draw: u64,
        first: usize,
        rows: usize,
        memory: Memory<T>,
        conditions: &mut Vec<ConditionRows<T>>,
        gradient: *mut T,
    ) -> f64 {
        let (pass, plan) = (self.pass, &self.executor.plan);
        let dim = pass.dim;
        // SAFETY: the rows are this member's; the memory has room for them.
        unsafe {
            if let Some(drawn) = &pass.drawn {
                self.rows.draw(drawn, draw, first, rows, dim);
            }
            let (time, state) = self.rows.inputs(first, rows, dim);
            self.rows.conditions(first, conditions);
            let frame = Frame {
                rows,
                buffer_row: memory.buffer_row,
                capacity: memory.capacity,
                arena: memory.arena,
                state,
                time,
                cotangent: memory.cotangent,
                output: memory.velocity,
                conditions,
                gradient,
                fresh: memory.fresh,
                masks: Some(Masks { seed: pass.seed, step: draw }),
                sample: first,
                ..Frame::empty()
            };
            self.executor.run(&plan.body[..plan.forward], &frame);
            let draws = (pass.draws.end - pass.draws.start) as f64;
            let loss = self.executor.arch.dispatch(Compare {
                loss: pass.loss,
                velocity: std::slice::from_raw_parts(memory.velocity, rows * dim),
                target: std::slice::from_raw_parts(self.rows.ut.at(first * dim), rows * dim),
                cotangent: std::slice::from_raw_parts_mut(memory.cotangent, rows * dim),
                share: 1.0 / (pass.batch as f64 * dim as f64 * draws),
            });
            self.executor.run(&plan.body[plan.forward..], &frame);
            loss
        }
    }
}

/// Where the rows of a tile are computed.
struct Memory<T> {
    arena: *mut T,
    velocity: *mut T,
    cotangent: *mut T,
    capacity: usize,
    buffer_row: usize,
    /// Nothing has been added to the gradient.
    fresh: bool,
}

/// `share · Σ loss(v − u)`, and its derivative.
struct Compare<'a, T> {
    loss: Loss,
    velocity: &'a [T],
    target: &'a [f32],
    cotangent: &'a mut [T],
    share: f64,
}

impl<T: Math> WithSimd for Compare<'_, T> {
    type Output = f64;

    // Plain loops: the compiler vectorises them for the instruction set that this is inlined into.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        let Self { loss, velocity, target, cotangent, share } = self;
        let mut sums = [0.0f64; 8];
        let len = velocity.len();
        let (target, cotangent) = (&target[..len], &mut cotangent[..len]);
        if loss == Loss::Mse {
            let scale = 2.0 * share;
            let whole = len / 8 * 8;
            for at in (0..whole).step_by(8) {
                for (i, sum) in sums.iter_mut().enumerate() {
                    let d = Element::to_f64(velocity[at + i]) - f64::from(target[at + i]);
                    *sum += d * d;
                    cotangent[at + i] = T::from_f64(scale * d);
                }
            }
            for at in whole..len {
                let d = Element::to_f64(velocity[at]) - f64::from(target[at]);
                sums[at - whole] += d * d;
                cotangent[at] = T::from_f64(scale * d);
            }
        } else {
            for at in 0..len {
                let (v, u) = (Element::to_f64(velocity[at]), f64::from(target[at]));
                sums[0] += loss.value(v, u);
                cotangent[at] = T::from_f64(share * loss.derivative(v, u));
            }
        }
        share * sums.iter().sum::<f64>()
    }
}
