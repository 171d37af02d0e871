//! Integration of a batch with dfdx tensors as states.

use super::{
    dfdx::{DfdxEngine, check_rows},
    network::{Condition, DfdxModel, Inputs, Network},
};
use crate::{
    data::Conditions,
    error::{Error, Result},
    solve::{Method, State, Statistics, VectorField},
};
use ::dfdx::tensor::{Cpu, Tensor};

/// Rows that are integrated together; bounds the memory of the activations.
const CHUNK: usize = 4096;

type Rows = Tensor<(usize, usize), f32, Cpu>;

impl<M: DfdxModel> DfdxEngine<M> {
    /// Carries the points `x: [rows, dim]` over the nodes, in place, with the method `S`.
    ///
    /// The rows go in chunks, each through all nodes before the next. `save` is called with the index of a node and
    /// the states `[rows of the chunk, dim]` there, for the first node too; the chunks of a node come in order.
    /// The statistics are those of one sample.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Invalid`] if an argument is not the model's, [`Error::NotFinite`] if a state
    /// stops being finite, and what `save` returns; `x` is then partly carried.
    ///
    /// ```
    /// use flow_runtime::{engine::DfdxEngine, prelude::*};
    /// flow_model! { model Line(x: [1], t: Time) -> [1] { linear(concat(x, sinusoidal(t, 2)), 1) } }
    ///
    /// let mut line = Line::new(0);
    /// line.weights_mut().set("out.weight", &[0.0, 0.0, 0.0])?;
    /// line.weights_mut().set("out.bias", &[2.0])?;
    /// let mut x = [1.0, 5.0];
    /// let engine = &mut DfdxEngine::<Line>::new()?;
    /// engine.integrate::<Euler>(line.weights().values(), &[0.0, 0.5, 1.0], &mut x, &Conditions::none(), |_, _| Ok(()))?;
    /// assert_eq!(x, [3.0, 7.0]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn integrate<S: Method>(
        &mut self,
        weights: &[f32],
        nodes: &[f64],
        x: &mut [f32],
        conditions: &Conditions,
        mut save: impl FnMut(usize, &[f32]) -> Result<()>,
    ) -> Result<Statistics> {
        let dim = M::PROGRAM.state_dim();
        let rows = x.len().checked_div(dim).unwrap_or(0);
        check_rows::<M>("integrating", "x", x.len(), rows)?;
        let bound = M::PROGRAM.bind_conditions("integrating", conditions, rows)?;
        self.load(weights)?;
        let mut statistics = Statistics::default();
        for (chunk, values) in x.chunks_mut((CHUNK * dim).max(1)).enumerate() {
            let (first, rows) = (chunk * CHUNK, values.len() / dim.max(1));
            let conditions = self.conditions(&bound, first, rows)?;
            let mut field = Velocity { engine: self, conditions, rows, evaluations: 0, last: None };
            let mut state = field.engine.state(values, rows)?;
            let mut next = state.clone();
            let mut work = S::work(&state);
            save(0, values)?;
            for (step, ends) in nodes.windows(2).enumerate() {
                S::step(&mut field, ends[0] as f32, ends[1] as f32, &state, &mut work, &mut next)?;
                std::mem::swap(&mut state, &mut next);
                state.copy_into(values);
                check_finite(values, dim, first, ends[1])?;
                save(step + 1, values)?;
            }
            statistics.steps = nodes.len().saturating_sub(1) as u64;
            statistics.evaluations = field.evaluations;
        }
        self.release()?;
        Ok(statistics)
    }
}

/// The network as a right-hand side.
struct Velocity<'a, M: DfdxModel> {
    engine: &'a DfdxEngine<M>,
    conditions: Vec<Condition<f32, Cpu>>,
    rows: usize,
    evaluations: u64,
    /// The time of the last evaluation as a tensor: stages share times.
    last: Option<(f32, Inputs<f32, Cpu>)>,
}

impl<M: DfdxModel> VectorField<Rows> for Velocity<'_, M>
where
    Rows: State<Scalar = f32>,
{
    fn evaluate(&mut self, t: f32, x: &Rows, out: &mut Rows) -> Result<()> {
        self.evaluations += 1;
        let inputs = match self.last.take() {
            Some((last, inputs)) if last == t => inputs,
            _ => Inputs { t: self.engine.times(vec![t; self.rows])?, conditions: self.conditions.clone() },
        };
        *out = self.engine.network.velocity(&inputs, x.clone())?;
        self.last = Some((t, inputs));
        Ok(())
    }
}

fn check_finite(values: &[f32], dim: usize, first: usize, t: f64) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::NotFinite {
            operation: "integrating",
            what: "the state".to_owned(),
            at: format!("sample {}, t = {t}", first + index / dim.max(1)),
            help: "take smaller steps, or look for weights or start points that are far out".to_owned(),
        }),
    }
}
