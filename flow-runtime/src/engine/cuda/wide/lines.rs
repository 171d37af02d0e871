//! Kernels over lines, a warp for each: softmax, normalisation and their pullbacks, and embeddings of the time.

use super::{
    function::parameter_name,
    fuse::{Printed, Setting},
    item::LineFunction,
    kernel::{Parameter, Signature, Work, store},
    list::Store,
    place::Place,
};
use crate::engine::{
    cuda::source::{Writer, float},
    plan::{Frequencies, Norm},
};

/// The kernel of a function of lines, and what becomes of its value.
pub(super) fn print(
    function: &LineFunction,
    operands: &[Place],
    out: &Place,
    kept: &Store,
    setting: &Setting<'_>,
) -> Printed {
    let mut signature = Signature::default();
    let mut body = Writer::default();
    let width = operands[0].width;
    let share = float((1.0 / width.max(1) as f64) as f32);
    let mut lines = operands.iter().map(|place| signature.line_of(place)).collect::<Vec<_>>().into_iter();
    let (x, dy) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    body.line(format_args!("const float* x = {x};"));
    if !dy.is_empty() {
        body.line(format_args!("const float* dy = {dy};"));
    }
    let mut value = Writer::default();
    let mut steps = (0, width);
    let comment = match *function {
        LineFunction::Softmax => {
            body.line("float top = x[0];");
            each(&mut body, width, "top = fmaxf(top, x[j]);");
            body.line("top = wide_warp_max(top);");
            body.line("float sum = 0.0f;");
            each(&mut body, width, "sum += expf(x[j] - top);");
            body.line("float scale = 1.0f / wide_warp_sum(sum);");
            value.line("v[0] = expf(x[j] - top) * scale;");
            "softmax".to_owned()
        }
        LineFunction::SoftmaxPullback => {
            body.line("float sum = 0.0f;");
            each(&mut body, width, "sum = fmaf(x[j], dy[j], sum);");
            body.line("sum = wide_warp_sum(sum);");
            value.line("v[0] = x[j] * (dy[j] - sum);");
            "pullback of softmax".to_owned()
        }
        LineFunction::Norm { norm, weight, bias } => {
            moments(&mut body, norm, width, &share);
            let mut term = "(x[j] - mean) * scale".to_owned();
            let mut name = "";
            if let Some(at) = weight {
                name = parameter_name(setting.program, at);
                let weight = signature.name(Parameter::Weights(at), "weight");
                term = match bias {
                    Some(at) => {
                        let bias = signature.name(Parameter::Weights(at), "bias");
                        format!("fmaf({term}, {weight}[j], {bias}[j])")
                    }
                    None => format!("{term} * {weight}[j]"),
                };
            }
            value.line(format_args!("v[0] = {term};"));
            format!("{} {name}", if norm.centred { "layer_norm" } else { "rms_norm" }).trim_end().to_owned()
        }
        LineFunction::NormPullback { norm, weight: at } => {
            moments(&mut body, norm, width, &share);
            let weight = signature.name(Parameter::Weights(at), "weight");
            body.line("float common = 0.0f, along = 0.0f;");
            let both =
                format!("float g = dy[j] * {weight}[j]; common += g; along = fmaf(g, (x[j] - mean) * scale, along);");
            each(&mut body, width, &both);
            body.line(match norm.centred {
                true => format!("common = wide_warp_sum(common) * {share};"),
                false => "common = 0.0f;".to_owned(),
            });
            body.line(format_args!("along = wide_warp_sum(along) * {share};"));
            value.line("float n = (x[j] - mean) * scale;");
            value.line(format_args!("v[0] = (dy[j] * {weight}[j] - common - n * along) * scale;"));
            format!("pullback of {}", parameter_name(setting.program, at))
        }
        LineFunction::Embedding(frequencies) => {
            steps = (out.width / 2, out.width / 2);
            let (name, factor, comment) = match frequencies {
                Frequencies::Constants(at) => (Parameter::Constants(at), 1.0, "sinusoidal".to_owned()),
                Frequencies::Parameter(at) => (
                    Parameter::Weights(at),
                    std::f32::consts::TAU,
                    format!("fourier {}", parameter_name(setting.program, at)),
                ),
            };
            let frequencies = signature.name(name, "frequencies");
            value.line("float sine[1], cosine[1];");
            value.line(format_args!("wide_sincos({frequencies}[j] * {} * x[0], sine[0], cosine[0]);", float(factor)));
            comment
        }
    };
    let rounding = (setting.operands, setting.format);
    if steps.0 > 0 {
        let cosine = format!("j + {}", steps.0);
        store(&mut value, &mut signature, (kept, out), rounding, ("sine", "j", 1));
        store(&mut value, &mut signature, (kept, out), rounding, ("cosine", &cosine, 1));
    } else {
        store(&mut value, &mut signature, (kept, out), rounding, ("v", "j", 1));
    }
    body.block(format_args!("for (int j = lane; j < {}; j += 32)", steps.1), |body| {
        if steps.0 == 0 {
            body.line("float v[1];");
        }
        body.text(&value.finish());
    });
    let all = signature.name(Parameter::Lines(out.lines), "lines");
    let mut code = Writer::default();
    code.line("int lane = threadIdx.x % 32;");
    code.block(
        format_args!("for (u32 m = blockIdx.x * 8u + threadIdx.x / 32; m < (u32){all}; m += gridDim.x * 8u)"),
        |code| code.text(&body.finish()),
    );
    Printed {
        text: signature.kernel(code),
        parameters: signature.parameters,
        work: Work { threads: 32, lines: out.lines },
        comment,
    }
}

fn each(body: &mut Writer, width: usize, line: &str) {
    body.line(format_args!("for (int j = lane; j < {width}; j += 32) {{ {line} }}"));
}

/// What normalises a line, `(x − mean) · scale`: two passes, so that a mean that is far from zero costs no digits.
fn moments(body: &mut Writer, norm: Norm, width: usize, share: &str) {
    body.line("float mean = 0.0f, square = 0.0f;");
    if norm.centred {
        each(body, width, "mean += x[j];");
        body.line(format_args!("mean = wide_warp_sum(mean) * {share};"));
    }
    each(body, width, "square = fmaf(x[j] - mean, x[j] - mean, square);");
    body.line(format_args!(
        "float scale = 1.0f / sqrtf(wide_warp_sum(square) * {share} + {});",
        float(norm.eps as f32)
    ));
}
