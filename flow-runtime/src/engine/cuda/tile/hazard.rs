//! Where a team has to wait: what has been read and written since it last did.

use crate::engine::plan::Base;

type Range = (Base, usize, usize);

/// Ranges of memory that steps since the last barrier touched.
#[derive(Default)]
pub(super) struct Hazards {
    read: Vec<Range>,
    written: Vec<Range>,
}

impl Hazards {
    /// Whether a step that reads and writes these must wait; it counts as done either way.
    pub(super) fn meets(&mut self, reads: &[Range], writes: &[Range]) -> bool {
        let any = |a: &[Range], b: &[Range]| a.iter().any(|a| b.iter().any(|b| overlap(a, b)));
        let wait = any(reads, &self.written) || any(writes, &self.written) || any(writes, &self.read);
        if wait {
            self.read.clear();
            self.written.clear();
        }
        self.read.extend(reads);
        self.written.extend(writes);
        wait
    }
}

fn overlap(a: &Range, b: &Range) -> bool {
    a.0 == b.0 && a.1 < b.2 && b.1 < a.2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_waits_for_what_it_reads_and_for_readers_of_what_it_writes() {
        let buffer = |from, to| (Base::Buffer(0), from, to);
        let mut hazards = Hazards::default();
        assert!(!hazards.meets(&[(Base::State, 0, 2)], &[buffer(0, 8)]));
        assert!(!hazards.meets(&[(Base::State, 0, 2)], &[buffer(8, 16)]));
        assert!(hazards.meets(&[buffer(4, 12)], &[buffer(16, 20)]));
        assert!(hazards.meets(&[], &[buffer(4, 5)]));
        assert!(!hazards.meets(&[(Base::State, 4, 12)], &[(Base::Output, 0, 1)]));
    }
}
