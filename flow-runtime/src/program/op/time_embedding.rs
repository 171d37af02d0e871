//! Embeddings of the time: `sinusoidal` and `fourier`; `t: [1]`, result `[dim]`, `dim` even.
//!
//! * `sinusoidal`: `[sin(w_i t), cos(w_i t)]`, `i < dim/2`, `w_i = max^(i / (dim/2 − 1))` (after Vaswani et al. 2017);
//! * `fourier`: `[sin(2π w_i t), cos(2π w_i t)]` with fixed random `w: [dim/2]` (Tancik et al. 2020).

use super::rule::{Arguments, Mismatch, Rule, Signature, same};
use crate::{
    error::{Error, Result},
    program::gradient::Reverse,
};
use std::f64::consts::TAU;

/// Rule of [`Op::Sinusoidal`](super::Op::Sinusoidal).
pub(crate) struct Sinusoidal {
    pub(crate) max: f64,
}

/// Rule of [`Op::Fourier`](super::Op::Fourier).
pub(crate) struct Fourier;

/// The angular frequencies of `sinusoidal`: `half` of them, geometric from 1 to `max`.
///
/// `w_i = max^(i / (half − 1))`; a single one is 1. The same bits on every machine; engines in `f32` round them once.
///
/// ```
/// use flow_runtime::program::sinusoidal_frequencies;
/// assert_eq!(sinusoidal_frequencies(3, 64.0), [1.0, 8.0, 64.0]);
/// assert_eq!(sinusoidal_frequencies(1, 64.0), [1.0]);
/// ```
pub fn sinusoidal_frequencies(half: usize, max: f64) -> Vec<f64> {
    let gaps = half.saturating_sub(1).max(1) as f64;
    (0..half).map(|i| libm::pow(max, i as f64 / gaps)).collect()
}

impl Rule for Sinusoidal {
    fn name(&self) -> &'static str {
        "sinusoidal"
    }

    fn attributes(&self) -> Vec<(&'static str, f64)> {
        vec![("max", self.max)]
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let [] = signature.parameters()?;
        check_time(signature)?;
        Ok(())
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        let frequencies = sinusoidal_frequencies(out.len() / 2, self.max);
        embed(arguments.operands[0], frequencies.iter().copied(), out);
        Ok(())
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        refuse(reverse)
    }
}

impl Rule for Fourier {
    fn name(&self) -> &'static str {
        "fourier"
    }

    fn check(&self, signature: &Signature<'_>) -> Result<(), Mismatch> {
        let half = check_time(signature)?;
        let [frequencies] = signature.parameters()?;
        same("the frequencies", frequencies, &[half])
    }

    fn evaluate(&self, arguments: &Arguments<'_>, out: &mut [f64]) -> Result<()> {
        embed(arguments.operands[0], arguments.parameters[0].iter().map(|w| TAU * w), out);
        Ok(())
    }

    fn pullback(&self, reverse: &mut Reverse) -> Result<()> {
        refuse(reverse)
    }
}

/// `[1] → [dim]` with an even `dim`; gives `dim / 2`.
fn check_time(signature: &Signature<'_>) -> Result<usize, Mismatch> {
    let [t] = signature.operands()?;
    same("the operand", t, &[1])?;
    match signature.result {
        [dim] if dim % 2 == 0 => Ok(dim / 2),
        other => Err(Mismatch {
            what: "the result".to_owned(),
            got: format!("{other:?}"),
            expected: "[dim] with an even dim, half sines and half cosines".to_owned(),
        }),
    }
}

/// The time and the frequencies have no gradient, so nothing of `flow_model!` leads here.
fn refuse(reverse: &Reverse) -> Result<()> {
    let (got, expected) = if reverse.wants_operand(0) {
        ("an embedding of a node that depends on what is differentiated", "the time as its operand")
    } else {
        ("an embedding with trained frequencies", "fixed frequencies")
    };
    Err(Error::Invalid {
        operation: "differentiating a program",
        what: format!("node {} (`{}`)", reverse.result(), reverse.node().op.name()),
        got: got.to_owned(),
        expected: expected.to_owned(),
        help: "write other functions with `sin` and `linear`".to_owned(),
    })
}

fn embed(t: &[f64], frequencies: impl Iterator<Item = f64>, out: &mut [f64]) {
    let (sines, cosines) = out.split_at_mut(out.len() / 2);
    for ((sine, cosine), w) in sines.iter_mut().zip(cosines).zip(frequencies) {
        (*sine, *cosine) = (w * t[0]).sin_cos();
    }
}

#[cfg(test)]
mod tests {
    use crate::program::{Op, op::rule::value_of};

    #[test]
    fn sinusoidal_is_geometric_sines_first() {
        let y = value_of(Op::Sinusoidal { max: 64.0 }, &[&[0.3]], &[], &[8]);
        let expected = [0.3f64, 1.2, 4.8, 19.2];
        for (i, angle) in expected.iter().enumerate() {
            assert!((y[i] - angle.sin()).abs() < 1e-14 && (y[4 + i] - angle.cos()).abs() < 1e-14, "{i}");
        }
        assert_eq!(value_of(Op::Sinusoidal { max: 64.0 }, &[&[0.0]], &[], &[2]), [0.0, 1.0]);
    }

    #[test]
    fn fourier_takes_its_frequencies_in_cycles() {
        let y = value_of(Op::Fourier, &[&[0.25]], &[&[1.0, -2.0, 0.5]], &[6]);
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let expected = [1.0, 0.0, half, 0.0, -1.0, half];
        for (y, expected) in y.iter().zip(expected) {
            assert!((y - expected).abs() < 1e-15, "{y} {expected}");
        }
    }
}
