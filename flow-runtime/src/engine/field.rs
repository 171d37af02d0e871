//! A model as a right-hand side, for the solvers.

use super::{cpu::CpuEngine, device::Device, runnable::Runnable};
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
pub struct ModelField<'m, M: Runnable> {
    engine: Engine<'m, M>,
    conditions: Conditions,
}

enum Engine<'m, M: Runnable> {
    Cpu(Box<CpuEngine<M>>, std::marker::PhantomData<&'m M>),
    #[cfg(feature = "dfdx")]
    Dfdx {
        model: &'m M,
        engine: Box<super::dfdx::DfdxEngine<M>>,
        times: Vec<f32>,
    },
}

impl<'m, M: Runnable> ModelField<'m, M> {
    /// The field of a model under conditions, one row of each per sample.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) for weights that are not finite;
    /// [`Error::Device`](crate::Error::Device) for a `custom` layer without feature `dfdx`. Conditions that do not fit are
    /// found at the first evaluation.
    pub fn new(model: &'m M, conditions: &Conditions) -> Result<Self> {
        let engine = match Device::Auto.resolve_for(M::PROGRAM)? {
            #[cfg(feature = "dfdx")]
            crate::engine::Resolved::Dfdx => {
                Engine::Dfdx { model, engine: Box::new(super::dfdx::DfdxEngine::new()?), times: Vec::new() }
            }
            _ => {
                let mut engine = CpuEngine::new()?;
                engine.load(model.weights().values())?;
                Engine::Cpu(Box::new(engine), std::marker::PhantomData)
            }
        };
        Ok(Self { engine, conditions: conditions.clone() })
    }
}

impl<M: Runnable> VectorField<Vec<f32>> for ModelField<'_, M> {
    fn evaluate(&mut self, t: f32, x: &Vec<f32>, out: &mut Vec<f32>) -> Result<()> {
        match &mut self.engine {
            Engine::Cpu(engine, _) => engine.velocity_at(t, x, &self.conditions, out),
            #[cfg(feature = "dfdx")]
            Engine::Dfdx { model, engine, times } => {
                times.clear();
                times.resize(x.len().checked_div(M::PROGRAM.state_dim()).unwrap_or(0), t);
                engine.velocity(model.weights().values(), times, x, &self.conditions, out)
            }
        }
    }
}
