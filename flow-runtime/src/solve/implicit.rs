//! One step of an implicit method.
//!
//! The stage derivatives solve `k_i = f(t_i, x + h Σ_j a_ij k_j)`. They are found by Newton's iteration on `k`, with
//! the matrix `I − h A⊗J`: stage by stage if the method is diagonally implicit, all at once if it is fully implicit.
//! `J` is the Jacobian at the start of the step, by differences; where it serves too badly, it is taken anew at the
//! stages. The result is built from the iterates of `k` and never from a last evaluation of `f`, which would multiply
//! the rounding errors by the stiffness (Hairer & Wanner, Solving Ordinary Differential Equations II, §IV.8).

use super::{Real, State, VectorField, linear::Lu};
use crate::{
    error::{Error, Result},
    tableau::{Kind, Tableau},
};

/// Iterations after which the equations count as not solvable.
const MAX_ITERATIONS: u32 = 50;
/// Corrections, in rounding units of the state, that count as zero.
const CONVERGED: f64 = 4.0;
/// Corrections, in rounding units of the state, below which only rounding can keep them from shrinking.
const STAGNATED: f64 = 1e3;
/// Ratio of two corrections above which the Jacobian is taken anew.
const SLOW: f64 = 0.1;

/// One step from `(t0, x)` to `t1` of any Runge–Kutta method, into `out`.
///
/// `work` holds the stages `k_1, …, k_s` and one state more; afterwards the stages are in it. The iteration runs in
/// `f64` until its corrections are at the rounding level of the state's scalar type.
///
/// # Errors
/// [`Error::NotConverged`] if the iteration does not converge; [`Error::Shape`] if `work` or the field's result does
/// not fit; the field's own errors.
pub fn implicit_step<S: State, F: VectorField<S>, const STAGES: usize>(
    tableau: &Tableau,
    field: &mut F,
    t0: S::Scalar,
    t1: S::Scalar,
    x: &S,
    work: &mut [S],
    out: &mut S,
) -> Result<()> {
    let (stages, room) = (tableau.stages(), work.len());
    let dim = x.dimension();
    let (scratch, k_states) = match work.split_last_mut() {
        Some((scratch, k_states)) if k_states.len() == stages && stages == STAGES => (scratch, k_states),
        _ => return Err(shape("the work of an implicit step", room, stages + 1)),
    };
    let mut start = vec![0.0; dim];
    x.copy_into(&mut start);
    let h = t1.to_f64() - t0.to_f64();
    let mut step = Step { tableau, field, scratch, derivative: out, t0, t1, h, dim };

    let mut first = vec![0.0; dim];
    step.evaluate(t0, &start, &mut first)?;
    let jacobian = step.jacobian(t0, &start, &first)?;

    let mut k = vec![0.0; stages * dim];
    if tableau.kind == Kind::FullyImplicit {
        for k_i in k.chunks_exact_mut(dim.max(1)) {
            k_i.copy_from_slice(&first);
        }
        let mut newton = Newton { jacobians: vec![jacobian; stages], factors: None };
        step.solve_block(0..stages, &start, &mut k, &mut newton)?;
    } else {
        let mut newton = Newton { jacobians: vec![jacobian], factors: None };
        for i in 0..stages {
            let base = step.combine(&start, tableau.a[i], &k[..i * dim]);
            if tableau.a[i][i] != 0.0 {
                // The stage before is the best guess at hand.
                match i {
                    0 => k[..dim].copy_from_slice(&first),
                    _ => k.copy_within((i - 1) * dim..i * dim, i * dim),
                }
                step.solve_block(i..i + 1, &base, &mut k[i * dim..(i + 1) * dim], &mut newton)?;
            } else if i == 0 && tableau.c[0] == 0.0 {
                k[..dim].copy_from_slice(&first);
            } else {
                step.evaluate(step.time(i), &base, &mut k[i * dim..(i + 1) * dim])?;
            }
        }
    }

    let end = step.combine(&start, tableau.b, &k);
    for (i, state) in k_states.iter_mut().enumerate() {
        state.copy_from(&k[i * dim..(i + 1) * dim])?;
    }
    out.copy_from(&end)
}

