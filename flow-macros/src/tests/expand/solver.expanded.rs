///
/// # Derived properties
///
/// | property | value |
/// |---|---|
/// | kind | explicit, first same as last |
/// | stages | 4 |
/// | order | 3 (embedded 2) |
/// | stage order | 1 |
/// | proof | exact, in rational numbers |
/// | principal error norm | 0.0418111 (embedded 0.0294628) |
/// | stability function | `1 + z + 0.5 z^2 + 0.166667 z^3` |
/// | stability interval, real axis | 2.51275 |
/// | stability interval, imaginary axis | 1.73205 |
///
/// ```text
///   0 |
/// 1/2 |   1/2
/// 3/4 |     0  3/4
///   1 |   2/9  1/3  4/9
/// ----+---------------------
///     |   2/9  1/3  4/9    0
///     |  7/24  1/4  1/3  1/8
/// ```
#[::core::prelude::v1::derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::fmt::Debug,
    ::core::default::Default,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
)]
pub struct BogackiShampine32;
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic)]
impl BogackiShampine32 {
    /// The coefficients and everything that follows from them.
    pub const TABLEAU: ::flow_runtime::__private::Tableau = ::flow_runtime::__private::Tableau {
        name: "BogackiShampine32",
        a: &[
            &[0f64, 0f64, 0f64, 0f64],
            &[0.5f64, 0f64, 0f64, 0f64],
            &[0f64, 0.75f64, 0f64, 0f64],
            &[0.2222222222222222f64, 0.3333333333333333f64, 0.4444444444444444f64, 0f64],
        ],
        b: &[0.2222222222222222f64, 0.3333333333333333f64, 0.4444444444444444f64, 0f64],
        c: &[0f64, 0.5f64, 0.75f64, 1f64],
        b_hat: ::core::option::Option::Some(
            &[0.2916666666666667f64, 0.25f64, 0.3333333333333333f64, 0.125f64],
        ),
        order: 3usize,
        embedded_order: ::core::option::Option::Some(2usize),
        exactness: ::flow_runtime::__private::Exactness::Rational,
        kind: ::flow_runtime::__private::Kind::Explicit,
        fsal: true,
        stage_order: 1usize,
        stiffly_accurate: true,
        error_norm: 0.04181109228747325f64,
        embedded_error_norm: ::core::option::Option::Some(0.02946278254943948f64),
        stability: ::flow_runtime::__private::Stability {
            numerator: &[1f64, 1f64, 0.5f64, 0.16666666666666666f64],
            denominator: &[1f64],
            real: 2.5127453266183286f64,
            imaginary: 1.7320508075688772f64,
            a_stable: false,
            l_stable: false,
        },
    };
    /// Number of stages.
    pub const STAGES: ::core::primitive::usize = 4usize;
    /// Order of the propagated solution.
    pub const ORDER: ::core::primitive::usize = 3usize;
    /// Order of the embedded solution, if there is one.
    pub const EMBEDDED_ORDER: ::core::option::Option<::core::primitive::usize> = ::core::option::Option::Some(
        2usize,
    );
    /// Stage order.
    pub const STAGE_ORDER: ::core::primitive::usize = 1usize;
    /// The last stage of a step is the first of the next.
    pub const FSAL: ::core::primitive::bool = true;
    /// Principal error norm.
    pub const ERROR_NORM: ::core::primitive::f64 = 0.04181109228747325f64;
    /// Length of the stability interval on the negative real axis.
    pub const REAL_STABILITY: ::core::primitive::f64 = 2.5127453266183286f64;
    /// Length of the stability interval on the imaginary axis.
    pub const IMAGINARY_STABILITY: ::core::primitive::f64 = 1.7320508075688772f64;
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::flow_runtime::__private::Method for BogackiShampine32 {
    const TABLEAU: &'static ::flow_runtime::__private::Tableau = &BogackiShampine32::TABLEAU;
    type Work<S: ::flow_runtime::__private::State> = [S; 4usize];
    fn work<S: ::flow_runtime::__private::State>(__flow_like: &S) -> Self::Work<S> {
        ::core::array::from_fn(|_| ::core::clone::Clone::clone(__flow_like))
    }
    #[inline]
    fn step<
        S: ::flow_runtime::__private::State,
        F: ::flow_runtime::__private::VectorField<S>,
    >(
        __flow_field: &mut F,
        __flow_t0: S::Scalar,
        __flow_t1: S::Scalar,
        __flow_x: &S,
        __flow_work: &mut Self::Work<S>,
        __flow_out: &mut S,
    ) -> ::flow_runtime::__private::Result<()> {
        let [__flow_k1, __flow_k2, __flow_k3, __flow_k4] = __flow_work;
        let __flow_h: ::core::primitive::f64 = ::flow_runtime::__private::Real::to_f64(
            __flow_t1,
        ) - ::flow_runtime::__private::Real::to_f64(__flow_t0);
        ::flow_runtime::__private::VectorField::<
            S,
        >::evaluate(__flow_field, __flow_t0, __flow_x, __flow_k1)?;
        ::flow_runtime::__private::State::combine_into(
            __flow_x,
            [
                (
                    ::flow_runtime::__private::Real::from_f64(__flow_h * 0.5f64),
                    &*__flow_k1,
                ),
            ],
            __flow_out,
        )?;
        ::flow_runtime::__private::VectorField::<
            S,
        >::evaluate(
            __flow_field,
            ::flow_runtime::__private::Real::from_f64(
                ::flow_runtime::__private::Real::to_f64(__flow_t0) + 0.5f64 * __flow_h,
            ),
            &*__flow_out,
            __flow_k2,
        )?;
        ::flow_runtime::__private::State::combine_into(
            __flow_x,
            [
                (
                    ::flow_runtime::__private::Real::from_f64(__flow_h * 0.75f64),
                    &*__flow_k2,
                ),
            ],
            __flow_out,
        )?;
        ::flow_runtime::__private::VectorField::<
            S,
        >::evaluate(
            __flow_field,
            ::flow_runtime::__private::Real::from_f64(
                ::flow_runtime::__private::Real::to_f64(__flow_t0) + 0.75f64 * __flow_h,
            ),
            &*__flow_out,
            __flow_k3,
        )?;
        ::flow_runtime::__private::State::combine_into(
            __flow_x,
            [
                (
                    ::flow_runtime::__private::Real::from_f64(
                        __flow_h * 0.2222222222222222f64,
                    ),
                    &*__flow_k1,
                ),
                (
                    ::flow_runtime::__private::Real::from_f64(
                        __flow_h * 0.3333333333333333f64,
                    ),
                    &*__flow_k2,
                ),
                (
                    ::flow_runtime::__private::Real::from_f64(
                        __flow_h * 0.4444444444444444f64,
                    ),
                    &*__flow_k3,
                ),
            ],
            __flow_out,
        )?;
        ::core::result::Result::Ok(())
    }
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::flow_runtime::__private::Embedded for BogackiShampine32 {
    fn step_embedded<
        S: ::flow_runtime::__private::State,
        F: ::flow_runtime::__private::VectorField<S>,
    >(
        __flow_field: &mut F,
        __flow_t0: S::Scalar,
        __flow_t1: S::Scalar,
        __flow_x: &S,
        __flow_reuse: ::core::primitive::bool,
        __flow_work: &mut Self::Work<S>,
        __flow_out: &mut S,
        __flow_error: &mut S,
    ) -> ::flow_runtime::__private::Result<()> {
        let [__flow_k1, __flow_k2, __flow_k3, __flow_k4] = __flow_work;
        let __flow_h: ::core::primitive::f64 = ::flow_runtime::__private::Real::to_f64(
            __flow_t1,
        ) - ::flow_runtime::__private::Real::to_f64(__flow_t0);
        if __flow_reuse {
            ::core::mem::swap(__flow_k1, __flow_k4);
        } else {
            ::flow_runtime::__private::VectorField::<
                S,
            >::evaluate(__flow_field, __flow_t0, __flow_x, __flow_k1)?;
        }
        ::flow_runtime::__private::State::combine_into(
            __flow_x,
            [
                (
                    ::flow_runtime::__private::Real::from_f64(__flow_h * 0.5f64),
                    &*__flow_k1,
                ),
            ],
            __flow_out,
        )?;
        ::flow_runtime::__private::VectorField::<
            S,
        >::evaluate(
            __flow_field,
            ::flow_runtime::__private::Real::from_f64(
                ::flow_runtime::__private::Real::to_f64(__flow_t0) + 0.5f64 * __flow_h,
            ),
            &*__flow_out,
            __flow_k2,
        )?;
        ::flow_runtime::__private::State::combine_into(
            __flow_x,
            [
                (
                    ::flow_runtime::__private::Real::from_f64(__flow_h * 0.75f64),
                    &*__flow_k2,
                ),
            ],
            __flow_out,
        )?;
        ::flow_runtime::__private::VectorField::<
            S,
        >::evaluate(
            __flow_field,
            ::flow_runtime::__private::Real::from_f64(
                ::flow_runtime::__private::Real::to_f64(__flow_t0) + 0.75f64 * __flow_h,
            ),
            &*__flow_out,
            __flow_k3,
        )?;
        ::flow_runtime::__private::State::combine_into(
            __flow_x,
            [
                (
                    ::flow_runtime::__private::Real::from_f64(
                        __flow_h * 0.2222222222222222f64,
                    ),
                    &*__flow_k1,
                ),
                (
                    ::flow_runtime::__private::Real::from_f64(
                        __flow_h * 0.3333333333333333f64,
                    ),
                    &*__flow_k2,
                ),
                (
                    ::flow_runtime::__private::Real::from_f64(
                        __flow_h * 0.4444444444444444f64,
                    ),
                    &*__flow_k3,
                ),
            ],
            __flow_out,
        )?;
        ::flow_runtime::__private::VectorField::<
            S,
        >::evaluate(__flow_field, __flow_t1, &*__flow_out, __flow_k4)?;
        ::flow_runtime::__private::State::sum_into(
            [
                (
                    ::flow_runtime::__private::Real::from_f64(
                        __flow_h * -0.06944444444444445f64,
                    ),
                    &*__flow_k1,
                ),
                (
                    ::flow_runtime::__private::Real::from_f64(
                        __flow_h * 0.08333333333333333f64,
                    ),
                    &*__flow_k2,
                ),
                (
                    ::flow_runtime::__private::Real::from_f64(
                        __flow_h * 0.1111111111111111f64,
                    ),
                    &*__flow_k3,
                ),
                (
                    ::flow_runtime::__private::Real::from_f64(__flow_h * -0.125f64),
                    &*__flow_k4,
                ),
            ],
            __flow_error,
        )
    }
}
