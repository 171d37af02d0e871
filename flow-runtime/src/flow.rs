//! Flow matching: schedulers, probability paths, sources. Time runs from the source `x0` at `t = 0` to the data
//! `x1` at `t = 1`.

/// The times at which a scheduler or a path can be used.
///
/// An end is open where a derivative or a ratio has a pole there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// `t = 0` is excluded.
    pub open_start: bool,
    /// `t = 1` is excluded.
    pub open_end: bool,
}

/// The interpolation `x_t = alpha(t) x1 + sigma(t) x0`, with derivatives that the macro derives.
pub trait Scheduler: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// Where `d_alpha` and `d_sigma` are finite.
    const INTERVAL: Interval;
    /// Weight of the data.
    fn alpha(&self, t: f64) -> f64;
    /// Weight of the source.
    fn sigma(&self, t: f64) -> f64;
    /// `d alpha / dt`.
    fn d_alpha(&self, t: f64) -> f64;
    /// `d sigma / dt`.
    fn d_sigma(&self, t: f64) -> f64;
}

/// A probability path between a source point and a data point.
pub trait Path: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// The times it can be sampled at.
    fn interval(&self) -> Interval;
    /// Writes the point `xt` and the conditional velocity `ut = d xt / dt` at time `t`.
    fn sample(&self, t: f64, x0: &[f32], x1: &[f32], xt: &mut [f32], ut: &mut [f32]);
}

/// Distribution of the source points `x0`, every coordinate by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// `N(0, 1)`.
    Gaussian,
    /// `U(low, high)`.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
}
