//! Batches: which samples, which times, which source points.

use super::{Batch, PathSample, Recipe, TimeSampling, check};
use crate::{
    data::{Condition, ConditionValues, Dataset},
    error::Result,
    flow::{Path, Source},
    rng::{Philox, Stream},
};

/// Draws of evaluations are counted from here, so that training never sees their times and source points.
const EVALUATION: u64 = 1 << 63;

/// Makes batches of a data set for a path.
///
/// Draw `d` of a run with seed `s` is a function of `(s, d)` alone: it does not depend on the thread count or on the
/// draws before it. Sample `i` of the batch is row [`below(i, rows)`](Philox::below) of [`Stream::Batch`], with
/// replacement; its time comes from [`Stream::Time`] at index `i`, its source point from [`Stream::Source`] at
/// indices `i · dim …`. Step `n` of the optimiser, counted from zero, takes the draws `n · accumulate …`.
///
/// ```
/// use flow_runtime::{prelude::*, train::{Batch, Batcher}};
/// # flow_model! {
/// #     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
/// #     train LineTraining for Line { path: Affine(CondOt), optimizer: adam(lr = 1e-3), batch: 8, steps: 10 }
/// # }
/// let (path, moons) = (Affine(CondOt), data::two_moons(100, 0.05, 0)?);
/// let mut batcher = Batcher::new(&LineTraining::RECIPE, &path, &moons);
/// let mut batch = Batch::default();
/// batcher.draw(0, 16, &mut batch)?;
/// assert_eq!((batch.t.len(), batch.xt.len(), batch.ut.len()), (16, 32, 32));
/// # Ok::<(), Error>(())
/// ```
pub struct Batcher<'a, P> {
    path: &'a P,
    draws: Draws<'a>,
}

/// As [`Batcher`], for a path that is a function.
pub(crate) struct Draws<'a> {
    data: &'a Dataset,
    seed: u64,
    time: TimeSampling,
    source: Source,
    x0: Vec<f32>,
    rows: Vec<usize>,
}

impl<'a, P: Path> Batcher<'a, P> {
    /// For the times, the source and the seed of a recipe.
    pub fn new(recipe: &Recipe, path: &'a P, data: &'a Dataset) -> Self {
        Self { path, draws: Draws::new(recipe, data) }
    }

    /// Fills `batch` with `size` samples of draw `draw`.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if the data set is empty.
    pub fn draw(&mut self, draw: u64, size: usize, batch: &mut Batch) -> Result<()> {
        let path = self.path;
        self.draws.draw(draw, size, batch, &|t, x0, x1, xt, ut| path.sample(t, x0, x1, xt, ut))
    }

    /// Fills `batch` with the rows `chunk · size …` in their order, the same times and source points in every
    /// evaluation; false past the last row.
    pub(super) fn evaluation(&mut self, chunk: usize, size: usize, batch: &mut Batch) -> Result<bool> {
        let Self { path, draws } = self;
        let start = chunk.saturating_mul(size).min(draws.data.rows());
        draws.rows.clear();
        draws.rows.extend(start..start.saturating_add(size).min(draws.data.rows()));
        draws.fill(EVALUATION + chunk as u64, batch, &|t, x0, x1, xt, ut| path.sample(t, x0, x1, xt, ut))?;
        Ok(!draws.rows.is_empty())
    }
}

impl<'a> Draws<'a> {
    pub(crate) fn new(recipe: &Recipe, data: &'a Dataset) -> Self {
        let Recipe { seed, time, source, .. } = *recipe;
        Self { data, seed, time, source, x0: Vec::new(), rows: Vec::new() }
    }

    /// As [`Batcher::draw`].
    pub(crate) fn draw(&mut self, draw: u64, size: usize, batch: &mut Batch, sample: PathSample<'_>) -> Result<()> {
        let random = Philox::new(self.seed, Stream::Batch, draw);
        let rows = self.data.rows() as u64;
        if rows == 0 {
            return Err(check::empty("the data set"));
        }
        self.rows.clear();
        self.rows.extend((0..size as u64).map(|i| random.below(i, rows) as usize));
        self.fill(draw, batch, sample)
    }

    fn fill(&mut self, draw: u64, batch: &mut Batch, sample: PathSample<'_>) -> Result<()> {
        let (size, dim) = (self.rows.len(), self.data.dim());
        batch.size = size;
        batch.t.resize(size, 0.0);
        batch.xt.resize(size * dim, 0.0);
        batch.ut.resize(size * dim, 0.0);
        self.x0.resize(size * dim, 0.0);
        self.time.fill(&Philox::new(self.seed, Stream::Time, draw), 0, &mut batch.t);
        self.source.fill(&Philox::new(self.seed, Stream::Source, draw), 0, dim, &mut self.x0)?;
        let points = batch.xt.chunks_exact_mut(dim).zip(batch.ut.chunks_exact_mut(dim));
        for (((&row, &t), x0), (xt, ut)) in self.rows.iter().zip(&batch.t).zip(self.x0.chunks_exact(dim)).zip(points) {
            let x1 = &self.data.values()[row * dim..(row + 1) * dim];
            sample(f64::from(t), x0, x1, xt, ut);
        }
        gather(self.data, &self.rows, batch);
        Ok(())
    }
}

/// The conditions of the chosen rows; the memory of the batch before is used again.
fn gather(data: &Dataset, rows: &[usize], batch: &mut Batch) {
    let from = &data.conditions().columns;
    let to = &mut batch.conditions.columns;
    to.resize_with(from.len(), || Condition { name: String::new(), values: ConditionValues::Class(Vec::new()) });
    for (from, to) in from.iter().zip(to) {
        to.name.clone_from(&from.name);
        match (&from.values, &mut to.values) {
            (ConditionValues::Class(from), ConditionValues::Class(to)) => {
                to.clear();
                to.extend(rows.iter().map(|&row| from[row]));
            }
            (ConditionValues::Vector { dim: n, values: from }, ConditionValues::Vector { dim, values: to }) => {
                *dim = *n;
                to.clear();
                rows.iter().for_each(|&row| to.extend_from_slice(&from[row * n..(row + 1) * n]));
            }
            (from, to) => {
                *to = match from {
                    ConditionValues::Class(from) => ConditionValues::Class(rows.iter().map(|&r| from[r]).collect()),
                    ConditionValues::Vector { dim, values } => {
                        let rows = rows.iter().flat_map(|&row| &values[row * dim..(row + 1) * dim]);
                        ConditionValues::Vector { dim: *dim, values: rows.copied().collect() }
                    }
                }
            }
        }
    }
}
