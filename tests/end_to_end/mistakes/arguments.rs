//! Data, conditions, numbers and models that do not fit.

use super::Messages;
use crate::models::{
    Everything, EverythingSampler, Small, SmallSampler, SmallTraining, Steered, SteeredSampler, SteeredTraining,
    everything_conditions, moons, numbers,
};
use flow_runtime::{
    engine::DfdxEngine,
    prelude::*,
    train::{Loss, Recipe, TimeSampling},
};

#[test]
fn metrics_of_sets_that_cannot_be_compared() {
    let mut said = Messages::default();
    let (points, wide) = (moons(), Dataset::from_flat(numbers(30, 1), 3).expect("rows"));
    said.add("two dimensions", metrics::energy_distance(&points, &wide));
    said.add("samples far apart", metrics::energy_distance(&[[1e30_f32, 0.0]], &[[-1e30_f32, 0.0]]));
    said.add("a sample that is not finite", metrics::sliced_wasserstein2(&[[f32::NAN, 0.0]], &points));
    let none: &[[f32; 2]] = &[];
    said.add("no samples", metrics::energy_distance(none, &points));
    said.check("metrics", None);
}

fn labelled(labels: &[u32]) -> Dataset {
    Dataset::from_flat(numbers(2 * labels.len(), 1), 2).and_then(|data| data.with_class("y", labels)).expect("one each")
}

#[test]
fn data_sets() {
    let mut said = Messages::default();
    said.add("no rows", Dataset::from_flat(vec![], 2));
    said.add("no columns", Dataset::from_flat(vec![1.0], 0));
    said.add("a row that is cut off", Dataset::from_flat(vec![1.0; 5], 2));
    said.add("NaN at a row", Dataset::from_flat(vec![0.0, 1.0, 2.0, f32::NAN, 4.0, 5.0], 2));
    said.add("labels for other rows", moons().with_class("y", &[0, 1]));
    said.add("a name twice", labelled(&[0, 1]).with_class("y", &[0, 1]));
    said.add("another dimension", SmallTraining::trainer().fit(&Dataset::from_flat(numbers(30, 1), 3).expect("rows")));
    let images = Dataset::from_flat(numbers(30, 1), 3).expect("rows");
    said.add("another dimension held out", SmallTraining::trainer().evaluate_every(5, images).fit(&moons()));
    said.add("a condition that is missing", SteeredTraining::trainer().fit(&labelled(&[0, 1, 2])));
    let misnamed = labelled(&[0, 1]).with_vector("C", 2, &[0.0; 4]).expect("one each");
    said.add("a condition that is misnamed", SteeredTraining::trainer().fit(&misnamed));
    let wide = labelled(&[0, 1]).with_vector("c", 3, &[0.0; 6]).expect("one each");
    said.add("a condition of another length", SteeredTraining::trainer().fit(&wide));
    let range = labelled(&[0, 1, 2, 3]).with_vector("c", 2, &[0.0; 8]).expect("one each");
    said.add("a label out of range", SteeredTraining::trainer().fit(&range));
    let kinds = labelled(&[0, 1]).with_class("c", &[0, 1]).expect("one each");
    said.add("labels for vectors", SteeredTraining::trainer().fit(&kinds));
    said.check("data_sets", None);
}

#[test]
fn training() {
    let mut said = Messages::default();
    said.add("no steps", SmallTraining::trainer().steps(0).fit(&moons()));
    said.add("no batch", SmallTraining::trainer().batch(0).fit(&moons()));
    said.add("checkpoints after no steps", SmallTraining::trainer().checkpoints("nowhere", 0).fit(&moons()));
    said.add("no checkpoints kept", SmallTraining::trainer().checkpoints("nowhere", 5).keep(0).fit(&moons()));
    said.add("resuming from no folder", SmallTraining::trainer().resume(true).fit(&moons()));
    said.add("evaluation after no steps", SmallTraining::trainer().evaluate_every(0, moons()).fit(&moons()));
    is_missing(SmallTraining::trainer().device(Device::Cuda(4095)).fit(&moons()));
    said.add("an unknown device", "gpu".parse::<Device>());
    let mut model = Small::new(0);
    model.weights_mut().values_mut()[7] = f32::NAN;
    said.add("weights that are not finite", SmallTraining::trainer().model(model).fit(&moons()));

    said.add("a pole at a closed end", Trainer::<Changed<Pole>>::new().fit(&moons()));
    said.add("a scheduler that misses its ends", Trainer::<Changed<Ends>>::new().fit(&moons()));
    said.add("times of no width", Trainer::<Changed<Times>>::new().fit(&moons()));
    said.add("a source of no width", Trainer::<Changed<Width>>::new().fit(&moons()));
    said.add("a loss without a bend", Trainer::<Changed<Bend>>::new().fit(&moons()));
    said.add("a final width above one", Trainer::<Changed<Wide>>::new().fit(&moons()));
    said.add("a path of ones own that leaves the numbers", Trainer::<Changed<Own>>::new().fit(&moons()));
    said.check("training", None);
}

