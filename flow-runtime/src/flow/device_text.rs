//! The weights of an affine path as text.

/// The weights of a path, `xt = alpha(t) x1 + sigma(t) x0` and `ut = d_alpha(t) x1 + d_sigma(t) x0`, as expressions that a
/// kernel evaluates.
///
/// Each is an expression of C in `double t`, of type `double`: numbers, `t`, `+ - * /`, parentheses, and `sin`, `cos`, `tan`,
/// `tanh`, `exp`, `log`, `sqrt`, `pow`. The values of the parameters stand in it to the last bit. It has the operations of the
/// Rust function in their order; what a device's library says of a sine may differ in the last place.
///
/// ```
/// use flow_runtime::prelude::*;
/// let text = Cosine.device_text().unwrap();
/// assert_eq!(text.alpha, "sin(3.141592653589793 / 2.0 * t)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceText {
    /// Weight of the data.
    pub alpha: String,
    /// Weight of the source.
    pub sigma: String,
    /// `d alpha / dt`
    pub d_alpha: String,
    /// `d sigma / dt`
    pub d_sigma: String,
}

impl DeviceText {
    /// `[alpha, sigma, d_alpha, d_sigma]` with the parameters' values in the places `{0}`, `{1}`, …; `None` if one is not finite:
    /// C has no literal for it.
    ///
    /// ```
    /// use flow_runtime::flow::DeviceText;
    /// let text = DeviceText::fill(["t", "1.0 - {0} * t", "1.0", "-{0}"], &[-0.5]).unwrap();
    /// assert_eq!((text.sigma.as_str(), text.d_sigma.as_str()), ("1.0 - (-0.5) * t", "-(-0.5)"));
    /// ```
    pub fn fill(expressions: [&str; 4], parameters: &[f64]) -> Option<Self> {
        if !parameters.iter().all(|value| value.is_finite()) {
            return None;
        }
        let [alpha, sigma, d_alpha, d_sigma] = expressions.map(|expression| {
            let values = parameters.iter().enumerate();
            values.fold(expression.to_owned(), |text, (index, &value)| {
                // The shortest decimal that is read back as the same number, never without a point or an exponent.
                let value = if value.is_sign_negative() { format!("({value:?})") } else { format!("{value:?}") };
                text.replace(&format!("{{{index}}}"), &value)
            })
        });
        Some(Self { alpha, sigma, d_alpha, d_sigma })
    }
}
