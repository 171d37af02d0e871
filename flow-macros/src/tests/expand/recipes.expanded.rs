/// The training recipe `Training`.
///
/// Trains `self::Field`: `Training::trainer().fit(&data)?`.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::fmt::Debug,
    ::core::default::Default
)]
pub struct Training;
#[automatically_derived]
#[allow(clippy::all, clippy::pedantic)]
impl ::renamed::__private::TrainRecipe for Training {
    type Model = self::Field;
    type Path = ::renamed::__private::Affine<::renamed::__private::Polynomial>;
    const RECIPE: ::renamed::__private::Recipe = ::renamed::__private::Recipe {
        name: "Training",
        loss: ::renamed::__private::Loss::Mse,
        optimizer: ::renamed::__private::Optimizer::AdamW {
            lr: 0.001,
            beta1: 0.9,
            beta2: 0.999,
            eps: 0.00000001,
            weight_decay: 0.01,
        },
        schedule: ::renamed::__private::Schedule {
            warmup: 100,
            shape: ::renamed::__private::ScheduleShape::Cosine {
                floor: 0.0,
            },
        },
        batch: {
            const __FLOW_COUNT: ::core::primitive::usize = BATCH;
            ::core::assert!(
                __FLOW_COUNT > 0, "`batch` is a whole number of at least 1, found 0"
            );
            __FLOW_COUNT
        },
        accumulate: 1,
        steps: 10_000,
        ema: ::core::option::Option::Some(0.999f64),
        clip: ::core::option::Option::None,
        time: ::renamed::__private::TimeSampling::Uniform,
        source: ::renamed::__private::Source::Uniform {
            low: -1.0,
            high: 1.0,
        },
        seed: 0,
    };
    fn path() -> <Self as ::renamed::__private::TrainRecipe>::Path {
        ::renamed::__private::Affine(::renamed::__private::Polynomial {
            n: 3.0,
            ..::core::default::Default::default()
        })
    }
}
const _: ::renamed::__private::Recipe = <Training as ::renamed::__private::TrainRecipe>::RECIPE;
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic)]
impl Training {
    /// A trainer with this recipe, to be adjusted and run.
    pub fn trainer() -> ::renamed::__private::Trainer<Self> {
        ::renamed::__private::Trainer::new()
    }
}
/// The sampler `Sampling`.
///
/// Samples from `self::Field`: `Sampling::new(&model).sample(1000)?`.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::fmt::Debug,
    ::core::default::Default
)]
pub struct Sampling;
#[automatically_derived]
#[allow(clippy::all, clippy::pedantic)]
impl ::renamed::__private::SampleRecipe for Sampling {
    type Model = self::Field;
    type Solver = ::renamed::__private::Rk4;
    const NAME: &'static ::core::primitive::str = "Sampling";
    const GRID: ::renamed::__private::GridSpec = ::renamed::__private::GridSpec::Given(
        &[1f64, 0.25f64, 0f64],
    );
    const SOURCE: ::renamed::__private::Source = ::renamed::__private::Source::Gaussian;
}
const _: ::renamed::__private::GridSpec = <Sampling as ::renamed::__private::SampleRecipe>::GRID;
#[automatically_derived]
#[allow(dead_code, clippy::all, clippy::pedantic)]
impl Sampling {
    /// A sampler of this model's, to be adjusted and run.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(
        model: &<Self as ::renamed::__private::SampleRecipe>::Model,
    ) -> ::renamed::__private::Sampler<'_, Self> {
        ::renamed::__private::Sampler::new(model)
    }
}
