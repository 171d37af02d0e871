//! Batches.

use super::*;
use crate::train::Batcher;
use proptest::prelude::*;

fn draw(recipe: &Recipe, data: &Dataset, draw: u64, size: usize) -> Batch {
    let mut batch = Batch::default();
    Batcher::new(recipe, &Straight, data).draw(draw, size, &mut batch).unwrap();
    batch
}

#[test]
fn memory_that_is_used_again_leaves_no_trace() {
    let (data, plain) = (labelled(12), points(5));
    let mut batch = draw(&BASE, &data, 0, 100);
    Batcher::new(&BASE, &Straight, &data).draw(3, 7, &mut batch).unwrap();
    let fresh = draw(&BASE, &data, 3, 7);
    assert_eq!((&batch.t, &batch.xt, &batch.ut), (&fresh.t, &fresh.xt, &fresh.ut));
    assert_eq!(batch.conditions, fresh.conditions);
    Batcher::new(&BASE, &Straight, &plain).draw(3, 7, &mut batch).unwrap();
    assert!(batch.conditions.columns.is_empty());
}

#[test]
fn a_batch_is_a_prefix_of_a_larger_one() {
    let data = labelled(12);
    let (small, large) = (draw(&FULL, &data, 5, 6), draw(&FULL, &data, 5, 40));
    assert_eq!(small.t, large.t[..6]);
    assert_eq!(small.xt, large.xt[..12]);
    assert_eq!(small.ut, large.ut[..12]);
}

#[test]
fn an_empty_data_set_gives_no_batch() {
    let mut batch = Batch::default();
    assert!(Batcher::new(&BASE, &Straight, &Dataset::default()).draw(0, 4, &mut batch).is_err());
}

#[test]
fn points_lie_on_the_path_of_their_row_and_label() {
    let rows: Vec<_> = (0..6).map(|i| [i as f32 * 100.0, i as f32 * 100.0 + 50.0]).collect();
    let data = Dataset::from_rows(&rows).unwrap().with_class("y", &[0, 1, 2, 0, 1, 2]).unwrap();
    let batch = draw(&BASE, &data, 1, 64);
    let ConditionValues::Class(labels) = &batch.conditions.columns[0].values else { panic!("no labels") };
    for i in 0..64 {
        let (t, xt, ut) = (batch.t[i], &batch.xt[2 * i..2 * i + 2], &batch.ut[2 * i..2 * i + 2]);
        assert!((0.0..1.0).contains(&t));
        let x1: Vec<_> = (0..2).map(|j| xt[j] + (1.0 - t) * ut[j]).collect();
        let row = (x1[0] / 100.0).round() as usize;
        assert!((x1[0] - rows[row][0]).abs() < 1e-2 && (x1[1] - rows[row][1]).abs() < 1e-2);
        assert_eq!(labels[i] as usize, row % 3);
    }
}

#[test]
fn rows_are_drawn_evenly_and_sources_are_normal() {
    let data = Dataset::from_rows(&[[0.0], [10.0], [20.0], [30.0]]).unwrap();
    let batch = draw(&BASE, &data, 0, 40_000);
    let mut counts = [0usize; 4];
    let (mut mean, mut square) = (0.0, 0.0);
    for i in 0..batch.size {
        let x1 = batch.xt[i] + (1.0 - batch.t[i]) * batch.ut[i];
        counts[(x1 / 10.0).round() as usize] += 1;
        let x0 = f64::from(batch.xt[i] - batch.t[i] * batch.ut[i]);
        (mean, square) = (mean + x0, square + x0 * x0);
    }
    // Five standard deviations each: sqrt(n p (1 − p)) = 87, 1/sqrt(n) = 0.005, sqrt(2/n) = 0.007.
    assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 435), "{counts:?}");
    assert!((mean / 40_000.0).abs() < 0.025 && (square / 40_000.0 - 1.0).abs() < 0.036);
}

#[test]
fn held_out_rows_come_once_each_in_order_with_draws_of_their_own() {
    let data = labelled(10);
    let (mut batch, mut labels, mut sizes) = (Batch::default(), Vec::new(), Vec::new());
    let mut batcher = Batcher::new(&BASE, &Straight, &data);
    let mut chunk = 0;
    while batcher.evaluation(chunk, 4, &mut batch).unwrap() {
        let ConditionValues::Class(of_chunk) = &batch.conditions.columns[0].values else { panic!("no labels") };
        labels.extend_from_slice(of_chunk);
        sizes.push(batch.size);
        assert_ne!(batch.t, draw(&BASE, &data, chunk as u64, batch.size).t);
        chunk += 1;
    }
    assert_eq!(sizes, [4, 4, 2]);
    assert_eq!(labels, [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
}

proptest! {
    #[test]
    fn draws_are_functions_of_seed_and_number(seed in any::<u64>(), number in 0u64..1 << 62, rows in 1usize..30, size in 1usize..30) {
        let (recipe, data) = (Recipe { seed, ..FULL }, labelled(rows));
        let (a, b) = (draw(&recipe, &data, number, size), draw(&recipe, &data, number, size));
        prop_assert_eq!((&a.t, &a.xt, &a.ut, &a.conditions), (&b.t, &b.xt, &b.ut, &b.conditions));
        prop_assert!(a.t.iter().all(|t| 0.0 < *t && *t < 1.0));
        prop_assert!(a.xt.iter().chain(&a.ut).all(|x| x.is_finite()));
        prop_assert_ne!(&a.t, &draw(&recipe, &data, number + 1, size).t);
    }
}
