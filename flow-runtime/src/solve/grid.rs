//! Time grids.

use super::Real;
use crate::error::{Error, Result};

/// The times at which a solve has states: strictly monotone, forward or backward.
///
/// The first node is where the initial state is given; each step goes from one node to the next. A grid of one node
/// has no steps, and a solve over it returns the initial state.
///
/// ```
/// use flow_runtime::solve::Grid;
///
/// # fn main() -> flow_runtime::Result<()> {
/// let grid = Grid::uniform(0.0, 1.0, 4)?;
/// assert_eq!(grid.nodes().collect::<Vec<_>>(), [0.0, 0.25, 0.5, 0.75, 1.0]);
/// assert_eq!(grid.reversed(), Grid::given([1.0, 0.75, 0.5, 0.25, 0.0])?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Grid {
    nodes: Nodes,
    reversed: bool,
}

#[derive(Clone, Debug)]
enum Nodes {
    Uniform { t0: f64, t1: f64, steps: usize },
    Given(Vec<f64>),
}

impl Grid {
    /// `steps` equal steps from `t0` to `t1`: node `i` is `t0 + (t1 − t0) i / steps`, and the last is `t1` exactly.
    ///
    /// `t1` may lie before `t0`, which integrates backward. With `t0 = t1` the grid has one node and no steps.
    ///
    /// # Errors
    /// [`Error::Invalid`] if an end is not finite, if there are no steps, or if a step is too small to be told apart
    /// from none in `f64`.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let backward = Grid::uniform(1.0, 0.0, 2)?;
    /// assert_eq!(backward.nodes().collect::<Vec<_>>(), [1.0, 0.5, 0.0]);
    /// assert!(Grid::uniform(0.0, 1.0, 0).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn uniform(t0: f64, t1: f64, steps: usize) -> Result<Self> {
        finite("t0", t0)?;
        finite("t1", t1)?;
        if steps == 0 {
            return Err(invalid("the number of steps", "0", "one step at least", "give a positive number of steps"));
        }
        if t0 == t1 {
            return Ok(Self { nodes: Nodes::Given(vec![t0]), reversed: false });
        }
        if !((t1 - t0) * steps as f64).is_finite() {
            let got = format!("{t0:e} to {t1:e} in {steps} steps");
            return Err(invalid("the interval", got, "a length within the range of f64", "choose a shorter interval"));
        }
        let step = (t1 - t0).abs() / steps as f64;
        if step <= 4.0 * f64::EPSILON * t0.abs().max(t1.abs()) {
            let expected = "steps that f64 can tell apart at these times";
            return Err(invalid("the step size", format!("{step:e}"), expected, "take fewer steps"));
        }
        Ok(Self { nodes: Nodes::Uniform { t0, t1, steps }, reversed: false })
    }

    /// The nodes as they are, increasing or decreasing.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no node, if one is not finite, or if they are not strictly monotone; the message
    /// names the first one that is wrong.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let grid = Grid::given([0.0, 0.1, 1.0])?;
    /// assert_eq!((grid.steps(), grid.t0(), grid.t1(), grid.node(1)), (2, 0.0, 1.0, Some(0.1)));
    /// assert!(Grid::given([0.0, 0.5, 0.5]).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn given(nodes: impl Into<Vec<f64>>) -> Result<Self> {
        let nodes = nodes.into();
        let Some(first) = nodes.first() else {
            return Err(invalid("the list of nodes", "empty", "one node at least", "give the times t0, t1, …"));
        };
        for (i, node) in nodes.iter().enumerate() {
            finite(&format!("node {i}"), *node)?;
        }
        let backward = nodes.get(1).is_some_and(|second| second < first);
        for (i, pair) in nodes.windows(2).enumerate() {
            let (t0, t1) = (pair[0], pair[1]);
            if t0 == t1 || (t1 < t0) != backward {
                let direction = if backward { "less than" } else { "greater than" };
                let expected = format!("{direction} node {i}, which is {t0}");
                let help = "nodes are strictly increasing or strictly decreasing";
                return Err(invalid(format!("node {}", i + 1), t1.to_string(), expected, help));
            }
        }
        Ok(Self { nodes: Nodes::Given(nodes), reversed: false })
    }

    /// The same nodes in the other direction, bit for bit.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let grid = Grid::given([0.0, 0.1, 1.0])?.reversed();
    /// assert_eq!(grid.nodes().collect::<Vec<_>>(), [1.0, 0.1, 0.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { nodes: self.nodes.clone(), reversed: !self.reversed }
    }

    /// Number of steps: one less than the nodes.
    pub fn steps(&self) -> usize {
        match &self.nodes {
            Nodes::Uniform { steps, .. } => *steps,
            Nodes::Given(nodes) => nodes.len() - 1,
        }
    }

    /// The first node.
    pub fn t0(&self) -> f64 {
        self.at(0)
    }

    /// The last node.
    pub fn t1(&self) -> f64 {
        self.at(self.steps())
    }

    /// Node `index`, from 0 to [`steps`](Self::steps).
    pub fn node(&self, index: usize) -> Option<f64> {
        (index <= self.steps()).then(|| self.at(index))
    }

    /// All nodes in order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = f64> {
        // A range that includes its end does not know its length.
        (0..self.steps() + 1).map(|index| self.at(index))
    }

    /// Node `index` of those that exist.
    fn at(&self, index: usize) -> f64 {
        let index = if self.reversed { self.steps() - index } else { index };
        match &self.nodes {
            Nodes::Uniform { t1, steps, .. } if index == *steps => *t1,
            Nodes::Uniform { t0, t1, steps } => t0 + (t1 - t0) * index as f64 / *steps as f64,
            Nodes::Given(nodes) => nodes[index],
        }
    }

    /// Step `index` as a pair of times of type `T`.
    ///
    /// Both ends of a step are nodes, rounded once: the end of a step is the start of the next, whatever the type.
    pub(super) fn step<T: Real>(&self, index: usize) -> Result<(T, T)> {
        let (t0, t1) = (T::from_f64(self.at(index)), T::from_f64(self.at(index + 1)));
        if t0 == t1 || !t0.is_finite() || !t1.is_finite() {
            let got = format!("{} to {}", self.at(index), self.at(index + 1));
            let expected = format!("times that {} can tell apart", std::any::type_name::<T>());
            return Err(invalid(format!("step {}", index + 1), got, expected, "take fewer steps, or compute in f64"));
        }
        Ok((t0, t1))
    }
}

