//! The interpreter of gradients in `f64`: the oracle of every engine's.

use super::Gradient;
use crate::{
    data::Conditions,
    error::Result,
    program::{dropout_keeps, interpret::Keep},
};

/// The values of a gradient: what [`Gradient::evaluate`] gives.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientValues {
    /// The velocity, `[batch, state]`.
    pub velocity: Vec<f64>,
    /// `Σ d(v·dv)/dw` over the samples, `[parameter_count]`; zero for what is not trained, not used or not wanted.
    pub parameters: Vec<f64>,
    /// `d(v·dv)/dx` of each sample, `[batch, state]`, if it was wanted; zero if the velocity does not depend on it.
    pub state: Option<Vec<f64>>,
}

impl Gradient {
    /// The gradient of a batch, computed in `f64`, with dropout off.
    ///
    /// # Shapes
    /// As [`Program::evaluate`](crate::program::Program::evaluate); `cotangent: [batch, state]`.
    ///
    /// # Errors
    /// As [`Program::evaluate`](crate::program::Program::evaluate), for the cotangent too.
    ///
    /// ```
    /// use flow_runtime::{data::Conditions, program::{Op, Wanted, builder::Builder}};
    /// let mut b = Builder::new("Wave", &[1]);
    /// let velocity = b.apply(Op::Sin, b.state());
    /// let gradient = b.finish(velocity)?.gradient(Wanted { parameters: false, state: true })?;
    /// let values = gradient.evaluate(&[], &[0.0], &[0.5, 0.0], &Conditions::none(), &[1.0, 3.0])?;
    /// assert_eq!(values.state, Some(vec![0.5_f64.cos(), 3.0]));
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn evaluate(
        &self,
        parameters: &[f64],
        t: &[f64],
        x: &[f64],
        conditions: &Conditions,
        cotangent: &[f64],
    ) -> Result<GradientValues> {
        self.interpret(parameters, t, x, conditions, cotangent, None)
    }

    /// As [`evaluate`](Gradient::evaluate), with dropout on, as it is in training step `step` of a run with that seed;
    /// see [`dropout_keeps`].
    ///
    /// # Errors
    /// As [`evaluate`](Gradient::evaluate).
    ///
    /// ```
    /// use flow_runtime::{data::Conditions, program::{Op, Wanted, builder::Builder}};
    /// let mut b = Builder::new("Drop", &[100]);
    /// let out = b.apply(Op::Dropout { p: 0.5 }, b.state());
    /// let gradient = b.finish(out)?.gradient(Wanted { parameters: false, state: true })?;
    /// let (ones, none) = ([1.0; 100], Conditions::none());
    /// let values = gradient.evaluate_training(&[], &[0.0], &ones, &none, &ones, 7, 0)?;
    /// // The mask of the velocity is that of the gradient.
    /// assert_eq!(values.state, Some(values.velocity));
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    #[expect(clippy::too_many_arguments, reason = "those of `Program::evaluate_training`, and the cotangent")]
    pub fn evaluate_training(
        &self,
        parameters: &[f64],
        t: &[f64],
        x: &[f64],
        conditions: &Conditions,
        cotangent: &[f64],
        seed: u64,
        step: u64,
    ) -> Result<GradientValues> {
        let keep = |index, p| dropout_keeps(seed, step, index, p);
        self.interpret(parameters, t, x, conditions, cotangent, Some(&keep))
    }

    fn interpret(
        &self,
        parameters: &[f64],
        t: &[f64],
        x: &[f64],
        conditions: &Conditions,
        cotangent: &[f64],
        keep: Option<Keep<'_>>,
    ) -> Result<GradientValues> {
        let program = &self.program;
        let mut velocity = Vec::with_capacity(x.len());
        let mut gradient = vec![0.0; parameters.len()];
        let mut state = Vec::with_capacity(x.len());
        program.interpret_batch(parameters, t, x, conditions, Some(cotangent), keep, |values| {
            velocity.extend_from_slice(&values[program.output]);
            for &(parameter, node) in self.parameters {
                let sums = &mut gradient[program.parameter_offset(parameter)..];
                for (sum, share) in sums.iter_mut().zip(&values[node]) {
                    *sum += share;
                }
            }
            match self.state {
                Some(node) => state.extend_from_slice(&values[node]),
                None => state.resize(velocity.len(), 0.0),
            }
        })?;
        Ok(GradientValues { velocity, parameters: gradient, state: self.wanted.state.then_some(state) })
    }
}
