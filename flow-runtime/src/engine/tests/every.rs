//! Written by the tests of flow-macros.

/// The dfdx network of [`Every`], over a number type and a dfdx device.
///
/// A dfdx module like any other: dfdx's optimisers, counters and converters work on it, and its tensors
/// have the names of a checkpoint.
#[derive(::core::clone::Clone, ::core::fmt::Debug)]
pub struct EveryNetwork<
    E: ::flow_runtime::__private::nn::Dtype,
    D: ::flow_runtime::__private::nn::Device<E>,
> {
    /// Holds `f.frequencies: [4]`, not trained.
    pub f: ::flow_runtime::__private::nn::Tensor<
        (::flow_runtime::__private::nn::Const<4>,),
        E,
        D,
    >,
    /// Holds `y.weight: [5, 6]`.
    pub y: ::flow_runtime::__private::nn::Embedding<5, 6, E, D>,
    /// Holds `time.weight: [6, 17]`.
    pub time: ::flow_runtime::__private::nn::UnbiasedLinear<17, 6, E, D>,
    /// Holds `a.0.weight: [6, 6]` and `a.0.bias: [6]`.
    pub a_0: ::flow_runtime::__private::nn::Linear<6, 6, E, D>,
    /// Holds `a.1.weight: [6, 6]` and `a.1.bias: [6]`.
    pub a_1: ::flow_runtime::__private::nn::Linear<6, 6, E, D>,
    /// Holds `a.2.weight: [6, 6]` and `a.2.bias: [6]`.
    pub a_2: ::flow_runtime::__private::nn::Linear<6, 6, E, D>,
    /// Holds `a.3.weight: [6, 6]` and `a.3.bias: [6]`.
    pub a_3: ::flow_runtime::__private::nn::Linear<6, 6, E, D>,
    /// Holds `a.4.weight: [6, 6]` and `a.4.bias: [6]`.
    pub a_4: ::flow_runtime::__private::nn::Linear<6, 6, E, D>,
    /// Holds `a.5.weight: [6, 6]` and `a.5.bias: [6]`.
    pub a_5: ::flow_runtime::__private::nn::Linear<6, 6, E, D>,
    /// Holds `a.6.weight: [6, 6]` and `a.6.bias: [6]`.
    pub a_6: ::flow_runtime::__private::nn::Linear<6, 6, E, D>,
    /// Holds `a.7.weight: [6, 6]` and `a.7.bias: [6]`.
    pub a_7: ::flow_runtime::__private::nn::Linear<6, 6, E, D>,
    /// Holds `a.8.weight: [6, 6]` and `a.8.bias: [6]`.
    pub a_8: ::flow_runtime::__private::nn::Linear<6, 6, E, D>,
    /// Holds `a.9.weight: [6, 6]` and `a.9.bias: [6]`.
    pub a_9: ::flow_runtime::__private::nn::Linear<6, 6, E, D>,
    /// Holds `a.10.weight: [6, 6]` and `a.10.bias: [6]`.
    pub a_10: ::flow_runtime::__private::nn::Linear<6, 6, E, D>,
    /// Holds `n.weight: [6]` and `n.bias: [6]`.
    pub n: ::flow_runtime::__private::nn::LayerNorm1D<6, E, D>,
    /// Holds `w.weight: [12, 6]` and `w.bias: [12]`.
    pub w: ::flow_runtime::__private::nn::Linear<6, 12, E, D>,
    /// Holds `m.weight: [12]`.
    pub m: ::flow_runtime::__private::nn::Tensor<
        (::flow_runtime::__private::nn::Const<12>,),
        E,
        D,
    >,
    /// Holds `z.weight: [4, 12]` and `z.bias: [4]`.
    pub z: ::flow_runtime::__private::nn::Linear<12, 4, E, D>,
    /// Holds `last.weight: [4]` and `last.bias: [4]`.
    pub last: ::flow_runtime::__private::nn::LayerNorm1D<4, E, D>,
    /// Holds `out.weight: [4, 4]`.
    pub out: ::flow_runtime::__private::nn::UnbiasedLinear<4, 4, E, D>,
}
impl<
    E: ::flow_runtime::__private::nn::Element,
    D: ::flow_runtime::__private::nn::Device<E>,
