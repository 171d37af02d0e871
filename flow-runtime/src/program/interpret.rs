//! The plain interpreter in `f64`: the oracle that every engine is tested against. Clear, not fast.

use super::{InputKind, Op, Program, op::Arguments};
use crate::{
    data::{ConditionValues, Conditions},
    error::{Error, Result},
    rng::{Philox, Stream},
};

const OPERATION: &str = "evaluating a program";

/// The random number behind an element of a dropout layer: `ordinal · 2^40 + sample · len + element`.
///
/// `ordinal` counts the program's dropout nodes in order from 0, `sample` is the row in the batch, `len` the values of
/// one sample at that node and `element` the place among them, row-major. Unique up to 1024 dropout nodes
/// and `2^40` values of a batch at one node.
///
/// ```
/// use flow_runtime::program::dropout_index;
/// // Element 3 of sample 2 at the first dropout layer, which is 64 wide.
/// assert_eq!(dropout_index(0, 2, 64, 3), 131);
/// ```
pub const fn dropout_index(ordinal: u64, sample: u64, len: u64, element: u64) -> u64 {
    (ordinal << 40).wrapping_add(sample.wrapping_mul(len)).wrapping_add(element)
}

/// Whether the element with that [`dropout_index`] stays in training step `step`, in a layer that drops with
/// probability `p`: `u ≥ p` for the element's number `u` of `U[0, 1)`,
/// [`Philox::uniform_f32`] of ([`Stream::Dropout`], `step`).
///
/// ```
/// use flow_runtime::program::dropout_keeps;
/// let kept = (0..1000).filter(|&index| dropout_keeps(7, 100, index, 0.25)).count();
/// assert!((700..800).contains(&kept));
/// ```
pub const fn dropout_keeps(seed: u64, step: u64, index: u64, p: f64) -> bool {
    Philox::new(seed, Stream::Dropout, step).uniform_f32(index) as f64 >= p
}

/// Answers, for a [`dropout_index`] and a probability of zero, whether the element stays.
pub(super) type Keep<'a> = &'a dyn Fn(u64, f64) -> bool;

