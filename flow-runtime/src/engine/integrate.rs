//! Integration of a batch with dfdx tensors as states.

use super::{
    check::check_rows,
    dfdx::DfdxEngine,
    network::{Condition, DfdxModel, Inputs, Network},
};
use crate::{
    data::Conditions,
    error::{Error, Result},
    solve::{Method, State, Statistics, VectorField},
    tableau::Kind,
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
    /// [`Error::Shape`] or [`Error::Invalid`] if an argument is not the model's or two nodes are one time in `f32`,
    /// [`Error::NotFinite`] if a weight is not finite or a state stops being so, and what `save` returns; `x` is then
    /// partly carried.
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
        check_nodes(nodes)?;
        check_weights::<M>(weights)?;
        self.load(weights)?;
        let size = chunk_of::<S>();
        let mut statistics = Statistics::default();
        for (chunk, values) in x.chunks_mut((size * dim).max(1)).enumerate() {
            let (first, rows) = (chunk * size, values.len() / dim.max(1));
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
                check_finite(values, dim, first, step + 1, ends)?;
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

/// Rows that are integrated together.
///
/// The equations of an implicit step are solved for all coordinates of a state together: for a batch the matrix would
/// grow with the square of its rows, and each sample would depend on the others. So these go one by one.
fn chunk_of<S: Method>() -> usize {
    match S::TABLEAU.kind {
        Kind::Explicit => CHUNK,
        Kind::DiagonallyImplicit | Kind::FullyImplicit => 1,
    }
}

fn check_nodes(nodes: &[f64]) -> Result<()> {
    let told_apart = |t0: f64, t1: f64| (t1 as f32 - t0 as f32).abs() > 0.0;
    match nodes.windows(2).position(|ends| !told_apart(ends[0], ends[1])) {
        None => Ok(()),
        Some(step) => Err(Error::Invalid {
            operation: "integrating",
            what: format!("step {} of the grid", step + 1),
            got: format!("{} to {}", nodes[step], nodes[step + 1]),
            expected: "times that f32 can tell apart".to_owned(),
            help: "take fewer steps".to_owned(),
        }),
    }
}

/// A network with such weights gives states that are not finite; the weights are where to look then.
fn check_weights<M: DfdxModel>(weights: &[f32]) -> Result<()> {
    match weights.iter().position(|weight| !weight.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let layout = M::layout();
            let entry = layout.entries().iter().find(|entry| entry.range().contains(&at));
            Err(Error::NotFinite {
                operation: "integrating",
                what: entry.map_or_else(|| "a weight".to_owned(), |entry| format!("a weight of `{}`", entry.name)),
                at: format!("position {}", at - entry.map_or(0, |entry| entry.offset)),
                help: "give the model weights that are finite, such as those of the last good checkpoint".to_owned(),
            })
        }
    }
}

fn check_finite(values: &[f32], dim: usize, first: usize, step: usize, ends: &[f64]) -> Result<()> {
    let mut bad = values.chunks(dim.max(1)).enumerate().filter(|(_, row)| row.iter().any(|value| !value.is_finite()));
    let Some((row, _)) = bad.next() else { return Ok(()) };
    let (count, rows) = (1 + bad.count(), values.len() / dim.max(1));
    let start = if first == 0 { String::new() } else { format!(" from sample {first} on") };
    Err(Error::NotFinite {
        operation: "integrating",
        what: "the state".to_owned(),
        at: format!(
            "step {step}, from t = {} to {}, in {count} of the {rows} samples{start}, the first being sample {}",
            ends[0],
            ends[1],
            first + row
        ),
        help: "take smaller steps, or look for weights or start points that are far out".to_owned(),
    })
}
