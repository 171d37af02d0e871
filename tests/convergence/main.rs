//! Every method measured on problems whose solutions are known: convergence slopes, reference values, invariances,
//! work.
//!
//! The problems for references are those of Hull, Enright, Fellen & Sedgwick, "Comparing numerical methods for ordinary differential
//! equations", SIAM J. Numer. Anal. 9 (1972). No tolerance here is wide enough for a method of another order.

mod implicit;
mod invariance;
mod order;
mod problems;
mod reference;
mod slope;
mod work;

/// Calls a macro with every method that flow-runtime declares; pairs come first.
#[macro_export]
macro_rules! for_each_method {
    ($callback:ident) => {
        $callback! {
            pairs: Midpoint Heun2 Ralston2 BogackiShampine32 Fehlberg45 CashKarp54 DormandPrince54 Tsit5 DormandPrince87;
            single: Euler Heun3 Kutta3 SspRk33 Rk4 Rk4ThreeEighths CooperVerner8;
            implicit: ImplicitEuler ImplicitMidpoint Trapezoid Sdirk2 RadauIIA3 GaussLegendre4 RadauIIA5 GaussLegendre6;
        }
    };
}
