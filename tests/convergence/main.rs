//! Every method measured on problems whose solutions are known: convergence slopes, reference values, invariances,
//! work.
//!
//! The problems are those of Hull, Enright, Fellen & Sedgwick, "Comparing numerical methods for ordinary differential
//! equations", SIAM J. Numer. Anal. 9 (1972). No tolerance here is wide enough for a method of another order.

mod implicit;
mod invariance;
mod order;
mod problems;
mod reference;
mod work;

/// Calls a macro with every method that flow-runtime declares; pairs come first.
#[macro_export]
macro_rules! for_each_method {
    ($callback:ident) => {
        $callback! {
            pairs: BogackiShampine32 Fehlberg45 CashKarp54 DormandPrince54 Tsit5 DormandPrince87;
            single: Euler Midpoint Heun2 Ralston2 Heun3 Kutta3 SspRk33 Rk4 Rk4ThreeEighths;
        }
    };
}
