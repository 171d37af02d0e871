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
