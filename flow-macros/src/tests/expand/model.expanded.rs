/// Documented by hand.
/**
# Inputs

* `x`: the state, `[1, DIM]`
* `t`: the time
* `y`: a class label below `3`
* `c`: a condition, `[4]`

# Parameters

| name | shape |
| --- | --- |
| `e.weight` | `[3, 4]` |
| `h.weight` | `[6, DIM + 16]` |
| `h.bias` | `[6]` |
| `h2.weight` | `[6]` |
| `h2.bias` | `[6]` |
| `h3.r.weight` | `[12, 6]` |
| `h3.r.bias` | `[12]` |
| `h3.out.weight` | `[6, 12]` |
| `h3.out.bias` | `[6]` |
| `out.weight` | `[DIM, 6]` |
*/
#[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
pub(crate) struct Field {
    weights: ::flow_runtime::__private::Weights,
}
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic)]
impl Field {
    /// What the model computes.
    pub const PROGRAM: &'static ::flow_runtime::__private::Program = &::flow_runtime::__private::Program {
        name: "Field",
        inputs: &[
            ::flow_runtime::__private::Input {
                name: "x",
                kind: ::flow_runtime::__private::InputKind::State,
                shape: &[1, DIM],
            },
            ::flow_runtime::__private::Input {
                name: "t",
                kind: ::flow_runtime::__private::InputKind::Time,
                shape: &[1],
            },
            ::flow_runtime::__private::Input {
                name: "y",
                kind: ::flow_runtime::__private::InputKind::Class {
                    classes: 3,
                },
                shape: &[],
            },
            ::flow_runtime::__private::Input {
                name: "c",
                kind: ::flow_runtime::__private::InputKind::Vector,
                shape: &[4],
            },
        ],
        nodes: &[
            ::flow_runtime::__private::Node {
                name: "x",
                op: ::flow_runtime::__private::Op::Input(0),
                inputs: &[],
                shape: &[1, DIM],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "t",
                op: ::flow_runtime::__private::Op::Input(1),
                inputs: &[],
                shape: &[1],
                parameters: &[],
                batch_invariant: true,
            },
            ::flow_runtime::__private::Node {
                name: "y",
                op: ::flow_runtime::__private::Op::Input(2),
                inputs: &[],
                shape: &[],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "c",
                op: ::flow_runtime::__private::Op::Input(3),
                inputs: &[],
                shape: &[4],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "",
                op: ::flow_runtime::__private::Op::Sinusoidal {
                    max: 64f64,
                },
                inputs: &[1],
                shape: &[8],
                parameters: &[],
                batch_invariant: true,
            },
            ::flow_runtime::__private::Node {
                name: "e",
                op: ::flow_runtime::__private::Op::Embedding,
                inputs: &[2],
                shape: &[4],
                parameters: &[0],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "e",
                op: ::flow_runtime::__private::Op::Concat,
                inputs: &[4, 5, 3],
                shape: &[16],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "",
                op: ::flow_runtime::__private::Op::Reshape,
                inputs: &[0],
                shape: &[DIM],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "",
                op: ::flow_runtime::__private::Op::Concat,
                inputs: &[7, 6],
                shape: &[DIM + 16],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "h",
                op: ::flow_runtime::__private::Op::Linear,
                inputs: &[8],
                shape: &[6],
                parameters: &[1, 2],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "",
                op: ::flow_runtime::__private::Op::Dropout {
                    p: 0.1f64,
                },
                inputs: &[9],
                shape: &[6],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "h",
                op: ::flow_runtime::__private::Op::Add,
                inputs: &[9, 10],
                shape: &[6],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "",
                op: ::flow_runtime::__private::Op::Dropout {
                    p: 0.1f64,
                },
                inputs: &[11],
                shape: &[6],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "h",
                op: ::flow_runtime::__private::Op::Add,
                inputs: &[11, 12],
                shape: &[6],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "h2",
                op: ::flow_runtime::__private::Op::LayerNorm {
                    eps: 0.00001f64,
                },
                inputs: &[13],
                shape: &[6],
                parameters: &[3, 4],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "h3.r",
                op: ::flow_runtime::__private::Op::Linear,
                inputs: &[14],
                shape: &[12],
                parameters: &[5, 6],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "h3.r",
                op: ::flow_runtime::__private::Op::Silu,
                inputs: &[15],
                shape: &[12],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "h3.out",
                op: ::flow_runtime::__private::Op::Linear,
                inputs: &[16],
                shape: &[6],
                parameters: &[7, 8],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "",
                op: ::flow_runtime::__private::Op::Scale(0.5f64),
                inputs: &[17],
                shape: &[6],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "h",
                op: ::flow_runtime::__private::Op::Add,
                inputs: &[14, 18],
                shape: &[6],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "out",
                op: ::flow_runtime::__private::Op::Linear,
                inputs: &[19],
                shape: &[DIM],
                parameters: &[9],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "",
                op: ::flow_runtime::__private::Op::Reshape,
                inputs: &[20],
                shape: &[1, DIM],
                parameters: &[],
                batch_invariant: false,
            },
            ::flow_runtime::__private::Node {
                name: "",
                op: ::flow_runtime::__private::Op::Shift(-1f64),
                inputs: &[21],
                shape: &[1, DIM],
                parameters: &[],
                batch_invariant: false,
            },
        ],
        parameters: &[
            ::flow_runtime::__private::Parameter {
                name: "e.weight",
                shape: &[3, 4],
                init: ::flow_runtime::__private::Init::Normal {
                    std: 1f64,
                },
                trained: true,
            },
            ::flow_runtime::__private::Parameter {
                name: "h.weight",
                shape: &[6, DIM + 16],
                init: ::flow_runtime::__private::Init::FanIn({
                    const __FLOW_DIM: ::core::primitive::usize = DIM + 16;
                    __FLOW_DIM
                }),
                trained: true,
            },
            ::flow_runtime::__private::Parameter {
                name: "h.bias",
                shape: &[6],
                init: ::flow_runtime::__private::Init::FanIn({
                    const __FLOW_DIM: ::core::primitive::usize = DIM + 16;
                    __FLOW_DIM
                }),
                trained: true,
            },
            ::flow_runtime::__private::Parameter {
                name: "h2.weight",
                shape: &[6],
                init: ::flow_runtime::__private::Init::Ones,
                trained: true,
            },
            ::flow_runtime::__private::Parameter {
                name: "h2.bias",
                shape: &[6],
                init: ::flow_runtime::__private::Init::Zeros,
                trained: true,
            },
            ::flow_runtime::__private::Parameter {
                name: "h3.r.weight",
                shape: &[12, 6],
                init: ::flow_runtime::__private::Init::FanIn(6),
                trained: true,
            },
            ::flow_runtime::__private::Parameter {
                name: "h3.r.bias",
                shape: &[12],
                init: ::flow_runtime::__private::Init::FanIn(6),
                trained: true,
            },
            ::flow_runtime::__private::Parameter {
                name: "h3.out.weight",
                shape: &[6, 12],
                init: ::flow_runtime::__private::Init::FanIn(12),
                trained: true,
            },
            ::flow_runtime::__private::Parameter {
                name: "h3.out.bias",
                shape: &[6],
                init: ::flow_runtime::__private::Init::FanIn(12),
                trained: true,
            },
            ::flow_runtime::__private::Parameter {
                name: "out.weight",
                shape: &[DIM, 6],
                init: ::flow_runtime::__private::Init::FanIn(6),
                trained: true,
            },
        ],
        output: 22,
    };
    /// Number of weights, those included that training does not change.
    pub const PARAMETERS: ::core::primitive::usize = Self::PROGRAM.parameter_count();
    /// Floating-point operations of the matrix products for one sample.
    pub const FLOPS: ::core::primitive::u64 = Self::PROGRAM.flops();
    /// Hash of the program; a checkpoint carries it.
    pub const SCHEMA: ::core::primitive::u64 = Self::PROGRAM.schema_hash();
    /// Numbers in one state.
    pub const DIM: ::core::primitive::usize = Self::PROGRAM.state_dim();
    /// The model with its initial weights, which depend on the seed alone.
    pub fn new(seed: ::core::primitive::u64) -> Self {
        <Self as ::flow_runtime::__private::Model>::from_weights_unchecked(
            <Self as ::flow_runtime::__private::Model>::initial_weights(seed),
        )
    }
}
#[automatically_derived]
#[allow(clippy::all, clippy::pedantic)]
impl ::flow_runtime::__private::Model for Field {
    const PROGRAM: &'static ::flow_runtime::__private::Program = Field::PROGRAM;
    fn weights(&self) -> &::flow_runtime::__private::Weights {
        &self.weights
    }
    fn weights_mut(&mut self) -> &mut ::flow_runtime::__private::Weights {
        &mut self.weights
    }
    fn from_weights_unchecked(weights: ::flow_runtime::__private::Weights) -> Self {
        Self { weights }
    }
}
#[allow(clippy::all, clippy::pedantic)]
const _: () = ::core::assert!(
    (DIM) > 0, "{}", "the dimension `DIM` is at least 1, found 0"
);
::flow_runtime::__private::if_dfdx! {
    #[doc = " The dfdx network of [`Field`], over a number type and a dfdx device."]
    #[doc = r""] #[doc =
    r" A dfdx module like any other: dfdx's optimisers, counters and converters work on it, and its tensors"]
    #[doc = r" have the names of a checkpoint."] #[derive(::core::clone::Clone,
    ::core::fmt::Debug)] #[allow(clippy::all, clippy::pedantic)] pub (crate) struct
    FieldNetwork < E : ::flow_runtime::__private::nn::Dtype, D :
    ::flow_runtime::__private::nn::Device < E >, > { #[doc =
    " Holds `e.weight: [3, 4]`."] pub e : ::flow_runtime::__private::nn::Embedding < 3,
    4, E, D >, #[doc = " Holds `h.weight: [6, DIM + 16]` and `h.bias: [6]`."] pub h :
    ::flow_runtime::__private::nn::Linear < { DIM + 16 }, 6, E, D >, #[doc =
    " Holds `h2.weight: [6]` and `h2.bias: [6]`."] pub h2 :
    ::flow_runtime::__private::nn::LayerNorm1D < 6, E, D >, #[doc =
    " Holds `h3.r.weight: [12, 6]` and `h3.r.bias: [12]`."] pub h3_r :
    ::flow_runtime::__private::nn::Linear < 6, 12, E, D >, #[doc =
    " Holds `h3.out.weight: [6, 12]` and `h3.out.bias: [6]`."] pub h3_out :
    ::flow_runtime::__private::nn::Linear < 12, 6, E, D >, #[doc =
    " Holds `out.weight: [DIM, 6]`."] pub out :
    ::flow_runtime::__private::nn::UnbiasedLinear < 6, { DIM }, E, D >, }
    #[automatically_derived] #[allow(clippy::all, clippy::pedantic)] impl < E :
    ::flow_runtime::__private::nn::Element, D : ::flow_runtime::__private::nn::Device < E
    >, > ::flow_runtime::__private::nn::TensorCollection < E, D > for FieldNetwork < E,
    D, > { type To < E2 : ::flow_runtime::__private::nn::Dtype, D2 :
    ::flow_runtime::__private::nn::Device < E2 >> = FieldNetwork < E2, D2, >; fn
    iter_tensors < V : ::flow_runtime::__private::nn::ModuleVisitor < Self, E, D >>
    (visitor : & mut V,) -> ::core::result::Result < ::core::option::Option < Self::To <
    V::E2, V::D2 >>, V::Err > { visitor.visit_fields(((< Self as
    ::flow_runtime::__private::nn::TensorCollection < E, D >> ::tensor("e.weight", |
    network : & Self | & network.e.weight, | network : & mut Self | & mut network.e
    .weight, ::flow_runtime::__private::nn::trained(| tensor |
    ::flow_runtime::__private::nn::fill_normal(tensor, 1.0)),), < Self as
    ::flow_runtime::__private::nn::TensorCollection < E, D >> ::tensor("h.weight", |
    network : & Self | & network.h.weight, | network : & mut Self | & mut network.h
    .weight, ::flow_runtime::__private::nn::trained(| tensor |
    ::flow_runtime::__private::nn::fill_fan_in(tensor, { const __FLOW_DIM :
    ::core::primitive::usize = DIM + 16; __FLOW_DIM })),), < Self as
    ::flow_runtime::__private::nn::TensorCollection < E, D >> ::tensor("h.bias", |
    network : & Self | & network.h.bias, | network : & mut Self | & mut network.h.bias,
    ::flow_runtime::__private::nn::trained(| tensor |
    ::flow_runtime::__private::nn::fill_fan_in(tensor, { const __FLOW_DIM :
    ::core::primitive::usize = DIM + 16; __FLOW_DIM })),), < Self as
    ::flow_runtime::__private::nn::TensorCollection < E, D >> ::tensor("h2.weight", |
    network : & Self | & network.h2.gamma, | network : & mut Self | & mut network.h2
    .gamma, ::flow_runtime::__private::nn::trained(| tensor |
    ::flow_runtime::__private::nn::fill_ones(tensor)),), < Self as
    ::flow_runtime::__private::nn::TensorCollection < E, D >> ::tensor("h2.bias", |
    network : & Self | & network.h2.beta, | network : & mut Self | & mut network.h2.beta,
    ::flow_runtime::__private::nn::trained(| tensor |
    ::flow_runtime::__private::nn::fill_zeros(tensor)),), < Self as
    ::flow_runtime::__private::nn::TensorCollection < E, D >> ::tensor("h3.r.weight", |
    network : & Self | & network.h3_r.weight, | network : & mut Self | & mut network.h3_r
    .weight, ::flow_runtime::__private::nn::trained(| tensor |
    ::flow_runtime::__private::nn::fill_fan_in(tensor, 6)),),), (< Self as
    ::flow_runtime::__private::nn::TensorCollection < E, D >> ::tensor("h3.r.bias", |
    network : & Self | & network.h3_r.bias, | network : & mut Self | & mut network.h3_r
    .bias, ::flow_runtime::__private::nn::trained(| tensor |
    ::flow_runtime::__private::nn::fill_fan_in(tensor, 6)),), < Self as
    ::flow_runtime::__private::nn::TensorCollection < E, D >> ::tensor("h3.out.weight", |
    network : & Self | & network.h3_out.weight, | network : & mut Self | & mut network
    .h3_out.weight, ::flow_runtime::__private::nn::trained(| tensor |
    ::flow_runtime::__private::nn::fill_fan_in(tensor, 12)),), < Self as
    ::flow_runtime::__private::nn::TensorCollection < E, D >> ::tensor("h3.out.bias", |
    network : & Self | & network.h3_out.bias, | network : & mut Self | & mut network
    .h3_out.bias, ::flow_runtime::__private::nn::trained(| tensor |
    ::flow_runtime::__private::nn::fill_fan_in(tensor, 12)),), < Self as
    ::flow_runtime::__private::nn::TensorCollection < E, D >> ::tensor("out.weight", |
    network : & Self | & network.out.weight, | network : & mut Self | & mut network.out
    .weight, ::flow_runtime::__private::nn::trained(| tensor |
    ::flow_runtime::__private::nn::fill_fan_in(tensor, 6)),),),), | ((t0_0, t1_0, t1_1,
    t2_0, t2_1, t3_0,), (t3_1, t4_0, t4_1, t5_0,),) | FieldNetwork { e :
    ::flow_runtime::__private::nn::Embedding { weight : t0_0 }, h :
    ::flow_runtime::__private::nn::Linear { weight : t1_0, bias : t1_1 }, h2 :
    ::flow_runtime::__private::nn::LayerNorm1D { gamma : t2_0, beta : t2_1, epsilon :
    0.00001 }, h3_r : ::flow_runtime::__private::nn::Linear { weight : t3_0, bias : t3_1
    }, h3_out : ::flow_runtime::__private::nn::Linear { weight : t4_0, bias : t4_1 }, out
    : ::flow_runtime::__private::nn::UnbiasedLinear { weight : t5_0 }, }) } }
    #[automatically_derived] #[allow(clippy::all, clippy::pedantic)] impl < E :
    ::flow_runtime::__private::nn::Element, D : ::flow_runtime::__private::nn::Device < E
    >, > FieldNetwork < E, D, > { #[doc =
    r" The velocity of a batch, recorded on the tape that the state carries."] #[doc =
    r""] #[doc = r" The time carries none. Without masks, dropout does nothing."] #[doc =
    r""] #[doc = r" # Errors"] #[doc =
    r" An input of another batch size than the state's, a class that the model does not declare, and what"]
    #[doc = r" the device reports."] #[allow(unused_variables)] pub fn forward < T :
    ::flow_runtime::__private::nn::Tape < E, D >> (& self, t :
    ::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,), E, D >, x :
    ::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 1 >, ::flow_runtime::__private::nn::Const < {
    DIM } >,), E, D, T >, y : ::flow_runtime::__private::nn::Tensor <
    (::core::primitive::usize,), ::core::primitive::usize, D >, c :
    ::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 4 >,), E, D >, dropout :
    ::core::option::Option < & ::flow_runtime::__private::nn::Dropout >,) ->
    ::flow_runtime::__private::Result < ::flow_runtime::__private::nn::Tensor <
    (::core::primitive::usize, ::flow_runtime::__private::nn::Const < 1 >,
    ::flow_runtime::__private::nn::Const < { DIM } >,), E, D, T >> where { let (input_0,
    input_1, input_2, input_3, masks) = (x, t, y, c, dropout); let batch =
    ::flow_runtime::__private::nn::HasShape::shape(& input_0).0; let (input_0, tape) =
    ::flow_runtime::__private::nn::enter(input_0) ?;
    ::flow_runtime::__private::nn::check_batch("t",
    ::flow_runtime::__private::nn::HasShape::shape(& input_1), batch) ?;
    ::flow_runtime::__private::nn::check_batch("y",
    ::flow_runtime::__private::nn::HasShape::shape(& input_2), batch) ?;
    ::flow_runtime::__private::nn::check_batch("c",
    ::flow_runtime::__private::nn::HasShape::shape(& input_3), batch) ?; let x_0 =
    input_0; let t_1 = ::flow_runtime::__private::nn::reshape(input_1, (batch,
    ::flow_runtime::__private::nn::Const:: < 1 >,)) ?; let y_2 = input_2; let c_3 =
    ::flow_runtime::__private::nn::reshape(input_3, (batch,
    ::flow_runtime::__private::nn::Const:: < 4 >,)) ?; let (v4, _) :
    (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 8 >,), E, D >,
    ::flow_runtime::__private::nn::NoneTape) =
    ::flow_runtime::__private::nn::sinusoidal(t_1, 64.0,
    ::flow_runtime::__private::nn::NoneTape) ?; let (e_5, tape) :
    (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 4 >,), E, D >, T) =
    ::flow_runtime::__private::nn::embedding(& self.e, y_2, tape) ?; let (e_6, tape) :
    (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 16 >,), E, D >, T) =
    ::flow_runtime::__private::nn::concat([::flow_runtime::__private::nn::reshape(v4,
    (batch, 8)) ?, ::flow_runtime::__private::nn::reshape(e_5, (batch, 4)) ?,
    ::flow_runtime::__private::nn::reshape(c_3, (batch, 4)) ?], (batch,
    ::flow_runtime::__private::nn::Const:: < 16 >,), tape) ?; let (v7, tape) :
    (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < { DIM } >,), E, D >, T) =
    ::flow_runtime::__private::nn::reshaped(x_0, (batch,
    ::flow_runtime::__private::nn::Const:: < { DIM } >,), tape) ?; let (v8, tape) :
    (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < { DIM + 16 } >,), E, D >, T) =
    ::flow_runtime::__private::nn::concat([::flow_runtime::__private::nn::reshape(v7,
    (batch, (DIM))) ?, ::flow_runtime::__private::nn::reshape(e_6, (batch, 16)) ?],
    (batch, ::flow_runtime::__private::nn::Const:: < { DIM + 16 } >,), tape) ?; let (h_9,
    tape) : (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 6 >,), E, D >, T) =
    ::flow_runtime::__private::nn::linear(& self.h, v8, tape) ?; let (v10, tape) :
    (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 6 >,), E, D >, T) =
    ::flow_runtime::__private::nn::dropout(::core::clone::Clone::clone(& h_9), 0.1, 0u64,
    masks, tape) ?; let (copy, tape) = ::flow_runtime::__private::nn::copy(v10, tape) ?;
    let (h_11, tape) : (::flow_runtime::__private::nn::Tensor <
    (::core::primitive::usize, ::flow_runtime::__private::nn::Const < 6 >,), E, D >, T) =
    ::flow_runtime::__private::nn::add(h_9, copy, tape) ?; let (v12, tape) :
    (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 6 >,), E, D >, T) =
    ::flow_runtime::__private::nn::dropout(::core::clone::Clone::clone(& h_11), 0.1,
    1u64, masks, tape) ?; let (copy, tape) = ::flow_runtime::__private::nn::copy(v12,
    tape) ?; let (h_13, tape) : (::flow_runtime::__private::nn::Tensor <
    (::core::primitive::usize, ::flow_runtime::__private::nn::Const < 6 >,), E, D >, T) =
    ::flow_runtime::__private::nn::add(h_11, copy, tape) ?; let (h2_14, tape) :
    (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 6 >,), E, D >, T) =
    ::flow_runtime::__private::nn::layer_norm(& self.h2, h_13, tape) ?; let (h3r_15,
    tape) : (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 12 >,), E, D >, T) =
    ::flow_runtime::__private::nn::linear(& self.h3_r, ::core::clone::Clone::clone(&
    h2_14), tape) ?; let (h3r_16, tape) : (::flow_runtime::__private::nn::Tensor <
    (::core::primitive::usize, ::flow_runtime::__private::nn::Const < 12 >,), E, D >, T)
    = ::flow_runtime::__private::nn::silu(h3r_15, tape) ?; let (h3out_17, tape) :
    (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 6 >,), E, D >, T) =
    ::flow_runtime::__private::nn::linear(& self.h3_out, h3r_16, tape) ?; let (v18, tape)
    : (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 6 >,), E, D >, T) =
    ::flow_runtime::__private::nn::scale(h3out_17, 0.5, tape) ?; let (h_19, tape) :
    (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 6 >,), E, D >, T) =
    ::flow_runtime::__private::nn::add(h2_14, v18, tape) ?; let (out_20, tape) :
    (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < { DIM } >,), E, D >, T) =
    ::flow_runtime::__private::nn::unbiased_linear(& self.out, h_19, tape) ?; let (v21,
    tape) : (::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::flow_runtime::__private::nn::Const < 1 >, ::flow_runtime::__private::nn::Const < {
    DIM } >,), E, D >, T) = ::flow_runtime::__private::nn::reshaped(out_20, (batch,
    ::flow_runtime::__private::nn::Const:: < 1 >, ::flow_runtime::__private::nn::Const::
    < { DIM } >,), tape) ?; let (v22, tape) : (::flow_runtime::__private::nn::Tensor <
    (::core::primitive::usize, ::flow_runtime::__private::nn::Const < 1 >,
    ::flow_runtime::__private::nn::Const < { DIM } >,), E, D >, T) =
    ::flow_runtime::__private::nn::shift(v21, - 1.0, tape) ?;
    ::core::result::Result::Ok(::flow_runtime::__private::nn::PutTape::put_tape(v22,
    tape)) } } #[automatically_derived] #[allow(clippy::all, clippy::pedantic)] impl < E
    : ::flow_runtime::__private::nn::Element, D : ::flow_runtime::__private::nn::Device <
    E >, > ::flow_runtime::__private::nn::Network < E, D > for FieldNetwork < E, D, >
    where { fn traced(& self, inputs : & ::flow_runtime::__private::nn::Inputs < E, D >,
    x : ::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::core::primitive::usize), E, D, ::flow_runtime::__private::nn::OwnedTape < E, D > >,
    dropout : ::core::option::Option < & ::flow_runtime::__private::nn::Dropout >,) ->
    ::flow_runtime::__private::Result < ::flow_runtime::__private::nn::Tensor <
    (::core::primitive::usize, ::core::primitive::usize), E, D,
    ::flow_runtime::__private::nn::OwnedTape < E, D > >> { let batch =
    ::flow_runtime::__private::nn::HasShape::shape(& x).0;
    ::flow_runtime::__private::nn::flatten(self.forward(::core::clone::Clone::clone(&
    inputs.t), ::flow_runtime::__private::nn::reshape(x, (batch,
    ::flow_runtime::__private::nn::Const:: < 1 >, ::flow_runtime::__private::nn::Const::
    < { DIM } >,)) ?, inputs.class(0usize) ?, inputs.vector(1usize, (batch,
    ::flow_runtime::__private::nn::Const:: < 4 >,)) ?, dropout) ?, batch) } fn velocity(&
    self, inputs : & ::flow_runtime::__private::nn::Inputs < E, D >, x :
    ::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::core::primitive::usize), E, D >,) -> ::flow_runtime::__private::Result <
    ::flow_runtime::__private::nn::Tensor < (::core::primitive::usize,
    ::core::primitive::usize), E, D >> { let batch =
    ::flow_runtime::__private::nn::HasShape::shape(& x).0;
    ::flow_runtime::__private::nn::flatten(self.forward(::core::clone::Clone::clone(&
    inputs.t), ::flow_runtime::__private::nn::reshape(x, (batch,
    ::flow_runtime::__private::nn::Const:: < 1 >, ::flow_runtime::__private::nn::Const::
    < { DIM } >,)) ?, inputs.class(0usize) ?, inputs.vector(1usize, (batch,
    ::flow_runtime::__private::nn::Const:: < 4 >,)) ?, ::core::option::Option::None) ?,
    batch) } } #[automatically_derived] impl ::flow_runtime::__private::nn::DfdxModel for
    Field { type Network = FieldNetwork < ::core::primitive::f32,
    ::flow_runtime::__private::nn::Cpu >; }
}
