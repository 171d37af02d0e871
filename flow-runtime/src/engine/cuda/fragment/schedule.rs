//! In what form values are held, and in what order they are computed.
//!
//! A product is computed either sixteen columns at a time, from a left operand that is there as a whole, so that a column
//! goes on to the next layer at once; or as a whole, from sixteen columns of the left operand at a time, so that the operand
//! is never there as a whole. Which of the two is chosen for each product decides how many registers are needed.

mod registers;

use super::graph::{Graph, Kind, Level};

/// How a left operand is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// Rounded to `f16`.
    Single,
    /// As a sum of two `f16`.
    Split,
    /// Up to eight columns: both parts in one operand.
    Eight,
    /// Up to two columns: both parts, as often as the weights need them.
    Pair,
}

/// What is done, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// A value is computed, to be held as a whole.
    Compute(usize),
    /// A value that is there is packed.
    Pack(usize),
    /// Mean and scale of the operand of this normalization.
    Moments(usize),
}

/// How the values of a level are computed.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    /// Held as numbers, all columns.
    pub(super) float: Vec<bool>,
    /// Held as a left operand, all columns.
    pub(super) packed: Vec<bool>,
    /// Products that are computed as a whole.
    pub(super) accumulated: Vec<bool>,
    pub(super) statements: Vec<Statement>,
    /// Registers that all this needs for sixteen rows, at the worst place: an estimate.
    pub(super) registers: usize,
}

/// Chunks of sixteen columns.
pub(super) fn chunks(width: usize) -> usize {
    width.div_ceil(16)
}

/// Halves of chunks.
pub(super) fn halves(width: usize) -> usize {
    width.div_ceil(8)
}

/// The form of a value as a left operand. What reads the state does so in full precision, always.
pub(super) fn form(graph: &Graph, value: usize, split: bool) -> Form {
    let precise = split || graph.values[value].kind == Kind::State;
    match graph.values[value].width {
        _ if !precise => Form::Single,
        0..=2 => Form::Pair,
        3..=8 => Form::Eight,
        _ => Form::Split,
    }
}

impl Schedule {
    /// The way of a level that needs the fewest registers, as far as a search from a few starts finds it. `roots` are values that
    /// are wanted as a whole, `kept` those that are stored as they are computed.
    pub(super) fn of(graph: &Graph, level: Level, roots: &[usize], kept: &[usize], split: bool) -> Self {
        let products: Vec<usize> = (0..graph.values.len())
            .filter(|&i| graph.values[i].level == level && matches!(graph.values[i].kind, Kind::Product { .. }))
            .collect();
        let build = |accumulated: &[bool]| Builder::new(graph, level, roots, kept, split, accumulated).build();
        let starts: [&dyn Fn(usize) -> bool; 4] = [&|_| false, &|_| true, &|i| i % 2 == 0, &|i| i % 2 == 1];
        let mut best: Option<(usize, usize, Schedule)> = None;
        for start in starts {
            let mut accumulated = vec![false; graph.values.len()];
            products.iter().enumerate().for_each(|(i, &product)| accumulated[product] = start(i));
            let cost = |schedule: &Schedule, accumulated: &[bool]| {
                (schedule.registers, accumulated.iter().filter(|whole| **whole).count())
            };
            let mut current = build(&accumulated);
            let mut value = cost(&current, &accumulated);
            let mut improved = true;
            while improved {
                improved = false;
                for &product in &products {
                    accumulated[product] ^= true;
                    let other = build(&accumulated);
                    let there = cost(&other, &accumulated);
                    if there < value {
                        (current, value, improved) = (other, there, true);
                    } else {
                        accumulated[product] ^= true;
                    }
                }
            }
            if best.as_ref().is_none_or(|best| value < (best.0, best.1)) {
                best = Some((value.0, value.1, current));
            }
        }
        match best {
            Some((.., schedule)) => schedule,
            None => build(&vec![false; graph.values.len()]),
        }
    }
}

/// What reads a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// A product that needs the whole operand, packed.
    Multiply,
    /// A product that takes sixteen columns at a time.
    Accumulate,
    /// Something that takes sixteen columns at a time, as numbers.
    Chunk,
    /// Something that needs all columns at once.
    Whole,
}

/// Builds a schedule for one choice of what is accumulated.
struct Builder<'a> {
    graph: &'a Graph,
    level: Level,
    roots: &'a [usize],
    kept: &'a [usize],
    split: bool,
    schedule: Schedule,
    ready_float: Vec<bool>,
    ready_packed: Vec<bool>,
    ready_moments: Vec<bool>,
}

impl<'a> Builder<'a> {
    fn new(
        graph: &'a Graph,
        level: Level,
        roots: &'a [usize],
        kept: &'a [usize],
        split: bool,
        accumulated: &[bool],
    ) -> Self {
        let count = graph.values.len();
        let schedule = Schedule {
            float: vec![false; count],
            packed: vec![false; count],
            accumulated: accumulated.to_vec(),
            statements: Vec::new(),
            registers: 0,
        };
        let ready = vec![false; count];
        Self {
            graph,
            level,
            roots,
            kept,
            split,
            schedule,
            ready_float: ready.clone(),
            ready_packed: ready.clone(),
            ready_moments: ready,
        }
    }