impl Program {
    /// The velocity of a batch, computed in `f64`, with dropout off.
    ///
    /// # Shapes
    /// `parameters: [parameter_count]` in the order of `self.parameters`; `x: [batch, state]`; `t: [batch]`, or `[1]`
    /// for one time that all samples share; a condition has one row per sample; the result is `[batch, state]`.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Invalid`] and [`Error::NotFinite`] for operands that do not fit or are not finite, a
    /// condition that is missing, unknown or out of range, or a program that fails [`check`](Program::check);
    /// [`Error::Device`] for a `custom` layer, which only the dfdx engine runs.
    ///
    /// ```
    /// use flow_runtime::{data::Conditions, program::builder::Builder};
    /// let mut b = Builder::new("Decay", &[2]);
    /// let velocity = b.scale(b.state(), -0.5);
    /// let program = b.finish(velocity)?;
    /// let v = program.evaluate(&[], &[0.0], &[1.0, 2.0, 3.0, 4.0], &Conditions::default())?;
    /// assert_eq!(v, [-0.5, -1.0, -1.5, -2.0]);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn evaluate(&self, parameters: &[f64], t: &[f64], x: &[f64], conditions: &Conditions) -> Result<Vec<f64>> {
        self.interpret(parameters, t, x, conditions, None)
    }

    /// As [`evaluate`](Program::evaluate), with dropout on, as it is in training step `step` of a run with that seed;
    /// see [`dropout_keeps`].
    ///
    /// # Errors
    /// As [`evaluate`](Program::evaluate).
    ///
    /// ```
    /// use flow_runtime::{data::Conditions, program::{Op, builder::Builder}};
    /// let mut b = Builder::new("Drop", &[100]);
    /// let out = b.apply(Op::Dropout { p: 0.5 }, b.state());
    /// let program = b.finish(out)?;
    /// let (x, none) = ([1.0; 100], Conditions::none());
    /// assert_eq!(program.evaluate(&[], &[0.0], &x, &none)?, x);
    /// let dropped = program.evaluate_training(&[], &[0.0], &x, &none, 7, 0)?;
    /// assert!(dropped.iter().all(|&v| v == 0.0 || v == 2.0));
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn evaluate_training(
        &self,
        parameters: &[f64],
        t: &[f64],
        x: &[f64],
        conditions: &Conditions,
        seed: u64,
        step: u64,
    ) -> Result<Vec<f64>> {
        self.interpret(parameters, t, x, conditions, Some(&|index, p| dropout_keeps(seed, step, index, p)))
    }

    fn interpret(
        &self,
        parameters: &[f64],
        t: &[f64],
        x: &[f64],
        conditions: &Conditions,
        keep: Option<Keep<'_>>,
    ) -> Result<Vec<f64>> {
        let mut velocity = Vec::with_capacity(x.len());
        self.interpret_batch(parameters, t, x, conditions, None, keep, |values| {
            velocity.extend_from_slice(&values[self.output]);
        })?;
        Ok(velocity)
    }

    /// Hands the values of all nodes to `read`, for one sample after the other.
    #[expect(clippy::too_many_arguments, reason = "the operands of an evaluation, its masks, and what is read")]
    pub(super) fn interpret_batch(
        &self,
        parameters: &[f64],
        t: &[f64],
        x: &[f64],
        conditions: &Conditions,
        cotangent: Option<&[f64]>,
        keep: Option<Keep<'_>>,
        mut read: impl FnMut(&[Vec<f64>]),
    ) -> Result<()> {
        self.check()?;
        let batch = self.check_operands(parameters, t, x)?;
        self.check_cotangent(x, cotangent)?;
        let conditions = self.bind_conditions(OPERATION, conditions, batch)?;
        let dim = self.state_dim();
        let rows: Vec<&[f64]> = (0..self.parameters.len())
            .map(|i| &parameters[self.parameter_offset(i)..self.parameter_offset(i + 1)])
            .collect();
        let mut values: Vec<Vec<f64>> = self.nodes.iter().map(|node| vec![0.0; node.size()]).collect();
        for sample in 0..batch {
            let time = if t.len() == 1 { t[0] } else { t[sample] };
            let own = |rows: &[f64]| rows[sample * dim..(sample + 1) * dim].to_vec();
            let conditions = conditions.iter().map(|condition| row(condition, sample));
            let inputs: Vec<Vec<f64>> =
                [own(x), vec![time]].into_iter().chain(conditions).chain(cotangent.map(own)).collect();
            let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
            self.interpret_sample(&rows, &inputs, sample, keep, &mut values)?;
            read(&values);
        }
        Ok(())
    }

    /// Fills `values` with the value of every node for one sample.
    fn interpret_sample(
        &self,
        parameters: &[&[f64]],
        inputs: &[&[f64]],
        sample: usize,
        keep: Option<Keep<'_>>,
        values: &mut [Vec<f64>],
    ) -> Result<()> {
        let mut dropouts = 0;
        for (i, node) in self.nodes.iter().enumerate() {
            let (before, rest) = values.split_at_mut(i);
            let operands: Vec<&[f64]> = node.inputs.iter().map(|&input| before[input].as_slice()).collect();
            let parameters: Vec<&[f64]> = node.parameters.iter().map(|&p| parameters[p]).collect();
            let ordinal = match node.op {
                Op::DropoutPullback { ordinal, .. } => ordinal,
                _ => dropouts,
            };
            let keeps = keep.map(|keep| {
                move |element: usize, p| {
                    keep(dropout_index(ordinal, sample as u64, node.size() as u64, element as u64), p)
                }
            });
            let keeps = keeps.as_ref().map(|keeps| keeps as &dyn Fn(usize, f64) -> bool);
            let arguments = Arguments { node, operands: &operands, parameters: &parameters, inputs, keep: keeps };
            node.op.rule(|rule| rule.evaluate(&arguments, &mut rest[0]))?;
            dropouts += u64::from(matches!(node.op, Op::Dropout { .. }));
        }
        Ok(())
    }

    /// A cotangent for a gradient, of the size of the states, and none for a model.
    fn check_cotangent(&self, x: &[f64], cotangent: Option<&[f64]>) -> Result<()> {
        let takes = self.inputs.iter().any(|input| input.kind == InputKind::Cotangent);
        let what = || "the cotangent of the velocity".to_owned();
        match cotangent {
            Some(cotangent) if takes && cotangent.len() != x.len() => Err(Error::Shape {
                operation: OPERATION,
                what: what(),
                got: format!("[{}]", cotangent.len()),
                expected: format!("[{}], as the states have it", x.len()),
                help: "give the derivative of the loss by each entry of the velocity".to_owned(),
            }),
            Some(cotangent) if takes => match cotangent.iter().position(|value| !value.is_finite()) {
                Some(at) => Err(not_finite("the cotangent of the velocity", at)),
                None => Ok(()),
            },
            None if !takes => Ok(()),
            given => Err(Error::Invalid {
                operation: OPERATION,
                what: what(),
                got: if given.is_some() { "given" } else { "missing" }.to_owned(),
                expected: if takes { "one for each entry of the velocity" } else { "none" }.to_owned(),
                help: "the program of a gradient is evaluated by `Gradient::evaluate`".to_owned(),
            }),
        }
    }

    /// Sizes and finiteness of the numbers; gives the size of the batch.
    fn check_operands(&self, parameters: &[f64], t: &[f64], x: &[f64]) -> Result<usize> {
        let batch = self.batch_size(OPERATION, x.len())?;
        let shape = |what: &str, got: usize, expected: String, help: &str| Error::Shape {
            operation: OPERATION,
            what: what.to_owned(),
            got: format!("[{got}]"),
            expected,
            help: help.to_owned(),
        };
        if parameters.len() != self.parameter_count() {
            let expected = format!("[{}]", self.parameter_count());
            return Err(shape("the row of parameters", parameters.len(), expected, "take the weights of this model"));
        }
        if t.len() != batch && t.len() != 1 {
            let expected = format!("[{batch}] or [1]");
            return Err(shape("the time `t`", t.len(), expected, "give one time per sample, or one that all share"));
        }
        for (what, values) in [("a parameter", parameters), ("the time `t`", t), ("the state `x`", x)] {
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Err(not_finite(what, at));
            }
        }
        Ok(batch)
    }
}

fn not_finite(what: &str, at: usize) -> Error {
    Error::NotFinite {
        operation: OPERATION,
        what: what.to_owned(),
        at: format!("index {at}"),
        help: "look for where the number was made; nothing was computed".to_owned(),
    }
}

/// The value of a condition for one sample; a label is its number.
fn row(values: &ConditionValues, sample: usize) -> Vec<f64> {
    match values {
        ConditionValues::Class(labels) => vec![f64::from(labels[sample])],
        ConditionValues::Vector { dim, values } => {
            values[sample * dim..(sample + 1) * dim].iter().map(|value| f64::from(*value)).collect()
        }
    }
}

#[cfg(test)]
mod tests;
