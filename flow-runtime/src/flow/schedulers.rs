//! The schedulers of the literature.
//!
//! They are declared as a user declares one: the derivatives are derived, the ends and the growth of `alpha / sigma`
//! checked, the poles found.

use crate::flow_model;

flow_model! {
    /// Conditional optimal transport: a straight line at constant speed.
    ///
    /// # Reference
    /// Lipman et al. (2023), arXiv:2210.02747; Liu et al. (2022), arXiv:2209.03003.
    pub scheduler CondOt { alpha: t, sigma: 1 - t }

    /// A straight line at the speed of a power of the time; `n = 1` is [`CondOt`].
    ///
    /// With `n < 1` the derivative has a pole at `t = 0`, so `new` refuses it.
    ///
    /// # Reference
    /// Lipman et al. (2024), arXiv:2412.06264.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// assert_eq!(Polynomial::new(3.0)?.d_alpha(0.5), 0.75);
    /// assert!(Polynomial::new(0.5).is_err());
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub scheduler Polynomial(n = 2.0) { alpha: pow(t, n), sigma: 1 - pow(t, n) }

    /// A quarter of a circle: `alpha² + sigma² = 1` at constant angular speed.
    ///
    /// # Reference
    /// Albergo & Vanden-Eijnden (2023), arXiv:2209.15571; as a noise schedule Nichol & Dhariwal (2021),
    /// arXiv:2102.09672.
    pub scheduler Cosine { alpha: sin(pi / 2 * t), sigma: cos(pi / 2 * t) }

    /// Variance preserving, linear in the data: `alpha² + sigma² = 1`.
    ///
    /// # Reference
    /// Lipman et al. (2024), arXiv:2412.06264.
    pub scheduler LinearVp { alpha: t, sigma: sqrt(1 - pow(t, 2)) }

    /// The variance-preserving diffusion with `beta` linear in the time, from `beta_min` at the data to `beta_max` at
    /// the source.
    ///
    /// # Reference
    /// Song et al. (2021), arXiv:2011.13456, equation 29; Lipman et al. (2023), arXiv:2210.02747, section 4.1.
    pub scheduler Vp(beta_min = 0.1, beta_max = 20.0) {
        alpha: exp(-pow(1 - t, 2) * (beta_max - beta_min) / 4 - (1 - t) * beta_min / 2),
        sigma: sqrt(1 - exp(-pow(1 - t, 2) * (beta_max - beta_min) / 2 - (1 - t) * beta_min)),
        boundary: 0.01,
    }
}
