//! Written by the tests of flow-macros.

/// The dfdx network of [`Custom`], over a number type and a dfdx device.
///
/// A dfdx module like any other: dfdx's optimisers, counters and converters work on it, and its tensors
/// have the names of a checkpoint.
#[derive(::core::clone::Clone, ::core::fmt::Debug)]
pub struct CustomNetwork<
    E: ::flow_runtime::__private::nn::Dtype,
    D: ::flow_runtime::__private::nn::Device<E>,
    Module0
        = <super::Residual as ::flow_runtime::__private::nn::BuildOnDevice<D, E>>::Built,
    Module1 = <super::Head as ::flow_runtime::__private::nn::BuildOnDevice<D, E>>::Built,
> {
    /// The module of the layer `h`.
    pub h: Module0,
    /// The module of the layer `k`.
    pub k: Module1,
    /// Holds `out.weight: [3, 3]` and `out.bias: [3]`.
    pub out: ::flow_runtime::__private::nn::Linear<3, 3, E, D>,
}
impl<
    E: ::flow_runtime::__private::nn::Element,
    D: ::flow_runtime::__private::nn::Device<E>,
    Module0: ::flow_runtime::__private::nn::TensorCollection<E, D>,
    Module1: ::flow_runtime::__private::nn::TensorCollection<E, D>,
> ::flow_runtime::__private::nn::TensorCollection<E, D>
for CustomNetwork<E, D, Module0, Module1> {
    type To<
        E2: ::flow_runtime::__private::nn::Dtype,
        D2: ::flow_runtime::__private::nn::Device<E2>,
    > = CustomNetwork<
        E2,
        D2,
        <Module0 as ::flow_runtime::__private::nn::TensorCollection<E, D>>::To<E2, D2>,
        <Module1 as ::flow_runtime::__private::nn::TensorCollection<E, D>>::To<E2, D2>,
    >;
    fn iter_tensors<V: ::flow_runtime::__private::nn::ModuleVisitor<Self, E, D>>(
        visitor: &mut V,
    ) -> ::core::result::Result<::core::option::Option<Self::To<V::E2, V::D2>>, V::Err> {
        visitor
            .visit_fields(
                (
                    <Self as ::flow_runtime::__private::nn::TensorCollection<
                        E,
                        D,
                    >>::module(
                        "h",
                        |network: &Self| &network.h,
                        |network: &mut Self| &mut network.h,
                    ),
                    <Self as ::flow_runtime::__private::nn::TensorCollection<
                        E,
                        D,
                    >>::module(
                        "k",
                        |network: &Self| &network.k,
                        |network: &mut Self| &mut network.k,
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
                            3,
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
                            3,
                        )),
                    ),
                ),
                |(t0_0, t1_0, t2_0, t2_1)| CustomNetwork {
                    h: t0_0,
                    k: t1_0,
                    out: ::flow_runtime::__private::nn::Linear {
                        weight: t2_0,
                        bias: t2_1,
                    },
                },
            )
    }
}
impl<
    E: ::flow_runtime::__private::nn::Element,
    D: ::flow_runtime::__private::nn::Device<E>,
    Module0,
    Module1,
> CustomNetwork<E, D, Module0, Module1> {
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
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<3>),
            E,
            D,
            T,
        >,
        dropout: ::core::option::Option<&::flow_runtime::__private::nn::Dropout>,
    ) -> ::flow_runtime::__private::Result<
        ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<3>),
            E,
            D,
            T,
        >,
    >
    where
        Module0: ::flow_runtime::__private::nn::Module<
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
                E,
                D,
                T,
            >,
            Output = ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
                E,
                D,
                T,
            >,
        >,
        Module1: ::flow_runtime::__private::nn::Module<
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
                E,
                D,
                T,
            >,
            Output = ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<3>),
                E,
                D,
                T,
            >,
        >,
    {
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
            v2,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::concat(
            [
                ::flow_runtime::__private::nn::reshape(x_0, (batch, 3))?,
                ::flow_runtime::__private::nn::reshape(t_1, (batch, 1))?,
            ],
            (batch, ::flow_runtime::__private::nn::Const::<4>),
            tape,
        )?;
        let (
            h_3,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::module(
            &self.h,
            ::core::clone::Clone::clone(&v2),
            (batch, ::flow_runtime::__private::nn::Const::<4>),
            tape,
        )?;
        let (copy, tape) = ::flow_runtime::__private::nn::copy(h_3, tape)?;
        let (
            v4,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::add(v2, copy, tape)?;
        let (
            k_5,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<3>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::module(
            &self.k,
            v4,
            (batch, ::flow_runtime::__private::nn::Const::<3>),
            tape,
        )?;
        let (
            out_6,
            tape,
        ): (
            ::flow_runtime::__private::nn::Tensor<
                (::core::primitive::usize, ::flow_runtime::__private::nn::Const<3>),
                E,
                D,
            >,
            T,
        ) = ::flow_runtime::__private::nn::linear(&self.out, k_5, tape)?;
        ::core::result::Result::Ok(
            ::flow_runtime::__private::nn::PutTape::put_tape(out_6, tape),
        )
    }
}
impl<
    E: ::flow_runtime::__private::nn::Element,
    D: ::flow_runtime::__private::nn::Device<E>,
    Module0,
    Module1,
> ::flow_runtime::__private::nn::Network<E, D> for CustomNetwork<E, D, Module0, Module1>
where
    Module0: ::flow_runtime::__private::nn::Module<
        ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
            E,
            D,
            ::flow_runtime::__private::nn::OwnedTape<E, D>,
        >,
        Output = ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
            E,
            D,
            ::flow_runtime::__private::nn::OwnedTape<E, D>,
        >,
    >,
    Module1: ::flow_runtime::__private::nn::Module<
        ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
            E,
            D,
            ::flow_runtime::__private::nn::OwnedTape<E, D>,
        >,
        Output = ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<3>),
            E,
            D,
            ::flow_runtime::__private::nn::OwnedTape<E, D>,
        >,
    >,
    Module0: ::flow_runtime::__private::nn::Module<
        ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
            E,
            D,
            ::flow_runtime::__private::nn::NoneTape,
        >,
        Output = ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
            E,
            D,
            ::flow_runtime::__private::nn::NoneTape,
        >,
    >,
    Module1: ::flow_runtime::__private::nn::Module<
        ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<4>),
            E,
            D,
            ::flow_runtime::__private::nn::NoneTape,
        >,
        Output = ::flow_runtime::__private::nn::Tensor<
            (::core::primitive::usize, ::flow_runtime::__private::nn::Const<3>),
            E,
            D,
            ::flow_runtime::__private::nn::NoneTape,
        >,
    >,
    Module0: ::flow_runtime::__private::nn::TensorCollection<E, D, To<E, D> = Module0>,
    Module1: ::flow_runtime::__private::nn::TensorCollection<E, D, To<E, D> = Module1>,
{
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
                        (batch, ::flow_runtime::__private::nn::Const::<3>),
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
                        (batch, ::flow_runtime::__private::nn::Const::<3>),
                    )?,
                    ::core::option::Option::None,
                )?,
            batch,
        )
    }
}
impl ::flow_runtime::__private::nn::DfdxModel for Custom {
    type Network = CustomNetwork<
        ::core::primitive::f32,
        ::flow_runtime::__private::nn::Cpu,
    >;
}