    fn build(mut self) -> Schedule {
        self.find_homes();
        for i in 0..self.graph.values.len() {
            let value = &self.graph.values[i];
            if value.level != self.level || self.is_source(i) {
                continue;
            }
            if self.schedule.float[i] || self.schedule.packed[i] || self.kept.contains(&i) {
                self.compute(i);
            }
        }
        // Conditions that are kept as they are.
        for &i in self.kept.iter().chain(self.roots) {
            if self.is_source(i) && self.graph.values[i].kind != Kind::State {
                self.prepare(i);
                if self.kept.contains(&i) || !self.ready_float[i] {
                    self.schedule.statements.push(Statement::Compute(i));
                }
            }
        }
        self.schedule.registers = self.registers();
        self.schedule
    }

    /// It is there before this level's statements.
    fn is_source(&self, i: usize) -> bool {
        self.graph.values[i].kind.is_source() || self.graph.values[i].level != self.level
    }

    fn readers(&self) -> Vec<Vec<Reader>> {
        let mut readers = vec![Vec::new(); self.graph.values.len()];
        self.roots.iter().for_each(|&root| readers[root].push(Reader::Whole));
        self.kept.iter().for_each(|&kept| readers[kept].push(Reader::Chunk));
        for (i, value) in self.graph.values.iter().enumerate() {
            if value.level != self.level {
                continue;
            }
            match &value.kind {
                Kind::Product { start, parts } => {
                    start.iter().for_each(|&x| readers[x].push(Reader::Chunk));
                    let whole = self.schedule.accumulated[i];
                    let reader = if whole { Reader::Accumulate } else { Reader::Multiply };
                    parts.iter().for_each(|part| readers[part.x].push(reader));
                }
                Kind::Norm { x, weight, bias, .. } => {
                    readers[*x].push(Reader::Whole);
                    weight.iter().chain(bias).for_each(|&row| readers[row].push(Reader::Chunk));
                }
                Kind::Concat { parts } => parts.iter().for_each(|&x| readers[x].push(Reader::Whole)),
                kind => kind.operands().into_iter().for_each(|x| readers[x].push(Reader::Chunk)),
            }
        }
        readers
    }

    fn find_homes(&mut self) {
        let readers = self.readers();
        for (i, readers) in readers.iter().enumerate() {
            let has = |reader: Reader| readers.contains(&reader);
            let several = readers.len() > 1;
            let multiplied = has(Reader::Multiply);
            let state = self.graph.values[i].kind == Kind::State;
            if self.is_source(i) {
                self.schedule.float[i] = state || has(Reader::Whole);
                self.schedule.packed[i] = multiplied;
                continue;
            }
            let product = matches!(self.graph.values[i].kind, Kind::Product { .. });
            let always = matches!(self.graph.values[i].kind, Kind::Softmax { .. } | Kind::Concat { .. });
            let whole = has(Reader::Whole) || always || product && self.schedule.accumulated[i];
            self.schedule.float[i] = whole || several && has(Reader::Chunk);
            self.schedule.packed[i] = multiplied || several && has(Reader::Accumulate) && !self.schedule.float[i];
        }
    }

    /// Computes a value as a whole, after what it needs.
    fn compute(&mut self, i: usize) {
        self.prepare(i);
        self.schedule.statements.push(Statement::Compute(i));
        self.ready_float[i] = self.schedule.float[i];
        self.ready_packed[i] = self.schedule.packed[i] && !self.schedule.float[i];
    }

    /// Makes ready what computing a chunk of the value takes.
    fn prepare(&mut self, i: usize) {
        let graph = self.graph;
        match &graph.values[i].kind {
            Kind::Product { start, parts } => {
                start.iter().for_each(|&x| self.inline(x));
                for part in parts {
                    if self.schedule.packed[part.x] {
                        self.pack(part.x);
                    } else {
                        self.inline(part.x);
                    }
                }
            }
            Kind::Norm { x, weight, bias, .. } => {
                self.inline(*x);
                if !self.ready_moments[i] {
                    self.ready_moments[i] = true;
                    self.schedule.statements.push(Statement::Moments(i));
                }
                weight.iter().chain(bias).for_each(|&row| self.inline(row));
            }
            kind => kind.operands().into_iter().for_each(|x| self.inline(x)),
        }
    }

    /// Makes ready a value of which chunks are to be read as numbers.
    fn inline(&mut self, i: usize) {
        if self.ready_float[i] || self.graph.values[i].kind == Kind::State {
            return;
        }
        if self.is_source(i) {
            if self.schedule.float[i] {
                self.schedule.statements.push(Statement::Compute(i));
                self.ready_float[i] = true;
            }
            return;
        }
        self.prepare(i);
    }

    fn pack(&mut self, i: usize) {
        if self.ready_packed[i] {
            return;
        }
        self.inline(i);
        self.schedule.statements.push(Statement::Pack(i));
        self.ready_packed[i] = true;
    }
}
