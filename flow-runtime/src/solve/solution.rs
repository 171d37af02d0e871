//! What a solve returns.

use super::State;

/// Which states a solve keeps.
///
/// ```
/// use flow_runtime::prelude::*;
/// let grid = Grid::uniform(0.0, 1.0, 5)?;
/// let saved = |save| solve_with(Rk4, |_: f64, x: &f64| -x, 1.0, &grid, save).map(|solution| solution.states.len());
/// assert_eq!((saved(Save::Final)?, saved(Save::EveryNode)?, saved(Save::EveryNth(2))?), (0, 6, 4));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Save {
    /// The final state alone; no memory is taken while stepping.
    #[default]
    Final,
    /// The state at every node, the first and the last among them.
    EveryNode,
    /// The state at nodes `0, n, 2n, …`, and at the last node.
    EveryNth(usize),
}

/// The work that a solve did.
///
/// ```
/// use flow_runtime::prelude::*;
/// let work = solve(Rk4, |_: f64, x: &f64| -x, 1.0, &Grid::uniform(0.0, 1.0, 5)?)?.statistics;
/// assert_eq!((work.steps, work.evaluations), (5, 20));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Steps taken.
    pub steps: u64,
    /// Evaluations of the right-hand side.
    pub evaluations: u64,
}

/// The result of a solve.
///
/// ```
/// use flow_runtime::prelude::*;
/// let grid = Grid::uniform(0.0, 1.0, 2)?;
/// let solution = solve_with(Euler, |_: f64, x: &f64| *x, 1.0, &grid, Save::EveryNode)?;
/// assert_eq!(solution.state, 2.25);
/// assert_eq!((solution.times, solution.states), (vec![0.0, 0.5, 1.0], vec![1.0, 1.5, 2.25]));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Solution<S: State> {
    /// The state at the last node.
    pub state: S,
    /// Times of the saved states; empty under [`Save::Final`].
    pub times: Vec<S::Scalar>,
    /// The saved states, one for each of `times`.
    pub states: Vec<S>,
    /// The work done.
    pub statistics: Statistics,
}