> ::flow_runtime::__private::nn::TensorCollection<E, D> for EveryNetwork<E, D> {
    type To<
        E2: ::flow_runtime::__private::nn::Dtype,
        D2: ::flow_runtime::__private::nn::Device<E2>,
    > = EveryNetwork<E2, D2>;
    fn iter_tensors<V: ::flow_runtime::__private::nn::ModuleVisitor<Self, E, D>>(
        visitor: &mut V,
    ) -> ::core::result::Result<::core::option::Option<Self::To<V::E2, V::D2>>, V::Err> {
        visitor
            .visit_fields(
                (
                    (
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "f.frequencies",
                            |network: &Self| &network.f,
                            |network: &mut Self| &mut network.f,
                            ::flow_runtime::__private::nn::fixed(|tensor| ::flow_runtime::__private::nn::fill_normal(
                                tensor,
                                2.0,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "y.weight",
                            |network: &Self| &network.y.weight,
                            |network: &mut Self| &mut network.y.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_normal(
                                tensor,
                                1.0,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "time.weight",
                            |network: &Self| &network.time.weight,
                            |network: &mut Self| &mut network.time.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                17,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.0.weight",
                            |network: &Self| &network.a_0.weight,
                            |network: &mut Self| &mut network.a_0.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.0.bias",
                            |network: &Self| &network.a_0.bias,
                            |network: &mut Self| &mut network.a_0.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.1.weight",
                            |network: &Self| &network.a_1.weight,
                            |network: &mut Self| &mut network.a_1.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                    ),
                    (
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.1.bias",
                            |network: &Self| &network.a_1.bias,
                            |network: &mut Self| &mut network.a_1.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.2.weight",
                            |network: &Self| &network.a_2.weight,
                            |network: &mut Self| &mut network.a_2.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.2.bias",
                            |network: &Self| &network.a_2.bias,
                            |network: &mut Self| &mut network.a_2.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.3.weight",
                            |network: &Self| &network.a_3.weight,
                            |network: &mut Self| &mut network.a_3.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.3.bias",
                            |network: &Self| &network.a_3.bias,
                            |network: &mut Self| &mut network.a_3.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.4.weight",
                            |network: &Self| &network.a_4.weight,
                            |network: &mut Self| &mut network.a_4.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                    ),
                    (
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.4.bias",
                            |network: &Self| &network.a_4.bias,
                            |network: &mut Self| &mut network.a_4.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.5.weight",
                            |network: &Self| &network.a_5.weight,
                            |network: &mut Self| &mut network.a_5.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.5.bias",
                            |network: &Self| &network.a_5.bias,
                            |network: &mut Self| &mut network.a_5.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.6.weight",
                            |network: &Self| &network.a_6.weight,
                            |network: &mut Self| &mut network.a_6.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.6.bias",
                            |network: &Self| &network.a_6.bias,
                            |network: &mut Self| &mut network.a_6.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.7.weight",
                            |network: &Self| &network.a_7.weight,
                            |network: &mut Self| &mut network.a_7.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                    ),
                    (
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.7.bias",
                            |network: &Self| &network.a_7.bias,
                            |network: &mut Self| &mut network.a_7.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.8.weight",
                            |network: &Self| &network.a_8.weight,
                            |network: &mut Self| &mut network.a_8.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.8.bias",
                            |network: &Self| &network.a_8.bias,
                            |network: &mut Self| &mut network.a_8.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.9.weight",
                            |network: &Self| &network.a_9.weight,
                            |network: &mut Self| &mut network.a_9.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.9.bias",
                            |network: &Self| &network.a_9.bias,
                            |network: &mut Self| &mut network.a_9.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.10.weight",
                            |network: &Self| &network.a_10.weight,
                            |network: &mut Self| &mut network.a_10.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                    ),
                    (
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "a.10.bias",
                            |network: &Self| &network.a_10.bias,
                            |network: &mut Self| &mut network.a_10.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "n.weight",
                            |network: &Self| &network.n.gamma,
                            |network: &mut Self| &mut network.n.gamma,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_ones(
                                tensor,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "n.bias",
                            |network: &Self| &network.n.beta,
                            |network: &mut Self| &mut network.n.beta,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_zeros(
                                tensor,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "w.weight",
                            |network: &Self| &network.w.weight,
                            |network: &mut Self| &mut network.w.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "w.bias",
                            |network: &Self| &network.w.bias,
                            |network: &mut Self| &mut network.w.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                6,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "m.weight",
                            |network: &Self| &network.m,
                            |network: &mut Self| &mut network.m,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_ones(
                                tensor,
                            )),
                        ),
                    ),
                    (
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "z.weight",
                            |network: &Self| &network.z.weight,
                            |network: &mut Self| &mut network.z.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                12,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "z.bias",
                            |network: &Self| &network.z.bias,
                            |network: &mut Self| &mut network.z.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                12,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "last.weight",
                            |network: &Self| &network.last.gamma,
                            |network: &mut Self| &mut network.last.gamma,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_ones(
                                tensor,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "last.bias",
                            |network: &Self| &network.last.beta,
                            |network: &mut Self| &mut network.last.beta,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_zeros(
                                tensor,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "out.weight",
                            |network: &Self| &network.out.weight,
                            |network: &mut Self| &mut network.out.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                4,
                            )),
                        ),
                    ),
                ),
                |
                    (
                        (t0_0, t1_0, t2_0, t3_0, t3_1, t4_0),
                        (t4_1, t5_0, t5_1, t6_0, t6_1, t7_0),
                        (t7_1, t8_0, t8_1, t9_0, t9_1, t10_0),
                        (t10_1, t11_0, t11_1, t12_0, t12_1, t13_0),
                        (t13_1, t14_0, t14_1, t15_0, t15_1, t16_0),
                        (t17_0, t17_1, t18_0, t18_1, t19_0),
                    )|
                EveryNetwork {
                    f: t0_0,
                    y: ::flow_runtime::__private::nn::Embedding {
                        weight: t1_0,
                    },
                    time: ::flow_runtime::__private::nn::UnbiasedLinear {
                        weight: t2_0,
                    },
                    a_0: ::flow_runtime::__private::nn::Linear {
                        weight: t3_0,
                        bias: t3_1,
                    },
                    a_1: ::flow_runtime::__private::nn::Linear {
                        weight: t4_0,
                        bias: t4_1,
                    },
                    a_2: ::flow_runtime::__private::nn::Linear {
                        weight: t5_0,
                        bias: t5_1,
                    },
                    a_3: ::flow_runtime::__private::nn::Linear {
                        weight: t6_0,
                        bias: t6_1,
                    },
                    a_4: ::flow_runtime::__private::nn::Linear {
                        weight: t7_0,
                        bias: t7_1,
                    },
                    a_5: ::flow_runtime::__private::nn::Linear {
                        weight: t8_0,
                        bias: t8_1,
                    },
                    a_6: ::flow_runtime::__private::nn::Linear {
                        weight: t9_0,
                        bias: t9_1,
                    },
                    a_7: ::flow_runtime::__private::nn::Linear {
                        weight: t10_0,
                        bias: t10_1,
                    },
                    a_8: ::flow_runtime::__private::nn::Linear {
                        weight: t11_0,
                        bias: t11_1,
                    },
                    a_9: ::flow_runtime::__private::nn::Linear {
                        weight: t12_0,
                        bias: t12_1,
                    },
                    a_10: ::flow_runtime::__private::nn::Linear {
                        weight: t13_0,
                        bias: t13_1,
                    },
                    n: ::flow_runtime::__private::nn::LayerNorm1D {
                        gamma: t14_0,
                        beta: t14_1,
                        epsilon: 0.00001,
                    },
                    w: ::flow_runtime::__private::nn::Linear {
                        weight: t15_0,
                        bias: t15_1,
                    },
                    m: t16_0,
                    z: ::flow_runtime::__private::nn::Linear {
                        weight: t17_0,
                        bias: t17_1,
                    },
                    last: ::flow_runtime::__private::nn::LayerNorm1D {
                        gamma: t18_0,
                        beta: t18_1,
                        epsilon: 0.00001,
                    },
                    out: ::flow_runtime::__private::nn::UnbiasedLinear {
                        weight: t19_0,
                    },
                },
            )
    }
}
impl<
    E: ::flow_runtime::__private::nn::Element,
    D: ::flow_runtime::__private::nn::Device<E>,
> EveryNetwork<E, D> {
    /// The velocity of a batch, recorded on the tape that the state carries.
    ///
    /// The time carries none. Without masks, dropout does nothing.
    ///
    /// # Errors
    /// An input of another batch size than the state's, a class that the model does not declare, and what
    /// the device reports.
    #[allow(clippy::too_many_arguments, clippy::type_complexity, unused_variables)]
    pub fn forward<T: ::flow_runtime::__private::nn::Tape<E, D>>(
        &self,
        t: ::flow_runtime::__private::nn::Tensor<(::core::primitive::usize,), E, D>,
        x: ::flow_runtime::__private::nn::Tensor<
            (
                ::core::primitive::usize,
                ::flow_runtime::__private::nn::Const<3>,
                ::flow_runtime::__private::nn::Const<4>,
            ),
            E,
            D,
            T,
        >,
        y: ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize,),
            ::core::primitive::usize,
            D,
        >,
        c: ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
            E,
            D,
        >,
        dropout: ::core::option::Option<&::flow_runtime::__private::nn::Dropout>,
    ) -> ::flow_runtime::__private::Result<
        ::flow_runtime::__private::nn::Tensor<
            (
                ::core::primitive::usize,
                ::flow_runtime::__private::nn::Const<3>,
                ::flow_runtime::__private::nn::Const<4>,
            ),
            E,
            D,
            T,
        >,
    > {
        let (input_0, input_1, input_2, input_3, masks) = (x, t, y, c, dropout);
        let batch = ::flow_runtime::__private::nn::HasShape::shape(&input_0).0;
        let (input_0, tape) = ::flow_runtime::__private::nn::enter(input_0)?;
        ::flow_runtime::__private::nn::check_batch(
            "t",
            ::flow_runtime::__private::nn::HasShape::shape(&input_1),
            batch,
        )?;
        ::flow_runtime::__private::nn::check_batch(
            "y",
            ::flow_runtime::__private::nn::HasShape::shape(&input_2),
            batch,
        )?;
        ::flow_runtime::__private::nn::check_batch(
            "c",
            ::flow_runtime::__private::nn::HasShape::shape(&input_3),
            batch,
        )?;
        let x_0 = input_0;
        let t_1 = ::flow_runtime::__private::nn::reshape(
            input_1,
            (batch, ::flow_runtime::__private::nn::Const::<1>),
        )?;
        let y_2 = input_2;
        let c_3 = ::flow_runtime::__private::nn::reshape(
            input_3,
            (batch, ::flow_runtime::__private::nn::Const::<6>),
        )?;
        let (
            e_4,
            _,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<8>),
                E,
                D,
            >,
            ::flow_runtime::__private::nn::NoneTape,
        ) = ::flow_runtime::__private::nn::sinusoidal(
            ::core::clone::Clone::clone(&t_1),
            16.0,
            ::flow_runtime::__private::nn::NoneTape,
        )?;
        let (
            f_5,
            _,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<8>),
                E,
                D,
            >,
            ::flow_runtime::__private::nn::NoneTape,
        ) = ::flow_runtime::__private::nn::fourier(
            &self.f,
            ::core::clone::Clone::clone(&t_1),
            ::flow_runtime::__private::nn::NoneTape,
        )?;
        let (
            y_6,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::embedding(&self.y, y_2, tape)?;
        let (
            v7,
            _,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<17>),
                E,
                D,
            >,
            ::flow_runtime::__private::nn::NoneTape,
        ) = ::flow_runtime::__private::nn::concat(
            [
                ::flow_runtime::__private::nn::reshape(e_4, (batch, 8))?,
                ::flow_runtime::__private::nn::reshape(f_5, (batch, 8))?,
                ::flow_runtime::__private::nn::reshape(t_1, (batch, 1))?,
            ],
            (batch, ::flow_runtime::__private::nn::Const::<17>),
            ::flow_runtime::__private::nn::NoneTape,
        )?;
        let (
            time_8,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::unbiased_linear(&self.time, v7, tape)?;
        let (
            v9,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(y_6, c_3, tape)?;
        let (
            s_10,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::sub(v9, time_8, tape)?;
        let (
            v11,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::elu(
            ::core::clone::Clone::clone(&s_10),
            0.7,
            tape,
        )?;
        let (
            a0_12,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.a_0, v11, tape)?;
        let (
            v13,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(
            a0_12,
            ::core::clone::Clone::clone(&s_10),
            tape,
        )?;
        let (
            v14,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::gelu(v13, tape)?;
        let (
            a1_15,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.a_1, v14, tape)?;
        let (
            v16,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(
            a1_15,
            ::core::clone::Clone::clone(&s_10),
            tape,
        )?;
        let (
            v17,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::silu(v16, tape)?;
        let (
            a2_18,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.a_2, v17, tape)?;
        let (
            v19,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(
            a2_18,
            ::core::clone::Clone::clone(&s_10),
            tape,
        )?;
        let (
            v20,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::tanh(v19, tape)?;
        let (
            a3_21,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.a_3, v20, tape)?;
        let (
            v22,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(
            a3_21,
            ::core::clone::Clone::clone(&s_10),
            tape,
        )?;
        let (
            v23,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::sigmoid(v22, tape)?;
        let (
            a4_24,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.a_4, v23, tape)?;
        let (
            v25,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(
            a4_24,
            ::core::clone::Clone::clone(&s_10),
            tape,
        )?;
        let (
            v26,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::softplus(v25, tape)?;
        let (
            a5_27,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.a_5, v26, tape)?;
        let (
            v28,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(
            a5_27,
            ::core::clone::Clone::clone(&s_10),
            tape,
        )?;
        let (
            v29,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::leaky_relu(v28, 0.1, tape)?;
        let (
            a6_30,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.a_6, v29, tape)?;
        let (
            v31,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(
            a6_30,
            ::core::clone::Clone::clone(&s_10),
            tape,
        )?;
        let (
            v32,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::sin(v31, tape)?;
        let (
            a7_33,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.a_7, v32, tape)?;
        let (
            v34,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(
            a7_33,
            ::core::clone::Clone::clone(&s_10),
            tape,
        )?;
        let (
            v35,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::relu(v34, tape)?;
        let (
            a8_36,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.a_8, v35, tape)?;
        let (
            v37,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(
            a8_36,
            ::core::clone::Clone::clone(&s_10),
            tape,
        )?;
        let (
            v38,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::scale(v37, 1.5, tape)?;
        let (
            a9_39,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.a_9, v38, tape)?;
        let (
            v40,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(
            a9_39,
            ::core::clone::Clone::clone(&s_10),
            tape,
        )?;
        let (
            v41,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::shift(v40, -0.25, tape)?;
        let (
            a10_42,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.a_10, v41, tape)?;
        let (
            v43,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(a10_42, s_10, tape)?;
        let (
            n_44,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::layer_norm(&self.n, v43, tape)?;
        let (
            v45,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<6>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::dropout(n_44, 0.25, 0u64, masks, tape)?;
        let (
            w_46,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<12>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.w, v45, tape)?;
        let (
            v47,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (
                    ::core::primitive::usize,
                    ::flow_runtime::__private::nn::Const<3>,
                    ::flow_runtime::__private::nn::Const<4>,
                ),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::reshaped(
            w_46,
            (
                batch,
                ::flow_runtime::__private::nn::Const::<3>,
                ::flow_runtime::__private::nn::Const::<4>,
            ),
            tape,
        )?;
        let (copy, tape) = ::flow_runtime::__private::nn::copy(
            ::core::clone::Clone::clone(&x_0),
            tape,
        )?;
        let (
            v48,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (
                    ::core::primitive::usize,
                    ::flow_runtime::__private::nn::Const<3>,
                    ::flow_runtime::__private::nn::Const<4>,
                ),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::mul(
            ::core::clone::Clone::clone(&x_0),
            copy,
            tape,
        )?;
        let (
            v49,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<12>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::reshaped(
            ::core::clone::Clone::clone(&v48),
            (batch, ::flow_runtime::__private::nn::Const::<12>),
            tape,
        )?;
        let (
            v50,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (
                    ::core::primitive::usize,
                    ::flow_runtime::__private::nn::Const<3>,
                    ::flow_runtime::__private::nn::Const<4>,
                ),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::reshaped(
            v49,
            (
                batch,
                ::flow_runtime::__private::nn::Const::<3>,
                ::flow_runtime::__private::nn::Const::<4>,
            ),
            tape,
        )?;
        let (copy, tape) = ::flow_runtime::__private::nn::copy(v50, tape)?;
        let (
            v51,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (
                    ::core::primitive::usize,
                    ::flow_runtime::__private::nn::Const<3>,
                    ::flow_runtime::__private::nn::Const<4>,
                ),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(v48, copy, tape)?;
        let (
            v52,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (
                    ::core::primitive::usize,
                    ::flow_runtime::__private::nn::Const<3>,
                    ::flow_runtime::__private::nn::Const<4>,
                ),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(v47, v51, tape)?;
        let (copy, tape) = ::flow_runtime::__private::nn::copy(
            ::core::clone::Clone::clone(&v52),
            tape,
        )?;
        let (
            v53,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (
                    ::core::primitive::usize,
                    ::flow_runtime::__private::nn::Const<3>,
                    ::flow_runtime::__private::nn::Const<12>,
                ),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::concat(
            [
                ::flow_runtime::__private::nn::reshape(
                    ::core::clone::Clone::clone(&v52),
                    (batch * 3, 4),
                )?,
                ::flow_runtime::__private::nn::reshape(copy, (batch * 3, 4))?,
                ::flow_runtime::__private::nn::reshape(x_0, (batch * 3, 4))?,
            ],
            (
                batch,
                ::flow_runtime::__private::nn::Const::<3>,
                ::flow_runtime::__private::nn::Const::<12>,
            ),
            tape,
        )?;
        let (m_54, tape) = ::flow_runtime::__private::nn::rms_norm(
            &self.m,
            ::flow_runtime::__private::nn::reshape(
                v53,
                (batch * 3, ::flow_runtime::__private::nn::Const::<12>),
            )?,
            0.000001,
            tape,
        )?;
        let m_54: ::flow_runtime::__private::nn::Tensor<
            (
                ::core::primitive::usize,
                ::flow_runtime::__private::nn::Const<3>,
                ::flow_runtime::__private::nn::Const<12>,
            ),
            E,
            D,
        > = ::flow_runtime::__private::nn::reshape(
            m_54,
            (
                batch,
                ::flow_runtime::__private::nn::Const::<3>,
                ::flow_runtime::__private::nn::Const::<12>,
            ),
        )?;
        let (z_55, tape) = ::flow_runtime::__private::nn::linear(
            &self.z,
            ::flow_runtime::__private::nn::reshape(
                m_54,
                (batch * 3, ::flow_runtime::__private::nn::Const::<12>),
            )?,
            tape,
        )?;
        let z_55: ::flow_runtime::__private::nn::Tensor<
            (
                ::core::primitive::usize,
                ::flow_runtime::__private::nn::Const<3>,
                ::flow_runtime::__private::nn::Const<4>,
            ),
            E,
            D,
        > = ::flow_runtime::__private::nn::reshape(
            z_55,
            (
                batch,
                ::flow_runtime::__private::nn::Const::<3>,
                ::flow_runtime::__private::nn::Const::<4>,
            ),
        )?;
        let (v56, tape) = ::flow_runtime::__private::nn::softmax(
            ::flow_runtime::__private::nn::reshape(
                z_55,
                (batch * 3, ::flow_runtime::__private::nn::Const::<4>),
            )?,
            tape,
        )?;
        let v56: ::flow_runtime::__private::nn::Tensor<
            (
                ::core::primitive::usize,
                ::flow_runtime::__private::nn::Const<3>,
                ::flow_runtime::__private::nn::Const<4>,
            ),
            E,
            D,
        > = ::flow_runtime::__private::nn::reshape(
            v56,
            (
                batch,
                ::flow_runtime::__private::nn::Const::<3>,
                ::flow_runtime::__private::nn::Const::<4>,
            ),
        )?;
        let (last_57, tape) = ::flow_runtime::__private::nn::layer_norm(
            &self.last,
            ::flow_runtime::__private::nn::reshape(
                v56,
                (batch * 3, ::flow_runtime::__private::nn::Const::<4>),
            )?,
            tape,
        )?;
        let last_57: ::flow_runtime::__private::nn::Tensor<
            (
                ::core::primitive::usize,
                ::flow_runtime::__private::nn::Const<3>,
                ::flow_runtime::__private::nn::Const<4>,
            ),
            E,
            D,
        > = ::flow_runtime::__private::nn::reshape(
            last_57,
            (
                batch,
                ::flow_runtime::__private::nn::Const::<3>,
                ::flow_runtime::__private::nn::Const::<4>,
            ),
        )?;
        let (
            v58,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (
                    ::core::primitive::usize,
                    ::flow_runtime::__private::nn::Const<3>,
                    ::flow_runtime::__private::nn::Const<4>,
                ),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::mul(last_57, v52, tape)?;
        let (out_59, tape) = ::flow_runtime::__private::nn::unbiased_linear(
            &self.out,
            ::flow_runtime::__private::nn::reshape(
                v58,
                (batch * 3, ::flow_runtime::__private::nn::Const::<4>),
            )?,
            tape,
        )?;
        let out_59: ::flow_runtime::__private::nn::Tensor<
            (
                ::core::primitive::usize,
                ::flow_runtime::__private::nn::Const<3>,
                ::flow_runtime::__private::nn::Const<4>,
            ),
            E,
            D,
        > = ::flow_runtime::__private::nn::reshape(
            out_59,
            (
                batch,
                ::flow_runtime::__private::nn::Const::<3>,
                ::flow_runtime::__private::nn::Const::<4>,
            ),
        )?;
        ::core::result::Result::Ok(
            ::flow_runtime::__private::nn::PutTape::put_tape(out_59, tape),
        )
    }
}
impl<
    E: ::flow_runtime::__private::nn::Element,
    D: ::flow_runtime::__private::nn::Device<E>,
> ::flow_runtime::__private::nn::Network<E, D> for EveryNetwork<E, D> {
    fn traced(
        &self,
        inputs: &::flow_runtime::__private::nn::Inputs<E, D>,
        x: ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::core::primitive::usize),
            E,
            D,
            ::flow_runtime::__private::nn::OwnedTape<E, D>,
        >,
        dropout: ::core::option::Option<&::flow_runtime::__private::nn::Dropout>,
    ) -> ::flow_runtime::__private::Result<
        ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::core::primitive::usize),
            E,
            D,
            ::flow_runtime::__private::nn::OwnedTape<E, D>,
        >,
    > {
        let batch = ::flow_runtime::__private::nn::HasShape::shape(&x).0;
        ::flow_runtime::__private::nn::flatten(
            self
                .forward(
                    ::core::clone::Clone::clone(&inputs.t),
                    ::flow_runtime::__private::nn::reshape(
                        x,
                        (
                            batch,
                            ::flow_runtime::__private::nn::Const::<3>,
                            ::flow_runtime::__private::nn::Const::<4>,
                        ),
                    )?,
                    inputs.class(0usize)?,
                    inputs
                        .vector(
                            1usize,
                            (batch, ::flow_runtime::__private::nn::Const::<6>),
                        )?,
                    dropout,
                )?,
            batch,
        )
    }
    fn velocity(
        &self,
        inputs: &::flow_runtime::__private::nn::Inputs<E, D>,
        x: ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::core::primitive::usize),
            E,
            D,
        >,
    ) -> ::flow_runtime::__private::Result<
        ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::core::primitive::usize),
            E,
            D,
        >,
    > {
        let batch = ::flow_runtime::__private::nn::HasShape::shape(&x).0;
        ::flow_runtime::__private::nn::flatten(
            self
                .forward(
                    ::core::clone::Clone::clone(&inputs.t),
                    ::flow_runtime::__private::nn::reshape(
                        x,
                        (
                            batch,
                            ::flow_runtime::__private::nn::Const::<3>,
                            ::flow_runtime::__private::nn::Const::<4>,
                        ),
                    )?,
                    inputs.class(0usize)?,
                    inputs
                        .vector(
                            1usize,
                            (batch, ::flow_runtime::__private::nn::Const::<6>),
                        )?,
                    ::core::option::Option::None,
                )?,
            batch,
        )
    }
}
impl ::flow_runtime::__private::nn::DfdxModel for Every {
    type Network = EveryNetwork<
        ::core::primitive::f32,
        ::flow_runtime::__private::nn::Cpu,
    >;
}
