//! The text that computes values.

use super::{
    graph::{Graph, Kind, Level, Part},
    places::Places,
    schedule::{Form, Schedule, Statement, chunks, form, halves},
};
use crate::{
    engine::{
        cuda::source::{Writer, float},
        plan::Binary,
    },
    program::Activation,
};

/// Writes the statements of a level.
pub(super) struct Emit<'a> {
    pub(super) graph: &'a Graph,
    pub(super) schedule: &'a Schedule,
    pub(super) places: &'a Places,
    pub(super) level: Level,
    pub(super) split: bool,
    /// Rows of the time table begin at even places, all of them.
    pub(super) even: bool,
}

/// `base + factor * c`, as short as it is.
fn at(base: usize, factor: usize, c: &str) -> String {
    match (base, factor, c) {
        (_, 0, _) | (_, _, "0") => format!("{base}"),
        (0, 1, _) => c.to_owned(),
        (0, ..) => format!("{factor} * {c}"),
        (_, 1, _) => format!("{base} + {c}"),
        _ => format!("{base} + {factor} * {c}"),
    }
}

/// Columns that a value has from chunk `c` on; sixteen if the chunk is full anyway.
pub(super) fn columns(width: usize, c: &str) -> String {
    if c == "0" {
        width.min(16).to_string()
    } else if width.is_multiple_of(16) {
        "16".to_owned()
    } else {
        format!("{width} - 16 * {c}")
    }
}

/// A block that is written once, or an unrolled loop over the chunks of a value.
pub(super) fn each_chunk(out: &mut Writer, count: usize, body: impl FnOnce(&mut Writer, &str)) {
    if count == 1 {
        return out.block("", |out| body(out, "0"));
    }
    out.line("#pragma unroll");
    out.block(format_args!("for (int c = 0; c < {count}; c++)"), |out| body(out, "c"));
}

