/// The dfdx network of [`Moons`], over a number type and a dfdx device.
///
/// A dfdx module like any other: dfdx's optimisers, counters and converters work on it, and its tensors
/// have the names of a checkpoint.
#[derive(::core::clone::Clone, ::core::fmt::Debug)]
#[allow(clippy::all, clippy::pedantic)]
pub struct MoonsNetwork<
    E: ::flow_runtime::__private::nn::Dtype,
    D: ::flow_runtime::__private::nn::Device<E>,
> {
    /// Holds `h.weight: [64, 34]` and `h.bias: [64]`.
    pub h: ::flow_runtime::__private::nn::Linear<34, 64, E, D>,
    /// Holds `h2.weight: [128, 64]` and `h2.bias: [128]`.
    pub h2: ::flow_runtime::__private::nn::Linear<64, 128, E, D>,
    /// Holds `h3.weight: [64, 128]` and `h3.bias: [64]`.
    pub h3: ::flow_runtime::__private::nn::Linear<128, 64, E, D>,
    /// Holds `out.weight: [2, 64]` and `out.bias: [2]`.
    pub out: ::flow_runtime::__private::nn::Linear<64, 2, E, D>,
}
#[automatically_derived]
#[allow(clippy::all, clippy::pedantic)]
impl<
    E: ::flow_runtime::__private::nn::Element,
    D: ::flow_runtime::__private::nn::Device<E>,
> ::flow_runtime::__private::nn::TensorCollection<E, D> for MoonsNetwork<E, D> {
    type To<
        E2: ::flow_runtime::__private::nn::Dtype,
        D2: ::flow_runtime::__private::nn::Device<E2>,
    > = MoonsNetwork<E2, D2>;
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
                            "h.weight",
                            |network: &Self| &network.h.weight,
                            |network: &mut Self| &mut network.h.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                34,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "h.bias",
                            |network: &Self| &network.h.bias,
                            |network: &mut Self| &mut network.h.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                34,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "h2.weight",
                            |network: &Self| &network.h2.weight,
                            |network: &mut Self| &mut network.h2.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                64,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "h2.bias",
                            |network: &Self| &network.h2.bias,
                            |network: &mut Self| &mut network.h2.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                64,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "h3.weight",
                            |network: &Self| &network.h3.weight,
                            |network: &mut Self| &mut network.h3.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                128,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "h3.bias",
                            |network: &Self| &network.h3.bias,
                            |network: &mut Self| &mut network.h3.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                128,
                            )),
                        ),
                    ),
                    (
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "out.weight",
                            |network: &Self| &network.out.weight,
                            |network: &mut Self| &mut network.out.weight,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                64,
                            )),
                        ),
                        <Self as ::flow_runtime::__private::nn::TensorCollection<
                            E,
                            D,
                        >>::tensor(
                            "out.bias",
                            |network: &Self| &network.out.bias,
                            |network: &mut Self| &mut network.out.bias,
                            ::flow_runtime::__private::nn::trained(|tensor| ::flow_runtime::__private::nn::fill_fan_in(
                                tensor,
                                64,
                            )),
                        ),
                    ),
                ),
                |((t0_0, t0_1, t1_0, t1_1, t2_0, t2_1), (t3_0, t3_1))| MoonsNetwork {
                    h: ::flow_runtime::__private::nn::Linear {
                        weight: t0_0,
                        bias: t0_1,
                    },
                    h2: ::flow_runtime::__private::nn::Linear {
                        weight: t1_0,
                        bias: t1_1,
                    },
                    h3: ::flow_runtime::__private::nn::Linear {
                        weight: t2_0,
                        bias: t2_1,
                    },
                    out: ::flow_runtime::__private::nn::Linear {
                        weight: t3_0,
                        bias: t3_1,
                    },
                },
            )
    }
}
#[automatically_derived]
#[allow(clippy::all, clippy::pedantic)]
impl<
    E: ::flow_runtime::__private::nn::Element,
    D: ::flow_runtime::__private::nn::Device<E>,
> MoonsNetwork<E, D> {
    /// The velocity of a batch, recorded on the tape that the state carries.
    ///
    /// The time carries none. Without masks, dropout does nothing.
    ///
    /// # Errors
    /// An input of another batch size than the state's, a class that the model does not declare, and what
    /// the device reports.
    #[allow(unused_variables)]
    pub fn forward<T: ::flow_runtime::__private::nn::Tape<E, D>>(
        &self,
        t: ::flow_runtime::__private::nn::Tensor<(::core::primitive::usize,), E, D>,
        x: ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<2>),
            E,
            D,
            T,
        >,
        dropout: ::core::option::Option<&::flow_runtime::__private::nn::Dropout>,
    ) -> ::flow_runtime::__private::Result<
        ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<2>),
            E,
            D,
            T,
        >,
    > {
        let (input_0, input_1, masks) = (x, t, dropout);
        let batch = ::flow_runtime::__private::nn::HasShape::shape(&input_0).0;
        let (input_0, tape) = ::flow_runtime::__private::nn::enter(input_0)?;
        ::flow_runtime::__private::nn::check_batch(
            "t",
            ::flow_runtime::__private::nn::HasShape::shape(&input_1),
            batch,
        )?;
        let x_0 = input_0;
        let t_1 = ::flow_runtime::__private::nn::reshape(
            input_1,
            (batch, ::flow_runtime::__private::nn::Const::<1>),
        )?;
        let (
            e_2,
            _,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<32>),
                E,
                D,
            >,
            ::flow_runtime::__private::nn::NoneTape,
        ) = ::flow_runtime::__private::nn::sinusoidal(
            t_1,
            64.0,
            ::flow_runtime::__private::nn::NoneTape,
        )?;
        let (
            v3,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<34>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::concat(
            [
                ::flow_runtime::__private::nn::reshape(x_0, (batch, 2))?,
                ::flow_runtime::__private::nn::reshape(e_2, (batch, 32))?,
            ],
            (batch, ::flow_runtime::__private::nn::Const::<34>),
            tape,
        )?;
        let (
            h_4,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<64>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.h, v3, tape)?;
        let (
            h_5,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<64>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::elu(h_4, 1.0, tape)?;
        let (
            h2_6,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<128>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.h2, h_5, tape)?;
        let (
            h_7,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<128>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::elu(h2_6, 1.0, tape)?;
        let (
            h3_8,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<64>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.h3, h_7, tape)?;
        let (
            h_9,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<64>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::elu(h3_8, 1.0, tape)?;
        let (
            out_10,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<2>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.out, h_9, tape)?;
        ::core::result::Result::Ok(
            ::flow_runtime::__private::nn::PutTape::put_tape(out_10, tape),
        )
    }
}
#[automatically_derived]
#[allow(clippy::all, clippy::pedantic)]
impl<
    E: ::flow_runtime::__private::nn::Element,
    D: ::flow_runtime::__private::nn::Device<E>,
> ::flow_runtime::__private::nn::Network<E, D> for MoonsNetwork<E, D> {
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
                        (batch, ::flow_runtime::__private::nn::Const::<2>),
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
                        (batch, ::flow_runtime::__private::nn::Const::<2>),
                    )?,
                    ::core::option::Option::None,
                )?,
            batch,
        )
    }
}
#[automatically_derived]
impl ::flow_runtime::__private::nn::DfdxModel for Moons {
    type Network = MoonsNetwork<
        ::core::primitive::f32,
        ::flow_runtime::__private::nn::Cpu,
    >;
}
