//! Solving ordinary differential equations `x' = f(t, x)` with Runge–Kutta methods.
//!
//! [`solve`] carries a [`State`] over a [`Grid`] with a [`Method`]; the right-hand side is a closure, or anything else
//! that is a [`VectorField`]. The grid belongs to the solve: the state and its time move together from node to node,
//! and no stage is evaluated outside the interval.
//!
//! ```
//! use flow_runtime::prelude::*;
//!
//! # fn main() -> Result<(), Error> {
//! // A pendulum that swings for two seconds, in a hundred steps of the classical method.
//! let pendulum = |_: f64, x: &[f64; 2]| [x[1], -9.81 * x[0].sin()];
//! let solution = solve(Rk4, pendulum, [0.5, 0.0], &Grid::uniform(0.0, 2.0, 100)?)?;
//! let energy = |x: &[f64; 2]| x[1] * x[1] / 2.0 - 9.81 * x[0].cos();
//! assert!((energy(&solution.state) - energy(&[0.5, 0.0])).abs() < 1e-6);
//! assert_eq!(solution.statistics.evaluations, 400);
//! # Ok(())
//! # }
//! ```
//!
//! | what is wanted | what to call |
//! |---|---|
//! | the final state | [`solve`] |
//! | the states at the nodes | [`solve_with`] and a [`Save`] |
//! | a look at every step, or a loop of one's own | [`Stepper`], which is also an iterator |
//! | many solves without allocating | [`Workspace`] |
//!
//! Step sizes are those of the grid. Step-size control belongs beside [`Stepper`], on the methods that are
//! [`Embedded`]. The methods that come with the crate are in [`methods`].

mod field;
mod grid;
pub(crate) mod implicit;
mod linear;
pub mod methods;
mod real;
mod solution;
mod state;
mod stepper;
#[cfg(feature = "dfdx")]
mod tensor;
mod workspace;

pub use field::{Fallible, InPlace, VectorField, fallible, in_place};
pub use grid::Grid;
pub use methods::*;
pub use real::Real;
pub use solution::{Save, Solution, Statistics};
pub use state::State;
pub use stepper::{Stepper, solve, solve_with};
pub use workspace::Workspace;

use crate::{error::Result, tableau::Tableau};

/// A Runge–Kutta method, as `flow_model! { solver … }` declares it.
///
/// `step` and `step_embedded` are unrolled from [`Self::TABLEAU`]: zero entries are dropped, and a stage that only
/// the embedded weights need is evaluated by `step_embedded` alone.
///
/// ```
/// use flow_runtime::prelude::*;
///
/// /// The error of `x' = x`, `x(0) = 1` at `t = 1`, with any method.
/// fn error<M: Method>(method: M) -> Result<f64, Error> {
///     Ok((solve(method, |_: f64, x: &f64| *x, 1.0, &Grid::uniform(0.0, 1.0, 10)?)?.state - 1f64.exp()).abs())
/// }
///
/// assert_eq!((Rk4::TABLEAU.stages(), Rk4::TABLEAU.order), (4, 4));
/// assert!(error(Rk4)? < error(Midpoint)?);
///
/// // A single step by hand.
/// let (x, mut out) = (1.0, 0.0);
/// Midpoint::step(&mut |_: f64, x: &f64| *x, 0.0, 0.5, &x, &mut Midpoint::work(&x), &mut out)?;
/// assert_eq!(out, 1.0 + 0.5 + 0.125);
/// # Ok::<(), Error>(())
/// ```
pub trait Method: Copy + Default + Send + Sync + 'static {
    /// The coefficients and what follows from them.
    const TABLEAU: &'static Tableau;
    /// Room for the stages of one step.
    type Work<S: State>;

    /// Makes room for the stages, shaped as `like`.
    fn work<S: State>(like: &S) -> Self::Work<S>;

    /// One step from `(t0, x)` to `t1`, into `out`. Stage times lie in `[t0, t1]` exactly at both ends.
    fn step<S: State, F: VectorField<S>>(
        field: &mut F,
        t0: S::Scalar,
        t1: S::Scalar,
        x: &S,
        work: &mut Self::Work<S>,
        out: &mut S,
    ) -> Result<()>;
}

/// A method with embedded weights.
///
/// ```
/// use flow_runtime::prelude::*;
/// let (x, mut out, mut error) = (1.0, 0.0, 0.0);
/// let mut work = Midpoint::work(&x);
/// Midpoint::step_embedded(&mut |_: f64, x: &f64| *x, 0.0, 0.5, &x, false, &mut work, &mut out, &mut error)?;
/// // The midpoint rule less Euler's method.
/// assert_eq!((out, error), (1.625, 0.125));
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no embedded weights, so it gives no error estimate",
    label = "adaptive steps need an embedded row",
    note = "use a pair such as `DormandPrince54`, `Tsit5` or `BogackiShampine32`, or add a `b_hat` row to the tableau"
)]
pub trait Embedded: Method {
    /// One step and its error estimate `error = h Σ (b_i − b_hat_i) k_i`.
    ///
    /// With `reuse`, the first stage is taken from the last stage of the step before, as `work` holds it; only a
    /// method whose `fsal` is true can do so, and only if that step was accepted.
    #[allow(clippy::too_many_arguments)]
    fn step_embedded<S: State, F: VectorField<S>>(
        field: &mut F,
        t0: S::Scalar,
        t1: S::Scalar,
        x: &S,
        reuse: bool,
        work: &mut Self::Work<S>,
        out: &mut S,
        error: &mut S,
    ) -> Result<()>;
}

#[cfg(test)]
mod tests;
