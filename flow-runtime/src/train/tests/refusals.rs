//! Recipes, options and data that are refused, each before anything is created.

use super::*;
use crate::{
    data::Conditions,
    error::Error,
    train::{JsonLog, Trained},
};

/// The message, after it is clear that nothing was created.
fn refused<R: TrainRecipe>(change: impl FnOnce(Trainer<R>) -> Trainer<R>, data: &Dataset) -> String {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl");
    let trainer = trainer::<R>().checkpoints(folder.path().join("checkpoints"), 5).callback(JsonLog::new(&log));
    let mut engine = Analytic::default();
    let result: Result<Trained<R::Model>> = change(trainer).fit_with(&mut engine, data);
    let message = result.unwrap_err().to_string();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{message}");
    assert_eq!(engine.calls, 0);
    assert!(message.contains("\nhelp: "), "{message}");
    message
}

fn recipe(change: impl FnOnce(&mut Recipe)) -> String {
    refused::<Simple>(
        |mut trainer| {
            change(&mut trainer.recipe);
            trainer
        },
        &points(9),
    )
}

#[test]
fn numbers_outside_their_domain() {
    assert!(recipe(|r| r.batch = 0).starts_with("training: `batch` is 0, expected at least 1"));
    assert!(recipe(|r| r.steps = 0).starts_with("training: `steps` is 0"));
    assert!(recipe(|r| r.steps = u64::MAX).starts_with("training: `steps` is 18446744073709551615"));
    assert!(recipe(|r| r.accumulate = 0).starts_with("training: `accumulate` is 0"));
    for decay in [1.0, -0.1, f64::NAN] {
        assert!(recipe(|r| r.ema = Some(decay)).starts_with("training: `ema`"));
    }
    for bound in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        assert!(recipe(|r| r.clip = Some(bound)).starts_with("training: `clip`"));
    }
    assert!(recipe(|r| r.loss = Loss::Huber { delta: 0.0 }).contains("Huber"));
    assert!(recipe(|r| r.source = Source::Uniform { low: 1.0, high: 1.0 }).contains("low < high"));
    assert!(recipe(|r| r.time = TimeSampling::LogitNormal { mean: 0.0, std: 0.0 }).contains("logit-normal"));
    assert!(recipe(|r| r.time = TimeSampling::LogitNormal { mean: f64::NAN, std: 1.0 }).contains("logit-normal"));
    let shape = |shape| move |r: &mut Recipe| r.schedule.shape = shape;
    assert!(recipe(shape(ScheduleShape::Cosine { floor: 1.5 })).contains("`floor`"));
    assert!(recipe(shape(ScheduleShape::Step { every: 0, gamma: 0.5 })).contains("`every`"));
    assert!(recipe(shape(ScheduleShape::Step { every: 1, gamma: 0.0 })).contains("`gamma`"));
}

#[test]
fn optimisers_outside_their_domain() {
    let adam = |lr, beta1, beta2, eps, weight_decay| {
        recipe(move |r| r.optimizer = Optimizer::AdamW { lr, beta1, beta2, eps, weight_decay })
    };
    assert!(adam(0.0, 0.9, 0.999, 1e-8, 0.0).contains("`lr` is 0"));
    assert!(adam(f64::INFINITY, 0.9, 0.999, 1e-8, 0.0).contains("`lr` is inf"));
    assert!(adam(1e-3, 1.0, 0.999, 1e-8, 0.0).contains("`beta1` is 1"));
    assert!(adam(1e-3, 0.9, -0.1, 1e-8, 0.0).contains("`beta2` is -0.1"));
    assert!(adam(1e-3, 0.9, 0.999, 0.0, 0.0).contains("`eps` is 0"));
    assert!(adam(1e-3, 0.9, 0.999, 1e-8, -1.0).contains("`weight_decay` is -1"));
    let sgd = |momentum, nesterov| {
        recipe(move |r| r.optimizer = Optimizer::Sgd { lr: 0.1, momentum, nesterov, weight_decay: 0.0 })
    };
    assert!(sgd(1.0, false).contains("`momentum` is 1"));
    assert!(sgd(0.0, true).contains("`nesterov`"));
}