impl Emit<'_> {
    pub(super) fn statements(&self, out: &mut Writer) {
        for statement in &self.schedule.statements {
            match *statement {
                Statement::Compute(i) => self.compute(out, i),
                Statement::Pack(i) => {
                    self.declare_packed(out, i);
                    each_chunk(out, chunks(self.width(i)), |out, c| {
                        let x = self.chunk(out, i, c);
                        self.pack(out, i, &x, c);
                    });
                }
                Statement::Moments(i) => self.moments(out, i),
            }
        }
    }

    fn width(&self, i: usize) -> usize {
        self.graph.values[i].width
    }

    fn name(&self, i: usize) -> &str {
        &self.graph.values[i].name
    }

    /// What one chunk of a value is called: the value's name, if nothing else has it.
    fn chunk_name(&self, i: usize) -> String {
        let name = self.name(i);
        if self.schedule.float[i] { format!("{name}_chunk") } else { name.to_owned() }
    }

    fn is_source(&self, i: usize) -> bool {
        self.graph.values[i].kind.is_source() || self.graph.values[i].level != self.level
    }

    fn declare_packed(&self, out: &mut Writer, i: usize) {
        let kind = if form(self.graph, i, self.split) == Form::Split { "Split" } else { "Single" };
        out.line(format_args!("{kind} {}_packed[{}];", self.name(i), chunks(self.width(i))));
    }

    fn operand(&self, i: usize, x: &str, c: &str) -> String {
        match form(self.graph, i, self.split) {
            Form::Single => format!("fm_single({x}, {})", columns(self.width(i), c)),
            Form::Split => format!("fm_split({x}, {})", columns(self.width(i), c)),
            Form::Eight => format!("fm_eight({x}, {})", self.width(i)),
            Form::Pair => format!("fm_pair({x})"),
        }
    }

    fn pack(&self, out: &mut Writer, i: usize, x: &str, c: &str) {
        out.line(format_args!("{}_packed[{c}] = {};", self.name(i), self.operand(i, x, c)));
    }

    fn moments(&self, out: &mut Writer, i: usize) {
        let Kind::Norm { norm, x, .. } = self.graph.values[i].kind else { return };
        let (name, x, width) = (self.name(i), self.name(x), self.width(x));
        let mean = if norm.centred { format!("fm_mean({x}, {width})") } else { "fm_no_mean()".to_owned() };
        out.line(format_args!("const PerRow {name}_mean = {mean};"));
        let eps = float(norm.eps as f32);
        out.line(format_args!("const PerRow {name}_scale = fm_scale({x}, {name}_mean, {width}, {eps});"));
    }

    fn compute(&self, out: &mut Writer, i: usize) {
        let (width, name) = (self.width(i), self.name(i));
        let (keep_float, keep_packed) = (self.schedule.float[i], self.schedule.packed[i] && !self.schedule.float[i]);
        let kept = self.places.kept_at(i).filter(|_| self.level == Level::Tile);
        out.line(format_args!("// {name}: {}", self.describe(i)));
        if keep_float {
            out.line(format_args!("Chunk {name}[{}];", chunks(width)));
        }
        if keep_packed {
            self.declare_packed(out, i);
        }
        let store = |out: &mut Writer, x: &str, c: &str| {
            if let Some(place) = kept {
                out.line(format_args!("fm_keep(kept, {}, {x}, {});", at(place, 2, c), columns(width, c)));
            }
        };
        match &self.graph.values[i].kind {
            Kind::Product { start, parts } if self.schedule.accumulated[i] && !self.is_source(i) => {
                self.accumulate(out, i, *start, parts);
            }
            Kind::Softmax { x } if !self.is_source(i) => {
                each_chunk(out, chunks(width), |out, c| {
                    let x = self.chunk(out, *x, c);
                    out.line(format_args!("{name}[{c}] = {x};"));
                });
                out.line(format_args!("fm_softmax({name}, {width});"));
            }
            Kind::Concat { parts } if !self.is_source(i) => self.concat(out, i, parts),
            _ => {
                return each_chunk(out, chunks(width), |out, c| {
                    let x = self.fresh(out, i, c);
                    if keep_float {
                        out.line(format_args!("{name}[{c}] = {x};"));
                    }
                    if keep_packed {
                        self.pack(out, i, &x, c);
                    }
                    store(out, &x, c);
                });
            }
        }
        if kept.is_some() {
            each_chunk(out, chunks(width), |out, c| store(out, &format!("{name}[{c}]"), c));
        }
    }

    /// A whole product, from sixteen columns of its operands at a time.
    fn accumulate(&self, out: &mut Writer, i: usize, start: Option<usize>, parts: &[Part]) {
        let (width, name) = (self.width(i), self.name(i));
        each_chunk(out, chunks(width), |out, c| {
            let x = self.start(out, i, start, c);
            out.line(format_args!("{name}[{c}] = {x};"));
        });
        for part in parts {
            let depth = chunks(part.pack.depth);
            each_chunk(out, depth, |out, c| {
                let x = if self.schedule.packed[part.x] {
                    format!("{}_packed[{c}]", self.name(part.x))
                } else {
                    let x = self.chunk(out, part.x, c);
                    self.operand(part.x, &x, c)
                };
                let form = form(self.graph, part.x, self.split);
                let Some(packed) = self.places.find(part, form, self.graph.power(i, part.x)) else { return };
                let (w, stride) = (at(packed.place, 32, c), 32 * depth);
                out.line(match form {
                    Form::Single => format!("fm_accumulate({name}, {x}, weights + {w}, {stride}, {width});"),
                    Form::Split => {
                        format!("fm_accumulate({name}, {x}, weights + {w}, {}, {stride}, {width});", packed.words())
                    }
                    Form::Eight => format!("fm_accumulate_eight({name}, {x}, weights + {w}, {stride}, {width});"),
                    Form::Pair => format!("fm_accumulate_pair({name}, {x}, weights + {w}, {stride}, {width});"),
                });
            });
        }
    }

    fn concat(&self, out: &mut Writer, i: usize, parts: &[usize]) {
        let mut half = 0;
        for &x in parts {
            for from in 0..halves(self.width(x)) {
                let source = format!("{}[{}]", self.name(x), from / 2);
                out.line(format_args!(
                    "fm_copy_half({}[{}], {}, {source}, {});",
                    self.name(i),
                    half / 2,
                    half % 2,
                    from % 2
                ));
                half += 1;
            }
        }
        if half % 2 == 1 {
            let last = half / 2;
            out.line(format_args!("fm_copy_half({0}[{last}], 1, fm_zero(), 0);", self.name(i)));
        }
    }

    /// Chunk `c` of a value, as an expression; what it takes is written before.
    fn chunk(&self, out: &mut Writer, i: usize, c: &str) -> String {
        if self.schedule.float[i] || self.graph.values[i].kind == Kind::State {
            return format!("{}[{c}]", self.name(i));
        }
        self.fresh(out, i, c)
    }

    /// As [`chunk`](Self::chunk), of a value that is not there as a whole.
    fn fresh(&self, out: &mut Writer, i: usize, c: &str) -> String {
        let width = self.width(i);
        let columns = columns(width, c);
        let value = &self.graph.values[i];
        if value.level == Level::Tile && self.level == Level::Stage {
            let place = self.places.kept_at(i).unwrap_or(0);
            return format!("fm_kept(kept, {}, {columns})", at(place, 2, c));
        }
        let row = |base: &str, place: usize, even: bool, columns: &str| {
            if width <= 2 {
                format!("fm_row_narrow({base} + {place}, {width})")
            } else {
                format!("fm_row<{even}>({base} + {}, {columns})", at(place, 16, c))
            }
        };
        let expression = match &value.kind {
            Kind::State => return format!("{}[{c}]", value.name),
            Kind::Shared(offset) => return row("row", *offset, self.even && offset % 2 == 0, &columns),
            Kind::Parameter(offset) => {
                return row("rows", self.row_place(*offset, width, 0), true, "16");
            }
            Kind::Time => return "fm_row_narrow(time, 1)".to_owned(),
            Kind::Condition(index) => {
                return format!("fm_load(condition_{index}, first, count, {width}, {})", at(0, 16, c));
            }
            Kind::Lookup { condition, table } => {
                let Some(row) = self.places.row(*table, width, 0) else { return "fm_zero()".to_owned() };
                let (place, stride) = (row.place, row.stride());
                let from = at(0, 16, c);
                return format!(
                    "fm_lookup(tables + {place}, condition_{condition}, first, count, {width}, {stride}, {from})"
                );
            }
            Kind::Product { start, parts } => {
                let start = self.start(out, i, *start, c);
                let name = self.chunk_name(i);
                out.line(format_args!("Chunk {name} = {start};"));
                parts.iter().for_each(|part| self.multiply(out, &name, (i, part), c, &columns));
                return name;
            }
            Kind::Map { f, x } => {
                let x = self.chunk(out, *x, c);
                match f {
                    Activation::Elu { alpha } if self.graph.scaled[i] => {
                        format!("fm_elu_scaled({x}, {})", float((alpha * std::f64::consts::LOG2_E) as f32))
                    }
                    Activation::Elu { alpha } => format!("fm_elu({x}, {})", float(*alpha as f32)),
                    Activation::LeakyRelu { slope } => format!("fm_leaky_relu({x}, {})", float(*slope as f32)),
                    f => format!("fm_{}({x})", f.name()),
                }
            }
            Kind::Binary { f, a, b } => {
                let (a, b) = (self.chunk(out, *a, c), self.chunk(out, *b, c));
                let f = match f {
                    Binary::Add => "add",
                    Binary::Sub => "sub",
                    Binary::Mul => "mul",
                };
                format!("fm_{f}({a}, {b})")
            }
            Kind::Affine { factor, term, x } => {
                let x = self.chunk(out, *x, c);
                format!("fm_affine({}, {x}, {})", float(*factor as f32), float(*term as f32))
            }
            Kind::Norm { x, weight, bias, .. } => {
                let x = self.chunk(out, *x, c);
                let name = &value.name;
                let mut text = format!("fm_normalize({x}, {name}_mean, {name}_scale)");
                if let Some(weight) = weight {
                    text = format!("fm_mul({text}, {})", self.chunk(out, *weight, c));
                }
                if let Some(bias) = bias {
                    text = format!("fm_add({text}, {})", self.chunk(out, *bias, c));
                }
                text
            }
            // Both are held as a whole, always.
            Kind::Softmax { .. } | Kind::Concat { .. } => return format!("{}[{c}]", value.name),
        };
        let name = self.chunk_name(i);
        out.line(format_args!("const Chunk {name} = {expression};"));
        name
    }

    fn row_place(&self, offset: usize, width: usize, power: i32) -> usize {
        self.places.row(offset, width, power).map_or(0, |row| row.place)
    }

    /// What product `i` begins with, in its own units.
    fn start(&self, out: &mut Writer, i: usize, start: Option<usize>, c: &str) -> String {
        let Some(x) = start else { return "fm_zero()".to_owned() };
        if !self.graph.scaled[i] {
            return self.chunk(out, x, c);
        }
        let width = self.width(x);
        match self.graph.values[x].kind {
            Kind::Parameter(offset) if width <= 2 => {
                format!("fm_row_narrow(rows + {}, {width})", self.row_place(offset, width, 1))
            }
            Kind::Parameter(offset) => {
                format!("fm_row<true>(rows + {}, 16)", at(self.row_place(offset, width, 1), 16, c))
            }
            _ => format!("fm_affine(FM_L2E, {}, 0.0f)", self.chunk(out, x, c)),
        }
    }

    fn multiply(&self, out: &mut Writer, name: &str, (i, part): (usize, &Part), c: &str, columns: &str) {
        let form = form(self.graph, part.x, self.split);
        let Some(packed) = self.places.find(part, form, self.graph.power(i, part.x)) else { return };
        let x = format!("{}_packed", self.name(part.x));
        let w = at(packed.place, 32 * packed.depth_chunks(), c);
        out.line(match form {
            Form::Single => format!("fm_multiply({name}, {x}, weights + {w}, {columns});"),
            Form::Split => format!("fm_multiply({name}, {x}, weights + {w}, {}, {columns});", packed.words()),
            Form::Eight => format!("fm_product_eight({name}, {x}[0], weights + {w}, {columns});"),
            Form::Pair => format!("fm_product_pair({name}, {x}[0], weights + {w}, {columns});"),
        });
    }

    /// What a value is, for a comment.
    fn describe(&self, i: usize) -> String {
        let name = |x: &usize| self.name(*x).to_owned();
        let value = &self.graph.values[i];
        let what = match &value.kind {
            Kind::Product { start, parts } => {
                let parts = parts.iter().map(|part| format!("W {}", self.name(part.x)));
                let sum: Vec<String> = parts.chain(start.iter().map(name)).collect();
                sum.join(" + ")
            }
            Kind::Map { f, x } => format!("{}({})", f.name(), self.name(*x)),
            Kind::Binary { f, a, b } => {
                let sign = match f {
                    Binary::Add => "+",
                    Binary::Sub => "-",
                    Binary::Mul => "*",
                };
                format!("{} {sign} {}", self.name(*a), self.name(*b))
            }
            Kind::Affine { factor, term, x } => format!("{factor} {} + {term}", self.name(*x)),
            Kind::Norm { x, .. } => format!("{} normalized", self.name(*x)),
            Kind::Softmax { x } => format!("softmax({})", self.name(*x)),
            Kind::Concat { parts } => parts.iter().map(name).collect::<Vec<_>>().join(", "),
            Kind::Lookup { condition, .. } => format!("rows for the labels of condition {condition}"),
            _ => "as it is".to_owned(),
        };
        format!("[{}], {what}", value.width)
    }
}
