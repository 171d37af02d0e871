//! What the CUDA engine says of what cannot be.

use crate::{
    engines::{ALL, Engine},
    models::{BASE, Joined, Steered, data_for, numbers},
};
use flow_runtime::{
    engine::CudaEngine,
    prelude::*,
    train::{Optimizer, Recipe, TrainState, run_steps},
};

fn loaded(engine: Engine) -> CudaEngine<Joined> {
    let Engine::Header(seed) = engine else { panic!("a reference is no CUDA engine") };
    let mut engine = CudaEngine::on_header(seed).expect("it was there before");
    engine.load(Joined::new(1).weights().values()).expect("they fit");
    engine
}

fn said<T>(result: Result<T, Error>) -> String {
    result.err().map(|error| error.to_string()).expect("it is a mistake")
}

#[test]
fn arguments_are_refused_as_by_the_cpu_engine() {
    let none = Conditions::none();
    for engine in ALL {
        let mut engine = loaded(engine);
        let error = said(engine.integrate::<ImplicitMidpoint>(&[0.0, 1.0], &mut [0.0; 2], &none, &[], &mut []));
        assert!(error.contains("`ImplicitMidpoint`") && error.contains("help: "), "{error}");
        let error = said(engine.integrate::<Rk4>(&[0.0, 1.0], &mut [0.0; 3], &none, &[], &mut []));
        assert!(error.contains("[1, 2]"), "{error}");
        let error = said(engine.integrate::<Rk4>(&[0.0, 0.0], &mut [0.0; 2], &none, &[], &mut []));
        assert!(error.contains("step 1 of the grid"), "{error}");
        let error = said(engine.integrate::<Rk4>(&[0.0, 1.0], &mut [0.0, f32::NAN], &none, &[], &mut []));
        assert!(error.contains("the start point is not finite at sample 0"), "{error}");
        let error = said(engine.integrate::<Rk4>(&[0.0, 1.0], &mut [0.0; 2], &none, &[2], &mut [vec![]]));
        assert!(error.contains("the list of nodes to save"), "{error}");
        let error = said(engine.load(&[1.0]));
        assert!(error.contains("loading weights"), "{error}");
        // None of that has harmed it.
        engine.integrate::<Rk4>(&[0.0, 1.0], &mut [0.5; 2], &none, &[], &mut []).expect("it is all right");
    }
}

#[test]
fn an_engine_without_weights_says_so() {
    for engine in ALL {
        let Engine::Header(seed) = engine else { panic!("a reference is no CUDA engine") };
        let mut engine = CudaEngine::<Joined>::on_header(seed).expect("it was there before");
        let error = said(engine.velocity(&[0.5], &[0.0; 2], &Conditions::none(), &mut [0.0; 2]));
        assert!(error.contains("without weights"), "{error}");
    }
}

#[test]
fn labels_out_of_range_are_refused_before_a_step() {
    for engine in ALL {
        let mut trainer = engine.trainer::<Steered>();
        let data = data_for(Steered::PROGRAM, 30);
        let wrong = Dataset::from_flat(numbers(60, 3), 2).expect("whole rows");
        let wrong = wrong.with_class("y", &[7; 30]).expect("one each");
        let wrong = wrong.with_vector("c", 2, &numbers(60, 4)).expect("one each");
        let mut state = TrainState::new(&BASE, Steered::initial_weights(0));
        let before = state.clone();
        let error = said(run_steps(&mut *trainer, &BASE, &Affine(CondOt), &wrong, &mut state, 2));
        assert!(error.contains('7'), "{error}");
        assert_eq!(state, before);
        run_steps(&mut *trainer, &BASE, &Affine(CondOt), &data, &mut state, 2).expect("it is all right");
    }
}

#[test]
fn a_divergence_says_its_step() {
    let recipe =
        Recipe { optimizer: Optimizer::Sgd { lr: 1e9, momentum: 0.0, nesterov: false, weight_decay: 0.0 }, ..BASE };
    for engine in ALL {
        let mut trainer = engine.trainer::<Joined>();
        let mut state = TrainState::new(&recipe, Joined::initial_weights(0));
        let data = data_for(Joined::PROGRAM, 30);
        let error = run_steps(&mut *trainer, &recipe, &Affine(CondOt), &data, &mut state, 60).expect_err("it must");
        assert!(matches!(error, Error::Diverged { step, .. } if step == state.step + 1), "{error}");
        assert!(state.weights.values().iter().all(|weight| weight.is_finite()));
    }
}
