//! The text of a kernel as it is put together: its parameters, what they stand for, and its code.

use super::{
    list::{Format, Operand, Store},
    place::{Place, Space},
};
use crate::engine::cuda::{backend::Number, source::Writer};

/// What an argument of a kernel is, as far as it is known before there is memory.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Parameter {
    /// A value to be read.
    Value(Place),
    /// A value to be written.
    Result(Place),
    /// From one step to the next in what moves with the steps.
    Stride(Space),
    /// Step, and number of the steps before the present chunk.
    Counter,
    /// A copy for products, from a column on.
    Operand(usize, usize),
    /// A place of the weights.
    Weights(usize),
    Constants(usize),
    Labels(usize),
    /// Seed and draw of dropout.
    Keys,
    /// The coefficients of a step, from one on.
    Coefficients(usize),
    /// Numbers from one step's coefficients to the next.
    CoefficientStride,
    /// For each row the first step that lost it.
    Lost,
    /// Lines of all samples, for so many of one.
    Lines(usize),
}

/// How many threads a kernel has work for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Work {
    /// Threads for a line.
    pub(super) threads: usize,
    /// Lines of a sample.
    pub(super) lines: usize,
}

/// Parameters of a kernel, named as they are asked for.
#[derive(Default)]
pub(super) struct Signature {
    pub(super) parameters: Vec<Parameter>,
    declarations: Vec<String>,
}

impl Signature {
    /// The name of a parameter, which is taken once.
    pub(super) fn name(&mut self, parameter: Parameter, role: &str) -> String {
        if let Some(i) = self.parameters.iter().position(|other| *other == parameter) {
            let declared = &self.declarations[i];
            return declared[declared.rfind(' ').map_or(0, |at| at + 1)..].to_owned();
        }
        let kind = match parameter {
            Parameter::Result(_) => "float* ",
            Parameter::Value(_) | Parameter::Weights(_) | Parameter::Constants(_) | Parameter::Coefficients(_) => {
                "const float* "
            }
            Parameter::Operand(..) => "unsigned short* ",
            Parameter::Labels(_) => "const u32* ",
            Parameter::Keys => "const u64* ",
            Parameter::Counter => "const int* ",
            Parameter::Lost => "int* ",
            Parameter::Stride(_) | Parameter::CoefficientStride | Parameter::Lines(_) => "int ",
        };
        let name = match parameter {
            Parameter::Lines(_) | Parameter::Counter | Parameter::Keys | Parameter::Lost => role.to_owned(),
            _ => format!("{role}{}", self.parameters.len()),
        };
        self.declarations.push(format!("{kind}{name}"));
        self.parameters.push(parameter);
        name
    }

    /// Where line `m` of a value begins.
    pub(super) fn line_of(&mut self, place: &Place) -> String {
        let name = self.name(Parameter::Value(*place), "in");
        self.line_from(name, place)
    }

    fn line_from(&mut self, name: String, place: &Place) -> String {
        let base = if place.space.moves() {
            let counter = self.name(Parameter::Counter, "counter");
            let stride = self.name(Parameter::Stride(place.space), "stride");
            format!("{name} + (u64){counter}[0] * {stride}")
        } else {
            name
        };
        match (place.is_broadcast(), place.lines) {
            (true, 1) => base,
            (true, lines) => format!("{base} + m % {lines}u * {}u", place.line),
            (false, _) if place.is_even() => format!("{base} + (u64)m * {}u", place.stride()),
            (false, lines) => format!("{base} + (u64)(m / {lines}u) * {}u + m % {lines}u * {}u", place.row, place.line),
        }
    }

    /// The text of the kernel, for a name to be put in.
    pub(super) fn kernel(&self, code: Writer) -> String {
        format!("FM_KERNEL(256) void NAME({}) {{\n{}}}\n", self.declarations.join(", "), indented(&code.finish()))
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}

/// Writes what becomes of a value at column `j` of line `m`: `v` is an array of `count` numbers.
pub(super) fn store(
    out: &mut Writer,
    signature: &mut Signature,
    (store, value): (&Store, &Place),
    (operands, format): (&[Operand], Option<Format>),
    (v, j, count): (&str, &str, usize),
) {
    if store.single {
        let name = signature.name(Parameter::Result(*value), "out");
        let line = signature.line_from(name, value);
        let aligned = if count == 4 && is_aligned(value) { "_aligned" } else { "" };
        out.line(format_args!("wide_store{aligned}({line} + {j}, {v});"));
    }
    for &(operand, column) in &store.operands {
        let Some(format) = format else { continue };
        let name = signature.name(Parameter::Operand(operand, column), "rounded");
        let Operand { place, stride } = &operands[operand];
        let aligned =
            if count == 4 && column.is_multiple_of(4) && place.width.is_multiple_of(4) { "_aligned" } else { "" };
        let number = if format.number == Number::Bf16 { "Bf16" } else { "F16" };
        let (call, part) = match format.parts {
            1 => ("wide_round", String::new()),
            _ => ("wide_split", format!("{}, ", place.width)),
        };
        out.line(format_args!("{call}{aligned}<{number}>({name} + (u64)m * {stride}u + {j}, {part}{v});"));
    }
}

/// Whether four numbers at a multiple of four columns are 16 bytes that one load may take.
pub(super) fn is_aligned(place: &Place) -> bool {
    let lines_apart = place.lines == 1 || place.line.is_multiple_of(4);
    // What moves with the steps begins anywhere.
    !place.space.moves() && place.offset.is_multiple_of(4) && place.row.is_multiple_of(4) && lines_apart
}
