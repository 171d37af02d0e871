//! Stopped, and gone on with: the same bits as never stopped, whatever the number of threads before and after.

use crate::{
    engines::Engine::{self, Cpu, Dfdx, Double},
    models::{DroppedTraining, JoinedTraining, SteeredTraining, WideTraining, data_for},
};
use flow_runtime::{engine::DfdxModel, prelude::*};

fn resumes<R: TrainRecipe<Model: DfdxModel>>() {
    let stop = R::RECIPE.steps / 2;
    let data = data_for(R::Model::PROGRAM, 400);
    let held_out = data_for(R::Model::PROGRAM, 30);
    let trainer = || Trainer::<R>::new().seed(4).evaluate_every(3, held_out.clone());
    let pairs: [(Engine, Engine); 5] =
        [(Dfdx, Dfdx), (Cpu(1), Cpu(1)), (Cpu(2), Cpu(1)), (Cpu(1), Cpu(16)), (Double(2), Double(1))];
    for (before, after) in pairs {
        let whole = trainer().fit_with(&mut *before.trainer::<R::Model>(), &data).expect("the data fit");
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        let mut stopped = trainer()
            .checkpoints(folder.path(), stop)
            .on_step(move |info| if info.step == stop { Control::Stop } else { Control::Continue });
        let stopped = stopped.fit_with(&mut *before.trainer::<R::Model>(), &data).expect("the data fit");
        assert_eq!(stopped.report.steps, stop);
        let mut resumed = trainer().checkpoints(folder.path(), stop).resume(true);
        let resumed = resumed.fit_with(&mut *after.trainer::<R::Model>(), &data).expect("the checkpoint is this run's");
        assert_eq!(resumed.report.resumed_from, Some(stop));
        assert_eq!(resumed.losses, whole.losses, "{before:?} {after:?}");
        assert_eq!(resumed.model.weights(), whole.model.weights(), "{before:?} {after:?}");
        assert_eq!(resumed.raw_model.weights(), whole.raw_model.weights(), "{before:?} {after:?}");
        assert_eq!(resumed.report.best_evaluation, whole.report.best_evaluation, "{before:?} {after:?}");
        // With the moments and the average.
        let states = Checkpoint::latest::<R::Model>(folder.path(), |_| {}).expect("it can be read");
        assert_eq!(states.map(|checkpoint| checkpoint.state().step), Some(R::RECIPE.steps));
    }
}

#[test]
fn adam_with_an_average() {
    resumes::<JoinedTraining>();
}

#[test]
fn adamw_with_dropout_and_accumulation() {
    resumes::<DroppedTraining>();
}

#[test]
fn momentum_with_conditions() {
    resumes::<SteeredTraining>();
}

#[test]
fn a_wide_model() {
    resumes::<WideTraining>();
}
