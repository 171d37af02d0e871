//! What does not fit, and numbers that are none: typed errors, whose text is in `mistakes.txt`.
//!
//! `UPDATE_MESSAGES=1 cargo test --test engines` writes that file anew; read it before it is committed.

use crate::{
    engines::{
        ALL,
        Engine::{self, Cpu, Dfdx, Double},
    },
    models::{BASE, Joined, JoinedSampler, JoinedTraining, Steered, bits, data_for, numbers},
};
use flow_runtime::{
    engine::CpuEngine,
    prelude::*,
    train::{Batch, Loss, Recipe, TrainState, run_steps},
};
use std::{fmt::Write, fs, path::Path as FilePath};

fn text<T>(what: &str, result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("{what}: no error"),
        Err(error) => error.to_string(),
    }
}

/// What was done, and what was said.
#[derive(Default)]
struct Messages(String);

impl Messages {
    fn add<T>(&mut self, what: &str, result: Result<T, Error>) {
        let text = text(what, result);
        assert!(text.lines().last().is_some_and(|line| line.starts_with("help: ")), "{what}: {text}");
        writeln!(self.0, "# {what}\n{text}\n").expect("a text takes text");
    }

    fn check(self) {
        let file = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines/mistakes.txt");
        if std::env::var_os("UPDATE_MESSAGES").is_some() {
            fs::write(&file, &self.0).expect("the tests' folder is writable");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
        assert!(self.0 == expected, "{} differs from:\n{}", file.display(), self.0);
    }
}

fn loaded() -> CpuEngine<Joined> {
    let mut engine = CpuEngine::with_threads(2).expect("the model is the engine's");
    engine.load(Joined::new(0).weights().values()).expect("they are the model's");
    engine
}

#[test]
fn arguments_of_the_cpu_engine() {
    let mut said = Messages::default();
    let none = Conditions::none();
    let nan = f32::NAN;
    said.add("no threads", CpuEngine::<Joined>::with_threads(0));
    let mut empty = CpuEngine::<Joined>::new().expect("the model is the engine's");
    said.add("no weights, velocity", empty.velocity(&[0.0], &[0.0; 2], &none, &mut [0.0; 2]));
    said.add("no weights, integrating", empty.integrate::<Rk4>(&[0.0, 1.0], &mut [0.0; 2], &none, &[], &mut []));
    let mut weights = Joined::new(0).weights().values().to_vec();
    said.add("too few weights", empty.load(&weights[1..]));
    weights.push(0.0);
    said.add("too many weights", empty.load(&weights));
    weights.pop();
    weights[140] = nan;
    said.add("a weight that is not finite", empty.load(&weights));

    let engine = &mut loaded();
    let mut out = [0.0; 4];
    said.add("points of other rows", engine.velocity(&[0.0; 2], &[0.0; 6], &none, &mut out));
    said.add("room for other rows", engine.velocity(&[0.0], &[0.0; 2], &none, &mut out));
    said.add("half a point", engine.velocity_at(0.0, &[0.0; 3], &none, &mut out));
    said.add("a time that is not finite", engine.velocity(&[0.0, nan], &[0.0; 4], &none, &mut out));
    said.add("one time that is not finite", engine.velocity_at(f32::INFINITY, &[0.0; 4], &none, &mut out));
    said.add("a point that is not finite", engine.velocity(&[0.0; 2], &[0.0, 0.0, nan, 0.0], &none, &mut out));
    let labels = Conditions::none().class("y", &[0, 1]).expect("labels");
    said.add("a condition for a model without", engine.velocity(&[0.0; 2], &[0.0; 4], &labels, &mut out));

    let mut go = |nodes: &[f64], x: &mut [f32], saved: &[usize], saves: &mut [Vec<f32>]| {
        engine.integrate::<Rk4>(nodes, x, &none, saved, saves)
    };
    said.add("half a point to carry", go(&[0.0, 1.0], &mut [0.0; 3], &[], &mut []));
    said.add("an empty grid", go(&[], &mut [0.0; 2], &[], &mut []));
    said.add("a grid that is not finite", go(&[0.0, f64::NAN, 1.0], &mut [0.0; 2], &[], &mut []));
    said.add("a grid with a node twice", go(&[0.0, 0.5, 0.5], &mut [0.0; 2], &[], &mut []));
    said.add("a grid that turns", go(&[0.0, 0.5, 0.2, 1.0], &mut [0.0; 2], &[], &mut []));
    said.add("a grid too fine", go(&[0.5, 0.5 + 1e-12], &mut [0.0; 2], &[], &mut []));
    said.add("a node that is not there", go(&[0.0, 1.0], &mut [0.0; 2], &[2], &mut [vec![]]));
    said.add("no room for a node", go(&[0.0, 1.0], &mut [0.0; 2], &[1], &mut []));
    said.add("a start that is not finite", go(&[0.0, 0.5, 1.0], &mut [0.0, 1.0, nan, 1.0, 0.0, nan], &[], &mut []));
    said.check();
}

#[test]
fn training_refuses_what_does_not_fit() {
    let weights = Joined::new(0).weights().values().to_vec();
    let batch = |size: usize| Batch {
        size,
        t: vec![0.5; size],
        xt: vec![0.1; 2 * size],
        ut: vec![0.2; 2 * size],
        ..Batch::default()
    };
    for engine in ALL {
        let mut engine = engine.trainer::<Joined>();
        let mut gradient = vec![0.0; weights.len()];
        let mut take = |weights: &[f32], batch: &Batch| engine.gradient(weights, batch, Loss::Mse, 0, 0, &mut gradient);
        assert!(take(&weights, &batch(3)).is_ok());
        assert!(matches!(take(&weights, &batch(0)), Err(Error::Invalid { operation: "training", .. })));
        assert!(matches!(take(&weights[1..], &batch(3)), Err(Error::Shape { .. })));
        let (mut times, mut points, mut velocities) = (batch(3), batch(3), batch(3));
        times.t.pop();
        points.xt.pop();
        velocities.ut.pop();
        for wrong in [times, points, velocities] {
            assert!(matches!(take(&weights, &wrong), Err(Error::Shape { operation: "training", .. })));
        }
    }
}

/// `run_steps` takes any recipe, data and state: engines that draw by themselves must not trust them.
#[test]
fn steps_with_what_does_not_fit() {
    fn refused(what: &str, recipe: &Recipe, data: &Dataset, change: impl Fn(&mut TrainState)) {
        for engine in ALL {
            let mut state = TrainState::new(recipe, Steered::initial_weights(0));
            change(&mut state);
            let before = state.clone();
            let result = run_steps(&mut *engine.trainer::<Steered>(), recipe, &Affine(CondOt), data, &mut state, 1);
            assert!(
                matches!(result, Err(Error::Shape { .. } | Error::Invalid { .. })),
                "{engine:?}, {what}: {result:?}"
            );
            assert_eq!(state, before, "{engine:?}, {what}");
        }
    }
    let data = data_for(Steered::PROGRAM, 20);
    let points = |dim: usize| Dataset::from_flat(numbers(20 * dim, 1), dim).expect("whole rows");
    let labelled = |labels: &[u32]| points(2).with_class("y", labels).expect("one each");
    let vectors = |data: Dataset, dim: usize| data.with_vector("c", dim, &numbers(20 * dim, 2)).expect("one each");
    refused("no batch", &Recipe { batch: 0, ..BASE }, &data, |_| {});
    refused("no conditions", &BASE, &points(2), |_| {});
    refused("one condition of two", &BASE, &labelled(&[0; 20]), |_| {});
    refused("a label out of range", &BASE, &vectors(labelled(&[3; 20]), 2), |_| {});
    refused("vectors of another length", &BASE, &vectors(labelled(&[0; 20]), 3), |_| {});
    let kinds = points(2).with_class("c", &[0; 20]).and_then(|data| data.with_class("y", &[0; 20])).expect("one each");
    refused("labels for vectors", &BASE, &kinds, |_| {});
    refused("another model's weights", &BASE, &data, |state| state.weights = Joined::initial_weights(0));
    refused("moments of another model", &BASE, &data, |state| state.optimizer.moment1.truncate(5));
    let sized = vectors(points(3).with_class("y", &[0; 20]).expect("one each"), 2);
    refused("points of another dimension", &BASE, &sized, |_| {});
}

/// One sample, or some, leave the numbers at the same step on every engine, and the error says which and how many.
#[test]
fn states_that_stop_being_finite() {
    fn lost<S: Method>(engine: Engine, x: &[f32]) -> String {
        let mut model = Joined::new(0);
        model.weights_mut().values_mut().iter_mut().for_each(|weight| *weight *= 4.0);
        text("an overflow", engine.integrate::<Joined, S>(&model, &[0.0, 0.25, 0.5, 1.0], x, &Conditions::none()))
    }
    let rows = 3000;
    let mut x = numbers(2 * rows, 3);
    // These overflow in the first step; they are in tiles that are far apart.
    let bad = [17, 1200, 1201, 2999];
    bad.iter().for_each(|row| x[2 * row] = 3e38);
    let one = lost::<Rk4>(Cpu(1), &x);
    assert!(one.contains("step 1, from t = 0 to 0.25, in 4 of the 3000 samples, the first being sample 17"), "{one}");
    for threads in [2, 3, 16] {
        assert_eq!(lost::<Rk4>(Cpu(threads), &x), one);
    }
    let implicit = lost::<ImplicitEuler>(Cpu(1), &x);
    // Newton's iteration does not converge for the first of them; which one is told does not depend on the threads.
    assert_eq!(lost::<ImplicitEuler>(Cpu(16), &x), implicit);
}

/// A field that grows by the square of the state: larger states leave the numbers earlier.
#[test]
fn the_earliest_step_counts_over_all_tiles() {
    mod growing {
        use flow_runtime::prelude::*;
        flow_model! {
            pub model Growing(x: [1], t: Time) -> [1] { x * x * linear(t, 1) }
        }
    }
    use growing::Growing;
    let mut model = Growing::new(0);
    model.weights_mut().set("out.weight", &[0.0]).expect("it is there");
    model.weights_mut().set("out.bias", &[1.0]).expect("it is there");
    let mut x = vec![0.5; 2000];
    // Euler's method squares these: the first two overflow in step 2, the others in step 3.
    (x[900], x[1999]) = (1e18, 1e15);
    (x[3], x[1500]) = (1e9, 1e9);
    let nodes = [0.0, 1.0, 2.0, 3.0, 4.0];
    for engine in [Cpu(1), Cpu(2), Cpu(16)] {
        let said = text("an overflow", engine.integrate::<Growing, Euler>(&model, &nodes, &x, &Conditions::none()));
        assert!(
            said.contains("step 2, from t = 1 to 2, in 2 of the 2000 samples, the first being sample 900"),
            "{said}"
        );
    }
}

#[test]
fn training_that_diverges_leaves_the_state_as_it_was() {
    for engine in [Dfdx, Cpu(1), Cpu(16), Double(2)] {
        for clip in [None, Some(1e30)] {
            let optimizer =
                flow_runtime::train::Optimizer::Sgd { lr: 3e3, momentum: 0.9, nesterov: false, weight_decay: 0.0 };
            let recipe = Recipe { optimizer, ema: Some(0.9), clip, steps: 500, ..BASE };
            let data = data_for(Joined::PROGRAM, 100);
            let mut state = TrainState::new(&recipe, Joined::initial_weights(0));
            let mut trainer = engine.trainer::<Joined>();
            let error = loop {
                let before = state.clone();
                match run_steps(&mut *trainer, &recipe, &Affine(CondOt), &data, &mut state, 1) {
                    Ok(_) => assert_eq!(state.step, before.step + 1),
                    Err(error) => {
                        let all = |state: &TrainState| {
                            let average = state.ema.as_ref().map_or(&[][..], |ema| ema.weights());
                            [state.weights.values(), &state.optimizer.moment1, average, &state.losses].map(bits)
                        };
                        assert_eq!(all(&state), all(&before), "{engine:?}");
                        assert!(state.weights.values().iter().all(|weight| weight.is_finite()), "{engine:?}");
                        assert_eq!(
                            (state.step, state.ema.as_ref().map(|ema| ema.updates())),
                            (before.step, Some(before.step))
                        );
                        break error;
                    }
                }
            };
            assert!(matches!(error, Error::Diverged { step, .. } if step == state.step + 1), "{engine:?}: {error}");
        }
    }
}

#[test]
fn no_threads() {
    let data = data_for(Joined::PROGRAM, 20);
    let model = Joined::new(0);
    let zero = |result: Result<(), Error>| {
        let said = text("no threads", result);
        assert_eq!(
            said,
            "the CPU engine: the number of threads is 0, expected 1 or more\nhelp: leave it out for as many as there are cores"
        );
    };
    for device in [Device::Auto, Device::Cpu, Device::Dfdx] {
        zero(JoinedTraining::trainer().device(device).threads(0).fit(&data).map(drop));
        zero(JoinedSampler::new(&model).device(device).threads(0).sample(3).map(drop));
        zero(
            JoinedSampler::new(&model)
                .device(device)
                .threads(0)
                .transport_in_place(&mut [0.0; 2], &Conditions::none())
                .map(drop),
        );
    }
}
