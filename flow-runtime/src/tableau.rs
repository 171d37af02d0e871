//! Butcher tableaus as constant data, with everything that follows from the coefficients.

/// A Runge–Kutta method: its coefficients and the properties derived from them.
///
/// With stages `k_i = f(t + c_i h, x + h Σ_j a_ij k_j)` one step is `x + h Σ_i b_i k_i`; the embedded weights
/// `b_hat` (as published, never the difference) give a second result for the error estimate
/// `h Σ_i (b_i − b_hat_i) k_i`.
///
/// Every value below `b_hat` is derived from the coefficients in exact arithmetic when `flow_model!` is expanded.
///
/// ```
/// use flow_runtime::{prelude::*, tableau::{Exactness, Kind}};
/// let pair = DormandPrince54::TABLEAU;
/// assert_eq!((pair.stages(), pair.order, pair.embedded_order, pair.fsal), (7, 5, Some(4), true));
/// assert_eq!((pair.kind, pair.exactness), (Kind::Explicit, Exactness::Rational));
/// assert!((pair.error_norm - 3.991e-4).abs() < 1e-7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tableau {
    /// Name of the method, as declared.
    pub name: &'static str,
    /// `a_ij`, one full row of `stages` entries per stage.
    pub a: &'static [&'static [f64]],
    /// Weights of the propagated solution.
    pub b: &'static [f64],
    /// Nodes.
    pub c: &'static [f64],
    /// Weights of the embedded solution, if the method has one.
    pub b_hat: Option<&'static [f64]>,
    /// Order of the propagated solution (declared, and proved).
    pub order: usize,
    /// Order of the embedded solution (declared, and proved).
    pub embedded_order: Option<usize>,
    /// How the coefficients were given, and so what the proof means.
    pub exactness: Exactness,
    /// Which stages a stage needs: explicit, diagonally implicit or fully implicit.
    pub kind: Kind,
    /// First same as last: the last stage is the derivative at the new point, and the first one that at the old point, so
    /// the next step's first stage is known.
    pub fsal: bool,
    /// Largest `q ≤ order` with `Σ_j a_ij c_j^{k-1} = c_i^k / k` for all stages and all `k ≤ q`.
    pub stage_order: usize,
    /// The last row of `a` is `b`: the result is the last stage's state.
    pub stiffly_accurate: bool,
    /// Principal error norm `sqrt(Σ_{|τ| = order + 1} ((Φ(τ) − 1/γ(τ)) / σ(τ))²)` over rooted trees `τ` with elementary
    /// weight `Φ`, density `γ` and symmetry `σ` (Prince and Dormand 1981, doi:10.1016/0771-050X(81)90010-3).
    pub error_norm: f64,
    /// The same norm of the embedded weights, at `embedded_order + 1`.
    pub embedded_error_norm: Option<f64>,
    /// Stability function `R(z) = N(z) / D(z)`.
    pub stability: Stability,
}

/// How a tableau's coefficients were given.
///
/// ```
/// use flow_runtime::{prelude::*, tableau::Exactness};
/// assert_eq!(Rk4::TABLEAU.exactness, Exactness::Rational);
/// assert_eq!(Sdirk2::TABLEAU.exactness, Exactness::Quadratic { radicand: 2 });
/// assert!(matches!(Tsit5::TABLEAU.exactness, Exactness::Rounded { residual, .. } if residual < 1e-30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exactness {
    /// Every coefficient is a rational number; every order condition holds exactly.
    Rational,
    /// Every coefficient is in `Q(sqrt(radicand))`; every order condition holds exactly.
    Quadratic {
        /// The square-free number under the root.
        radicand: u64,
    },
    /// Coefficients are rounded; the order conditions hold to within `tolerance`.
    Rounded {
        /// Bound that was declared.
        tolerance: f64,
        /// Largest residual found.
        residual: f64,
    },
}

/// Which stages a stage depends on.
///
/// ```
/// use flow_runtime::{prelude::*, tableau::Kind};
/// assert_eq!(Rk4::TABLEAU.kind, Kind::Explicit);
/// assert_eq!(Sdirk2::TABLEAU.kind, Kind::DiagonallyImplicit);
/// assert_eq!(GaussLegendre4::TABLEAU.kind, Kind::FullyImplicit);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Each stage needs earlier stages only.
    Explicit,
    /// Each stage needs earlier stages and itself.
    DiagonallyImplicit,
    /// A stage needs later stages.
    FullyImplicit,
}

/// The stability function `R(z) = N(z) / D(z)` and what follows from it for `x' = λ x`, `z = h λ`.
///
/// `N = det(I − z a + z e bᵀ)`, `D = det(I − z a)`. With exact coefficients the polynomials, A- and L-stability are exact
/// and the ends of the intervals are right to the last digits; with rounded ones, what the residual cannot tell from zero
/// counts as zero.
///
/// ```
/// use flow_runtime::prelude::*;
///
/// assert_eq!(Rk4::TABLEAU.stability.imaginary, 8f64.sqrt());
/// assert!(RadauIIA5::TABLEAU.stability.l_stable);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stability {
    /// Coefficients of `N`, constant term first.
    pub numerator: &'static [f64],
    /// Coefficients of `D`, constant term first; `[1.0]` for an explicit method.
    pub denominator: &'static [f64],
    /// Length of the interval `[-real, 0]` where `|R| ≤ 1`; infinite if it has no end.
    pub real: f64,
    /// Length of the interval `i [0, imaginary]` where `|R| ≤ 1`; infinite if it has no end.
    pub imaginary: f64,
    /// `|R(z)| ≤ 1` for every `z` with non-positive real part.
    pub a_stable: bool,
    /// A-stable, and `R(z) → 0` as `z → −∞`.
    pub l_stable: bool,
}

impl Tableau {
    /// Number of stages.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// assert_eq!(Rk4::TABLEAU.stages(), 4);
    /// ```
    pub const fn stages(&self) -> usize {
        self.b.len()
    }
}
