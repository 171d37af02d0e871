//! Places of the buffers: two of them share memory if no step needs both.

use super::{Base, Plan, Step, View};

/// Memory of a tile for one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Buffer {
    /// Numbers of one sample; 0 if the value is never stored.
    pub(in crate::engine) size: usize,
    /// Its first row is at `place · capacity`, in a tile that has room for `capacity` samples.
    pub(in crate::engine) place: usize,
}

/// First and last step that need a buffer, counted over prologue, body and sums.
#[derive(Clone, Copy)]
struct Life {
    first: usize,
    last: usize,
}

/// Gives every buffer its place. With `apart`, no two share memory unless one is computed in place of the other.
pub(super) fn buffers(plan: &Plan, apart: bool) -> Vec<Buffer> {
    let mut buffers = plan.buffers.clone();
    let steps: Vec<&Step> = plan.steps().collect();
    let lives = lives(plan, &steps, buffers.len());
    let mut free: Vec<(usize, usize)> = Vec::new();
    let mut end = 0;
    let mut placed = vec![false; buffers.len()];
    for (i, step) in steps.iter().enumerate() {
        let mut kept = None;
        if let Some(Base::Buffer(b)) = step.result().map(|view| view.base)
            && !placed[b]
        {
            placed[b] = true;
            kept = taken_over(step, b, i, &buffers, &lives);
            buffers[b].place = match kept {
                Some(old) => buffers[old].place,
                None => allocate(&mut free, &mut end, buffers[b].size),
            };
        }
        if apart {
            continue;
        }
        // A product that is not stored is computed here, with what stands after it.
        let before = i.checked_sub(1).map(|before| steps[before]).filter(|before| plan.is_fused(before));
        let read = before.into_iter().flat_map(Step::operands).chain(step.operands());
        let mut dying: Vec<usize> = read.chain(step.result()).filter_map(buffer).collect();
        dying.sort_unstable();
        dying.dedup();
        for b in dying {
            if lives[b].last == i && Some(b) != kept && buffers[b].size > 0 {
                release(&mut free, buffers[b].place, buffers[b].size);
            }
        }
    }
    buffers
}

fn buffer(view: View) -> Option<usize> {
    match view.base {
        Base::Buffer(b) => Some(b),
        _ => None,
    }
}

fn lives(plan: &Plan, steps: &[&Step], count: usize) -> Vec<Life> {
    let mut lives = vec![Life { first: usize::MAX, last: 0 }; count];
    for (i, step) in steps.iter().enumerate() {
        for b in step.operands().chain(step.result()).filter_map(buffer) {
            lives[b].first = lives[b].first.min(i);
            // A product that is not stored is computed with the step after it.
            lives[b].last = lives[b].last.max(if plan.is_fused(step) { i + 1 } else { i });
        }
    }
    // The body is run again and again after the prologue.
    for life in &mut lives {
        if life.first < plan.prologue.len() {
            life.last = usize::MAX;
        }
    }
    lives
}

/// The operand whose memory the result of step `i` takes over.
fn taken_over(step: &Step, result: usize, i: usize, buffers: &[Buffer], lives: &[Life]) -> Option<usize> {
    let whole = |view: View, b: usize| view.is_dense() && view.offset == 0 && view.size() == buffers[b].size;
    let out = step.result().filter(|out| step.in_place() && whole(*out, result))?;
    step.operands().find_map(|view| {
        let b = buffer(view)?;
        (b != result && lives[b].last == i && whole(view, b) && view.size() == out.size()).then_some(b)
    })
}

/// First fit.
fn allocate(free: &mut Vec<(usize, usize)>, end: &mut usize, size: usize) -> usize {
    if let Some(i) = free.iter().position(|(_, room)| *room >= size) {
        let (place, room) = free[i];
        if room == size {
            free.remove(i);
        } else {
            free[i] = (place + size, room - size);
        }
        return place;
    }
    // A hole at the end is made larger.
    if let Some(&(place, room)) = free.last()
        && place + room == *end
    {
        free.pop();
        *end = place + size;
        return place;
    }
    let place = *end;
    *end += size;
    place
}

/// Holes are kept sorted, neighbours joined.
fn release(free: &mut Vec<(usize, usize)>, place: usize, size: usize) {
    let at = free.partition_point(|(other, _)| *other < place);
    free.insert(at, (place, size));
    if at + 1 < free.len() && free[at].0 + free[at].1 == free[at + 1].0 {
        free[at].1 += free[at + 1].1;
        free.remove(at + 1);
    }
    if at > 0 && free[at - 1].0 + free[at - 1].1 == free[at].0 {
        free[at - 1].1 += free[at].1;
        free.remove(at);
    }
}