/// Grids are equal if their nodes are.
impl PartialEq for Grid {
    fn eq(&self, other: &Self) -> bool {
        self.nodes().eq(other.nodes())
    }
}

fn finite(what: &str, time: f64) -> Result<()> {
    match time.is_finite() {
        true => Ok(()),
        false => Err(invalid(what, time.to_string(), "a finite time", "give finite times")),
    }
}

fn invalid(what: impl Into<String>, got: impl Into<String>, expected: impl Into<String>, help: &str) -> Error {
    let (what, got, expected) = (what.into(), got.into(), expected.into());
    Error::Invalid { operation: "time grid", what, got, expected, help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::Grid;
    use crate::error::Error;
    use proptest::prelude::*;

    fn message(result: crate::Result<Grid>) -> String {
        match result {
            Err(error @ Error::Invalid { operation: "time grid", .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_a_grid_is_named() {
        assert!(message(Grid::given([])).contains("the list of nodes is empty"));
        assert!(message(Grid::given([0.0, f64::NAN])).contains("node 1 is NaN"));
        assert!(message(Grid::given([0.0, 1.0, 1.0])).contains("node 2 is 1, expected greater than node 1"));
        assert!(message(Grid::given([0.0, -1.0, 3.0])).contains("node 2 is 3, expected less than node 1"));
        assert!(message(Grid::uniform(0.0, 1.0, 0)).contains("the number of steps is 0"));
        assert!(message(Grid::uniform(0.0, f64::INFINITY, 3)).contains("t1 is inf"));
        assert!(message(Grid::uniform(f64::NAN, 1.0, 3)).contains("t0 is NaN"));
        assert!(message(Grid::uniform(-1e308, 1e308, 3)).contains("the interval"));
        assert!(message(Grid::uniform(1.0, 1.0 + 1e-13, 1000)).contains("the step size"));
        assert!(message(Grid::uniform(0.0, 1.0, usize::MAX)).contains("the step size"));
    }

    #[test]
    fn one_node_is_a_grid_without_steps() {
        let grid = Grid::given([3.0]).unwrap();
        assert_eq!((grid.steps(), grid.t0(), grid.t1(), grid.node(1)), (0, 3.0, 3.0, None));
        assert_eq!(grid, Grid::uniform(3.0, 3.0, 9).unwrap());
    }

    proptest! {
        #[test]
        fn uniform_nodes(t0 in -1e3..1e3_f64, length in 1e-6..1e3_f64, steps in 1_usize..2000, backward: bool) {
            let t1 = if backward { t0 - length } else { t0 + length };
            let grid = Grid::uniform(t0, t1, steps).unwrap();
            let nodes: Vec<f64> = grid.nodes().collect();
            prop_assert_eq!((nodes.len(), nodes[0], nodes[steps]), (steps + 1, t0, t1));
            prop_assert!(nodes.windows(2).all(|pair| pair[0] != pair[1] && (pair[1] < pair[0]) == backward));
            // Three roundings of the way from `t0`, which is no longer than both ends together, and one of the sum.
            let rounding = 3.0 * f64::EPSILON * (t0.abs() + t1.abs());
            for (i, node) in nodes.iter().enumerate() {
                prop_assert!((node - (t0 + (t1 - t0) * (i as f64 / steps as f64))).abs() <= rounding);
            }
            let back: Vec<f64> = grid.reversed().nodes().collect();
            prop_assert!(back.iter().eq(nodes.iter().rev()));
            prop_assert_eq!(grid.reversed().reversed(), grid);
        }
    }
}
