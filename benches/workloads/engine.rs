//! Trainers and samplers as the command line asks for them: the one place where device, precision and threads are set.

use super::arguments::Arguments;
use flow_runtime::{
    sample::{SampleRecipe, Sampler},
    train::{TrainRecipe, Trainer},
};

/// A trainer of the recipe on the device that was asked for.
pub fn trainer<R: TrainRecipe>(arguments: &Arguments) -> Trainer<R> {
    let trainer = Trainer::new().device(arguments.device).precision(arguments.precision).handle_interrupts(false);
    if arguments.threads > 0 { trainer.threads(arguments.threads) } else { trainer }
}

/// A sampler of the recipe on the device that was asked for.
pub fn sampler<'m, R: SampleRecipe>(arguments: &Arguments, model: &'m R::Model) -> Sampler<'m, R> {
    let sampler = Sampler::new(model).device(arguments.device).precision(arguments.precision);
    if arguments.threads > 0 { sampler.threads(arguments.threads) } else { sampler }
}
