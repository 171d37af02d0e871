//! Integration of a batch, tile by tile, each through all stages of all steps before the next is touched.

use super::{
    executor::{Bound, Executor, Shared},
    frame::{ConditionRows, Frame},
    math::Math,
    scheme::{Scheme, stage_time},
    team::Team,
};
use crate::error::{Error, Result};
use pulp::{Simd, WithSimd};
use std::sync::Mutex;

/// Values of the table of what a batch shares, beyond which its rows are computed anew for each tile.
const TABLE: usize = 1 << 20;

/// Floating-point operations below which a call does not wake the other threads.
pub(super) const SMALL: f64 = 4e6;

/// What a thread works in.
pub(super) struct Workspace<T> {
    arena: Vec<T>,
    shared: Vec<T>,
    state: Vec<T>,
    stage: Vec<T>,
    slopes: Vec<T>,
    conditions: Vec<ConditionRows<T>>,
}

// SAFETY: the pointers in `conditions` are written before they are read in each call.
unsafe impl<T: Send> Send for Workspace<T> {}
// SAFETY: as above; each workspace is used by one thread at a time.
unsafe impl<T: Sync> Sync for Workspace<T> {}

impl<T> Default for Workspace<T> {
    fn default() -> Self {
        Self {
            arena: Vec::new(),
            shared: Vec::new(),
            state: Vec::new(),
            stage: Vec::new(),
            slopes: Vec::new(),
            conditions: Vec::new(),
        }
    }
}

/// Where an integration left the numbers.
#[derive(Clone, Copy, Debug)]
struct Lost {
    step: usize,
    count: usize,
    first: usize,
}

/// A batch to be carried over a grid.
pub(super) struct Task<'a, T> {
    pub(super) scheme: &'a Scheme,
    pub(super) nodes: &'a [f64],
    /// The points, which are carried in place.
    pub(super) x: &'a mut [T],
    pub(super) dim: usize,
    pub(super) conditions: &'a Bound<'a, T>,
    /// Nodes whose states are kept, ascending, and where: each as long as `x`.
    pub(super) saved: &'a [usize],
    pub(super) saves: &'a mut [Vec<T>],
    /// Floating-point operations of an evaluation of one sample.
    pub(super) flops: u64,
}

/// The memory of an integration, kept from call to call.
pub(super) struct Memory<T> {
    workspaces: Vec<Workspace<T>>,
    table: Vec<T>,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self { workspaces: Vec::new(), table: Vec::new() }
    }
}

/// Carries a batch over a grid with an explicit method.
///
/// # Errors
/// [`Error::NotFinite`] if a state stops being finite; the points are then partly carried.
pub(super) fn integrate<T: Math>(
    executor: &Executor<T>,
    team: &mut Team,
    memory: &mut Memory<T>,
    task: Task<'_, T>,
) -> Result<()> {
    let Task { scheme, nodes, x, dim, conditions, saved, saves, flops } = task;
    let rows = x.len().checked_div(dim).unwrap_or(0);
    let steps = nodes.len().saturating_sub(1);
    let work = rows as f64 * steps as f64 * scheme.stages.len() as f64 * (flops as f64 + 1e3);
    let members = if work < SMALL { 1 } else { team.size() };
    let tile = executor.tile_of(rows, members);
    let tiles = rows.div_ceil(tile);
    let row = executor.plan.shared_len;
    let per_step = scheme.times.len();
    let entries = steps * per_step * row;
    let tabled = entries <= TABLE && tiles > 1;
    memory.workspaces.resize_with(members.max(memory.workspaces.len()), Workspace::default);
    if tabled {
        memory.table.resize(entries.max(memory.table.len()), T::default());
        let table = Shared(memory.table.as_mut_ptr());
        let per_call = 64.min(steps.max(1));
        let calls = if row == 0 { 0 } else { steps.div_ceil(per_call) };
        let fill = |call: usize| {
            for step in call * per_call..((call + 1) * per_call).min(steps) {
                for (i, &c) in scheme.times.iter().enumerate() {
                    let time = T::from_f64(stage_time(&nodes[step..step + 2], c));
                    // SAFETY: each row of the table is one thread's; the shared steps write the shared row alone.
                    unsafe { share(executor, time, table.at((step * per_step + i) * row)) };
                }
            }
        };
        if members == 1 { (0..calls).for_each(fill) } else { team.each(calls, &|_, call| fill(call)) }
    }
    let table = &memory.table;
    let lost: Mutex<Option<Lost>> = Mutex::new(None);
    let (x, len) = (Shared(x.as_mut_ptr()), x.len());
    let saves: Vec<Shared<T>> = saves.iter_mut().map(|values| Shared(values.as_mut_ptr())).collect();
    let workspaces = Shared(memory.workspaces.as_mut_ptr());
    let run = |member: usize, i: usize| {
        let first = i * tile;
        let count = tile.min(rows - first);
        // SAFETY: members have workspaces of their own, tiles rows of their own, within `len`.
        let (workspace, x) = unsafe {
            debug_assert!((first + count) * dim <= len);
            (&mut *workspaces.at(member), std::slice::from_raw_parts_mut(x.at(first * dim), count * dim))
        };
        let carried = Carried { executor, scheme, nodes, dim, table: tabled.then_some(table), saved, saves: &saves };
        if let Some(bad) = carried.tile(workspace, x, first, conditions) {
            let mut lost = lost.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *lost = Some(match *lost {
                Some(other) if other.step < bad.step => other,
                Some(other) if other.step == bad.step => {
                    Lost { step: bad.step, count: bad.count + other.count, first: bad.first.min(other.first) }
                }
                _ => bad,
            });
        }
    };
    if members == 1 {
        (0..tiles).for_each(|i| run(0, i))
    } else {
        team.each(tiles, &|member, i| run(member.index, i))
    }
    match lost.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        None => Ok(()),
        Some(Lost { step, count, first }) => Err(not_finite(step, &nodes[step - 1..=step], count, rows, first)),
    }
}

