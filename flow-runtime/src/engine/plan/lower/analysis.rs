//! What is known of the nodes before they are lowered: which are needed, how often each is computed, and where.

use super::{Level, Lower, lines, width};
use crate::{
    engine::plan::{Plan, Use},
    program::{InputKind, Op, Program},
};

impl<'a> Lower<'a> {
    pub(super) fn new(program: &'a Program, shares: &[(usize, usize)], usage: Use) -> Self {
        let count = program.nodes.len();
        let mut of_node = vec![Vec::new(); count];
        for &(parameter, node) in shares {
            of_node[node].push(parameter);
        }
        let mut needed = vec![false; count];
        for i in (0..count).rev() {
            needed[i] |= i == program.output || !of_node[i].is_empty();
            if needed[i] {
                program.nodes[i].inputs.iter().for_each(|&input| needed[input] = true);
            }
        }
        let mut consumers = vec![Vec::new(); count];
        for (i, node) in program.nodes.iter().enumerate().filter(|(i, _)| needed[*i]) {
            node.inputs.iter().for_each(|&input| consumers[input].push(i));
        }
        let mut lower = Self {
            program,
            usage,
            plan: Plan {
                shared: Vec::new(),
                shared_len: 0,
                prologue: Vec::new(),
                body: Vec::new(),
                forward: 0,
                sums: Vec::new(),
                sum_jobs: Vec::new(),
                packs: Vec::new(),
                constants: Vec::new(),
                buffers: Vec::new(),
            },
            needed,
            consumers,
            level: Vec::with_capacity(count),
            views: vec![None; count],
            home: vec![None; count],
            taken_apart: vec![false; count],
            folded: vec![false; count],
            shares: of_node,
            started: Vec::new(),
        };
        for i in 0..count {
            let level = lower.level_of(i);
            lower.level.push(level);
        }
        lower.find_folds();
        lower.find_homes();
        lower
    }

    fn level_of(&self, i: usize) -> Level {
        if self.usage != Use::SharedTime {
            return Level::Body;
        }
        let node = &self.program.nodes[i];
        match node.op {
            Op::Input(input) => match self.program.inputs[input].kind {
                InputKind::Time => Level::Shared,
                InputKind::Class { .. } | InputKind::Vector => Level::Prologue,
                _ => Level::Body,
            },
            _ => {
                let mut levels = node.inputs.iter().map(|&input| self.level[input]);
                let first = levels.next().unwrap_or(Level::Body);
                if levels.all(|level| level == first) { first } else { Level::Body }
            }
        }
    }

    /// Products that need not be put together with what is known before.
    fn find_folds(&mut self) {
        if self.usage != Use::SharedTime {
            return;
        }
        let early = |level: Level| level != Level::Body;
        for (i, node) in self.program.nodes.iter().enumerate() {
            if !self.needed[i] || self.level[i] != Level::Body || lines(node) != 1 {
                continue;
            }
            match node.op {
                Op::Concat => {
                    let hoisted = node.inputs.iter().any(|&input| early(self.level[input]));
                    let linear = self.consumers[i].iter().all(|&c| self.program.nodes[c].op == Op::Linear);
                    self.taken_apart[i] = hoisted && linear && i != self.program.output;
                }
                Op::Add => {
                    let foldable = |product: usize, other: usize| {
                        self.program.nodes[product].op == Op::Linear
                            && self.consumers[product] == [i]
                            && self.level[product] == Level::Body
                            && early(self.level[other])
                    };
                    let [a, b] = [node.inputs[0], node.inputs[1]];
                    if foldable(a, b) {
                        self.folded[a] = true;
                    } else if foldable(b, a) {
                        self.folded[b] = true;
                    }
                }
                _ => {}
            }
        }
    }

    /// Operands of a `concat` are computed where it wants them, if nothing speaks against it.
    fn find_homes(&mut self) {
        for (i, node) in self.program.nodes.iter().enumerate() {
            if !self.needed[i] || node.op != Op::Concat || self.taken_apart[i] || self.level[i] == Level::Shared {
                continue;
            }
            let mut column = 0;
            for &input in node.inputs {
                let operand = &self.program.nodes[input];
                let computed = !matches!(
                    operand.op,
                    Op::Input(_) | Op::Reshape | Op::Slice { .. } | Op::Concat | Op::Dropout { .. }
                );
                let once = node.inputs.iter().filter(|other| **other == input).count() == 1;
                let free = self.home[input].is_none() && !self.folded[input] && input != self.program.output;
                if computed && once && free && self.level[input] == self.level[i] {
                    self.home[input] = Some((i, column));
                }
                column += width(operand);
            }
        }
    }
}