/// What does not change during a step.
struct Step<'a, S: State, F> {
    tableau: &'a Tableau,
    field: &'a mut F,
    /// Where the field is evaluated.
    scratch: &'a mut S,
    /// What it gives.
    derivative: &'a mut S,
    t0: S::Scalar,
    t1: S::Scalar,
    h: f64,
    dim: usize,
}

/// The linear part of Newton's iteration.
struct Newton {
    /// One row-major Jacobian for each stage of a block.
    jacobians: Vec<Vec<f64>>,
    /// The factored matrix, and the diagonal entry it was made for.
    factors: Option<(f64, Lu)>,
}

impl<S: State, F: VectorField<S>> Step<'_, S, F> {
    /// The time of stage `i`, exact at both ends.
    fn time(&self, i: usize) -> S::Scalar {
        match self.tableau.c[i] {
            0.0 => self.t0,
            1.0 => self.t1,
            c => S::Scalar::from_f64(self.t0.to_f64() + c * self.h),
        }
    }

    /// `x + h Σ_j weights_j k_j` over the rows of `k`.
    fn combine(&self, x: &[f64], weights: &[f64], k: &[f64]) -> Vec<f64> {
        let mut sum = x.to_vec();
        for (weight, row) in weights.iter().zip(k.chunks_exact(self.dim.max(1))) {
            for (sum, k) in sum.iter_mut().zip(row) {
                *sum += self.h * weight * k;
            }
        }
        sum
    }

    fn evaluate(&mut self, t: S::Scalar, x: &[f64], out: &mut [f64]) -> Result<()> {
        self.scratch.copy_from(x)?;
        self.field.evaluate(t, self.scratch, self.derivative)?;
        if self.derivative.dimension() != self.dim {
            return Err(shape("the derivative", self.derivative.dimension(), self.dim));
        }
        self.derivative.copy_into(out);
        Ok(())
    }

    /// `∂f/∂x` at `(t, x)` by forward differences, row-major; `f` is the value there.
    fn jacobian(&mut self, t: S::Scalar, x: &[f64], f: &[f64]) -> Result<Vec<f64>> {
        let round = |value: f64| S::Scalar::from_f64(value).to_f64();
        let largest = max_norm(x);
        let scale = match (largest > 0.0, self.h.abs() * max_norm(f)) {
            (true, _) => 1e-3 * largest,
            (false, change) if change > 0.0 => change,
            _ => 1.0,
        };
        let relative = S::Scalar::EPSILON.sqrt();
        let mut point: Vec<f64> = x.iter().map(|x| round(*x)).collect();
        let mut moved = vec![0.0; self.dim];
        let mut jacobian = vec![0.0; self.dim * self.dim];
        for j in 0..self.dim {
            let here = point[j];
            // Away from zero, where the fields with a root or a logarithm are defined.
            point[j] = round(here + (relative * here.abs().max(scale)).copysign(here));
            let distance = point[j] - here;
            self.evaluate(t, &point, &mut moved)?;
            for i in 0..self.dim {
                jacobian[i * self.dim + j] = (moved[i] - f[i]) / distance;
            }
            point[j] = here;
        }
        Ok(jacobian)
    }

    /// Solves the coupled stages `block`, whose rows of `k` hold a guess; `base` is the state without their part.
    fn solve_block(
        &mut self,
        block: std::ops::Range<usize>,
        base: &[f64],
        k: &mut [f64],
        newton: &mut Newton,
    ) -> Result<()> {
        let dim = self.dim;
        let mut stages: Vec<Vec<f64>> = vec![Vec::new(); block.len()];
        let mut values = vec![0.0; k.len()];
        let mut correction = vec![0.0; k.len()];
        let mut previous = f64::INFINITY;
        for iteration in 1..=MAX_ITERATIONS {
            let mut scale = max_norm(base);
            for (row, i) in block.clone().enumerate() {
                stages[row] = self.combine(base, &self.tableau.a[i][block.clone()], k);
                scale = scale.max(max_norm(&stages[row]));
                self.evaluate(self.time(i), &stages[row], &mut values[row * dim..(row + 1) * dim])?;
            }
            if previous.is_finite() && newton.factors.is_none() {
                for (row, i) in block.clone().enumerate() {
                    let f = &values[row * dim..(row + 1) * dim];
                    newton.jacobians[row] = self.jacobian(self.time(i), &stages[row], f)?;
                }
            }
            for (correction, (value, k)) in correction.iter_mut().zip(values.iter().zip(&*k)) {
                *correction = value - k;
            }
            let Some(factors) = newton.factors(self.tableau, block.clone(), self.h, dim) else {
                return Err(self.not_converged(iteration, f64::NAN));
            };
            factors.solve(&mut correction);
            k.iter_mut().zip(&correction).for_each(|(k, correction)| *k += correction);

            // Terms of the sums `x + h Σ a_ij k_j` that cancel leave their rounding behind.
            scale = scale.max(self.h.abs() * max_norm(k));
            let size = self.h.abs() * max_norm(&correction);
            let unit = S::Scalar::EPSILON * scale;
            let slow = size > SLOW * previous;
            if size <= CONVERGED * unit || (slow && size <= STAGNATED * unit) {
                return Ok(());
            }
            if !size.is_finite() || iteration == MAX_ITERATIONS {
                return Err(self.not_converged(iteration, size / scale));
            }
            if slow {
                newton.factors = None;
            }
            previous = size;
        }
        Err(self.not_converged(MAX_ITERATIONS, previous))
    }

    #[cold]
    fn not_converged(&self, iterations: u32, correction: f64) -> Error {
        let (t0, t1) = (self.t0.to_f64(), self.t1.to_f64());
        Error::NotConverged { method: self.tableau.name, t0, t1, iterations, correction }
    }
}

