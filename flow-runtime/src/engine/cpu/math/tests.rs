//! The functions on every instruction set that the machine has.

mod double;
mod single;
mod special;

use super::Math;
use pulp::{Arch, Scalar, Simd, WithSimd};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
    Exp,
    ExpM1,
    ExpM1OfNegative,
    Tanh,
    Sigmoid,
    Sin,
    Cos,
    SinOfPair,
    CosOfPair,
    Erf,
    Erfc,
    Softplus,
    Ln1pOfUnit,
}

use Function::*;

impl Function {
    #[inline(always)]
    fn call<E: Math, S: Simd>(self, simd: S, x: E::V<S>) -> E::V<S> {
        match self {
            Exp => E::exp(simd, x),
            ExpM1 => E::exp_m1(simd, x),
            ExpM1OfNegative => E::exp_m1_of_negative(simd, x),
            Tanh => E::tanh(simd, x),
            Sigmoid => E::sigmoid(simd, x),
            Sin => E::sin(simd, x),
            Cos => E::cos(simd, x),
            SinOfPair => E::sin_cos(simd, x).0,
            CosOfPair => E::sin_cos(simd, x).1,
            Erf => E::erf(simd, x),
            Erfc => E::erfc(simd, x),
            Softplus => E::softplus(simd, x),
            Ln1pOfUnit => E::ln_1p_of_unit(simd, x),
        }
    }

    /// Whether `x` is one of the arguments that the function is made for.
    fn accepts(self, x: f64) -> bool {
        match self {
            ExpM1OfNegative => x.is_nan() || x <= 0.0,
            Ln1pOfUnit => x.is_nan() || (0.0..=1.0).contains(&x),
            _ => true,
        }
    }

    /// Largest error in ulp, as the documentation of the functions has it.
    fn bound(self, set: Set) -> f64 {
        let (fused, unfused) = match self {
            Exp => (1.75, 1.75),
            ExpM1 => (2.0, 2.0),
            ExpM1OfNegative => (1.25, 1.25),
            Tanh => (3.0, 3.0),
            Sigmoid => (2.5, 2.5),
            Sin | SinOfPair | Cos | CosOfPair => (2.0, 2.0),
            Erf => (1.25, 1.5),
            Erfc => (3.75, 4.25),
            Softplus => (2.5, 2.5),
            Ln1pOfUnit => (1.25, 1.5),
        };
        if set.has_fused_products() { fused } else { unfused }
    }

    /// Whether results below the smallest normal number may be 0.
    fn flushes(self) -> bool {
        self == Sigmoid
    }
}

struct Map<'a, E> {
    function: Function,
    xs: &'a [E],
    ys: &'a mut [E],
}

impl<E: Math> WithSimd for Map<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = E::lanes::<S>();
        for (x, y) in self.xs.chunks(lanes).zip(self.ys.chunks_mut(lanes)) {
            let part = E::part(simd, x.len());
            // SAFETY: the part is as long as both chunks.
            unsafe {
                let y_register = self.function.call::<E, S>(simd, E::load_part(simd, part, x.as_ptr()));
                E::store_part(simd, part, y.as_mut_ptr(), y_register);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Set {
    Widest,
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    Scalar,
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Set::Widest => "on the widest registers",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "on those of AVX2",
            Set::Scalar => "on single numbers",
        })
    }
}

impl Set {
    fn all() -> Vec<Set> {
        let mut sets = vec![Set::Widest, Set::Scalar];
        #[cfg(target_arch = "x86_64")]
        sets.extend(pulp::x86::V3::try_new().map(Set::Avx2));
        sets
    }

    /// Without them sums of products round twice.
    fn has_fused_products(self) -> bool {
        match self {
            Set::Widest => !matches!(Arch::new(), Arch::Scalar),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => true,
            Set::Scalar => false,
        }
    }

    fn map<E: Math>(self, function: Function, xs: &[E], ys: &mut [E]) {
        let map = Map { function, xs, ys };
        match self {
            Set::Widest => Arch::new().dispatch(map),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(v3) => Simd::vectorize(v3, map),
            Set::Scalar => Scalar.vectorize(map),
        }
    }
}

/// The largest error and where it was.
#[derive(Clone, Copy, Default)]
struct Worst {
    ulp: f64,
    x: f64,
    y: f64,
}

impl Worst {
    fn add(&mut self, ulp: f64, x: f64, y: f64) {
        if ulp.is_nan() || ulp > self.ulp {
            *self = Worst { ulp, x, y };
        }
    }
}

impl fmt::Display for Worst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ulp at {:e}, where it gives {:e}", self.ulp, self.x, self.y)
    }
}
