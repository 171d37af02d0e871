//! From the steps of a plan to values: each is computed once, from others.

use crate::{
    engine::plan::{Base, Binary, Norm, Pack, Plan, Step, View},
    program::{Activation, Program},
};
use std::collections::HashMap;

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
    /// Values of a model whose samples share their time.
    ///
    /// # Errors
    /// Why the model is none of vectors.
    pub(super) fn of(program: &Program, plan: &Plan) -> Result<Self, String> {
        let mut lower = Lower { program, plan, values: Vec::new(), places: HashMap::new(), level: Level::Tile };
        for step in &plan.prologue {
            lower.step(step)?;
        }
        lower.level = Level::Stage;
        for step in &plan.body {
            lower.step(step)?;
        }
        let dim = program.state_dim();
        let output = lower.read(View::dense(Base::Output, 1, dim))?;
        let mut graph = Graph { values: lower.values, output, scaled: Vec::new() };
        graph.join_products();
        graph.drop_unused();
        graph.scale();
        Ok(graph)
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

/// Columns of a buffer that one value fills.
#[derive(Clone, Copy)]
struct Segment {
    start: usize,
    width: usize,
    value: usize,
}

struct Lower<'a> {
    program: &'a Program,
    plan: &'a Plan,
    values: Vec<Value>,
    /// What buffers hold now; the output is the one without a number.
    places: HashMap<Option<usize>, Vec<Segment>>,
    level: Level,
}

