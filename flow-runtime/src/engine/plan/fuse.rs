//! Products whose numbers a pullback takes as they come: they have no memory.

use super::{Base, Plan, Step, View};

impl Plan {
    /// Puts products before the pullbacks that alone read them, and takes their memory away.
    pub(super) fn fuse_pullbacks(&mut self) {
        let mut i = self.forward;
        while i < self.body.len() {
            match self.pullback_of(i) {
                Some((buffer, next)) if next == i + 1 => {
                    self.buffers[buffer].size = 0;
                    i += 2;
                }
                // What stands between them does not need the product; it may read what the pullback is written over.
                Some((_, pullback)) => self.body[i..pullback].rotate_left(1),
                None => i += 1,
            }
        }
    }

    /// The buffer of the product at `i`, and the pullback, if no other step reads it.
    fn pullback_of(&self, i: usize) -> Option<(usize, usize)> {
        let Step::Product { x, start, out, .. } = self.body[i] else { return None };
        let Base::Buffer(buffer) = out.base else { return None };
        let touches = |step: &Step| step.operands().chain(step.result()).any(|view| view.base == out.base);
        if self.steps().filter(|step| touches(step)).count() != 2 {
            return None;
        }
        let after = i + 1 + self.body[i + 1..].iter().position(touches)?;
        let Step::Pullback { source, dy, out: to, .. } = self.body[after] else { return None };
        // Numbers of the source are written over one by one, which nobody else may read then.
        let apart = |view: View| view.base != source.base;
        let able = dy == out && apart(x) && start.is_none_or(apart) && apart(out) && to.base != out.base;
        (able && !source.is_broadcast()).then_some((buffer, after))
    }

    /// Whether a step is a product that is not stored, but taken by the pullback right after it.
    pub(in crate::engine) fn is_fused(&self, step: &Step) -> bool {
        match step {
            Step::Product { out: View { base: Base::Buffer(b), width, .. }, .. } => {
                self.buffers[*b].size == 0 && *width > 0
            }
            _ => false,
        }
    }
}
