//! Probability paths that are affine in source and data.

use super::{DeviceText, Interval, Path, Scheduler};
use crate::error::{Error, Result};

/// The path of a scheduler: `xt = alpha x1 + sigma x0`, `ut = d_alpha x1 + d_sigma x0`.
///
/// Points are computed in `f64` and rounded once.
///
/// ```
/// use flow_runtime::prelude::*;
/// let (mut xt, mut ut) = ([0.0], [0.0]);
/// Affine(CondOt).sample(0.25, &[4.0], &[8.0], &mut xt, &mut ut);
/// assert_eq!((xt, ut), ([5.0], [4.0]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Affine<S>(pub S);

impl<S: Scheduler> Path for Affine<S> {
    fn interval(&self) -> Interval {
        S::INTERVAL
    }

    fn sample(&self, t: f64, x0: &[f32], x1: &[f32], xt: &mut [f32], ut: &mut [f32]) {
        sample_affine(&self.0, t, x0, x1, xt, ut);
    }

    fn device_text(&self) -> Option<DeviceText> {
        self.0.device_text()
    }

    fn check(&self) -> Result<()> {
        self.0.check()
    }
}

/// The optimal-transport path that ends in a Gaussian of width `sigma_min` around the data:
/// `xt = t x1 + (1 − (1 − sigma_min) t) x0`, `ut = x1 − (1 − sigma_min) x0`.
///
/// With `sigma_min = 0` it is `Affine(CondOt)`. It is a [`Scheduler`] too, for [`convert`](super::convert), one that
/// meets `sigma(1) = sigma_min` instead of zero.
///
/// # Reference
/// Lipman et al. (2023), arXiv:2210.02747, equations 20–23.
///
/// ```
/// use flow_runtime::prelude::*;
/// let path = OptimalTransport::new(0.1)?;
/// assert!((path.sigma(1.0) - 0.1).abs() < 1e-15);
/// let (mut xt, mut ut) = ([0.0], [0.0]);
/// path.sample(0.0, &[2.0], &[8.0], &mut xt, &mut ut);
/// assert_eq!((xt, ut), ([2.0], [6.2]));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptimalTransport {
    /// Width at `t = 1`, in `[0, 1)`.
    pub sigma_min: f64,
}

impl OptimalTransport {
    /// The path that ends with this width.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless `0 ≤ sigma_min < 1`.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// assert!(OptimalTransport::new(1e-4).is_ok());
    /// assert!(OptimalTransport::new(1.0).is_err());
    /// ```
    pub fn new(sigma_min: f64) -> Result<Self> {
        let path = Self { sigma_min };
        path.check().map(|()| path)
    }

    /// Judges the width.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless `0 ≤ sigma_min < 1`.
    pub fn check(&self) -> Result<()> {
        if (0.0..1.0).contains(&self.sigma_min) {
            return Ok(());
        }
        Err(Error::Invalid {
            operation: "optimal-transport path",
            what: "`sigma_min`".to_owned(),
            got: self.sigma_min.to_string(),
            expected: "a width in [0, 1)".to_owned(),
            help: "usual widths are between 0 and 0.1".to_owned(),
        })
    }
}

impl Scheduler for OptimalTransport {
    const INTERVAL: Interval = Interval::CLOSED;

    fn alpha(&self, t: f64) -> f64 {
        t
    }

    fn sigma(&self, t: f64) -> f64 {
        1.0 - (1.0 - self.sigma_min) * t
    }

    fn d_alpha(&self, _: f64) -> f64 {
        1.0
    }

    fn d_sigma(&self, _: f64) -> f64 {
        self.sigma_min - 1.0
    }

    fn device_text(&self) -> Option<DeviceText> {
        DeviceText::fill(["t", "1.0 - (1.0 - {0}) * t", "1.0", "{0} - 1.0"], &[self.sigma_min])
    }

    fn check(&self) -> Result<()> {
        self.check()
    }
}

impl Path for OptimalTransport {
    fn interval(&self) -> Interval {
        Self::INTERVAL
    }

    fn sample(&self, t: f64, x0: &[f32], x1: &[f32], xt: &mut [f32], ut: &mut [f32]) {
        sample_affine(self, t, x0, x1, xt, ut);
    }

    fn device_text(&self) -> Option<DeviceText> {
        Scheduler::device_text(self)
    }

    fn check(&self) -> Result<()> {
        self.check()
    }
}

fn sample_affine<S: Scheduler>(scheduler: &S, t: f64, x0: &[f32], x1: &[f32], xt: &mut [f32], ut: &mut [f32]) {
    let (alpha, sigma) = (scheduler.alpha(t), scheduler.sigma(t));
    let (d_alpha, d_sigma) = (scheduler.d_alpha(t), scheduler.d_sigma(t));
    for (((x0, x1), xt), ut) in x0.iter().zip(x1).zip(xt).zip(ut) {
        let (x0, x1) = (f64::from(*x0), f64::from(*x1));
        *xt = (alpha * x1 + sigma * x0) as f32;
        *ut = (d_alpha * x1 + d_sigma * x0) as f32;
    }
}
