//! Clipping of the gradient by its global norm.

/// Euclidean norm `sqrt(Σ g²)`, summed in `f64` in an order that depends on the length alone.
///
/// Not finite exactly if an entry is not: squares of `f32` values do not overflow an `f64`.
///
/// ```
/// use flow_runtime::train::global_norm;
/// assert_eq!(global_norm(&[3.0, 4.0]), 5.0);
/// ```
pub fn global_norm(gradient: &[f32]) -> f64 {
    // Eight sums side by side let the compiler use vector registers without changing the order between runs.
    let mut sums = [0.0f64; 8];
    let chunks = gradient.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (sum, &g) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(g) * f64::from(g);
        }
    }
    for (sum, &g) in sums.iter_mut().zip(rest) {
        *sum += f64::from(g) * f64::from(g);
    }
    sums.iter().sum::<f64>().sqrt()
}

/// Scales the gradient by `max_norm / norm` if its [`global_norm`] is above `max_norm` (Pascanu, Mikolov & Bengio
/// 2013); returns the norm before.
///
/// A gradient that is not finite is left as it is.
///
/// ```
/// use flow_runtime::train::clip_global_norm;
/// let mut gradient = [3.0, 4.0];
/// assert_eq!(clip_global_norm(&mut gradient, 1.0), 5.0);
/// assert_eq!(gradient, [0.6, 0.8]);
/// ```
pub fn clip_global_norm(gradient: &mut [f32], max_norm: f64) -> f64 {
    let norm = global_norm(gradient);
    if norm.is_finite() && norm > max_norm {
        scale(gradient, max_norm / norm);
    }
    norm
}

/// `g ← factor g`, in `f64` before it is rounded.
pub(super) fn scale(gradient: &mut [f32], factor: f64) {
    for g in gradient {
        *g = (f64::from(*g) * factor) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_gradient_is_untouched() {
        let mut gradient = [0.5, -1.0, 2.0];
        assert_eq!(clip_global_norm(&mut gradient, 2.5), 5.25f64.sqrt());
        assert_eq!(gradient, [0.5, -1.0, 2.0]);
    }

    #[test]
    fn large_values_do_not_overflow_and_bad_ones_show() {
        assert_eq!(global_norm(&[f32::MAX]), f64::from(f32::MAX));
        assert!(global_norm(&[0.0, f32::INFINITY]).is_infinite());
        assert!(global_norm(&[1.0; 9].map(|v: f32| v * f32::NAN)).is_nan());
    }

    proptest! {
        #[test]
        fn the_norm_is_bounded_and_the_direction_kept(
            mut gradient in prop::collection::vec(-100.0..100.0f32, 1..40), bound in 0.01..10.0f64,
        ) {
            let before = gradient.clone();
            let norm = clip_global_norm(&mut gradient, bound);
            let expected = before.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
            prop_assert!((norm - expected).abs() <= 1e-12 * expected);
            prop_assert!(global_norm(&gradient) <= bound.max(norm.min(bound)) * (1.0 + 1e-6));
            for (new, old) in gradient.iter().zip(&before) {
                prop_assert!(new.signum() == old.signum() && new.abs() <= old.abs());
            }
        }
    }
}
