//! Any run, stopped anywhere, written and read back, goes on equally.

use proptest::prelude::*;

use super::*;
use crate::train::{Control, TrainState, run_steps};

fn recipes() -> impl Strategy<Value = Recipe> {
    let shape = prop_oneof![
        Just(ScheduleShape::Constant),
        (0.0..=1.0).prop_map(|floor| ScheduleShape::Cosine { floor }),
        (1u64..9, 0.1..=1.0).prop_map(|(every, gamma)| ScheduleShape::Step { every, gamma }),
    ];
    let optimizer = prop_oneof![
        Just(ADAM),
        (0.0..0.1).prop_map(|weight_decay| Optimizer::Sgd { lr: 0.01, momentum: 0.0, nesterov: false, weight_decay }),
    ];
    let loss = prop_oneof![Just(Loss::Mse), Just(Loss::L1), Just(Loss::Huber { delta: 0.3 })];
    let source = prop_oneof![Just(Source::Gaussian), Just(Source::Uniform { low: -1.5, high: 0.25 })];
    let numbers = (any::<u64>(), 1usize..12, 1usize..4, 0u64..8, 2u64..16);
    let options = (prop::option::of(0.0..0.9999f64), prop::option::of(0.01..3.0f64));
    (shape, optimizer, loss, source, numbers, options).prop_map(
        |(shape, optimizer, loss, source, (seed, batch, accumulate, warmup, steps), (ema, clip))| Recipe {
            schedule: Schedule { warmup, shape },
            optimizer,
            loss,
            source,
            seed,
            batch,
            accumulate,
            steps,
            ema,
            clip,
            ..BASE
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn steps_add_up(recipe in recipes(), at in 0.0..1.0f64) {
        let data = labelled(13);
        let start = || TrainState::new(&recipe, initial(Labelled::PROGRAM, 1));
        let run = |state: &mut TrainState, steps| {
            run_steps(&mut Analytic::default(), &recipe, &Straight, &data, state, steps).unwrap()
        };
        let (mut whole, mut parts) = (start(), start());
        let middle = (at * recipe.steps as f64) as u64;
        let mut outcomes = run(&mut parts, middle);
        outcomes.extend(run(&mut parts, recipe.steps - middle));
        prop_assert_eq!(run(&mut whole, recipe.steps), outcomes);
        prop_assert_eq!(whole, parts);
    }

    #[test]
    fn a_trainer_goes_on_where_it_was(recipe in recipes(), at in 0.0..1.0f64) {
        let (data, folder) = (labelled(13), tempfile::tempdir().unwrap());
        let make = || {
            let mut trainer = trainer::<Full>();
            trainer.recipe = recipe;
            trainer
        };
        let middle = 1 + (at * (recipe.steps - 1) as f64) as u64;
        let whole = make().fit_with(&mut Analytic::default(), &data).unwrap();
        let _ = make()
            .checkpoints(folder.path(), 1000)
            .on_step(move |info| if info.step == middle { Control::Stop } else { Control::Continue })
            .fit_with(&mut Analytic::default(), &data)
            .unwrap();
        let resumed = make()
            .checkpoints(folder.path(), 1000)
            .resume(true)
            .fit_with(&mut Analytic::default(), &data)
            .unwrap();
        prop_assert_eq!(resumed.report.resumed_from, Some(middle));
        prop_assert_eq!(&whole.model, &resumed.model);
        prop_assert_eq!(&whole.raw_model, &resumed.raw_model);
        prop_assert_eq!(&whole.losses, &resumed.losses);
    }
}
