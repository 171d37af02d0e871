//! The engine as its users see it.

use super::{
    executor::{Bound, Executor},
    integrate::{self, Memory, Task},
    math::Math,
    plan::Use,
    scheme::Scheme,
    team::Team,
    velocity::{self, Times, Workspace},
};
use crate::{
    data::Conditions,
    engine::check::{check_finite, check_nodes, check_rows, check_saved, check_weights},
    error::{Error, Result},
    model::Model,
    program::Program,
    solve::{Method, Real, Statistics},
    tableau::{Kind, Tableau},
};
use std::marker::PhantomData;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// What the CPU engine computes in: `f32` or `f64`.
///
/// Weights and data are `f32` in both; with `f64` what is made of them has no more rounding than the interpreter's.
///
/// ```
/// use flow_runtime::{engine::CpuEngine, prelude::*};
/// flow_model! { model Line(x: [2], t: Time) -> [2] { tanh(linear(concat(x, sinusoidal(t, 2)), 2)) } }
///
/// let line = Line::new(0);
/// let mut engine = CpuEngine::<Line, f64>::new()?;
/// engine.load(line.weights().values())?;
/// let mut velocity = [0.0; 2];
/// engine.velocity_at(0.5, &[1.0, 2.0], &Conditions::none(), &mut velocity)?;
/// let exact = line.velocity_reference(&[0.5], &[1.0, 2.0], &Conditions::none())?;
/// assert!(velocity.iter().zip(exact).all(|(v, exact)| (v - exact).abs() < 1e-14));
/// # Ok::<(), Error>(())
/// ```
#[allow(private_bounds)]
pub trait Precision: Real + Math + sealed::Sealed {}

impl Precision for f32 {}
impl Precision for f64 {}

/// Runs a model on the CPU: fused, in vector registers, on all cores.
///
/// A batch goes through the model in tiles that stay in cache; an integration carries each tile over the whole grid before it
/// touches the next. Results do not depend on the number of threads or on what else is in the batch, to the last bit.
/// Small calls run on the calling thread, and after the first call of a size nothing is allocated.
///
/// ```
/// use flow_runtime::{engine::CpuEngine, prelude::*};
/// flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
///
/// let line = Line::new(0);
/// let mut engine = CpuEngine::<Line>::new()?;
/// engine.load(line.weights().values())?;
/// let mut velocity = [0.0; 4];
/// engine.velocity(&[0.0, 0.5], &[1.0, 2.0, 3.0, 4.0], &Conditions::none(), &mut velocity)?;
/// let reference = line.velocity_reference(&[0.0, 0.5], &[1.0, 2.0, 3.0, 4.0], &Conditions::none())?;
/// assert!(velocity.iter().zip(reference).all(|(v, exact)| (f64::from(*v) - exact).abs() < 1e-6));
/// # Ok::<(), Error>(())
/// ```
pub struct CpuEngine<M, T: Precision = f32> {
    pub(super) team: Team,
    pub(super) weights: Vec<f32>,
    /// For a time that a batch shares, and for times of its own; made when they are needed.
    sampling: Option<Loaded<T>>,
    pointwise: Option<Loaded<T>>,
    pub(super) training: Option<super::train::Training<T>>,
    scheme: Option<(&'static Tableau, Scheme)>,
    memory: Memory<T>,
    workspaces: Vec<Workspace<T>>,
    model: PhantomData<fn() -> M>,
}

/// An executor, and whether it has the engine's weights.
struct Loaded<T> {
    executor: Executor<T>,
    fresh: bool,
}

impl<M: Model, T: Precision> CpuEngine<M, T> {
    /// An engine on as many threads as the system offers.
    ///
    /// # Errors
    /// [`Error::Device`] for a model with a `custom` layer, which only dfdx can run; [`Error::Invalid`] or
    /// [`Error::Shape`] if the program means nothing, see [`Program::check`].
    pub fn new() -> Result<Self> {
        Self::with_threads(Team::default_size())
    }

    /// An engine on that many threads, the caller's among them.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`Error::Invalid`] for no threads.
    ///
    /// ```
    /// use flow_runtime::{engine::CpuEngine, prelude::*};
    /// # flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
    /// assert_eq!(CpuEngine::<Line>::with_threads(2)?.threads(), 2);
    /// assert!(CpuEngine::<Line>::with_threads(0).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with_threads(threads: usize) -> Result<Self> {
        M::PROGRAM.check()?;
        check_ops(M::PROGRAM)?;
        Ok(Self {
            team: Team::new(threads)?,
            weights: Vec::new(),
            sampling: None,
            pointwise: None,
            training: None,
            scheme: None,
            memory: Memory::default(),
            workspaces: Vec::new(),
            model: PhantomData,
        })
    }

