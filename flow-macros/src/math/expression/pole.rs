//! Poles of a derivative at the ends of `[0, 1]`.

/// Whether `f` has a pole at `end`, seen from inside `(0, 1)`.
///
/// There is one if `f(end)` is not finite, or if `|f|` grows like a power `h^-p`, `p > 0.05`, as the distance `h`
/// from the end goes from `2^-16` to `2^-26`: rounding may hide a pole at the end itself (`sqrt(cos(pi / 2 * t))` at
/// `t = 1`, where the cosine is 6e-17).
pub(crate) fn has_pole(f: impl Fn(f64) -> f64, end: f64) -> bool {
    let near = |exponent: i32| f((end - 2f64.powi(-exponent)).abs()).abs();
    let (far, close) = (near(16), near(26));
    let doublings = (close.log2() - far.log2()) / 10.0;
    !f(end).is_finite() || !far.is_finite() || !close.is_finite() || (close > 1.0 && far > 0.0 && doublings > 0.05)
}
