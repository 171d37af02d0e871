//! Solving ordinary differential equations `x' = f(t, x)` with Runge–Kutta methods.

use crate::{error::Result, tableau::Tableau};

pub mod implicit;
pub mod methods;

/// A real scalar: `f32` or `f64`.
pub trait Real: Copy + std::fmt::Debug + PartialOrd + Send + Sync + 'static {
    /// Rounds from `f64`.
    fn from_f64(value: f64) -> Self;
    /// Widens to `f64`.
    fn to_f64(self) -> f64;
}

/// What is integrated: a scalar, an array, a vector, a tensor.
pub trait State: Clone {
    /// The type of the time and of the coefficients.
    type Scalar: Real;

    /// `out = self + Σ_i w_i k_i`; the terms are few and known when compiled, so the loop over them unrolls.
    fn combine_into<const N: usize>(&self, terms: [(Self::Scalar, &Self); N], out: &mut Self) -> Result<()>;

    /// `out = Σ_i w_i k_i`, as the error estimate is: no state is added that would drown it in rounding.
    fn sum_into<const N: usize>(terms: [(Self::Scalar, &Self); N], out: &mut Self) -> Result<()>;
}

/// A right-hand side `f(t, x)`.
pub trait VectorField<S: State> {
    /// Writes `f(t, x)` into `out`.
    fn evaluate(&mut self, t: S::Scalar, x: &S, out: &mut S) -> Result<()>;
}

/// A Runge–Kutta method, as `flow_model! { solver … }` declares it.
///
/// `step` and `step_embedded` are unrolled from [`Self::TABLEAU`]: zero entries are dropped, and a stage that only
/// the embedded weights need is evaluated by `step_embedded` alone.
pub trait Method: Copy + Default + Send + Sync + 'static {
    /// The coefficients and what follows from them.
    const TABLEAU: &'static Tableau;
    /// Room for the stages of one step.
    type Work<S: State>;

    /// Makes room for the stages, shaped as `like`.
    fn work<S: State>(like: &S) -> Self::Work<S>;

    /// One step from `(t0, x)` to `t1`, into `out`. Stage times lie in `[t0, t1]` exactly at both ends.
    fn step<S: State, F: VectorField<S>>(
        field: &mut F,
        t0: S::Scalar,
        t1: S::Scalar,
        x: &S,
        work: &mut Self::Work<S>,
        out: &mut S,
    ) -> Result<()>;
}

/// A method with embedded weights.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no embedded weights, so it gives no error estimate",
    label = "adaptive steps need an embedded row",
    note = "use a pair such as `DormandPrince54`, `Tsit5` or `BogackiShampine32`, or add a `b_hat` row to the tableau"
)]
pub trait Embedded: Method {
    /// One step and its error estimate `error = h Σ (b_i − b_hat_i) k_i`.
    ///
    /// With `reuse`, the first stage is taken from the last stage of the step before, as `work` holds it; only a
    /// method whose `fsal` is true can do so, and only if that step was accepted.
    #[allow(clippy::too_many_arguments)]
    fn step_embedded<S: State, F: VectorField<S>>(
        field: &mut F,
        t0: S::Scalar,
        t1: S::Scalar,
        x: &S,
        reuse: bool,
        work: &mut Self::Work<S>,
        out: &mut S,
        error: &mut S,
    ) -> Result<()>;
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
    fn to_f64(self) -> f64 {
        self
    }
}
