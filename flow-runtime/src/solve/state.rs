//! What can be integrated.

use super::Real;
use crate::error::{Error, Result};

/// What is integrated: a scalar, an array (of arrays), a vector, a boxed slice, a dfdx tensor.
///
/// A state is an element of a vector space: [`combine_into`](Self::combine_into) is the one operation that a
/// Runge–Kutta step needs. The copies to and from a row of `f64` serve the implicit methods, whose Newton iteration
/// solves dense linear systems.
///
/// ```
/// use flow_runtime::solve::State;
///
/// # fn main() -> flow_runtime::Result<()> {
/// let (x, k1, k2) = ([1.0, 2.0], [1.0, 0.0], [0.0, 1.0]);
/// let mut out = x;
/// x.combine_into([(0.5, &k1), (0.25, &k2)], &mut out)?;
/// assert_eq!(out, [1.5, 2.25]);
/// # Ok(())
/// # }
/// ```
pub trait State: Clone {
    /// The type of the time and of the coefficients.
    type Scalar: Real;

    /// `out = self + Σ_i w_i k_i`; the terms are few and known when compiled, so the loop over them unrolls.
    ///
    /// # Errors
    /// [`Error::Shape`] if a term has another shape than `self`.
    fn combine_into<const N: usize>(&self, terms: [(Self::Scalar, &Self); N], out: &mut Self) -> Result<()>;

    /// `out = Σ_i w_i k_i`, as the error estimate is: no state is added that would drown it in rounding.
    ///
    /// # Errors
    /// [`Error::Shape`] if a term has another shape than `out`.
    fn sum_into<const N: usize>(terms: [(Self::Scalar, &Self); N], out: &mut Self) -> Result<()>;

    /// Every coordinate is finite.
    fn is_finite(&self) -> bool;

    /// Number of coordinates.
    fn dimension(&self) -> usize;

    /// Copies the coordinates into `values`, as many as both have.
    fn copy_into(&self, values: &mut [f64]);

    /// Takes the coordinates from `values`, keeping the shape.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are not [`dimension`](Self::dimension) of them, or what the state's device reports.
    fn copy_from(&mut self, values: &[f64]) -> Result<()>;
}

macro_rules! scalar_state {
    ($($real:ty)*) => { $(
        impl State for $real {
            type Scalar = $real;

            #[inline(always)]
            fn combine_into<const N: usize>(&self, terms: [($real, &Self); N], out: &mut Self) -> Result<()> {
                *out = terms.into_iter().fold(*self, |sum, (weight, term)| sum + weight * *term);
                Ok(())
            }

            #[inline(always)]
            fn sum_into<const N: usize>(terms: [($real, &Self); N], out: &mut Self) -> Result<()> {
                (0.0 as $real).combine_into(terms, out)
            }

            #[inline(always)]
            fn is_finite(&self) -> bool {
                Real::is_finite(*self)
            }

            #[inline]
            fn dimension(&self) -> usize {
                1
            }

            #[inline]
            fn copy_into(&self, values: &mut [f64]) {
                if let Some(value) = values.first_mut() {
                    *value = Real::to_f64(*self);
                }
            }

            #[inline]
            fn copy_from(&mut self, values: &[f64]) -> Result<()> {
                let [value] = values else { return Err(shape("copying into a state", values.len(), 1)) };
                *self = Real::from_f64(*value);
                Ok(())
            }
        }
    )* };
}

scalar_state!(f32 f64);

impl<S: State, const DIM: usize> State for [S; DIM] {
    type Scalar = S::Scalar;

    #[inline(always)]
    fn combine_into<const N: usize>(&self, terms: [(S::Scalar, &Self); N], out: &mut Self) -> Result<()> {
        for i in 0..DIM {
            self[i].combine_into(terms.map(|(weight, term)| (weight, &term[i])), &mut out[i])?;
        }
        Ok(())
    }

    #[inline(always)]
    fn sum_into<const N: usize>(terms: [(S::Scalar, &Self); N], out: &mut Self) -> Result<()> {
        for i in 0..DIM {
            S::sum_into(terms.map(|(weight, term)| (weight, &term[i])), &mut out[i])?;
        }
        Ok(())
    }

    #[inline(always)]
    fn is_finite(&self) -> bool {
        // No early exit, so that it stays vector code.
        self.iter().fold(true, |all, x| all & x.is_finite())
    }

    fn dimension(&self) -> usize {
        self.iter().map(S::dimension).sum()
    }

    fn copy_into(&self, mut values: &mut [f64]) {
        for x in self {
            let (head, tail) = values.split_at_mut(x.dimension().min(values.len()));
            x.copy_into(head);
            values = tail;
        }
    }

    fn copy_from(&mut self, mut values: &[f64]) -> Result<()> {
        let (got, expected) = (values.len(), self.dimension());
        if got != expected {
            return Err(shape("copying into a state", got, expected));
        }
        for x in self {
            let (head, tail) = values.split_at(x.dimension());
            x.copy_from(head)?;
            values = tail;
        }
        Ok(())
    }
}

