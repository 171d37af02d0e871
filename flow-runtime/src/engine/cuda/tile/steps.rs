//! Steps of a plan as text: one call of `text/tile.cuh` for each, and a barrier where one needs what another wrote.

use super::{
    function::{derivative, product_tile, value},
    hazard::Hazards,
    packs::{Form, Packs},
    sums::Sums,
};
use crate::{
    engine::{
        cuda::source::{Writer, double, float},
        plan::{Base, Binary, Frequencies, Plan, Step, View},
    },
    program::{Activation, Program},
};

/// What the steps are printed for: the names of the pointers in the text, and the rows of a tile.
pub(super) struct Scope<'a> {
    pub(super) program: &'a Program,
    pub(super) plan: &'a Plan,
    pub(super) packs: &'a Packs,
    /// Rows of a tile, and the distance of columns.
    pub(super) rows: usize,
    pub(super) stride: usize,
    /// Threads of a team.
    pub(super) team: usize,
    /// Expression of the table row that a batch shares, of the packed weights and so on.
    pub(super) packed: &'a str,
    /// The time is one number `time`; otherwise `t` has one for each row.
    pub(super) shared_time: bool,
    /// How gradients are summed, if there are any.
    pub(super) sums: Option<&'a Sums>,
}

/// What is done to a product's numbers before they are written.
#[derive(Clone, Copy)]
enum After {
    Map(Activation),
    /// `out = product f'(source)`; the product itself is not stored.
    Pullback {
        f: Activation,
        source: View,
        out: View,
    },
}