/// [`SmallTraining`] with a change that the macro would have refused.
#[derive(Clone, Copy, Default)]
struct Changed<C>(C);

trait Change: Copy + Default + Send + Sync + 'static {
    type Path: Path;
    const PATH: Self::Path;
    const RECIPE: Recipe = SmallTraining::RECIPE;
}

impl<C: Change> TrainRecipe for Changed<C> {
    type Model = Small;
    type Path = C::Path;
    const RECIPE: Recipe = C::RECIPE;
    fn path() -> C::Path {
        C::PATH
    }
}

macro_rules! changes {
    ($($name:ident: $path:ty = $value:expr $(, $key:ident: $change:expr)?;)*) => { $(
        #[derive(Clone, Copy, Default)]
        struct $name;

        impl Change for $name {
            type Path = $path;
            const PATH: $path = $value;
            $(const RECIPE: Recipe = Recipe { $key: $change, ..SmallTraining::RECIPE };)?
        }
    )* };
}

changes! {
    Pole: Affine<Polynomial> = Affine(Polynomial { n: 0.5 });
    Ends: Affine<Vp> = Affine(Vp { beta_min: 0.1, beta_max: 2.0 });
    Wide: OptimalTransport = OptimalTransport { sigma_min: 1.5 };
    Own: Leaving = Leaving;
    Times: Affine<CondOt> = Affine(CondOt), time: TimeSampling::LogitNormal { mean: 0.0, std: 0.0 };
    Width: Affine<CondOt> = Affine(CondOt), source: Source::Uniform { low: 1.0, high: 1.0 };
    Bend: Affine<CondOt> = Affine(CondOt), loss: Loss::Huber { delta: -1.0 };
}

/// A path whose velocity has a pole inside.
#[derive(Clone, Debug)]
struct Leaving;

impl Path for Leaving {
    fn interval(&self) -> Interval {
        Interval::CLOSED
    }
    fn sample(&self, _: f64, x0: &[f32], _: &[f32], xt: &mut [f32], ut: &mut [f32]) {
        xt.copy_from_slice(x0);
        ut.fill(f32::INFINITY);
    }
}

/// A rate with which the loss overflows soon.
mod wild {
    use flow_runtime::prelude::*;
    flow_model! {
        pub train Wild for crate::models::Small { path: Affine(CondOt), optimizer: sgd(lr = 1e4), batch: 8, steps: 200, seed: 1 }
    }
}

#[test]
fn a_rate_that_is_too_high() {
    let mut said = Messages::default();
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let mut without = Trainer::<wild::Wild>::new();
    said.add("a learning rate that is too high", without.fit(&moons()));
    let salvaged = without.salvage().expect("steps were taken");
    assert!(salvaged.raw_model.weights().values().iter().all(|weight| weight.is_finite()));
    let mut with = Trainer::<wild::Wild>::new().checkpoints(folder.path(), 1);
    let error = with.fit(&moons()).expect_err("the rate is too high");
    let Error::Diverged { step, checkpoint: Some(checkpoint), .. } = &error else { panic!("{error}") };
    let last = Checkpoint::read::<Small>(checkpoint).expect("the last good one is good");
    assert_eq!(last.step() + 1, *step);
    // The weights are those from before the step that was not taken.
    let salvaged = with.salvage().expect("steps were taken");
    assert_eq!(salvaged.raw_model.weights().values(), last.state().weights.values());
    said.say("the same with checkpoints", &error);
    said.check("diverged", Some(folder.path()));
}

