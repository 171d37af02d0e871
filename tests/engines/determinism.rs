//! The same bits, whatever the number of threads and whatever else is in the batch.

use crate::{
    engines::Engine::{Cpu, Dfdx, Double},
    models::{BASE, Dropped, Joined, JoinedSampler, Steered, SteeredSampler, Wide, bits, conditions, numbers},
    training::run,
};
use flow_runtime::{engine::DfdxModel, train::Recipe};

fn trains_alike<M: DfdxModel>(recipe: &Recipe) {
    for engines in [[Cpu(1), Cpu(2), Cpu(16)], [Double(1), Double(2), Double(16)], [Dfdx; 3]] {
        let runs = engines.map(|engine| run::<M>(&mut *engine.trainer::<M>(), recipe, 5));
        let [(outcomes, first), others @ ..] = &runs;
        for (engine, (other_outcomes, other)) in engines[1..].iter().zip(others) {
            assert_eq!(outcomes, other_outcomes, "{engine:?}");
            assert_eq!(bits(first.weights.values()), bits(other.weights.values()), "{engine:?}");
            // Losses, moments and the average, too.
            assert_eq!(first, other, "{engine:?}");
        }
    }
}

#[test]
fn training() {
    let recipe = Recipe { batch: 300, ema: Some(0.9), clip: Some(0.5), accumulate: 2, ..BASE };
    trains_alike::<Dropped>(&recipe);
    trains_alike::<Steered>(&recipe);
    trains_alike::<Joined>(&Recipe { batch: 3000, ..BASE });
}

#[test]
fn training_of_a_wide_model() {
    trains_alike::<Wide>(&Recipe { batch: 150, ema: Some(0.9), clip: Some(0.5), accumulate: 2, ..BASE });
}

#[test]
fn sampling() {
    let model = Joined::new(2);
    let drawn = |threads: usize, count: usize| {
        JoinedSampler::new(&model).threads(threads).sample(count).expect("it stays finite").values().to_vec()
    };
    let all = drawn(1, 5000);
    for threads in [2, 3, 16] {
        assert_eq!(bits(&all), bits(&drawn(threads, 5000)), "{threads} threads");
    }
    for count in [1, 2, 3, 17, 63, 1025] {
        assert_eq!(bits(&all[..2 * count]), bits(&drawn(2, count)), "{count} samples");
    }
}

#[test]
fn sampling_under_conditions() {
    let model = Steered::new(2);
    let drawn = |threads: usize, count: usize| {
        let sampler = SteeredSampler::new(&model).threads(threads);
        let samples = sampler.sample_given(count, &conditions(Steered::PROGRAM, count)).expect("it stays finite");
        bits(samples.values())
    };
    let all = drawn(1, 3000);
    assert_eq!(all, drawn(16, 3000));
    [1, 5, 777].into_iter().for_each(|count| assert_eq!(all[..2 * count], drawn(16, count), "{count} samples"));
}

#[test]
fn velocities() {
    for (one, more) in [(Cpu(1), Cpu(16)), (Double(1), Double(16))] {
        let model = Steered::new(2);
        let rows = 3000;
        let (t, x) = (vec![0.3; rows], numbers(2 * rows, 3));
        let given = conditions(Steered::PROGRAM, rows);
        let of = |engine: crate::engines::Engine, rows: usize| {
            let given = conditions(Steered::PROGRAM, rows);
            engine.velocity(&model, &t[..rows], &x[..2 * rows], &given).expect("they fit")
        };
        assert_eq!(given.rows(), Some(rows));
        let all = of(one, rows);
        assert_eq!(all, of(more, rows));
        [1, 2, 31, 1000].into_iter().for_each(|few| assert_eq!(all[..2 * few], of(more, few), "{few} rows"));
    }
}
