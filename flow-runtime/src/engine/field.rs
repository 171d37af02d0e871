//! A model as a right-hand side, for the solvers.

use super::{dfdx::DfdxEngine, network::DfdxModel};
use crate::{data::Conditions, error::Result, solve::VectorField};

/// The velocity of a model as the right-hand side `f(t, x)` of an ODE, over a batch of flat rows `x: [rows, dim]`.
///
/// The time is passed to every sample, as the model expects it.
///
/// ```
/// use flow_runtime::{engine::ModelField, prelude::*};
///
/// flow_model! {
///     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 8)), 2) }
/// }
///
/// let line = Line::new(0);
/// let field = ModelField::new(&line, &Conditions::none())?;
/// let three_points = vec![0.0, 0.0, 1.0, 0.0, 0.0, 1.0];
/// let end = solve(DormandPrince54, field, three_points, &Grid::uniform(0.0, 1.0, 10)?)?;
/// assert_eq!(end.state.len(), 6);
/// # Ok::<(), Error>(())
/// ```
pub struct ModelField<'m, M: DfdxModel> {
    model: &'m M,
    engine: DfdxEngine<M>,
    conditions: Conditions,
    times: Vec<f32>,
}

impl<'m, M: DfdxModel> ModelField<'m, M> {
    /// The field of a model under conditions, one row of each per sample.
    ///
    /// # Errors
    /// What [`DfdxEngine::new`] returns. Conditions that do not fit are found at the first evaluation.
    pub fn new(model: &'m M, conditions: &Conditions) -> Result<Self> {
        Ok(Self { model, engine: DfdxEngine::new()?, conditions: conditions.clone(), times: Vec::new() })
    }
}

impl<M: DfdxModel> VectorField<Vec<f32>> for ModelField<'_, M> {
    fn evaluate(&mut self, t: f32, x: &Vec<f32>, out: &mut Vec<f32>) -> Result<()> {
        let rows = x.len().checked_div(M::PROGRAM.state_dim()).unwrap_or(0);
        self.times.clear();
        self.times.resize(rows, t);
        self.engine.velocity(self.model.weights().values(), &self.times, x, &self.conditions, out)
    }
}