impl Lower<'_> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        let (kind, out) = match *step {
            Step::Product { x, pack, start, out } => (self.product(x, pack, start)?, out),
            Step::Map { f, x, out } => (Kind::Map { f, x: self.read(x)? }, out),
            Step::Binary { f, a, b, out } => (Kind::Binary { f, a: self.read(a)?, b: self.read(b)? }, out),
            Step::Affine { factor, term, x, out } => (Kind::Affine { factor, term, x: self.read(x)? }, out),
            Step::Copy { x, out } => return self.copy(x, out),
            Step::Softmax { x, out } => {
                one_line(out, "softmax")?;
                (Kind::Softmax { x: self.read(x)? }, out)
            }
            Step::Norm { norm, x, weight, bias, out } => {
                one_line(out, "a normalization")?;
                let row = |place: Option<usize>| {
                    place.map(|at| View { offset: at, ..View::dense(Base::Parameters, 1, out.width) }.broadcast())
                };
                let (weight, bias) = (row(weight), row(bias));
                let weight = weight.map(|view| self.read(view)).transpose()?;
                let bias = bias.map(|view| self.read(view)).transpose()?;
                (Kind::Norm { norm, x: self.read(x)?, weight, bias }, out)
            }
            Step::Lookup { condition, table, out } => (Kind::Lookup { condition, table }, out),
            Step::Dropout { .. }
            | Step::Embedding { .. }
            | Step::Pullback { .. }
            | Step::SoftmaxPullback { .. }
            | Step::NormPullback { .. }
            | Step::Outer { .. }
            | Step::Sum { .. }
            | Step::Scatter { .. } => return Err("a step that only training has".to_owned()),
        };
        let (start, width) = flat(out)?;
        let value = self.value(kind, width);
        self.write(out, start, width, value)
    }

    fn product(&mut self, x: View, pack: usize, start: Option<View>) -> Result<Kind, String> {
        one_line(x, "a linear layer")?;
        let start = start.map(|view| self.read(view)).transpose()?;
        let pack = self.plan.packs[pack];
        let parts = self
            .read_parts(x)?
            .into_iter()
            .map(|Segment { start, width, value }| {
                let offset = pack.offset + start * pack.depth_stride;
                Part { x: value, pack: Pack { offset, depth: width, ..pack } }
            })
            .collect();
        Ok(Kind::Product { start, parts })
    }

    fn copy(&mut self, x: View, out: View) -> Result<(), String> {
        let (start, _) = flat(out)?;
        for segment in self.read_parts(x)? {
            self.write(out, start + segment.start, segment.width, segment.value)?;
        }
        Ok(())
    }

    fn value(&mut self, kind: Kind, width: usize) -> usize {
        let broadcast = matches!(kind, Kind::Shared(_) | Kind::Parameter(_) | Kind::Time);
        if kind.is_source()
            && let Some(known) = self.values.iter().position(|value| value.kind == kind && value.width == width)
        {
            return known;
        }
        let level = match kind {
            _ if broadcast => Level::Row,
            Kind::State => Level::Stage,
            Kind::Condition(_) | Kind::Lookup { .. } => Level::Tile,
            _ => self.level,
        };
        let name = match kind {
            Kind::State => "x".to_owned(),
            _ => format!("{}{}", self.name(&kind), self.values.len()),
        };
        self.values.push(Value { kind, width, level, name });
        self.values.len() - 1
    }

    /// After the model's own names, as far as parameters tell them.
    fn name(&self, kind: &Kind) -> String {
        let parameter = |offset: usize| {
            let count = self.program.parameters.len();
            let at = (0..count).rfind(|&i| self.program.parameter_offset(i) <= offset);
            let name = at.map_or("", |i| self.program.parameters[i].name);
            let name = name.rsplit_once('.').map_or(name, |(layer, _)| layer);
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>()
        };
        let after = |x: usize, what: &str| {
            let name = &self.values[x].name;
            let stem = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
            let stem = stem.strip_suffix(what).map_or(stem, |stem| stem.trim_end_matches('_'));
            format!("{stem}_{what}_")
        };
        match kind {
            Kind::State => String::new(),
            Kind::Shared(_) => "time_row_".to_owned(),
            Kind::Parameter(offset) => format!("{}_row_", parameter(*offset)),
            Kind::Time => "t_".to_owned(),
            Kind::Condition(_) => "condition_".to_owned(),
            Kind::Lookup { table, .. } => format!("{}_", parameter(*table)),
            Kind::Product { parts, .. } => format!("{}_", parameter(parts.first().map_or(0, |part| part.pack.offset))),
            Kind::Map { f, x } => after(*x, activation(*f)),
            Kind::Binary { f: Binary::Add, .. } => "sum_".to_owned(),
            Kind::Binary { f: Binary::Sub, .. } => "difference_".to_owned(),
            Kind::Binary { f: Binary::Mul, .. } => "product_".to_owned(),
            Kind::Affine { .. } => "affine_".to_owned(),
            Kind::Norm { weight, .. } => match weight.map(|row| &self.values[row].kind) {
                Some(Kind::Parameter(offset)) => format!("{}_", parameter(*offset)),
                _ => "normalized_".to_owned(),
            },
            Kind::Softmax { .. } => "softmax_".to_owned(),
            Kind::Concat { .. } => "concat_".to_owned(),
        }
    }

    fn write(&mut self, out: View, start: usize, width: usize, value: usize) -> Result<(), String> {
        let key = match out.base {
            Base::Buffer(buffer) => Some(buffer),
            Base::Output => None,
            _ => return Err("a step that writes outside of its tile".to_owned()),
        };
        let segments = self.places.entry(key).or_default();
        let end = start + width;
        segments.retain(|old| old.start < start || old.start + old.width > end);
        if segments.iter().any(|old| old.start < end && start < old.start + old.width) {
            return Err("a value that is overwritten in part".to_owned());
        }
        let at = segments.partition_point(|old| old.start < start);
        segments.insert(at, Segment { start, width, value });
        Ok(())
    }

    /// The one value that a view shows.
    fn read(&mut self, view: View) -> Result<usize, String> {
        let parts = self.read_parts(view)?;
        if let [part] = parts[..] {
            return Ok(part.value);
        }
        let values: Vec<usize> = parts.iter().map(|part| part.value).collect();
        let aligned = parts.iter().all(|part| part.start % 8 == 0 && self.values[part.value].width > 2);
        if !aligned {
            return Err(
                "`concat`, read by more than linear layers, of values whose widths are no multiples of 8".to_owned()
            );
        }
        let width = parts.iter().map(|part| part.width).sum();
        Ok(self.value(Kind::Concat { parts: values }, width))
    }

    /// The values that a view shows, side by side; starts are counted from the view's own.
    fn read_parts(&mut self, view: View) -> Result<Vec<Segment>, String> {
        let (start, width) = flat(view)?;
        let whole = |value: usize| Ok(vec![Segment { start: 0, width, value }]);
        let kind = match view.base {
            Base::Buffer(buffer) => return self.segments(Some(buffer), start, width),
            Base::Output => return self.segments(None, start, width),
            Base::State if start == 0 && width == self.program.state_dim() => Kind::State,
            Base::State => return Err("a part of the state by itself".to_owned()),
            Base::Shared => Kind::Shared(start),
            Base::Parameters => Kind::Parameter(start),
            Base::Time => Kind::Time,
            Base::Condition(index) if start == 0 => Kind::Condition(index),
            Base::Condition(_) => return Err("a part of a condition by itself".to_owned()),
            Base::Cotangent => return Err("a cotangent".to_owned()),
        };
        let value = self.value(kind, width);
        whole(value)
    }

    fn segments(&self, buffer: Option<usize>, start: usize, width: usize) -> Result<Vec<Segment>, String> {
        let end = start + width;
        let all = self.places.get(&buffer).map(Vec::as_slice).unwrap_or_default();
        let shown: Vec<Segment> = all
            .iter()
            .filter(|segment| segment.start >= start && segment.start + segment.width <= end)
            .map(|segment| Segment { start: segment.start - start, ..*segment })
            .collect();
        if shown.iter().map(|segment| segment.width).sum::<usize>() == width {
            return Ok(shown);
        }
        Err("a part of a value by itself".to_owned())
    }
}

/// Place and length of a value whose numbers follow one another.
fn flat(view: View) -> Result<(usize, usize), String> {
    if view.lines == 1 || view.line == view.width {
        return Ok((view.offset, view.size()));
    }
    Err("`concat` of values of several lines".to_owned())
}

fn one_line(view: View, what: &str) -> Result<(), String> {
    if view.lines == 1 {
        return Ok(());
    }
    Err(format!("{what} over values of several lines"))
}

/// What it is called in the text.
pub(super) fn activation(f: Activation) -> &'static str {
    match f {
        Activation::Relu => "relu",
        Activation::Elu { .. } => "elu",
        Activation::Gelu => "gelu",
        Activation::Silu => "silu",
        Activation::Tanh => "tanh",
        Activation::Sigmoid => "sigmoid",
        Activation::Softplus => "softplus",
        Activation::LeakyRelu { .. } => "leaky_relu",
        Activation::Sin => "sin",
    }
}