    /// Threads that large calls run on.
    pub fn threads(&self) -> usize {
        self.team.size()
    }

    /// Takes over the weights of a model, in the order of its layout.
    ///
    /// # Errors
    /// [`Error::Shape`] if they are not as many as the model has, [`Error::NotFinite`] for NaN and infinities; then the
    /// engine keeps those that it had.
    pub fn load(&mut self, weights: &[f32]) -> Result<()> {
        check_weights::<M>(weights)?;
        self.weights.clear();
        self.weights.extend_from_slice(weights);
        for loaded in [&mut self.sampling, &mut self.pointwise].into_iter().flatten() {
            loaded.fresh = false;
        }
        Ok(())
    }

    /// Writes the velocity at the times `t: [rows]` and points `x: [rows, dim]` into `out: [rows, dim]`.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Invalid`] if an argument is not the model's or no weights are [loaded](Self::load),
    /// [`Error::NotFinite`] for a time or a point that is not finite.
    pub fn velocity(&mut self, t: &[T], x: &[T], conditions: &Conditions, out: &mut [T]) -> Result<()> {
        check_rows::<M>("velocity", "x", x.len(), t.len())?;
        self.evaluate(Times::Rows(t), t.len(), x, conditions, out)
    }

    /// Writes the velocity at one time and points `x: [rows, dim]` into `out: [rows, dim]`.
    ///
    /// What depends on the time alone is computed once.
    ///
    /// # Errors
    /// As [`velocity`](Self::velocity).
    ///
    /// ```
    /// use flow_runtime::{engine::CpuEngine, prelude::*};
    /// # flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
    /// let mut engine = CpuEngine::<Line, f64>::new()?;
    /// engine.load(Line::new(0).weights().values())?;
    /// let (mut apart, mut together) = ([0.0; 4], [0.0; 4]);
    /// engine.velocity(&[0.5, 0.5], &[1.0, 2.0, 3.0, 4.0], &Conditions::none(), &mut apart)?;
    /// engine.velocity_at(0.5, &[1.0, 2.0, 3.0, 4.0], &Conditions::none(), &mut together)?;
    /// assert!(apart.iter().zip(together).all(|(a, b)| (a - b).abs() < 1e-14));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn velocity_at(&mut self, t: T, x: &[T], conditions: &Conditions, out: &mut [T]) -> Result<()> {
        let rows = x.len().checked_div(M::PROGRAM.state_dim()).unwrap_or(0);
        check_rows::<M>("velocity", "x", x.len(), rows)?;
        self.evaluate(Times::Shared(t), rows, x, conditions, out)
    }

    fn evaluate(
        &mut self,
        times: Times<'_, T>,
        rows: usize,
        x: &[T],
        conditions: &Conditions,
        out: &mut [T],
    ) -> Result<()> {
        check_rows::<M>("velocity", "out", out.len(), rows)?;
        match times {
            Times::Shared(time) => check_finite("velocity", "the time", &[time], 1)?,
            Times::Rows(times) => check_finite("velocity", "the time", times, 1)?,
        }
        check_finite("velocity", "the point", x, M::PROGRAM.state_dim())?;
        let bound = M::PROGRAM.bind_conditions("velocity", conditions, rows)?;
        let bound = Bound::new(&bound);
        let (slot, usage) = match times {
            Times::Shared(_) => (&mut self.sampling, Use::SharedTime),
            Times::Rows(_) => (&mut self.pointwise, Use::TimePerRow),
        };
        let executor = ready::<M, T>("velocity", slot, usage, &self.weights)?;
        let sizes = (M::PROGRAM.state_dim(), M::FLOPS);
        velocity::velocity(executor, &mut self.team, &mut self.workspaces, times, x, &bound, sizes, out);
        Ok(())
    }

    /// Carries the points `x: [rows, dim]` over the nodes, in place, with the method `S`.
    ///
    /// `saved` names nodes in ascending order whose states are kept: they are written into `saves`, one row of
    /// `rows · dim` values for each. The statistics are those of one sample.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Invalid`] if an argument is not the model's, the grid is not monotone in the engine's
    /// precision, or no weights are [loaded](Self::load); [`Error::NotFinite`] if a state stops being finite, with the
    /// step, the time and how many samples it hit; what an implicit method returns. `x` is then partly carried.
    ///
    /// ```
    /// use flow_runtime::{engine::CpuEngine, prelude::*};
    /// flow_model! { model Line(x: [1], t: Time) -> [1] { linear(concat(x, sinusoidal(t, 2)), 1) } }
    ///
    /// let mut line = Line::new(0);
    /// line.weights_mut().set("out.weight", &[0.0, 0.0, 0.0])?;
    /// line.weights_mut().set("out.bias", &[2.0])?;
    /// let mut engine = CpuEngine::<Line>::new()?;
    /// engine.load(line.weights().values())?;
    /// let (mut x, mut middle) = ([1.0, 5.0], [vec![]]);
    /// engine.integrate::<Euler>(&[0.0, 0.5, 1.0], &mut x, &Conditions::none(), &[1], &mut middle)?;
    /// assert_eq!((x, &middle[0][..]), ([3.0, 7.0], &[2.0, 6.0][..]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn integrate<S: Method>(
        &mut self,
        nodes: &[f64],
        x: &mut [T],
        conditions: &Conditions,
        saved: &[usize],
        saves: &mut [Vec<T>],
    ) -> Result<Statistics> {
        const OPERATION: &str = "integrating";
        let dim = M::PROGRAM.state_dim();
        let rows = x.len().checked_div(dim).unwrap_or(0);
        check_rows::<M>(OPERATION, "x", x.len(), rows)?;
        let bound = M::PROGRAM.bind_conditions(OPERATION, conditions, rows)?;
        let bound = Bound::new(&bound);
        check_nodes::<T>(nodes)?;
        check_saved(nodes, saved, saves.len())?;
        check_finite(OPERATION, "the start point", x, dim)?;
        for values in saves.iter_mut() {
            values.clear();
            values.resize(x.len(), T::default());
        }
        let executor = ready::<M, T>(OPERATION, &mut self.sampling, Use::SharedTime, &self.weights)?;
        let steps = nodes.len().saturating_sub(1);
        let mut statistics = Statistics { steps: steps as u64, ..Statistics::default() };
        if rows == 0 {
            return Ok(statistics);
        }
        if S::TABLEAU.kind != Kind::Explicit {
            statistics.evaluations = super::implicit::integrate::<T, S>(
                executor,
                &mut self.team,
                nodes,
                x,
                dim,
                &bound,
                saved,
                saves,
                M::FLOPS,
            )?;
            return Ok(statistics);
        }
        if self.scheme.as_ref().is_none_or(|(tableau, _)| !std::ptr::eq(*tableau, S::TABLEAU)) {
            self.scheme = Some((S::TABLEAU, Scheme::of(S::TABLEAU)));
        }
        let Some((_, scheme)) = &self.scheme else { return Ok(statistics) };
        statistics.evaluations = (steps * scheme.evaluations()) as u64;
        let task = Task { scheme, nodes, x, dim, conditions: &bound, saved, saves, flops: M::FLOPS };
        integrate::integrate(executor, &mut self.team, &mut self.memory, task)?;
        Ok(statistics)
    }
}

