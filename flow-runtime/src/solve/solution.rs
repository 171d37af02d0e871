//! What a solve returns.

use super::State;

/// Which states a solve keeps.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Steps taken.
    pub steps: u64,
    /// Evaluations of the right-hand side.
    pub evaluations: u64,
}

/// The result of a solve.
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