/// The error for samples whose states stopped being finite in a step.
pub(in crate::engine) fn not_finite(step: usize, ends: &[f64], count: usize, rows: usize, first: usize) -> Error {
    Error::NotFinite {
        operation: "integrating",
        what: "the state".to_owned(),
        at: format!(
            "step {step}, from t = {} to {}, in {count} of the {rows} samples, the first being sample {first}",
            ends[0], ends[1]
        ),
        help: "take smaller steps, or look for weights or start points that are far out".to_owned(),
    }
}

/// Computes what a batch shares at a time.
///
/// # Safety
/// `row` has room for the plan's shared row.
pub(super) unsafe fn share<T: Math>(executor: &Executor<T>, time: T, row: *mut T) {
    if executor.plan.shared.is_empty() {
        return;
    }
    let frame = Frame { rows: 1, shared: row, time: &time, ..Frame::empty() };
    // SAFETY: the shared steps read the time, the parameters and the shared row.
    unsafe { executor.run(&executor.plan.shared, &frame) };
}

/// What all tiles have in common.
struct Carried<'a, T> {
    executor: &'a Executor<T>,
    scheme: &'a Scheme,
    nodes: &'a [f64],
    dim: usize,
    table: Option<&'a Vec<T>>,
    saved: &'a [usize],
    saves: &'a [Shared<T>],
}

impl<T: Math> Carried<'_, T> {
    /// Carries the rows `x`, which begin at row `first` of the batch, over the whole grid.
    fn tile(&self, workspace: &mut Workspace<T>, x: &mut [T], first: usize, conditions: &Bound<'_, T>) -> Option<Lost> {
        let Self { executor, scheme, nodes, dim, .. } = *self;
        let plan = &executor.plan;
        let rows = x.len() / dim.max(1);
        let len = x.len();
        let row = plan.shared_len;
        workspace.fit(executor, rows, dim, scheme.stages.len());
        conditions.rows(first, &mut workspace.conditions);
        let Workspace { arena, shared, state, stage, slopes, conditions } = workspace;
        state[..len].copy_from_slice(x);
        let mut frame = Frame {
            rows,
            capacity: rows,
            arena: arena.as_mut_ptr(),
            state: state.as_ptr(),
            conditions,
            sample: first,
            ..Frame::empty()
        };
        // SAFETY: the workspace has memory for `rows` rows of every buffer, state and slope.
        unsafe { executor.run(&plan.prologue, &frame) };
        self.save(0, first, &state[..len]);
        for (step, ends) in nodes.windows(2).enumerate() {
            let h = ends[1] - ends[0];
            let mut shared_time = None;
            for (i, part) in scheme.stages.iter().enumerate() {
                frame.state = if part.terms.is_empty() {
                    state.as_ptr()
                } else {
                    let terms = Terms { h, terms: &part.terms, slopes, stride: len };
                    executor.arch.dispatch(Combine { x: &state[..len], terms, out: &mut stage[..len] });
                    stage.as_ptr()
                };
                let time = T::from_f64(stage_time(ends, part.c));
                frame.time = &time;
                frame.shared = match self.table {
                    Some(table) => table[(step * scheme.times.len() + part.time) * row..].as_ptr().cast_mut(),
                    None => {
                        if shared_time != Some(part.time) {
                            // SAFETY: the workspace has room for a shared row.
                            unsafe { share(executor, time, shared.as_mut_ptr()) };
                            shared_time = Some(part.time);
                        }
                        shared.as_mut_ptr()
                    }
                };
                frame.output = slopes[i * len..(i + 1) * len].as_mut_ptr();
                // SAFETY: as above.
                unsafe { executor.run(&plan.body, &frame) };
            }
            let terms = Terms { h, terms: &scheme.weights, slopes, stride: len };
            executor.arch.dispatch(Advance { x: &mut state[..len], terms });
            if !executor.arch.dispatch(Finite { x: &state[..len] }) {
                let bad = |row: &[T]| row.iter().any(|value| !value.finite());
                let mut lost = state[..len].chunks(dim).enumerate().filter(|(_, row)| bad(row));
                if let Some((row, _)) = lost.next() {
                    return Some(Lost { step: step + 1, count: 1 + lost.count(), first: first + row });
                }
            }
            self.save(step + 1, first, &state[..len]);
        }
        x.copy_from_slice(&state[..len]);
        None
    }

    fn save(&self, node: usize, first: usize, state: &[T]) {
        if let Ok(place) = self.saved.binary_search(&node) {
            // SAFETY: a saved state is as long as the batch, and rows belong to one tile.
            unsafe {
                let to = self.saves[place].at(first * self.dim);
                std::ptr::copy_nonoverlapping(state.as_ptr(), to, state.len());
            }
        }
    }
}

