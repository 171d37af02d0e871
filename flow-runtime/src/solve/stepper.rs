//! Fixed steps over a grid.

use super::{Grid, Method, Real, Save, Solution, State, Statistics, VectorField, field::Counted};
use crate::error::{Error, Result};
use std::marker::PhantomData;

/// Solves `x' = f(t, x)`, `x(grid.t0()) = x0`, and returns the state at the last node.
///
/// Each step of the grid is one step of the method. Nothing is allocated while stepping, apart from what the field
/// does and what an implicit method needs for its linear systems.
///
/// # Errors
/// [`Error::NotFinite`] with step and time if the state stops being finite; [`Error::Shape`] if the field returns
/// another number of values than the state has; [`Error::NotConverged`] if the equations of an implicit step are not
/// solved; [`Error::Invalid`] if two nodes fall together in the state's scalar type; and the field's own errors.
///
/// # Example
/// ```
/// use flow_runtime::prelude::*;
///
/// # fn main() -> Result<(), Error> {
/// let oscillator = |_: f64, x: &[f64; 2]| [x[1], -x[0]];
/// let solution = solve(Rk4, oscillator, [1.0, 0.0], &Grid::uniform(0.0, std::f64::consts::TAU, 100)?)?;
/// assert!((solution.state[0] - 1.0).abs() < 1e-6);
/// # Ok(())
/// # }
/// ```
pub fn solve<M: Method, S: State, F: VectorField<S>>(method: M, field: F, x0: S, grid: &Grid) -> Result<Solution<S>> {
    solve_with(method, field, x0, grid, Save::Final)
}

/// [`solve`], keeping the states that `save` names.
///
/// # Errors
/// Those of [`solve`], and [`Error::Invalid`] for `Save::EveryNth(0)`.
///
/// # Example
/// ```
/// use flow_runtime::prelude::*;
///
/// # fn main() -> Result<(), Error> {
/// let grid = Grid::uniform(0.0, 1.0, 10)?;
/// let solution = solve_with(Midpoint, |_: f64, x: &f64| -x, 1.0, &grid, Save::EveryNth(4))?;
/// assert_eq!(solution.times, [0.0, 0.4, 0.8, 1.0]);
/// assert_eq!(solution.states[0], 1.0);
/// # Ok(())
/// # }
/// ```
pub fn solve_with<M: Method, S: State, F: VectorField<S>>(
    method: M,
    field: F,
    x0: S,
    grid: &Grid,
    save: Save,
) -> Result<Solution<S>> {
    let every = match save {
        Save::Final => None,
        Save::EveryNode => Some(1),
        Save::EveryNth(0) => {
            return Err(Error::Invalid {
                operation: "solve",
                what: "the distance of saved nodes in `Save::EveryNth`".to_owned(),
                got: "0".to_owned(),
                expected: "one node at least".to_owned(),
                help: "`Save::EveryNode` saves every node, `Save::Final` the final state alone".to_owned(),
            });
        }
        Save::EveryNth(n) => Some(n),
    };
    let steps = grid.steps();
    let mut stepper = Stepper::new(method, field, x0, grid)?;
    let (mut times, mut states) = (Vec::new(), Vec::new());
    if let Some(every) = every {
        times.reserve(steps / every + 2);
        states.reserve(steps / every + 2);
        times.push(stepper.t());
        states.push(stepper.state().clone());
    }
    while stepper.step()? {
        let taken = stepper.taken;
        if every.is_some_and(|every| taken % every == 0 || taken == steps) {
            times.push(stepper.t());
            states.push(stepper.state().clone());
        }
    }
    let statistics = stepper.statistics();
    Ok(Solution { state: stepper.into_state(), times, states, statistics })
}

/// A solve under the caller's control, one step at a time.
///
/// As an iterator it yields the time and a copy of the state after each step, and ends with the grid or after the
/// first error.
///
/// ```
/// use flow_runtime::prelude::*;
///
/// # fn main() -> Result<(), Error> {
/// // A ball that is dropped from ten metres: stop at the ground.
/// let grid = Grid::uniform(0.0, 10.0, 1000)?;
/// let mut ball = Stepper::new(Rk4, |_: f64, x: &[f64; 2]| [x[1], -9.81], [10.0, 0.0], &grid)?;
/// while ball.state()[0] > 0.0 && ball.step()? {}
/// assert!((ball.t() - (2.0_f64 * 10.0 / 9.81).sqrt()).abs() < 0.01);
///
/// let growth = Stepper::new(Euler, |_: f64, x: &f64| *x, 1.0, &grid)?;
/// let heights: Vec<f64> = growth.map(|step| step.map(|(_, x)| x)).collect::<Result<_, _>>()?;
/// assert_eq!(heights.len(), 1000);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Stepper<'g, M: Method, S: State, F> {
    method: PhantomData<M>,
    grid: &'g Grid,
    field: Counted<F>,
    work: M::Work<S>,
    t: S::Scalar,
    x: S,
    next: S,
    taken: usize,
    failed: bool,
}

