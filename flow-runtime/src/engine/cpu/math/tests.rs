//! The maximum error of each function, on every instruction set of the machine.

use super::Math;
use pulp::{Arch, Scalar, Simd, WithSimd};

trait Function<E: Math>: Copy {
    fn call<S: Simd>(self, simd: S, x: E::V<S>) -> E::V<S>;
}

struct Map<'a, E, F>(F, &'a [E], &'a mut [E]);

impl<E: Math, F: Function<E>> WithSimd for Map<'_, E, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Map(f, xs, ys) = self;
        for (x, y) in xs.chunks(E::lanes::<S>()).zip(ys.chunks_mut(E::lanes::<S>())) {
            let part = E::part(simd, x.len());
            // SAFETY: the part is as long as both slices.
            unsafe {
                let x = E::load_part(simd, part, x.as_ptr());
                E::store_part(simd, part, y.as_mut_ptr(), f.call(simd, x));
            }
        }
    }
}

macro_rules! functions {
    ($($name:ident $f:ident = $reference:expr, $bound:literal;)*) => {$(
        #[derive(Clone, Copy)]
        struct $name;
        impl<E: Math> Function<E> for $name {
            #[inline(always)]
            fn call<S: Simd>(self, simd: S, x: E::V<S>) -> E::V<S> {
                E::$f(simd, x)
            }
        }
        #[test]
        fn $f() {
            let reference: fn(f64) -> f64 = $reference;
            for (set, run) in sets::<f32, $name>($name) {
                let worst = sweep(run, reference, stringify!($f));
                eprintln!("{} {set}: {worst:?}", stringify!($f));
                assert!(worst.0 <= $bound, "{set}: {worst:?}");
            }
        }
    )*};
}

fn sets<E: Math, F: Function<E>>(f: F) -> Vec<(&'static str, Box<dyn Fn(&[E], &mut [E])>)>
where
    F: 'static,
{
    vec![
        ("widest", Box::new(move |xs, ys| Arch::new().dispatch(Map(f, xs, ys)))),
        ("scalar", Box::new(move |xs, ys| Scalar.vectorize(Map(f, xs, ys)))),
    ]
}

fn sweep(run: Box<dyn Fn(&[f32], &mut [f32])>, reference: fn(f64) -> f64, name: &str) -> (f64, f32, f32) {
    let mut worst = (0.0, 0.0, 0.0);
    let mut bits = 0u64;
    let stride = 10_007u64;
    let mut xs = vec![0.0; 4096];
    let mut ys = vec![0.0; 4096];
    while bits < 1 << 32 {
        for x in &mut xs {
            *x = f32::from_bits(bits.min(u32::MAX as u64) as u32);
            if name == "exp_m1_of_negative" && *x > 0.0 || name == "ln_1p_of_unit" && !(0.0..=1.0).contains(x) {
                *x = 0.0;
            }
            bits += stride;
        }
        run(&xs, &mut ys);
        for (&x, &y) in xs.iter().zip(&ys) {
            let t = reference(x as f64);
            let error = if t.is_nan() || y.is_nan() {
                if t.is_nan() == y.is_nan() { 0.0 } else { f64::INFINITY }
            } else if (t as f32) == y {
                0.0
            } else {
                let exponent = t.abs().log2().floor().clamp(-126.0, 127.0);
                (y as f64 - t).abs() / (exponent - 23.0).exp2()
            };
            if !(error <= worst.0) {
                worst = (error, x, y);
            }
        }
    }
    worst
}

functions! {
    Exp exp = libm::exp, 2.0;
    ExpM1 exp_m1 = libm::expm1, 2.0;
    ExpM1OfNegative exp_m1_of_negative = libm::expm1, 2.0;
    Tanh tanh = libm::tanh, 3.0;
    Sigmoid sigmoid = |x| 1.0 / (1.0 + libm::exp(-x)), 3.0;
    Sin sin = libm::sin, 2.0;
    Cos cos = libm::cos, 2.0;
    Erf erf = libm::erf, 2.0;
    Erfc erfc = libm::erfc, 4.0;
    Softplus softplus = |x| x.max(0.0) + libm::log1p(libm::exp(-x.abs())), 3.0;
    Ln1pOfUnit ln_1p_of_unit = libm::log1p, 2.0;
}
