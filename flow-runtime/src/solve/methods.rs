//! The built-in Runge–Kutta methods, each declared with [`flow_model!`](crate::flow_model) and so proved when this
//! crate is built.
//!
//! | order | explicit | implicit |
//! |---|---|---|
//! | 1 | [`Euler`] | [`ImplicitEuler`] |
//! | 2 | [`Midpoint`], [`Heun2`], [`Ralston2`] | [`ImplicitMidpoint`], [`Trapezoid`], [`Sdirk2`] |
//! | 3 | [`Heun3`], [`Kutta3`], [`SspRk33`], [`BogackiShampine32`] | [`RadauIIA3`] |
//! | 4 | [`Rk4`], [`Rk4ThreeEighths`] | [`GaussLegendre4`] |
//! | 5 | [`Fehlberg45`], [`CashKarp54`], [`DormandPrince54`], [`Tsit5`] | [`RadauIIA5`] |
//! | 6 | | [`GaussLegendre6`] |
//! | 8 | [`CooperVerner8`], [`DormandPrince87`] | |
//!
//! Each type's page shows its tableau and what was derived from it.
//!
//! ```
//! use flow_runtime::prelude::*;
//!
//! let grid = Grid::uniform(0.0, 1.0, 10)?;
//! let growth = |_: f64, x: &f64| *x;
//! assert!((solve(Midpoint, growth, 1.0, &grid)?.state - 1f64.exp()).abs() < 1e-2);
//! assert!((solve(DormandPrince54, growth, 1.0, &grid)?.state - 1f64.exp()).abs() < 1e-8);
//! assert!((solve(RadauIIA5, growth, 1.0, &grid)?.state - 1f64.exp()).abs() < 1e-8);
//! assert_eq!((Tsit5::TABLEAU.order, Tsit5::TABLEAU.embedded_order), (5, Some(4)));
//! # Ok::<(), Error>(())
//! ```

mod explicit;
mod high_order;
mod implicit;
mod pairs;

pub use explicit::*;
pub use high_order::*;
pub use implicit::*;
pub use pairs::*;

#[cfg(test)]
mod step_tests;
#[cfg(test)]
mod tests;