impl<'g, M: Method, S: State, F: VectorField<S>> Stepper<'g, M, S, F> {
    /// Stands at the first node with the state `x0`.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if `x0` is not finite.
    pub fn new(method: M, field: F, x0: S, grid: &'g Grid) -> Result<Self> {
        let _ = method;
        check_initial(&x0)?;
        Ok(Self {
            method: PhantomData,
            grid,
            field: Counted::new(field),
            work: M::work(&x0),
            t: S::Scalar::from_f64(grid.t0()),
            next: x0.clone(),
            x: x0,
            taken: 0,
            failed: false,
        })
    }

    /// Takes the step to the next node; `false` if the last node was reached before.
    ///
    /// # Errors
    /// Those of [`solve`]. The state stays the one before the step.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let grid = Grid::uniform(0.0, 1.0, 2)?;
    /// let mut stepper = Stepper::new(Euler, |_: f64, x: &f64| *x, 1.0, &grid)?;
    /// assert!(stepper.step()? && stepper.step()? && !stepper.step()?);
    /// assert_eq!((stepper.t(), *stepper.state()), (1.0, 2.25));
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn step(&mut self) -> Result<bool> {
        if self.taken == self.grid.steps() {
            return Ok(false);
        }
        self.t = advance::<M, S, F>(self.grid, self.taken, &mut self.field, &self.x, &mut self.work, &mut self.next)?;
        std::mem::swap(&mut self.x, &mut self.next);
        self.taken += 1;
        Ok(true)
    }

    /// The time of the current node.
    pub fn t(&self) -> S::Scalar {
        self.t
    }

    /// The state at the current node.
    pub fn state(&self) -> &S {
        &self.x
    }

    /// The state at the current node, to change it: an impulse, a projection, a reset.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let grid = Grid::uniform(0.0, 1.0, 2)?;
    /// let mut stepper = Stepper::new(Euler, |_: f64, x: &f64| *x, 1.0, &grid)?;
    /// stepper.step()?;
    /// *stepper.state_mut() += 1.0; // a kick
    /// stepper.step()?;
    /// assert_eq!(stepper.into_state(), 3.75);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn state_mut(&mut self) -> &mut S {
        &mut self.x
    }

    /// The state at the current node, as the result.
    pub fn into_state(self) -> S {
        self.x
    }

    /// The work done so far.
    pub fn statistics(&self) -> Statistics {
        Statistics { steps: self.taken as u64, evaluations: self.field.evaluations }
    }
}

impl<M: Method, S: State, F: VectorField<S>> Iterator for Stepper<'_, M, S, F> {
    type Item = Result<(S::Scalar, S)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.step() {
            Ok(true) => Some(Ok((self.t, self.x.clone()))),
            Ok(false) => None,
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}

/// Step `index` of the grid from `x` into `out`; returns the time it ends at.
#[inline(always)]
pub(super) fn advance<M: Method, S: State, F: VectorField<S>>(
    grid: &Grid,
    index: usize,
    field: &mut Counted<F>,
    x: &S,
    work: &mut M::Work<S>,
    out: &mut S,
) -> Result<S::Scalar> {
    let (t0, t1) = grid.step::<S::Scalar>(index)?;
    M::step(field, t0, t1, x, work, out)?;
    match out.is_finite() {
        true => Ok(t1),
        false => Err(not_finite(index + 1, t0, t1)),
    }
}

/// Refuses a state that no method could carry on.
pub(super) fn check_initial<S: State>(x0: &S) -> Result<()> {
    match x0.is_finite() {
        true => Ok(()),
        false => Err(Error::NotFinite {
            operation: "solve",
            what: "the initial state".to_owned(),
            at: "the first node".to_owned(),
            help: "look at where the initial state comes from".to_owned(),
        }),
    }
}

/// The state left the finite numbers.
#[cold]
fn not_finite<T: Real>(step: usize, t0: T, t1: T) -> Error {
    Error::NotFinite {
        operation: "solve",
        what: "the state".to_owned(),
        at: format!("step {step}, from t = {t0} to {t1}"),
        help:
            "take smaller steps, end the interval before the solution blows up, or look for a division by zero in the \
               right-hand side"
                .to_owned(),
    }
}