macro_rules! row_state {
    ($($row:ty)*) => { $(
        impl<T: Real> State for $row {
            type Scalar = T;

            #[inline]
            fn combine_into<const N: usize>(&self, terms: [(T, &Self); N], out: &mut Self) -> Result<()> {
                check_lengths(self.len(), &terms, out)?;
                combine_rows(|i| self[i], terms.map(|(weight, term)| (weight, &term[..])), out);
                Ok(())
            }

            #[inline]
            fn sum_into<const N: usize>(terms: [(T, &Self); N], out: &mut Self) -> Result<()> {
                check_lengths(out.len(), &terms, out)?;
                combine_rows(|_| T::default(), terms.map(|(weight, term)| (weight, &term[..])), out);
                Ok(())
            }

            #[inline]
            fn is_finite(&self) -> bool {
                self.iter().fold(true, |all, x| all & x.is_finite())
            }

            fn dimension(&self) -> usize {
                self.len()
            }

            fn copy_into(&self, values: &mut [f64]) {
                values.iter_mut().zip(self.iter()).for_each(|(value, x)| *value = x.to_f64());
            }

            fn copy_from(&mut self, values: &[f64]) -> Result<()> {
                if values.len() != self.len() {
                    return Err(shape("copying into a state", values.len(), self.len()));
                }
                self.iter_mut().zip(values).for_each(|(x, value)| *x = T::from_f64(*value));
                Ok(())
            }
        }
    )* };
}

row_state!(Vec<T> Box<[T]>);

#[inline(always)]
fn check_lengths<T, R: std::ops::Deref<Target = [T]>>(len: usize, terms: &[(T, &R)], out: &R) -> Result<()> {
    for row in terms.iter().map(|(_, term)| *term).chain([out]) {
        if row.len() != len {
            return Err(shape("a Runge–Kutta stage", row.len(), len));
        }
    }
    Ok(())
}

/// `out = x + Σ_i w_i k_i` over rows of one length.
#[inline(always)]
fn combine_rows<T: Real, const N: usize>(x: impl Fn(usize) -> T, terms: [(T, &[T]); N], out: &mut [T]) {
    // Rows of a length that the compiler sees to be equal: no bounds check stays in the loop.
    let dim = out.len();
    let terms = terms.map(|(weight, term)| (weight, &term[..dim]));
    for i in 0..dim {
        let mut sum = x(i);
        for (weight, term) in &terms {
            sum = sum + *weight * term[i];
        }
        out[i] = sum;
    }
}

pub(super) fn shape(operation: &'static str, got: usize, expected: usize) -> Error {
    Error::Shape {
        operation,
        what: "the state or its derivative".to_owned(),
        got: format!("[{got}]"),
        expected: format!("[{expected}]"),
        help: "the right-hand side returns one value for each coordinate of the state, at every step".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use crate::error::Error;

    #[test]
    fn combine_adds_in_the_order_of_the_terms() {
        let (x, k) = (vec![1.0_f32, -2.0], [vec![0.5, 4.0], vec![-1.0, 8.0]]);
        let mut out = vec![f32::NAN; 2];
        x.combine_into([(2.0, &k[0]), (-0.25, &k[1])], &mut out).unwrap();
        assert_eq!(out, [2.25, 4.0]);
        x.combine_into([], &mut out).unwrap();
        assert_eq!(out, x);
        State::sum_into([(2.0, &k[0]), (-0.25, &k[1])], &mut out).unwrap();
        assert_eq!(out, [1.25, 6.0]);
        let mut out = [[f32::NAN; 1]; 2];
        State::sum_into([(2.0, &[[0.5], [4.0]])], &mut out).unwrap();
        assert_eq!(out, [[1.0], [8.0]]);
    }

    #[test]
    fn rows_of_other_lengths_are_refused() {
        let (x, mut out) = (vec![1.0; 2], vec![0.0; 2]);
        assert!(matches!(x.combine_into([(1.0, &vec![1.0; 3])], &mut out), Err(Error::Shape { .. })));
        assert!(matches!(x.combine_into([(1.0, &vec![1.0; 1])], &mut out), Err(Error::Shape { .. })));
        assert!(matches!(x.combine_into([], &mut vec![0.0; 1]), Err(Error::Shape { .. })));
        assert!(matches!(State::sum_into([(1.0, &vec![1.0; 3])], &mut out), Err(Error::Shape { .. })));
        assert!(matches!(out.copy_from(&[1.0]), Err(Error::Shape { .. })));
        assert!(matches!([1.0, 2.0].copy_from(&[1.0]), Err(Error::Shape { .. })));
        assert!(matches!(1.0.copy_from(&[]), Err(Error::Shape { .. })));
    }

    #[test]
    fn coordinates_of_nested_states_are_in_row_major_order() {
        let mut x = [[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let mut row = [0.0; 6];
        x.copy_into(&mut row);
        assert_eq!((x.dimension(), row), (6, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        row.reverse();
        x.copy_from(&row).unwrap();
        assert_eq!(x, [[6.0, 5.0], [4.0, 3.0], [2.0, 1.0]]);
        assert!(x.is_finite());
        x[1][1] = f32::INFINITY;
        assert!(!x.is_finite());
    }
}
