//! A model with more parameters than the engine keeps a gradient of for every group of rows.

use crate::{
    engines::{ALL, Engine, far},
    models::{BASE, Wide, exactly},
    training::run,
};
use flow_runtime::{prelude::*, train::Recipe};

#[test]
fn trains_as_the_reference_does() {
    assert!(Wide::layout().size() > 1 << 18);
    for (accumulate, batch) in [(1, 150), (2, 3)] {
        let recipe = Recipe { accumulate, batch, clip: Some(1.0), ema: Some(0.9), ..BASE };
        let (expected, state) = run::<Wide>(&mut *Engine::Double(1).trainer::<Wide>(), &recipe, 3);
        for engine in ALL {
            let (got, own) = run::<Wide>(&mut *engine.trainer::<Wide>(), &recipe, 3);
            for (got, expected) in got.iter().zip(&expected) {
                assert!((got.loss - expected.loss).abs() < 2e-5, "{engine:?}: {got:?} {expected:?}");
                let apart = (got.gradient_norm - expected.gradient_norm).abs();
                assert!(apart < 1e-4 * expected.gradient_norm, "{engine:?}: {got:?} {expected:?}");
            }
            let apart = far(&exactly(own.weights.values()), &exactly(state.weights.values()));
            assert!(apart < 3.0 * recipe.optimizer.lr(), "{engine:?}: {apart:e}");
        }
    }
}
