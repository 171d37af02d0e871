//! Solves that reuse their memory.

use super::{
    Grid, Method, Real, State, Statistics, VectorField,
    field::Counted,
    stepper::{advance, check_initial},
};
use crate::error::{Error, Result};

/// The memory of a solve, for many solves of states of one shape.
///
/// After it is made, a solve with an explicit method and a field that does not allocate takes no memory.
///
/// ```
/// use flow_runtime::prelude::*;
///
/// # fn main() -> Result<(), Error> {
/// let grid = Grid::uniform(0.0, 1.0, 50)?;
/// let mut workspace = Workspace::new(Rk4, &vec![0.0; 2]);
/// let mut phases = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]];
/// for x in &mut phases {
///     let oscillator = in_place(|_: f64, x: &[f64], out: &mut [f64]| (out[0], out[1]) = (x[1], -x[0]));
///     workspace.integrate_slice(oscillator, x, &grid)?;
///     assert!((x[0].hypot(x[1]) - 1.0).abs() < 1e-8);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Workspace<M: Method, S: State> {
    work: M::Work<S>,
    next: S,
    current: S,
}

impl<M: Method, S: State> Workspace<M, S> {
    /// Makes room for states shaped as `like`.
    pub fn new(method: M, like: &S) -> Self {
        let _ = method;
        Self { work: M::work(like), next: like.clone(), current: like.clone() }
    }

    /// Carries `x` over the grid, in place.
    ///
    /// # Errors
    /// Those of [`solve`](super::solve()); `x` is then the state at the last node that was reached.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let grid = Grid::uniform(0.0, 1.0, 2)?;
    /// let mut workspace = Workspace::new(Euler, &0.0);
    /// let mut x = 1.0;
    /// let statistics = workspace.integrate(|_: f64, x: &f64| *x, &mut x, &grid)?;
    /// assert_eq!((x, statistics.steps), (2.25, 2));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn integrate<F: VectorField<S>>(&mut self, field: F, x: &mut S, grid: &Grid) -> Result<Statistics> {
        check_initial(x)?;
        self.check_dimension(x.dimension())?;
        let mut field = Counted::new(field);
        for index in 0..grid.steps() {
            advance::<M, S, F>(grid, index, &mut field, x, &mut self.work, &mut self.next)?;
            std::mem::swap(x, &mut self.next);
        }
        Ok(Statistics { steps: grid.steps() as u64, evaluations: field.evaluations })
    }

    fn check_dimension(&self, got: usize) -> Result<()> {
        let expected = self.next.dimension();
        if got == expected {
            return Ok(());
        }
        Err(Error::Shape {
            operation: "solve",
            what: "the state".to_owned(),
            got: format!("[{got}]"),
            expected: format!("[{expected}]"),
            help: "make the workspace for states of this length".to_owned(),
        })
    }
}

impl<M: Method, T: Real> Workspace<M, Vec<T>> {
    /// Carries the slice `x` over the grid, in place.
    ///
    /// # Errors
    /// Those of [`integrate`](Self::integrate), and [`Error::Shape`] if `x` has another length than the workspace.
    pub fn integrate_slice<F: VectorField<Vec<T>>>(
        &mut self,
        field: F,
        x: &mut [T],
        grid: &Grid,
    ) -> Result<Statistics> {
        self.check_dimension(x.len())?;
        let mut current = std::mem::take(&mut self.current);
        current.copy_from_slice(x);
        let result = self.integrate(field, &mut current, grid);
        x.copy_from_slice(&current);
        self.current = current;
        result
    }
}