impl<T: Math> Workspace<T> {
    /// Grows to what `rows` rows need; after the first call of a size nothing is allocated.
    fn fit(&mut self, executor: &Executor<T>, rows: usize, dim: usize, stages: usize) {
        let grow = |values: &mut Vec<T>, len: usize| {
            if values.len() < len {
                values.resize(len, T::default());
            }
        };
        grow(&mut self.arena, executor.plan.arena_row() * rows + super::executor::SLACK);
        grow(&mut self.shared, executor.plan.shared_len + super::executor::SLACK);
        grow(&mut self.state, rows * dim + super::executor::SLACK);
        grow(&mut self.stage, rows * dim + super::executor::SLACK);
        grow(&mut self.slopes, stages * rows * dim + super::executor::SLACK);
    }
}

/// `h Σ a k`.
struct Terms<'a, T> {
    h: f64,
    terms: &'a [(usize, f64)],
    slopes: &'a [T],
    stride: usize,
}

/// `out = x + h Σ a k`.
struct Combine<'a, T> {
    x: &'a [T],
    terms: Terms<'a, T>,
    out: &'a mut [T],
}

/// `x += h Σ b k`.
struct Advance<'a, T> {
    x: &'a mut [T],
    terms: Terms<'a, T>,
}

impl<T: Math> Terms<'_, T> {
    /// # Safety
    /// `x` and `out` have `len` values each, and so has every slope.
    #[inline(always)]
    unsafe fn add<S: Simd>(&self, simd: S, x: *const T, out: *mut T, len: usize) {
        let lanes = T::lanes::<S>();
        let mut at = 0;
        while at < len {
            let part = T::part(simd, lanes.min(len - at));
            // SAFETY: the part is within the rows.
            unsafe {
                let mut sum = T::load_part(simd, part, x.add(at));
                for &(stage, a) in self.terms {
                    let slope = T::load_part(simd, part, self.slopes.as_ptr().add(stage * self.stride + at));
                    sum = T::fma(simd, T::splat(simd, T::from_f64(self.h * a)), slope, sum);
                }
                T::store_part(simd, part, out.add(at), sum);
            }
            at += lanes;
        }
    }
}

impl<T: Math> WithSimd for Combine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // SAFETY: both are of one length, and slopes are at a distance of it.
        unsafe { self.terms.add(simd, self.x.as_ptr(), self.out.as_mut_ptr(), self.x.len().min(self.out.len())) }
    }
}

impl<T: Math> WithSimd for Advance<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // SAFETY: as above; each number is read before it is written.
        unsafe { self.terms.add(simd, self.x.as_ptr(), self.x.as_mut_ptr(), self.x.len()) }
    }
}

/// Whether all values are finite.
pub(in crate::engine) struct Finite<'a, T> {
    pub(in crate::engine) x: &'a [T],
}

impl<T: Math> WithSimd for Finite<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let lanes = T::lanes::<S>();
        let zero = T::splat(simd, T::default());
        let mut sum = zero;
        let mut at = 0;
        while at < self.x.len() {
            let part = T::part(simd, lanes.min(self.x.len() - at));
            // SAFETY: the part is within the slice.
            let x = unsafe { T::load_part(simd, part, self.x.as_ptr().add(at)) };
            // Zero for what is finite, else NaN.
            sum = T::fma(simd, x, zero, sum);
            at += lanes;
        }
        T::sum(simd, sum) == T::default()
    }
}
