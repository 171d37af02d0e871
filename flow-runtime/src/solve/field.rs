//! Right-hand sides.

use super::{Real, State, state::shape};
use crate::error::Result;

/// A right-hand side `f(t, x)`.
///
/// Closures `|t, x: &S| -> S` are vector fields as they are. [`in_place`] takes closures that write into a slice, and
/// [`fallible`] those that can fail.
///
/// ```
/// use flow_runtime::prelude::*;
/// use flow_runtime::solve::VectorField;
///
/// /// A force of its own strength: a field with data and a name.
/// struct Spring {
///     stiffness: f64,
/// }
///
/// impl VectorField<[f64; 2]> for Spring {
///     fn evaluate(&mut self, _t: f64, x: &[f64; 2], out: &mut [f64; 2]) -> Result<(), Error> {
///         *out = [x[1], -self.stiffness * x[0]];
///         Ok(())
///     }
/// }
///
/// let grid = Grid::uniform(0.0, std::f64::consts::PI, 100)?;
/// let end = solve(Rk4, Spring { stiffness: 4.0 }, [1.0, 0.0], &grid)?.state;
/// assert!((end[0] - 1.0).abs() < 1e-6);
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a right-hand side for states of type `{S}`",
    note = "a closure takes the time and a reference to the state, and returns its derivative: `|t: f64, x: &[f64; 2]| \
            [x[1], -x[0]]`",
    note = "wrap a closure that writes into a slice with `in_place`, and one that returns a `Result` with `fallible`"
)]
pub trait VectorField<S: State> {
    /// Writes `f(t, x)` into `out`.
    ///
    /// # Errors
    /// Whatever the field reports; a solve stops with it.
    fn evaluate(&mut self, t: S::Scalar, x: &S, out: &mut S) -> Result<()>;
}

impl<S: State, C: FnMut(S::Scalar, &S) -> S> VectorField<S> for C {
    #[inline(always)]
    fn evaluate(&mut self, t: S::Scalar, x: &S, out: &mut S) -> Result<()> {
        *out = self(t, x);
        Ok(())
    }
}

/// A closure that writes the derivative into a slice; see [`in_place`].
#[derive(Clone, Copy, Debug)]
pub struct InPlace<C>(C);

/// The vector field of a closure `|t, x, out|` that writes `f(t, x)` into the slice `out`, which is as long as `x`.
///
/// It serves `Vec`, boxed slices and arrays, and allocates nothing. `out` holds old values when the closure is called.
///
/// ```
/// use flow_runtime::prelude::*;
///
/// # fn main() -> Result<(), Error> {
/// let decay = in_place(|_: f64, x: &[f64], out: &mut [f64]| {
///     for (out, x) in out.iter_mut().zip(x) {
///         *out = -x;
///     }
/// });
/// let solution = solve(Rk4, decay, vec![1.0; 1000], &Grid::uniform(0.0, 1.0, 20)?)?;
/// assert!((solution.state[999] - (-1.0_f64).exp()).abs() < 1e-6);
/// # Ok(())
/// # }
/// ```
pub fn in_place<T: Real, C: FnMut(T, &[T], &mut [T])>(field: C) -> InPlace<C> {
    InPlace(field)
}

macro_rules! in_place_field {
    ($([$($param:tt)*] $row:ty;)*) => { $(
        impl<T: Real, C: FnMut(T, &[T], &mut [T]), $($param)*> VectorField<$row> for InPlace<C>
        where
            $row: State<Scalar = T>,
        {
            #[inline(always)]
            fn evaluate(&mut self, t: T, x: &$row, out: &mut $row) -> Result<()> {
                // A state that was changed between two steps may be longer than it was.
                if x.len() != out.len() {
                    return Err(shape("evaluating an in-place field", x.len(), out.len()));
                }
                (self.0)(t, x, out);
                Ok(())
            }
        }
    )* };
}

in_place_field! {
    [] Vec<T>;
    [] Box<[T]>;
    [const DIM: usize] [T; DIM];
}

/// A closure that can fail; see [`fallible`].
#[derive(Clone, Copy, Debug)]
pub struct Fallible<C>(C);

/// The vector field of a closure `|t, x: &S| -> Result<S, Error>`; its first error ends the solve.
///
/// ```
/// use flow_runtime::prelude::*;
///
/// # fn main() -> Result<(), Error> {
/// let field = fallible(|t: f64, x: &f64| match *x < 0.0 {
///     true => Err(Error::NotFinite {
///         operation: "square root",
///         what: "its value".to_owned(),
///         at: format!("t = {t}"),
///         help: "end the solve before x reaches zero".to_owned(),
///     }),
///     false => Ok(-x.sqrt()),
/// });
/// assert!(solve(Euler, field, 1.0, &Grid::uniform(0.0, 4.0, 7)?).is_err());
/// # Ok(())
/// # }
/// ```
pub fn fallible<S: State, C: FnMut(S::Scalar, &S) -> Result<S>>(field: C) -> Fallible<C> {
    Fallible(field)
}

impl<S: State, C: FnMut(S::Scalar, &S) -> Result<S>> VectorField<S> for Fallible<C> {
    #[inline(always)]
    fn evaluate(&mut self, t: S::Scalar, x: &S, out: &mut S) -> Result<()> {
        *out = (self.0)(t, x)?;
        Ok(())
    }
}

/// Counts the evaluations of a field.
#[derive(Debug)]
pub(super) struct Counted<F> {
    pub(super) field: F,
    pub(super) evaluations: u64,
}

impl<F> Counted<F> {
    pub(super) fn new(field: F) -> Self {
        Self { field, evaluations: 0 }
    }
}

impl<S: State, F: VectorField<S>> VectorField<S> for Counted<F> {
    #[inline(always)]
    fn evaluate(&mut self, t: S::Scalar, x: &S, out: &mut S) -> Result<()> {
        self.evaluations += 1;
        self.field.evaluate(t, x, out)
    }
}
