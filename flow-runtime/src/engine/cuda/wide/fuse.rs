//! Kernels over elements: one for a run of functions of the same lines, from the first operand to what is kept.

use super::{
    function::{expression, words},
    item::{Function, Pointwise},
    kernel::{Parameter, Signature, Work, is_aligned, store},
    list::{Format, Operand, Store},
    place::Place,
};
use crate::{
    engine::{cuda::source::Writer, plan::Plan},
    program::Program,
};

/// What a kernel is printed from.
pub(super) struct Setting<'a> {
    pub(super) program: &'a Program,
    pub(super) plan: &'a Plan,
    pub(super) operands: &'a [Operand],
    pub(super) format: Option<Format>,
    /// Activations may be those of half precision.
    pub(super) fast: bool,
}

/// A kernel's text, with `NAME` for its name, its parameters, and what it does.
pub(super) struct Printed {
    pub(super) text: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) work: Work,
    pub(super) comment: String,
}

/// Whether `next` may be computed in the kernel of `group`, element by element.
pub(super) fn fits(group: &[Pointwise], next: &Pointwise, plan: &Plan) -> bool {
    let Some(first) = group.first() else { return true };
    let alike = (first.out.lines, first.out.width, first.out.is_broadcast())
        == (next.out.lines, next.out.width, next.out.is_broadcast());
    // An element may be read by the thread that wrote it, and written by the thread that read it.
    let apart = |a: &Place, b: &Place| !a.meets(b, plan) || a.is(b, plan);
    alike
        && group.iter().all(|item| {
            next.operands.iter().chain([&next.out]).all(|place| apart(&item.out, place))
                && item.operands.iter().all(|place| apart(place, &next.out))
        })
}

/// The kernel of a group; `stores[i]` is what becomes of the value of its item `i`.
pub(super) fn print(group: &[Pointwise], stores: &[Store], setting: &Setting<'_>) -> Printed {
    let plan = setting.plan;
    let (lines, width) = (group[0].out.lines, group[0].out.width);
    let count = if width.is_multiple_of(4) { 4 } else { 1 };
    let mut signature = Signature::default();
    let mut loads = Writer::default();
    let mut code = Writer::default();
    // (place, variable) of what was loaded or computed.
    let mut known: Vec<(Place, String)> = Vec::new();
    let mut kept = Vec::new();
    let mut checks = Vec::new();
    for (i, item) in group.iter().enumerate() {
        let mut operands: Vec<String> = Vec::new();
        for place in &item.operands {
            let variable = match known.iter().rev().find(|(other, _)| other.is(place, plan)) {
                Some((_, variable)) => variable.clone(),
                None => {
                    let variable = load(&mut signature, &mut loads, place, count);
                    known.push((*place, variable.clone()));
                    variable
                }
            };
            operands.push(variable);
        }
        let mut dropped = String::new();
        let mut factors = Vec::new();
        match item.function {
            Function::Lookup { condition, table } => {
                let labels = signature.name(Parameter::Labels(condition), "labels");
                let rows = signature.name(Parameter::Weights(table), "table");
                loads.line(format_args!("float row{i}[{count}];"));
                loads.line(format_args!("wide_load(row{i}, {rows} + (u64){labels}[m] * {width}u + j);"));
                operands.push(format!("row{i}[e]"));
            }
            Function::Dropout { ordinal, .. } => {
                let keys = signature.name(Parameter::Keys, "keys");
                let first = ordinal << 40;
                loads.line(format_args!("u32 bits{i}[{count}];"));
                loads.line(format_args!("wide_words(bits{i}, {first}ull + (u64)m * {width}u + j, {keys});"));
                dropped = format!("bits{i}[e]");
            }
            Function::Combine { first, checked } => {
                let counter = signature.name(Parameter::Counter, "counter");
                let coefficients = signature.name(Parameter::Coefficients(first), "factors");
                let stride = signature.name(Parameter::CoefficientStride, "step");
                for k in 0..item.operands.len() - 1 {
                    factors.push(format!("c{i}_{k}"));
                    loads.line(format_args!("float c{i}_{k} = {coefficients}[(u64){counter}[0] * {stride} + {k}];"));
                }
                if checked {
                    checks.push((i, signature.name(Parameter::Lost, "lost"), counter));
                }
            }
            _ => {}
        }
        code.line(format_args!(
            "float y{i} = {};",
            expression(&item.function, &operands, &dropped, &factors, setting.fast)
        ));
        known.push((item.out, format!("y{i}")));
        if stores[i].any() {
            loads.line(format_args!("float s{i}[{count}];"));
            code.line(format_args!("s{i}[e] = y{i};"));
            kept.push(i);
        }
        if checks.last().is_some_and(|(checked, ..)| *checked == i) {
            loads.line("bool finite = true;");
            code.line(format_args!("finite = finite && fabsf(y{i}) <= 3.402823466e38f;"));
        }
    }
    let mut tail = Writer::default();
    for i in kept {
        let of = (&stores[i], &group[i].out);
        let (v, j) = (format!("s{i}"), "j");
        store(&mut tail, &mut signature, of, (setting.operands, setting.format), (&v, j, count));
    }
    for (_, lost, counter) in &checks {
        let row = if lines == 1 { "m".to_owned() } else { format!("m / {lines}u") };
        tail.line(
            "// The earlier a step, the larger is the number; whoever finds a row lost in a step writes the same.",
        );
        tail.line(format_args!("int left = 0x7fffffff - {counter}[0] - {counter}[1];"));
        tail.line(format_args!("if (!finite && {lost}[1 + {row}] < left) {lost}[1 + {row}] = left;"));
        tail.line(format_args!("if (!finite && {lost}[0] < left) {lost}[0] = left;"));
    }
    let all = signature.name(Parameter::Lines(lines), "lines");
    let mut out = Writer::default();
    let per_line = width / count;
    out.line(format_args!("u32 count = (u32){all} * {per_line}u;"));
    out.block("for (u32 i = blockIdx.x * 256u + threadIdx.x; i < count; i += gridDim.x * 256u)", |out| {
        let j = if count == 4 { format!("i % {per_line}u * 4u") } else { format!("i % {per_line}u") };
        out.line(format_args!("u32 m = i / {per_line}u, j = {j};"));
        out.text(&loads.finish());
        out.line("#pragma unroll");
        out.block(format_args!("for (int e = 0; e < {count}; e++)"), |out| out.text(&code.finish()));
        out.text(&tail.finish());
    });
    let mut comment: Vec<String> = group.iter().map(|item| words(item, setting.program, plan)).collect();
    comment.dedup();
    Printed {
        text: signature.kernel(out),
        parameters: signature.parameters,
        work: Work { threads: per_line, lines },
        comment: comment.join(", "),
    }
}

/// Loads an operand; gives the name of one of its elements.
fn load(signature: &mut Signature, loads: &mut Writer, place: &Place, count: usize) -> String {
    let line = signature.line_of(place);
    let variable = format!("x{}", signature.parameters.len());
    let aligned = if count == 4 && is_aligned(place) { "_aligned" } else { "" };
    loads.line(format_args!("float {variable}[{count}];"));
    loads.line(format_args!("wide_load{aligned}({variable}, {line} + j);"));
    format!("{variable}[e]")
}
