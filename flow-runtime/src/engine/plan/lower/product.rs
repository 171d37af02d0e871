//! Products: of what is known earlier once, of the rest for every tile.

use super::{Level, Lower, width};
use crate::engine::plan::{Base, Binary, Pack, Step, View};

impl Lower<'_> {
    /// The product of node `i`, with `more` (known earlier) added, as the value of node `target`.
    pub(super) fn linear(&mut self, i: usize, more: Option<(View, Level)>, target: usize) {
        let node = &self.program.nodes[i];
        let level = self.level[target];
        let (weight, columns) = (self.parameter(i, 0), width(node));
        let bias = node.parameters.get(1).map(|&p| {
            let at = self.program.parameter_offset(p);
            View { offset: at, ..View::dense(Base::Parameters, 1, columns) }.broadcast()
        });
        let source = node.inputs[0];
        let fan_in = width(&self.program.nodes[source]);
        // (operand, first column) of what is multiplied at each level.
        let mut parts = Vec::new();
        if self.taken_apart[source] {
            let mut column = 0;
            for &input in self.program.nodes[source].inputs {
                parts.push((self.level[input], self.view(input), column));
                column += width(&self.program.nodes[input]);
            }
        } else {
            parts.push((level, self.view(source), 0));
        }
        let mut start = bias;
        let mut pending = more;
        // What is known per stage, then what is known per tile, then the rest.
        for earlier in [Level::Shared, Level::Prologue] {
            if earlier == level {
                break;
            }
            let products: Vec<_> = parts.iter().filter(|(level, ..)| *level == earlier).copied().collect();
            let added = pending.filter(|(_, level)| *level == earlier).map(|(view, _)| view);
            if products.is_empty() && added.is_none() {
                continue;
            }
            let out = self.room(earlier, 1, columns);
            // A row that changes with the stage cannot go into what is computed once per tile: those are added below.
            let carried = start.filter(|view| earlier == Level::Shared || view.base == Base::Parameters);
            let left = start.filter(|_| carried.is_none());
            let mut sum = match (carried, added) {
                (Some(a), Some(b)) => {
                    self.steps(earlier).push(Step::Binary { f: Binary::Add, a: b, b: a, out });
                    Some(out)
                }
                (a, b) => a.or(b),
            };
            for (_, x, column) in products {
                let pack = self.pack(weight + column, x.width, columns, 1, fan_in);
                self.steps(earlier).push(Step::Product { x, pack, start: sum, out });
                sum = Some(out);
            }
            if added.is_some() {
                pending = None;
            }
            start = match (left, sum) {
                (Some(row), Some(rows)) => {
                    let out = self.place_once(target);
                    self.plan.body.push(Step::Binary { f: Binary::Add, a: rows, b: row, out });
                    Some(out)
                }
                (row, rows) => rows.or(row),
            };
        }
        let out = self.place_once(target);
        let mut products = parts.iter().filter(|(part, ..)| *part == level).peekable();
        if products.peek().is_none()
            && let Some(x) = start.filter(|view| *view != out)
        {
            self.plan.body.push(Step::Copy { x, out });
        }
        for &(_, x, column) in products {
            let pack = self.pack(weight + column, x.width, columns, 1, fan_in);
            self.steps(level).push(Step::Product { x, pack, start, out });
            start = Some(out);
        }
    }

    /// A product plus something that is known earlier.
    pub(super) fn folded_sum(&mut self, i: usize) {
        let [a, b] = [self.program.nodes[i].inputs[0], self.program.nodes[i].inputs[1]];
        let (product, other) = if self.folded[a] { (a, b) } else { (b, a) };
        self.linear(product, Some((self.view(other), self.level[other])), i);
    }

    pub(super) fn pack(
        &mut self,
        offset: usize,
        depth: usize,
        columns: usize,
        depth_stride: usize,
        column_stride: usize,
    ) -> usize {
        let pack = Pack { offset, depth, columns, depth_stride, column_stride };
        if let Some(known) = self.plan.packs.iter().position(|other| *other == pack) {
            return known;
        }
        self.plan.packs.push(pack);
        self.plan.packs.len() - 1
    }
}
