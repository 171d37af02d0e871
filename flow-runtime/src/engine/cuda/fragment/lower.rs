//! From the steps of a plan to values: each is computed once, from others.

use super::graph::{Graph, Kind, Level, Part, Value};
use crate::{
    engine::plan::{Base, Binary, Pack, Plan, Step, View},
    program::Program,
};
use std::collections::HashMap;

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
        Ok(Self::new(lower.values, output))
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
            Kind::Map { f, x } => after(*x, f.name()),
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