impl Newton {
    /// The factors of `I − h A⊗J` for a block of stages; those of the last block if its diagonal entry was the same.
    fn factors(&mut self, tableau: &Tableau, block: std::ops::Range<usize>, h: f64, dim: usize) -> Option<&Lu> {
        let diagonal = tableau.a[block.start][block.start];
        if self.factors.as_ref().is_none_or(|(made_for, _)| *made_for != diagonal) {
            let size = block.len() * dim;
            let mut matrix = vec![0.0; size * size];
            for (row, i) in block.clone().enumerate() {
                for (column, j) in block.clone().enumerate() {
                    let weight = h * tableau.a[i][j];
                    for p in 0..dim {
                        for q in 0..dim {
                            matrix[(row * dim + p) * size + column * dim + q] =
                                -weight * self.jacobians[column][p * dim + q];
                        }
                    }
                }
            }
            for i in 0..size {
                matrix[i * size + i] += 1.0;
            }
            self.factors = Some((diagonal, Lu::factor(matrix, size)?));
        }
        self.factors.as_ref().map(|(_, factors)| factors)
    }
}

/// The largest absolute value; NaN if there is one.
fn max_norm(values: &[f64]) -> f64 {
    // A NaN is taken, and never left again: no number compares as larger.
    values.iter().fold(0.0, |largest: f64, value| match value.is_nan() || value.abs() > largest {
        true => value.abs(),
        false => largest,
    })
}

fn shape(what: &str, got: usize, expected: usize) -> Error {
    Error::Shape {
        operation: "an implicit Runge–Kutta step",
        what: what.to_owned(),
        got: format!("[{got}]"),
        expected: format!("[{expected}]"),
        help: "the right-hand side returns one value for each coordinate of the state, at every step".to_owned(),
    }
}
