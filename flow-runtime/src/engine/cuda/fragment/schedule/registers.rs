//! How many registers a schedule needs: an estimate.

use super::{Builder, Form, Statement, chunks, form, halves};
use crate::{
    engine::cuda::fragment::graph::{Kind, Level},
    program::Activation,
};

/// Registers that a function takes on its way, all numbers of a chunk at once.
fn extra(kind: &Kind) -> usize {
    match kind {
        Kind::Map { f: Activation::Gelu, .. } => 24,
        Kind::Map { f: Activation::Softplus | Activation::Sin, .. } => 8,
        _ => 0,
    }
}

/// A thing that lies in registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Held {
    Float(usize),
    Packed(usize),
    Moments(usize),
}

impl Builder<'_> {
    fn size(&self, held: Held) -> usize {
        let width = |i: usize| self.graph.values[i].width;
        match held {
            Held::Float(i) => 4 * halves(width(i)),
            Held::Packed(i) => match form(self.graph, i, self.split) {
                Form::Single if width(i) <= 8 => 2,
                Form::Single => 4 * chunks(width(i)),
                Form::Split => 8 * chunks(width(i)),
                Form::Eight => 4,
                Form::Pair => 2,
            },
            Held::Moments(_) => 4,
        }
    }

    /// What a chunk of a value reads from registers, and how many registers its way there takes.
    fn reads(&self, i: usize, top: bool, into: &mut Vec<Held>) -> usize {
        if !top && (self.schedule.float[i] || self.graph.values[i].kind == Kind::State) {
            into.push(Held::Float(i));
            return 0;
        }
        if self.is_source(i) {
            return 8;
        }
        match &self.graph.values[i].kind {
            Kind::Product { start, parts } => {
                let mut temporary = start.map_or(0, |x| self.reads(x, false, into));
                for part in parts {
                    if self.schedule.packed[part.x] {
                        into.push(Held::Packed(part.x));
                    } else {
                        let packed = if form(self.graph, part.x, self.split) == Form::Split { 8 } else { 4 };
                        temporary = temporary.max(packed + self.reads(part.x, false, into));
                    }
                }
                8 + temporary
            }
            Kind::Norm { x, .. } => {
                into.push(Held::Moments(i));
                8 + self.reads(*x, false, into)
            }
            kind => {
                let operands = kind.operands();
                8 + extra(kind) + operands.into_iter().map(|x| self.reads(x, false, into)).sum::<usize>()
            }
        }
    }

    /// The estimate: what lives at each statement. Of an operand that dies in a statement as many columns are gone as there are new
    /// ones of the result.
    pub(super) fn registers(&self) -> usize {
        let statements = &self.schedule.statements;
        let mut read = Vec::new();
        let mut made = Vec::new();
        for statement in statements {
            let mut into = Vec::new();
            let (temporary, results) = match *statement {
                Statement::Compute(i) => {
                    let temporary = self.reads(i, true, &mut into);
                    let mut results = Vec::new();
                    if self.schedule.float[i] {
                        results.push(Held::Float(i));
                    }
                    if self.schedule.packed[i] && !self.schedule.float[i] {
                        results.push(Held::Packed(i));
                    }
                    (temporary, results)
                }
                Statement::Pack(i) => (self.reads(i, false, &mut into), vec![Held::Packed(i)]),
                Statement::Moments(i) => {
                    if let Kind::Norm { x, .. } = self.graph.values[i].kind {
                        into.push(Held::Float(x));
                    }
                    (4, vec![Held::Moments(i)])
                }
            };
            read.push((into, temporary));
            made.push(results);
        }
        let state = (0..self.graph.values.len()).find(|&i| self.graph.values[i].kind == Kind::State);
        let mut live: Vec<Held> = state.filter(|_| self.level == Level::Stage).map(Held::Float).into_iter().collect();
        let mut peak = 0;
        for (at, (into, temporary)) in read.iter().enumerate() {
            let later = |held: &Held| {
                let root = |i: &usize| *held == Held::Float(*i);
                read[at + 1..].iter().any(|(into, _)| into.contains(held)) || self.roots.iter().any(root)
            };
            let (stay, die): (Vec<Held>, Vec<Held>) = live.iter().partition(|held| later(held));
            // A packed operand is needed by every column.
            let (columns, whole): (Vec<Held>, Vec<Held>) =
                die.iter().filter(|held| into.contains(held)).partition(|held| matches!(held, Held::Float(_)));
            let sum = |held: &[Held]| held.iter().map(|held| self.size(*held)).sum::<usize>();
            peak = peak.max(sum(&stay) + sum(&whole) + sum(&columns).max(sum(&made[at])) + temporary);
            live = stay;
            live.extend(&made[at]);
        }
        peak
    }
}
