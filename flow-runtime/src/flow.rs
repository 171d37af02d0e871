//! Flow matching: schedulers, probability paths, conversions, sources, couplings, training times and losses.
//!
//! Time runs from the source `x0` at `t = 0` to the data `x1` at `t = 1`; diffusion texts often run the other way.
//!
//! A [`Path`] leads from `x0` to `x1`. The affine ones are `xt = alpha(t) x1 + sigma(t) x0`, with a [`Scheduler`]:
//!
//! | scheduler | `alpha` | `sigma` | interval |
//! |---|---|---|---|
//! | [`CondOt`] | `t` | `1 − t` | `[0, 1]` |
//! | [`Polynomial`] | `tⁿ` | `1 − tⁿ` | `[0, 1]` for `n ≥ 1` |
//! | [`Cosine`] | `sin(π t / 2)` | `cos(π t / 2)` | `[0, 1]` |
//! | [`LinearVp`] | `t` | `√(1 − t²)` | `[0, 1)` |
//! | [`Vp`] | `exp(−B(1 − t) / 2)` | `√(1 − alpha²)` | `[0, 1)` |
//!
//! where `B(s) = beta_min s + (beta_max − beta_min) s² / 2` is the integral of the diffusion's `beta`.
//!
//! ```
//! use flow_runtime::prelude::*;
//! // The variance-preserving ones keep alpha² + sigma² = 1.
//! for t in [0.1, 0.5, 0.9] {
//!     assert!((Cosine.alpha(t).powi(2) + Cosine.sigma(t).powi(2) - 1.0).abs() < 1e-14);
//!     assert!((LinearVp.alpha(t).powi(2) + LinearVp.sigma(t).powi(2) - 1.0).abs() < 1e-14);
//!     assert!((Vp::default().alpha(t).powi(2) + Vp::default().sigma(t).powi(2) - 1.0).abs() < 1e-14);
//! }
//! assert_eq!((CondOt.d_alpha(0.3), CondOt.d_sigma(0.3)), (1.0, -1.0));
//! assert_eq!((LinearVp::INTERVAL.to_string(), Vp::INTERVAL.to_string()), ("[0, 1)".into(), "[0, 1)".into()));
//! ```

mod conversion;
mod coupling;
mod device_text;
mod interval;
mod judge;
mod loss;
mod path;
mod schedulers;
mod source;
mod time;

pub use conversion::{Prediction, convert};
pub use coupling::{Coupling, Independent};
pub use device_text::DeviceText;
pub use interval::Interval;
pub use path::{Affine, OptimalTransport};
pub use schedulers::{CondOt, Cosine, LinearVp, Polynomial, Vp};
pub use source::Source;

use crate::error::Result;

/// The interpolation `xt = alpha(t) x1 + sigma(t) x0`, with derivatives that the macro derives.
///
/// ```
/// use flow_runtime::prelude::*;
/// flow_model! {
///     /// Smooth at both ends.
///     pub scheduler Smoothstep { alpha: t * t * (3 - 2 * t), sigma: 1 - t * t * (3 - 2 * t) }
/// }
/// assert_eq!(Smoothstep.alpha(0.5), 0.5);
/// assert_eq!(Smoothstep.d_alpha(0.5), 1.5);
/// assert_eq!(Smoothstep::INTERVAL.to_string(), "[0, 1]");
/// ```
pub trait Scheduler: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// Where `d_alpha` and `d_sigma` are finite, as the macro finds at the defaults of the parameters.
    const INTERVAL: Interval;
    /// How nearly `alpha(0) = sigma(1) = 0` and `alpha(1) = sigma(0) = 1` are met: rounding, unless the declaration
    /// says more.
    const BOUNDARY: f64 = 1e-12;

    /// Weight of the data.
    fn alpha(&self, t: f64) -> f64;
    /// Weight of the source.
    fn sigma(&self, t: f64) -> f64;
    /// `d alpha / dt`.
    fn d_alpha(&self, t: f64) -> f64;
    /// `d sigma / dt`.
    fn d_sigma(&self, t: f64) -> f64;

    /// The four functions as text, for kernels that draw their batches themselves.
    ///
    /// The macro writes it; a scheduler written by hand has none unless it says so, and its batches are then drawn on the CPU.
    /// `None` too if a parameter is not finite.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// let text = Polynomial::new(3.0)?.device_text().unwrap();
    /// assert_eq!((text.sigma.as_str(), text.d_alpha.as_str()), ("1.0 - pow(t, 3.0)", "3.0 * pow(t, 3.0 - 1.0)"));
    /// # Ok::<(), Error>(())
    /// ```
    fn device_text(&self) -> Option<DeviceText> {
        None
    }

    /// Judges the values of the parameters, which the macro has judged for the defaults only.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if an end is not met, if a value or a derivative is not finite in
    /// [`Self::INTERVAL`], or if `alpha / sigma` does not grow.
    fn check(&self) -> Result<()> {
        judge::check_scheduler(self)
    }
}

/// A probability path between a source point and a data point.
///
/// ```
/// use flow_runtime::prelude::*;
///
/// /// A straight line, bent upwards.
/// #[derive(Clone, Debug)]
/// struct Arc;
///
/// impl Path for Arc {
///     fn interval(&self) -> Interval {
///         Interval::CLOSED
///     }
///     fn sample(&self, t: f64, x0: &[f32], x1: &[f32], xt: &mut [f32], ut: &mut [f32]) {
///         let t = t as f32;
///         for i in 0..xt.len() {
///             xt[i] = (1.0 - t) * x0[i] + t * x1[i] + t * (1.0 - t);
///             ut[i] = x1[i] - x0[i] + 1.0 - 2.0 * t;
///         }
///     }
/// }
/// ```
pub trait Path: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// The times it can be sampled at.
    fn interval(&self) -> Interval;

    /// Writes the point `xt` and the conditional velocity `ut = d xt / dt` at time `t`; all rows are equally long.
    fn sample(&self, t: f64, x0: &[f32], x1: &[f32], xt: &mut [f32], ut: &mut [f32]);

    /// The weights of a path that is affine in `x0` and `x1`, as text, for kernels that draw their batches themselves.
    ///
    /// They must be those of [`sample`](Self::sample): `xt = alpha x1 + sigma x0`, `ut = d_alpha x1 + d_sigma x0`. `None`, unless
    /// it is written: the batches are then drawn on the CPU.
    fn device_text(&self) -> Option<DeviceText> {
        None
    }

    /// Judges the path's parameters before a run starts.
    ///
    /// # Errors
    /// What the implementation finds; none by default.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    mod batches;
    mod conversions;
    mod device_text;
    mod gaussians;
    mod schedulers;
}
