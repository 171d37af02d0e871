//! Dense linear systems of a few unknowns, for Newton's iteration.

/// The factors `P A = L U` of a square matrix, with partial pivoting.
pub(super) struct Lu {
    /// Row-major; `L` without its unit diagonal below, `U` on and above the diagonal.
    factors: Vec<f64>,
    /// The row that was swapped into each place.
    pivots: Vec<usize>,
}

impl Lu {
    /// Factors a row-major matrix with `size` rows; `None` if it is singular or not finite.
    pub(super) fn factor(mut matrix: Vec<f64>, size: usize) -> Option<Self> {
        let mut pivots = Vec::with_capacity(size);
        for k in 0..size {
            let (mut pivot, mut largest) = (k, matrix[k * size + k].abs());
            for i in k + 1..size {
                let candidate = matrix[i * size + k].abs();
                if candidate > largest {
                    (pivot, largest) = (i, candidate);
                }
            }
            // NaN compares as nothing, so it is refused here too.
            if !(largest > 0.0 && largest.is_finite()) {
                return None;
            }
            if pivot != k {
                for j in 0..size {
                    matrix.swap(k * size + j, pivot * size + j);
                }
            }
            pivots.push(pivot);
            let (upper, lower) = matrix.split_at_mut((k + 1) * size);
            let pivot_row = &upper[k * size..];
            for row in lower.chunks_exact_mut(size) {
                let factor = row[k] / pivot_row[k];
                row[k] = factor;
                for j in k + 1..size {
                    row[j] -= factor * pivot_row[j];
                }
            }
        }
        Some(Self { factors: matrix, pivots })
    }

    /// Replaces the right-hand side by the solution.
    pub(super) fn solve(&self, rhs: &mut [f64]) {
        let size = self.pivots.len();
        for (k, pivot) in self.pivots.iter().enumerate() {
            rhs.swap(k, *pivot);
        }
        for i in 0..size {
            let row = &self.factors[i * size..(i + 1) * size];
            let known: f64 = (0..i).map(|j| row[j] * rhs[j]).sum();
            rhs[i] -= known;
        }
        for i in (0..size).rev() {
            let row = &self.factors[i * size..(i + 1) * size];
            let known: f64 = (i + 1..size).map(|j| row[j] * rhs[j]).sum();
            rhs[i] = (rhs[i] - known) / row[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lu;
    use proptest::prelude::*;

    #[test]
    fn solves_a_system_that_needs_pivoting() {
        // Zero on the diagonal; solution (1, 2, 3).
        let matrix = vec![0.0, 2.0, 1.0, 4.0, 0.0, -1.0, 2.0, 1.0, 1.0];
        let mut rhs = [7.0, 1.0, 7.0];
        Lu::factor(matrix, 3).expect("regular").solve(&mut rhs);
        for (got, expected) in rhs.iter().zip([1.0, 2.0, 3.0]) {
            assert!((got - expected).abs() < 1e-14, "{rhs:?}");
        }
    }

    #[test]
    fn refuses_what_has_no_solution() {
        assert!(Lu::factor(vec![1.0, 2.0, 2.0, 4.0], 2).is_none());
        assert!(Lu::factor(vec![f64::NAN], 1).is_none());
        assert!(Lu::factor(vec![f64::INFINITY, 1.0, 1.0, 1.0], 2).is_none());
    }

    proptest! {
        #[test]
        fn product_with_the_matrix_gives_the_right_hand_side_back(
            (size, entries, rhs) in (1_usize..8).prop_flat_map(|n| {
                (Just(n), prop::collection::vec(-1.0..1.0_f64, n * n), prop::collection::vec(-1.0..1.0_f64, n))
            })
        ) {
            // Diagonally dominant, so that the condition number stays small.
            let matrix: Vec<f64> =
                entries.iter().enumerate().map(|(i, a)| if i % (size + 1) == 0 { a + 2.0 * size as f64 } else { *a }).collect();
            let mut x = rhs.clone();
            Lu::factor(matrix.clone(), size).expect("regular").solve(&mut x);
            for i in 0..size {
                let product: f64 = (0..size).map(|j| matrix[i * size + j] * x[j]).sum();
                prop_assert!((product - rhs[i]).abs() < 1e-13);
            }
        }
    }
}