/// The executor of a slot, with the engine's weights.
fn ready<'a, M: Model, T: Precision>(
    operation: &'static str,
    slot: &'a mut Option<Loaded<T>>,
    usage: Use,
    weights: &[f32],
) -> Result<&'a Executor<T>> {
    if weights.is_empty() && M::PARAMETERS > 0 {
        return Err(Error::Invalid {
            operation,
            what: "the engine".to_owned(),
            got: "without weights".to_owned(),
            expected: format!("the {} weights of `{}`", M::PARAMETERS, M::PROGRAM.name),
            help: "call `load` with the model's weights first".to_owned(),
        });
    }
    let loaded = slot.get_or_insert_with(|| Loaded { executor: Executor::new(M::PROGRAM, &[], usage), fresh: false });
    if !loaded.fresh {
        loaded.executor.load(weights);
        loaded.fresh = true;
    }
    Ok(&loaded.executor)
}

/// Refuses what this engine has no kernel for.
fn check_ops(program: &Program) -> Result<()> {
    let Some(module) = program.nodes.iter().find_map(|node| match node.op {
        crate::program::Op::Custom { module } => Some(module),
        _ => None,
    }) else {
        return Ok(());
    };
    Err(Error::Device {
        asked: "cpu".to_owned(),
        found: format!("`custom({module})` in `{}`, a dfdx module, which the CPU engine cannot run", program.name),
        help: "use `--device dfdx` (feature `dfdx`), or write the layer in `flow_model!`".to_owned(),
    })
}
