//! Values of a model and what they are made of, and what is simplified before they are scheduled.

use crate::{
    engine::plan::{Binary, Norm, Pack},
    program::Activation,
};

/// How often a value is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Never: it lies in memory, the same for all samples.
    Row,
    /// Once per tile.
    Tile,
    /// Once per evaluation.
    Stage,
}

/// A value of every sample: a vector.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) width: usize,
    pub(super) level: Level,
    /// What it is called in the text.
    pub(super) name: String,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    State,
    /// Columns of the time table from there on.
    Shared(usize),
    /// A parameter from there on.
    Parameter(usize),
    Time,
    /// A vector condition, by its place among the conditions.
    Condition(usize),
    /// Rows of a table of parameters from `table` on.
    Lookup {
        condition: usize,
        table: usize,
    },
    /// The sum of what is known and of products.
    Product {
        start: Option<usize>,
        parts: Vec<Part>,
    },
    Map {
        f: Activation,
        x: usize,
    },
    Binary {
        f: Binary,
        a: usize,
        b: usize,
    },
    Affine {
        factor: f64,
        term: f64,
        x: usize,
    },
    Norm {
        norm: Norm,
        x: usize,
        weight: Option<usize>,
        bias: Option<usize>,
    },
    Softmax {
        x: usize,
    },
    /// Values side by side.
    Concat {
        parts: Vec<usize>,
    },
}

/// A product: a value with weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) x: usize,
    pub(super) pack: Pack,
}

impl Kind {
    /// The values that it is made of.
    pub(super) fn operands(&self) -> Vec<usize> {
        match self {
            Kind::State
            | Kind::Shared(_)
            | Kind::Parameter(_)
            | Kind::Time
            | Kind::Condition(_)
            | Kind::Lookup { .. } => Vec::new(),
            Kind::Product { start, parts } => start.iter().copied().chain(parts.iter().map(|part| part.x)).collect(),
            Kind::Map { x, .. } | Kind::Affine { x, .. } | Kind::Softmax { x } => vec![*x],
            Kind::Binary { a, b, .. } => vec![*a, *b],
            Kind::Norm { x, weight, bias, .. } => [Some(*x), *weight, *bias].into_iter().flatten().collect(),
            Kind::Concat { parts } => parts.clone(),
        }
    }

    /// It lies in memory, or in registers from the start: no statement computes it.
    pub(super) fn is_source(&self) -> bool {
        matches!(
            self,
            Kind::State | Kind::Shared(_) | Kind::Parameter(_) | Kind::Time | Kind::Condition(_) | Kind::Lookup { .. }
        )
    }
}

/// All values that are needed, operands before what is made of them.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    pub(super) values: Vec<Value>,
    /// The velocity.
    pub(super) output: usize,
    /// Values that are held times `log2(e)`: `elu`s, and the products of which they are made, so that an exponential needs
    /// no product of its own.
    pub(super) scaled: Vec<bool>,
}

impl Graph {
    /// Joins sums, drops what nothing needs, and finds what is held scaled.
    pub(super) fn new(values: Vec<Value>, output: usize) -> Self {
        let mut graph = Self { values, output, scaled: Vec::new() };
        graph.join_products();
        graph.drop_unused();
        graph.scale();
        graph
    }

    /// Finds what is held times `log2(e)`: an `elu` of a product that nothing else reads, and that only products read.
    fn scale(&mut self) {
        let uses = self.uses();
        let mut multiplied = vec![0; self.values.len()];
        for value in &self.values {
            if let Kind::Product { parts, .. } = &value.kind {
                parts.iter().for_each(|part| multiplied[part.x] += usize::from(value.level == Level::Stage));
            }
        }
        self.scaled = vec![false; self.values.len()];
        for (i, value) in self.values.iter().enumerate() {
            let Kind::Map { f: Activation::Elu { .. }, x } = value.kind else { continue };
            let product = matches!(self.values[x].kind, Kind::Product { .. });
            if value.level == Level::Stage && product && uses[x] == 1 && multiplied[i] == uses[i] {
                (self.scaled[i], self.scaled[x]) = (true, true);
            }
        }
    }

    /// The power of `log2(e)` with which weights are held, between value `x` and product `i`.
    pub(super) fn power(&self, i: usize, x: usize) -> i32 {
        i32::from(self.scaled[i]) - i32::from(self.scaled[x])
    }

    /// How often each value is read.
    fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.values.len()];
        uses[self.output] += 1;
        for value in &self.values {
            value.kind.operands().into_iter().for_each(|operand| uses[operand] += 1);
        }
        uses
    }

    /// A product to which the next is added is one sum with it.
    fn join_products(&mut self) {
        let uses = self.uses();
        for i in 0..self.values.len() {
            let Kind::Product { start: Some(before), parts } = &self.values[i].kind else { continue };
            let Value { kind: Kind::Product { start, parts: first }, level, .. } = &self.values[*before] else {
                continue;
            };
            if uses[*before] != 1 || *level != self.values[i].level {
                continue;
            }
            let (start, parts) = (*start, first.iter().chain(parts).copied().collect());
            self.values[i].kind = Kind::Product { start, parts };
        }
    }

    fn drop_unused(&mut self) {
        let mut needed = vec![false; self.values.len()];
        needed[self.output] = true;
        for i in (0..self.values.len()).rev() {
            if needed[i] {
                self.values[i].kind.operands().into_iter().for_each(|operand| needed[operand] = true);
            }
        }
        let mut places = vec![0; self.values.len()];
        let mut next = 0;
        for (i, place) in places.iter_mut().enumerate() {
            *place = next;
            next += usize::from(needed[i]);
        }
        let mut i = 0;
        self.values.retain(|_| {
            i += 1;
            needed[i - 1]
        });
        self.output = places[self.output];
        for value in &mut self.values {
            value.kind.rename(&places);
        }
    }
}

impl Kind {
    fn rename(&mut self, places: &[usize]) {
        match self {
            Kind::Product { start, parts } => {
                start.iter_mut().for_each(|x| *x = places[*x]);
                parts.iter_mut().for_each(|part| part.x = places[part.x]);
            }
            Kind::Map { x, .. } | Kind::Affine { x, .. } | Kind::Softmax { x } => *x = places[*x],
            Kind::Binary { a, b, .. } => (*a, *b) = (places[*a], places[*b]),
            Kind::Norm { x, weight, bias, .. } => {
                *x = places[*x];
                weight.iter_mut().chain(bias).for_each(|row| *row = places[*row]);
            }
            Kind::Concat { parts } => parts.iter_mut().for_each(|x| *x = places[*x]),
            _ => {}
        }
    }
}