#[test]
fn options_that_do_nothing_or_cannot_be() {
    let options = |change: fn(Trainer<Simple>) -> Trainer<Simple>| refused(change, &points(9));
    assert!(options(|t| t.checkpoints("never-made", 0)).contains("`checkpoints` is 0"));
    assert!(options(|t| t.keep(0)).contains("`keep` is 0"));
    assert!(options(|t| t.evaluate_every(0, points(3))).contains("`evaluate_every` is 0"));
    let mut trainer = trainer::<Simple>().resume(true);
    let error = trainer.fit_with(&mut Analytic::default(), &points(9)).unwrap_err();
    assert!(error.to_string().contains(".checkpoints(folder, every)"), "{error}");
}

#[test]
fn data_of_another_kind() {
    fn same<T>(t: T) -> T {
        t
    }
    assert!(refused::<Simple>(same, &Dataset::default()).contains("the data set is empty"));
    let wide = Dataset::from_rows(&[[1.0, 2.0, 3.0]]).unwrap();
    assert!(refused::<Simple>(same, &wide).contains("has shape [1, 3], expected [rows, 2]"));
    let mut bad = points(5);
    bad.values[7] = f32::NAN;
    assert!(refused::<Simple>(same, &bad).contains("not finite at row 3, column 1"));
    assert!(refused::<Simple>(|t| t.evaluate_every(1, bad), &points(5)).contains("held-out data set"));
}

#[test]
fn conditions_of_another_kind() {
    fn same<T>(t: T) -> T {
        t
    }
    let message = refused::<Full>(same, &points(3));
    assert!(message.contains("condition `y` of the data set is absent") && message.contains("with_class(\"y\""));
    let message = refused::<Full>(same, &points(3).with_class("label", &[0, 1, 2]).unwrap());
    assert!(message.contains("absent; there is `label`"), "{message}");
    let message = refused::<Full>(same, &points(3).with_class("y", &[0, 1, 3]).unwrap());
    assert!(message.contains("is 3 in row 2, expected a label in 0..3"), "{message}");
    let vectors = points(2).with_vector("y", 2, &[0.0; 4]).unwrap();
    assert!(refused::<Full>(same, &vectors).contains("is vectors, expected class labels"));
    let mut short = labelled(6);
    short.conditions = Conditions::none().class("y", &[0, 1]).unwrap();
    assert!(refused::<Full>(same, &short).contains("is 2 labels, expected 6"));

    assert!(refused::<WithContext>(same, &points(2)).contains("with_vector(\"c\""));
    let labels = points(2).with_class("c", &[0, 1]).unwrap();
    assert!(refused::<WithContext>(same, &labels).contains("is class labels, expected vectors"));
    let narrow = points(2).with_vector("c", 1, &[0.0; 2]).unwrap();
    assert!(refused::<WithContext>(same, &narrow).contains("has shape [2, 1], expected [2, 2]"));
    let context = points(2).with_vector("c", 2, &[0.0; 4]).unwrap();
    assert!(trainer::<WithContext>().fit_with(&mut Analytic::default(), &context).is_ok());
}

#[test]
fn initial_weights_that_are_not_finite() {
    let mut model = Plain::new(0);
    model.weights_mut().values_mut()[3] = f32::INFINITY;
    assert!(refused::<Simple>(|trainer| trainer.model(model), &points(3)).contains("finite"));
}

#[test]
fn a_model_to_start_from_is_where_the_run_starts() {
    let model = Plain::new(42);
    let mut trainer = trainer::<Simple>().steps(1).model(model.clone());
    let mut engine = Analytic { fault: Some((1, f64::NAN, 0.0)), ..Analytic::default() };
    assert!(matches!(trainer.fit_with(&mut engine, &points(3)), Err(Error::Diverged { step: 1, .. })));
    assert_eq!(trainer.salvage().unwrap().raw_model, model);
}