impl Scope<'_> {
    /// Prints steps; waits between them where it must, not after the last.
    pub(super) fn print(&self, out: &mut Writer, steps: &[Step]) {
        let mut hazards = Hazards::default();
        let mut i = 0;
        while i < steps.len() {
            let fused = steps.get(i + 1).and_then(|next| self.fused(&steps[i], next));
            let (mut reads, mut writes) = self.touched(&steps[i]);
            if let Some(After::Pullback { source, out, .. }) = fused {
                reads.push(self.range(source));
                writes = vec![self.range(out)];
            }
            if hazards.meets(&reads, &writes) {
                out.line(format_args!("fm_team_sync<{}>();", self.team));
            }
            self.step(out, &steps[i], fused);
            i += if fused.is_some() { 2 } else { 1 };
        }
    }

    /// What follows a product and is done before it is written.
    fn fused(&self, step: &Step, next: &Step) -> Option<After> {
        let same = |a: View, b: View| {
            self.place(a) == self.place(b) && (a.width, a.line, a.lines, a.row) == (b.width, b.line, b.lines, b.row)
        };
        match (step, next) {
            (&Step::Product { out, .. }, &Step::Map { f, x, out: to }) if same(x, out) && same(x, to) => {
                Some(After::Map(f))
            }
            (Step::Product { .. }, &Step::Pullback { f, source, out, .. }) if self.plan.is_fused(step) => {
                Some(After::Pullback { f, source, out })
            }
            _ => None,
        }
    }

    /// Base and first number of a value.
    fn place(&self, view: View) -> (Base, usize) {
        match view.base {
            Base::Buffer(b) => (Base::Buffer(0), self.plan.buffers[b].place + view.offset),
            base => (base, view.offset),
        }
    }

    /// Ranges that a step reads and writes: a base, first and last number.
    fn touched(&self, step: &Step) -> (Vec<(Base, usize, usize)>, Vec<(Base, usize, usize)>) {
        let mut reads: Vec<_> = step.operands().map(|view| self.range(view)).collect();
        let mut writes: Vec<_> = step.result().map(|view| self.range(view)).into_iter().collect();
        // The gradient is under the name of the parameters, which steps do not write.
        let sum = match *step {
            Step::Outer { dy, x, to, .. } => Some((to, dy.width * x.width)),
            Step::Sum { x, to, .. } => Some((to, x.width)),
            Step::Scatter { dy, to, classes, .. } => Some((to, classes * dy.width)),
            _ => None,
        };
        reads.retain(|(base, ..)| *base != Base::Parameters);
        let in_memory = |to: usize| self.sums.is_none_or(|sums| !sums.holds(to));
        writes.extend(sum.filter(|(to, _)| in_memory(*to)).map(|(to, len)| (Base::Parameters, to, to + len)));
        (reads, writes)
    }

    fn range(&self, view: View) -> (Base, usize, usize) {
        let (base, at) = self.place(view);
        (base, at, at + (view.lines - 1) * view.line + view.width)
    }

    fn base(&self, base: Base) -> String {
        match base {
            Base::Buffer(_) => "a".to_owned(),
            Base::Shared => "shared".to_owned(),
            Base::Parameters => "parameters".to_owned(),
            Base::State => "in".to_owned(),
            Base::Time => "t".to_owned(),
            Base::Condition(i) => format!("c{i}"),
            Base::Cotangent => "dv".to_owned(),
            Base::Output => "v".to_owned(),
        }
    }

    /// A pointer to the first number of a value.
    fn pointer(&self, view: View) -> String {
        let (_, at) = self.place(view);
        if view.base == Base::Time && self.shared_time {
            return "&time".to_owned();
        }
        let at = if view.is_broadcast() { at } else { at * self.stride };
        if at == 0 { self.base(view.base) } else { format!("{} + {at}", self.base(view.base)) }
    }

    /// A number of a value in a lambda over `l`, `j`, `r`.
    fn number(&self, name: &str, view: View) -> String {
        let line = if view.lines > 1 { format!("l * {} + j", view.line) } else { "j".to_owned() };
        if view.is_broadcast() { format!("{name}[{line}]") } else { format!("{name}[({line}) * {} + r]", self.stride) }
    }

    /// The column `j` of a line that is fixed, as a lambda.
    fn line(&self, name: &str, view: View, constant: bool) -> String {
        let kind = if constant { "float" } else { "float&" };
        format!("[&](int j) -> {kind} {{ return {}; }}", self.number(name, view))
    }

    fn step(&self, out: &mut Writer, step: &Step, fused: Option<After>) {
        let (r, s, team) = (self.rows, self.stride, self.team);
        match *step {
            Step::Product { x, start, out: to, .. } => self.product(out, step, (x, start, to), fused),
            Step::Map { f, x, out: to } => self.each(out, f.name(), &[x], to, |v| value(f, &v[0])),
            Step::Pullback { f, source, dy, out: to } => {
                self.each(out, &format!("d {}", f.name()), &[source, dy], to, |v| {
                    format!("{} * {}", v[1], derivative(f, &v[0]))
                });
            }
            Step::Binary { f, a, b, out: to } => {
                let sign = match f {
                    Binary::Add => '+',
                    Binary::Sub => '-',
                    Binary::Mul => '*',
                };
                self.each(out, "elementwise", &[a, b], to, |v| format!("{} {sign} {}", v[0], v[1]));
            }
            Step::Affine { factor, term, x, out: to } => {
                let (factor, term) = (float(factor as f32), float(term as f32));
                self.each(out, "scale, shift", &[x], to, |v| format!("fmaf({factor}, {}, {term})", v[0]));
            }
            Step::Copy { x, out: to } => self.each(out, "copy", &[x], to, |v| v[0].clone()),
            Step::Softmax { x, out: to } => self.lines(out, "softmax", &[x, to], |names| {
                format!(
                    "fm_softmax<{}, {r}>({}, {});",
                    x.width,
                    self.line(&names[0], x, true),
                    self.line(&names[1], to, false)
                )
            }),
            Step::SoftmaxPullback { y, dy, out: to } => self.lines(out, "d softmax", &[y, dy, to], |names| {
                format!(
                    "fm_softmax_pullback<{}>({}, {}, {});",
                    y.width,
                    self.line(&names[0], y, true),
                    self.line(&names[1], dy, true),
                    self.line(&names[2], to, false)
                )
            }),
            Step::Norm { norm, x, weight, bias, out: to } => self.lines(out, "norm", &[x, to], |names| {
                let pointer = |at: Option<usize>| at.map_or("nullptr".to_owned(), |at| format!("parameters + {at}"));
                format!(
                    "fm_norm<{}, {}>({}, {}, {}, {}, {});",
                    x.width,
                    norm.centred,
                    self.line(&names[0], x, true),
                    float(norm.eps as f32),
                    pointer(weight),
                    pointer(bias),
                    self.line(&names[1], to, false)
                )
            }),
            Step::NormPullback { norm, x, dy, weight, out: to } => self.lines(out, "d norm", &[x, dy, to], |names| {
                format!(
                    "fm_norm_pullback<{}, {}>({}, {}, {}, parameters + {weight}, {});",
                    x.width,
                    norm.centred,
                    self.line(&names[0], x, true),
                    self.line(&names[1], dy, true),
                    float(norm.eps as f32),
                    self.line(&names[2], to, false)
                )
            }),
            Step::Embedding { frequencies, t, out: to } => self.embedding(out, frequencies, t, to),
            Step::Lookup { condition, table, out: to } => {
                let name = self.parameter_at(table);
                out.line(format_args!("// {name}[y]"));
                out.line(format_args!(
                    "fm_each<{team}, {r}, {}, {}>(me, [&](int l, int j, int r) {{ {} = parameters[{table} + y{condition}[r] * {} + j]; }});",
                    to.lines,
                    to.width,
                    self.number(&format!("({})", self.pointer(to)), to),
                    to.width
                ));
            }
            Step::Dropout { p, ordinal, x, out: to } => {
                let (kept, p) = (float((1.0 / (1.0 - p)) as f32), double(p));
                let size = x.size();
                self.each(out, "dropout", &[x], to, |v| {
                    format!(
                        "fm_keeps(masks, {}ull + (u64)(sample + r) * {size} + l * {} + j, {p}) ? {} * {kept} : 0.0f",
                        ordinal << 40,
                        x.width,
                        v[0]
                    )
                });
            }
            Step::Outer { to, .. } | Step::Sum { to, .. } => {
                let Some(sums) = self.sums else { return };
                let shape = match *step {
                    Step::Outer { dy, x, .. } => format!(" [{}, {}]", dy.width, x.width),
                    _ => String::new(),
                };
                out.line(format_args!("// d {}{shape}", self.parameter_at(to)));
                sums.print(out, step, s, |view| self.pointer(view));
            }
            Step::Scatter { condition, dy, to, classes, first } => {
                out.line(format_args!("// d {}", self.parameter_at(to)));
                // Whether a sum begins in the first tile of a gradient.
                let fresh = if first { "fresh" } else { "false" };
                out.line(format_args!(
                    "fm_scatter<{team}, {r}, {s}, {}, {classes}>(me, y{condition}, {}, g + {to}, {fresh}, count);",
                    dy.width,
                    self.pointer(dy)
                ));
            }
        }
    }

    /// Name and shape of the parameter in which a place of the weights lies.
    fn parameter_at(&self, at: usize) -> String {
        let mut start = 0;
        for parameter in self.program.parameters {
            let len = parameter.shape.iter().product::<usize>();
            if at < start + len {
                return parameter.name.to_owned();
            }
            start += len;
        }
        "a parameter".to_owned()
    }

    fn product(&self, out: &mut Writer, step: &Step, (x, start, to): (View, Option<View>, View), fused: Option<After>) {
        let Some(placed) = self.packs.read_by(step, self.plan) else { return };
        let (k, n, place) = (placed.pack.depth, placed.pack.columns, placed.place);
        let (kind, first, sl) = match start {
            None => (0, "nullptr".to_owned(), 0),
            Some(view) if view.is_broadcast() => {
                let row = self.packs.row(view).map(|place| format!("{} + {place}", self.packed));
                (1, row.unwrap_or_else(|| self.pointer(view)), if view.lines > 1 { view.line } else { 0 })
            }
            Some(view) => (2, self.pointer(view), view.line),
        };
        let (r, s, team) = (self.rows, self.stride, self.team);
        let (tr, tc) = match placed.form {
            Form::Rows => product_tile(r, to.lines, n, team),
            Form::Halves { .. } => (1, 1),
        };
        // Of the rows of a column that a thread has, from row r on.
        let (f, after, to) = match fused {
            None => (String::new(), String::new(), to),
            Some(After::Map(f)) => {
                (format!("fm_map(s, [](float x) {{ return {}; }});", value(f, "x")), format!(", {}", f.name()), to)
            }
            Some(After::Pullback { f, source, out }) => {
                let first = self.number(&format!("({})", self.pointer(source)), source);
                let slope = derivative(f, "y");
                let times = format!("fm_times<{tr}, {r}>(s, &{first}, [](float y) {{ return {slope}; }});");
                (times, format!(", d {}", f.name()), out)
            }
        };
        let name = self.parameter_at(placed.pack.offset);
        out.line(format_args!("// {name}: {n} <- {k}{after}"));
        let head = match placed.form {
            Form::Rows => {
                let xr = if x.is_broadcast() { 0 } else { s };
                format!(
                    "fm_product<{team}, {r}, {s}, {}, {k}, {n}, {}, {tr}, {tc}, {}, {xr}, {}, {kind}, {sl}>",
                    to.lines,
                    placed.row(),
                    x.line,
                    to.line
                )
            }
            Form::Halves { parts } => format!(
                "fm_product_mma<{team}, {r}, {s}, {}, {k}, {n}, {parts}, {}, {}, {kind}, {sl}>",
                to.lines, x.line, to.line
            ),
        };
        out.line(format_args!(
            "{head}(me, {}, {} + {place}, {first}, {}, [&](float (&s)[{tr}], int l, int j, int r) {{ {f} }});",
            self.pointer(x),
            self.packed,
            self.pointer(to)
        ));
    }

    /// A function of numbers at one place.
    fn each(&self, out: &mut Writer, what: &str, from: &[View], to: View, f: impl Fn(&[String]) -> String) {
        let numbers: Vec<String> =
            from.iter().map(|view| self.number(&format!("({})", self.pointer(*view)), *view)).collect();
        out.line(format_args!("// {what}"));
        out.line(format_args!(
            "fm_each<{}, {}, {}, {}>(me, [&](int l, int j, int r) {{ {} = {}; }});",
            self.team,
            self.rows,
            to.lines,
            to.width,
            self.number(&format!("({})", self.pointer(to)), to),
            f(&numbers)
        ));
    }

    /// A function of whole lines.
    fn lines(&self, out: &mut Writer, what: &str, views: &[View], f: impl Fn(&[String]) -> String) {
        let names: Vec<String> = views.iter().map(|view| format!("({})", self.pointer(*view))).collect();
        let lines = views.last().map_or(1, |view| view.lines);
        out.line(format_args!("// {what}"));
        out.line(format_args!(
            "fm_each_line<{}, {}, {lines}>(me, [&](int l, int r) {{ {} }});",
            self.team,
            self.rows,
            f(&names)
        ));
    }

    fn embedding(&self, out: &mut Writer, frequencies: Frequencies, t: View, to: View) {
        let half = to.width / 2;
        let angle = match frequencies {
            Frequencies::Constants(at) => format!("(double){}[{at} + j]", self.packed),
            Frequencies::Parameter(at) => format!("6.283185307179586 * (double)parameters[{at} + j]"),
        };
        let time = if self.shared_time && t.base == Base::Time {
            "(double)time".to_owned()
        } else {
            let first = self.number(&format!("({})", self.pointer(t)), t);
            format!("(double){}", first.replace("(j)", "(0)").replace("[j]", "[0]"))
        };
        let name = format!("({})", self.pointer(to));
        let sine = self.number(&name, to);
        let cosine = sine.replace("(j)", &format!("(j + {half})")).replace("[j]", &format!("[j + {half}]"));
        out.line("// embedding of the time");
        out.line(format_args!(
            "fm_each<{}, {}, 1, {half}>(me, [&](int l, int j, int r) {{ fm_sincos({angle} * {time}, {sine}, {cosine}); }});",
            self.team, self.rows
        ));
    }
}