#[test]
fn sampling() {
    let mut said = Messages::default();
    let model = Small::new(0);
    let sampler = || SmallSampler::new(&model);
    said.add("no samples", sampler().sample(0));
    said.add("a grid backwards", sampler().grid(Grid::uniform(1.0, 0.0, 5).expect("a grid")).sample(3));
    said.add("a grid of no steps", sampler().grid(Grid::uniform(0.5, 0.5, 5).expect("a grid")).sample(3));
    said.add("a grid past the data", sampler().grid(Grid::uniform(0.0, 2.0, 5).expect("a grid")).sample(3));
    said.add(
        "transport past the data",
        sampler().grid(Grid::uniform(1.0, -1.0, 5).expect("a grid")).transport(&moons()),
    );
    said.add(
        "a grid too fine for f32",
        sampler().grid(Grid::given([0.0, 0.5, 0.5 + 1e-12, 1.0]).expect("a grid")).sample(3),
    );
    said.add("nothing saved", sampler().trajectories(3, &Conditions::none(), 0));
    is_missing(sampler().device(Device::Cuda(4095)).sample(3));
    let three = Dataset::from_flat(numbers(30, 1), 3).expect("rows");
    said.add("points of another dimension", sampler().transport(&three));
    let labels = Conditions::none().class("y", &[0, 1, 2]).expect("labels");
    said.add("a condition for a model without", sampler().sample_given(3, &labels));

    let steered = Steered::new(0);
    let sampler = SteeredSampler::new(&steered);
    let given = |y: &[u32], name: &str, dim: usize, values: &[f32]| {
        Conditions::none().class("y", y).and_then(|some| some.vector(name, dim, values)).expect("as many rows")
    };
    said.add("no conditions", sampler.sample(3));
    said.add("one condition of two", sampler.sample_given(3, &labels));
    said.add("a misnamed condition", sampler.sample_given(2, &given(&[0, 1], "C", 2, &[0.0; 4])));
    said.add("a label out of range", sampler.sample_given(2, &given(&[0, 3], "c", 2, &[0.0; 4])));
    said.add("a vector of another length", sampler.sample_given(2, &given(&[0, 1], "c", 3, &[0.0; 6])));
    said.add("fewer conditions than samples", sampler.sample_given(3, &given(&[0, 1], "c", 2, &[0.0; 4])));
    said.add("more conditions than samples", sampler.sample_given(1, &given(&[0, 1], "c", 2, &[0.0; 4])));
    let more = given(&[0, 1], "c", 2, &[0.0; 4]).class("z", &[0, 0]).expect("as many");
    said.add("a condition too many", sampler.sample_given(2, &more));
    said.add("conditions of two lengths", labels.clone().class("z", &[0, 1]));
    said.add("a vector that is not finite", Conditions::none().vector("c", 2, &[0.0, f32::INFINITY]));
    said.check("sampling", None);
}

#[test]
fn models() {
    let mut said = Messages::default();
    let mut model = Small::new(0);
    said.add("a name that is not there", model.weights_mut().set("h4.weight", &[0.0]));
    said.add("another number of values", model.weights_mut().set("h.bias", &[0.0]));
    model.weights_mut().values_mut()[7] = f32::NAN;
    said.add("sampling with NaN for a weight", SmallSampler::new(&model).sample(3));
    said.add("weights with NaN", Small::from_weights(model.weights().clone()));
    said.add("weights of another model", Small::from_weights(Steered::new(0).weights().clone()));

    // Finite, and yet the velocity overflows.
    let mut model = Small::new(0);
    model.weights_mut().values_mut().iter_mut().for_each(|weight| *weight *= 1e13);
    said.add("a velocity that overflows", SmallSampler::new(&model).sample(4099));
    let mut model = Small::new(0);
    model.weights_mut().values_mut().iter_mut().for_each(|weight| *weight *= 4.0);
    let mut points = numbers(10_000, 3);
    points[2 * 4500] = 3e38;
    let points = Dataset::from_flat(points, 2).expect("whole rows");
    said.add("a velocity that overflows for one", SmallSampler::new(&model).transport(&points));

    let mut engine = DfdxEngine::<Small>::new().expect("there is memory");
    let mut out = [0.0; 4];
    let weights = Small::new(0);
    let weights = weights.weights().values();
    said.add("too few weights", engine.velocity(&[], &[0.0; 2], &[0.0; 4], &Conditions::none(), &mut out));
    said.add("points of other rows", engine.velocity(weights, &[0.0; 2], &[0.0; 6], &Conditions::none(), &mut out));
    let everything = Everything::new(0);
    let conditions = everything_conditions(3);
    said.add("the interpreter with other rows", everything.velocity_reference(&[0.5], &[0.0; 12], &conditions));
    said.add("unequal sources", EverythingSampler::new(&everything).transport(&moons()));
    said.check("models", None);
}

/// A GPU that no machine has. What was found instead is told in words that depend on the machine.
fn is_missing<T>(result: Result<T, Error>) {
    let text = result.err().expect("there are not so many").to_string();
    assert!(text.starts_with("device `cuda:4095`: ") && text.contains("\nhelp: "), "{text}");
}
