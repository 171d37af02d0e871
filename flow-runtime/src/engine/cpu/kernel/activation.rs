//! Functions of one element, and their pullbacks.

use super::{Kernel, Pair, Unary, pair, unary};
use crate::{
    engine::cpu::{math::Math, plan::Step},
    program::Activation,
};
use pulp::{Simd, WithSimd};
use std::f64::consts::FRAC_1_SQRT_2;

/// `out = f(x)`.
pub(super) struct Map<'a, T>(pub(super) Kernel<'a, T>);

/// `out = dy f'`.
pub(super) struct Pullback<'a, T>(pub(super) Kernel<'a, T>);

impl<T: Math> WithSimd for Map<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::Map { f, x, out } = step else { return };
        // SAFETY: the frame has the memory of the plan's views; a result is computed in place or elsewhere.
        unsafe {
            let (x, out) = (context.lines(x), context.lines(out));
            match f {
                Activation::Relu => unary(simd, &Leaky { slope: T::default() }, x, out),
                Activation::LeakyRelu { slope } => unary(simd, &Leaky { slope: T::from_f64(slope) }, x, out),
                Activation::Elu { alpha: 1.0 } => unary(simd, &PlainElu, x, out),
                Activation::Elu { alpha } => unary(simd, &Elu { alpha: T::from_f64(alpha) }, x, out),
                Activation::Gelu => unary(simd, &Gelu, x, out),
                Activation::Silu => unary(simd, &Silu, x, out),
                Activation::Tanh => unary(simd, &Tanh, x, out),
                Activation::Sigmoid => unary(simd, &Sigmoid, x, out),
                Activation::Softplus => unary(simd, &Softplus, x, out),
                Activation::Sin => unary(simd, &Sin, x, out),
            }
        }
    }
}

impl<T: Math> WithSimd for Pullback<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Kernel { context, step } = self.0;
        let &Step::Pullback { f, source, dy, out } = step else { return };
        // SAFETY: as above.
        unsafe {
            let (source, dy, out) = (context.lines(source), context.lines(dy), context.lines(out));
            match f {
                Activation::Relu => pair(simd, &LeakyPullback { slope: T::default() }, source, dy, out),
                Activation::LeakyRelu { slope } => {
                    pair(simd, &LeakyPullback { slope: T::from_f64(slope) }, source, dy, out);
                }
                Activation::Elu { alpha } if f.from_result() => {
                    pair(simd, &EluPullback { alpha: T::from_f64(alpha) }, source, dy, out);
                }
                Activation::Elu { alpha } => {
                    pair(simd, &EluPullbackOfArgument { alpha: T::from_f64(alpha) }, source, dy, out);
                }
                Activation::Gelu => pair(simd, &GeluPullback, source, dy, out),
                Activation::Silu => pair(simd, &SiluPullback, source, dy, out),
                Activation::Tanh => pair(simd, &TanhPullback, source, dy, out),
                Activation::Sigmoid => pair(simd, &SigmoidPullback, source, dy, out),
                Activation::Softplus => {
                    if f.from_result() {
                        pair(simd, &SoftplusPullback, source, dy, out);
                    } else {
                        pair(simd, &SoftplusPullbackOfArgument, source, dy, out);
                    }
                }
                Activation::Sin => pair(simd, &SinPullback, source, dy, out),
            }
        }
    }
}

/// `relu` with slope zero.
struct Leaky<T> {
    slope: T,
}
struct PlainElu;
struct Elu<T> {
    alpha: T,
}
struct Gelu;
struct Silu;
struct Tanh;
struct Sigmoid;
struct Softplus;
struct Sin;

struct LeakyPullback<T> {
    slope: T,
}
struct EluPullback<T> {
    alpha: T,
}
struct EluPullbackOfArgument<T> {
    alpha: T,
}
struct GeluPullback;
struct SiluPullback;
struct TanhPullback;
struct SigmoidPullback;
struct SoftplusPullback;
struct SoftplusPullbackOfArgument;
struct SinPullback;

macro_rules! unary {
    ($name:ty, |$this:ident, $simd:ident, $x:ident| $value:expr) => {
        impl<T: Math> Unary<T> for $name {
            #[inline(always)]
            fn apply<S: Simd>(&self, $simd: S, $x: T::V<S>) -> T::V<S> {
                let $this = self;
                $value
            }
        }
    };
}

macro_rules! pair {
    ($name:ty, |$this:ident, $simd:ident, $source:ident, $dy:ident| $value:expr) => {
        impl<T: Math> Pair<T> for $name {
            #[inline(always)]
            fn apply<S: Simd>(&self, $simd: S, $source: T::V<S>, $dy: T::V<S>) -> T::V<S> {
                let $this = self;
                $value
            }
        }
    };
}

