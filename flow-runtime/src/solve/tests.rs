//! Solves with methods written by hand, so that stepping is tested without the macro.

use super::*;
use crate::{
    error::Error,
    tableau::{Exactness, Kind, Stability},
};

mod implicit;
mod stepping;

/// A tableau with the coefficients alone; nothing in stepping reads what is derived from them.
const fn tableau(
    name: &'static str,
    kind: Kind,
    a: &'static [&'static [f64]],
    b: &'static [f64],
    c: &'static [f64],
    order: usize,
) -> Tableau {
    Tableau {
        name,
        a,
        b,
        c,
        b_hat: None,
        order,
        embedded_order: None,
        exactness: Exactness::Rational,
        kind,
        fsal: false,
        stage_order: 1,
        stiffly_accurate: false,
        error_norm: 0.0,
        embedded_error_norm: None,
        stability: Stability {
            numerator: &[],
            denominator: &[],
            real: 0.0,
            imaginary: 0.0,
            a_stable: false,
            l_stable: false,
        },
    }
}

/// The classical method of order four.
#[derive(Clone, Copy, Debug, Default)]
struct Classical;

impl Method for Classical {
    const TABLEAU: &'static Tableau = &tableau(
        "Classical",
        Kind::Explicit,
        &[&[0.0; 4], &[0.5, 0.0, 0.0, 0.0], &[0.0, 0.5, 0.0, 0.0], &[0.0, 0.0, 1.0, 0.0]],
        &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
        &[0.0, 0.5, 0.5, 1.0],
        4,
    );
    type Work<S: State> = [S; 5];

    fn work<S: State>(like: &S) -> [S; 5] {
        std::array::from_fn(|_| like.clone())
    }

    fn step<S: State, F: VectorField<S>>(
        field: &mut F,
        t0: S::Scalar,
        t1: S::Scalar,
        x: &S,
        work: &mut [S; 5],
        out: &mut S,
    ) -> Result<()> {
        let [k1, k2, k3, k4, stage] = work;
        let h = t1 - t0;
        let weight = |w: f64| S::Scalar::from_f64(w) * h;
        let middle = t0 + weight(0.5);
        field.evaluate(t0, x, k1)?;
        x.combine_into([(weight(0.5), k1)], stage)?;
        field.evaluate(middle, stage, k2)?;
        x.combine_into([(weight(0.5), k2)], stage)?;
        field.evaluate(middle, stage, k3)?;
        x.combine_into([(h, k3)], stage)?;
        field.evaluate(t1, stage, k4)?;
        let (sixth, third) = (weight(1.0 / 6.0), weight(1.0 / 3.0));
        x.combine_into([(sixth, k1), (third, k2), (third, k3), (sixth, k4)], out)
    }
}

/// Declares a method whose steps go through [`implicit::implicit_step`](super::implicit::implicit_step).
macro_rules! implicit_method {
    ($name:ident, $work:literal, $kind:ident, $a:expr, $b:expr, $c:expr, $order:literal) => {
        #[derive(Clone, Copy, Debug, Default)]
        struct $name;

        impl Method for $name {
            const TABLEAU: &'static Tableau = &tableau(stringify!($name), Kind::$kind, $a, $b, $c, $order);
            type Work<S: State> = [S; $work];

            fn work<S: State>(like: &S) -> [S; $work] {
                std::array::from_fn(|_| like.clone())
            }

            fn step<S: State, F: VectorField<S>>(
                field: &mut F,
                t0: S::Scalar,
                t1: S::Scalar,
                x: &S,
                work: &mut [S; $work],
                out: &mut S,
            ) -> Result<()> {
                super::implicit::implicit_step::<S, F, { $work - 1 }>(Self::TABLEAU, field, t0, t1, x, work, out)
            }
        }
    };
}

/// `sqrt(3) / 6`.
const ROOT: f64 = 0.288_675_134_594_812_88;
/// `1 − sqrt(2) / 2`.
const GAMMA: f64 = 0.292_893_218_813_452_48;

implicit_method!(BackwardEuler, 2, DiagonallyImplicit, &[&[1.0]], &[1.0], &[1.0], 1);
implicit_method!(Trapezoidal, 3, DiagonallyImplicit, &[&[0.0, 0.0], &[0.5, 0.5]], &[0.5, 0.5], &[0.0, 1.0], 2);
// Alexander (1977), order two, L-stable.
implicit_method!(
    Alexander2,
    3,
    DiagonallyImplicit,
    &[&[GAMMA, 0.0], &[1.0 - GAMMA, GAMMA]],
    &[1.0 - GAMMA, GAMMA],
    &[GAMMA, 1.0],
    2
);
implicit_method!(
    Gauss4,
    3,
    FullyImplicit,
    &[&[0.25, 0.25 - ROOT], &[0.25 + ROOT, 0.25]],
    &[0.5, 0.5],
    &[0.5 - ROOT, 0.5 + ROOT],
    4
);
// The coupled matrix is singular: its first row is zero.
implicit_method!(
    Lobatto3A,
    4,
    FullyImplicit,
    &[&[0.0; 3], &[5.0 / 24.0, 1.0 / 3.0, -1.0 / 24.0], &[1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0]],
    &[1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0],
    &[0.0, 0.5, 1.0],
    4
);