// What is not positive takes the lower branch in all of these, and so does NaN, which stays.
unary!(Leaky<T>, |f, simd, x| {
    let zero = T::splat(simd, T::default());
    T::select(simd, T::less(simd, zero, x), x, T::mul(simd, x, T::splat(simd, f.slope)))
});
unary!(PlainElu, |_f, simd, x| {
    let zero = T::splat(simd, T::default());
    T::select(simd, T::less(simd, zero, x), x, T::exp_m1_of_negative(simd, x))
});
unary!(Elu<T>, |f, simd, x| {
    let zero = T::splat(simd, T::default());
    let low = T::mul(simd, T::splat(simd, f.alpha), T::exp_m1_of_negative(simd, x));
    T::select(simd, T::less(simd, zero, x), x, low)
});
unary!(Gelu, |_f, simd, x| {
    let tail = T::erfc(simd, T::mul(simd, x, T::constant(simd, -FRAC_1_SQRT_2)));
    T::mul(simd, T::mul(simd, T::constant(simd, 0.5), x), tail)
});
unary!(Silu, |_f, simd, x| T::mul(simd, x, T::sigmoid(simd, x)));
unary!(Tanh, |_f, simd, x| T::tanh(simd, x));
unary!(Sigmoid, |_f, simd, x| T::sigmoid(simd, x));
unary!(Softplus, |_f, simd, x| T::softplus(simd, x));
unary!(Sin, |_f, simd, x| T::sin(simd, x));

// The slope at zero is the lower one, as PyTorch has it.
pair!(LeakyPullback<T>, |f, simd, y, dy| {
    let zero = T::splat(simd, T::default());
    T::select(simd, T::less(simd, zero, y), dy, T::mul(simd, dy, T::splat(simd, f.slope)))
});
// alpha exp(x) = y + alpha.
pair!(EluPullback<T>, |f, simd, y, dy| {
    let zero = T::splat(simd, T::default());
    let low = T::mul(simd, dy, T::add(simd, y, T::splat(simd, f.alpha)));
    T::select(simd, T::less(simd, zero, y), dy, low)
});
pair!(EluPullbackOfArgument<T>, |f, simd, x, dy| {
    let (zero, one) = (T::splat(simd, T::default()), T::constant(simd, 1.0));
    let slope = T::mul(simd, T::splat(simd, f.alpha), T::add(simd, one, T::exp_m1_of_negative(simd, x)));
    T::select(simd, T::less(simd, zero, x), dy, T::mul(simd, dy, slope))
});
// (x Φ(x))' = Φ(x) + x φ(x).
pair!(GeluPullback, |_f, simd, x, dy| {
    let half = T::constant(simd, 0.5);
    let cumulative = T::mul(simd, half, T::erfc(simd, T::mul(simd, x, T::constant(simd, -FRAC_1_SQRT_2))));
    let square = T::mul(simd, T::mul(simd, x, x), T::constant(simd, -0.5));
    let density = T::mul(simd, T::exp(simd, square), T::constant(simd, 0.398_942_280_401_432_7));
    // Far out the density is zero, and an infinite x times zero would be NaN.
    T::mul(simd, dy, T::fma(simd, x, density, cumulative))
});
// s + x s (1 − s) with s = sigmoid(x).
pair!(SiluPullback, |_f, simd, x, dy| {
    let s = T::sigmoid(simd, x);
    let rest = T::sub(simd, T::constant(simd, 1.0), s);
    let slope = T::mul(simd, s, T::fma(simd, x, rest, T::constant(simd, 1.0)));
    T::mul(simd, dy, slope)
});
pair!(TanhPullback, |_f, simd, y, dy| {
    let square = T::mul(simd, y, y);
    T::mul(simd, dy, T::sub(simd, T::constant(simd, 1.0), square))
});
pair!(SigmoidPullback, |_f, simd, y, dy| {
    T::mul(simd, dy, T::mul(simd, y, T::sub(simd, T::constant(simd, 1.0), y)))
});
// 1 − exp(−y) = sigmoid(x).
pair!(SoftplusPullback, |_f, simd, y, dy| {
    T::mul(simd, dy, T::neg(simd, T::exp_m1_of_negative(simd, T::neg(simd, y))))
});
pair!(SoftplusPullbackOfArgument, |_f, simd, x, dy| T::mul(simd, dy, T::sigmoid(simd, x)));
pair!(SinPullback, |_f, simd, x, dy| T::mul(simd, dy, T::cos(simd, x)));
