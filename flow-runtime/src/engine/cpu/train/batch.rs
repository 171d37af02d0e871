//! The rows of a batch in the engine's memory: handed over, or drawn where they are needed.

use super::super::{
    executor::{SLACK, Shared},
    frame::ConditionRows,
    math::Math,
};
use crate::{
    data::{ConditionValues, Dataset},
    rng::{Philox, Stream},
    train::{Batch, PathSample, Recipe},
};

/// A batch that is drawn by whoever works on its rows.
#[derive(Clone, Copy)]
pub(in crate::engine::cpu) struct Drawn<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) data: &'a Dataset,
    /// Places of the program's conditions among those of the data, and how many classes they have.
    pub(super) order: &'a [(usize, u32)],
    pub(super) sample: PathSample<'a>,
}

impl<'a> Drawn<'a> {
    fn columns(&self) -> impl Iterator<Item = &'a ConditionValues> + Clone + use<'a> {
        let columns = &self.data.conditions().columns;
        self.order.iter().filter_map(|&(i, _)| columns.get(i)).map(|column| &column.values)
    }
}

/// Times, points, velocities and conditions of a batch.
pub(in crate::engine::cpu) struct Batches<T> {
    /// As the path gives them.
    pub(super) t: Vec<f32>,
    pub(super) xt: Vec<f32>,
    pub(super) ut: Vec<f32>,
    x0: Vec<f32>,
    x1: Vec<f32>,
    /// As the kernels read them; unused where they read `f32`.
    times: Vec<T>,
    points: Vec<T>,
    conditions: Vec<Column<T>>,
}

enum Column<T> {
    Labels(Vec<u32>),
    Values { dim: usize, values: Vec<T> },
}

impl<T> Default for Batches<T> {
    fn default() -> Self {
        Self {
            t: Vec::new(),
            xt: Vec::new(),
            ut: Vec::new(),
            x0: Vec::new(),
            x1: Vec::new(),
            times: Vec::new(),
            points: Vec::new(),
            conditions: Vec::new(),
        }
    }
}

/// Pointers into a batch, for threads that each have rows of their own.
pub(super) struct Rows<T> {
    t: Shared<f32>,
    xt: Shared<f32>,
    pub(super) ut: Shared<f32>,
    x0: Shared<f32>,
    x1: Shared<f32>,
    times: Shared<T>,
    points: Shared<T>,
    conditions: Vec<ConditionColumn<T>>,
}

#[derive(Clone, Copy)]
enum ConditionColumn<T> {
    Labels(Shared<u32>),
    Values(usize, Shared<T>),
}

impl<T: Math> Batches<T> {
    /// Room for `rows` rows; kernels may read past the last one.
    fn room(&mut self, rows: usize, dim: usize) {
        let grow = |values: &mut Vec<f32>, len: usize| values.resize(len.max(values.len()), 0.0);
        grow(&mut self.t, rows + SLACK);
        grow(&mut self.xt, rows * dim + SLACK);
        grow(&mut self.ut, rows * dim + SLACK);
        if size_of::<T>() != size_of::<f32>() {
            self.times.resize((rows + SLACK).max(self.times.len()), T::default());
            self.points.resize((rows * dim + SLACK).max(self.points.len()), T::default());
        }
    }

    /// Room for batches that are drawn.
    pub(super) fn reserve(&mut self, drawn: &Drawn<'_>, rows: usize, dim: usize) {
        self.room(rows, dim);
        for values in [&mut self.x0, &mut self.x1] {
            values.resize((rows * dim + SLACK).max(values.len()), 0.0);
        }
        self.columns(drawn.columns(), rows);
    }

    fn columns<'a>(&mut self, like: impl Iterator<Item = &'a ConditionValues> + Clone, rows: usize) {
        let fits = self.conditions.len() == like.clone().count()
            && self.conditions.iter().zip(like.clone()).all(|(own, values)| match (own, values) {
                (Column::Labels(own), ConditionValues::Class(_)) => own.len() >= rows,
                (Column::Values { dim, values: own }, ConditionValues::Vector { dim: n, .. }) => {
                    dim == n && own.len() >= rows * dim + SLACK
                }
                _ => false,
            });
        if fits {
            return;
        }
        self.conditions = like
            .map(|values| match values {
                ConditionValues::Class(_) => Column::Labels(vec![0; rows]),
                ConditionValues::Vector { dim, .. } => {
                    Column::Values { dim: *dim, values: vec![T::default(); rows * dim + SLACK] }
                }
            })
            .collect();
    }

    /// Copies a batch that somebody else made; its conditions in the order of the program.
    pub(in crate::engine::cpu) fn take(&mut self, batch: &Batch, conditions: &[&ConditionValues]) {
        let (rows, len) = (batch.size, batch.xt.len());
        self.room(rows, len / rows.max(1));
        self.t[..rows].copy_from_slice(&batch.t);
        self.xt[..len].copy_from_slice(&batch.xt);
        self.ut[..len].copy_from_slice(&batch.ut);
        self.columns(conditions.iter().copied(), rows);
        for (own, values) in self.conditions.iter_mut().zip(conditions) {
            match (own, values) {
                (Column::Labels(own), ConditionValues::Class(labels)) => own[..rows].copy_from_slice(labels),
                (Column::Values { values: own, .. }, ConditionValues::Vector { values, .. }) => {
                    own.iter_mut().zip(values).for_each(|(to, from)| *to = T::from_f32(*from));
                }
                _ => {}
            }
        }
    }

    pub(super) fn rows(&mut self) -> Rows<T> {
        let same = size_of::<T>() == size_of::<f32>();
        let (t, xt) = (self.t.as_mut_ptr(), self.xt.as_mut_ptr());
        Rows {
            t: Shared(t),
            xt: Shared(xt),
            ut: Shared(self.ut.as_mut_ptr()),
            x0: Shared(self.x0.as_mut_ptr()),
            x1: Shared(self.x1.as_mut_ptr()),
            times: Shared(if same { t.cast() } else { self.times.as_mut_ptr() }),
            points: Shared(if same { xt.cast() } else { self.points.as_mut_ptr() }),
            conditions: self
                .conditions
                .iter_mut()
                .map(|column| match column {
                    Column::Labels(labels) => ConditionColumn::Labels(Shared(labels.as_mut_ptr())),
                    Column::Values { dim, values } => ConditionColumn::Values(*dim, Shared(values.as_mut_ptr())),
                })
                .collect(),
        }
    }
}

impl<T: Math> Rows<T> {
    /// Draws the rows `first .. first + rows` of draw `draw`, as [`Batcher`](crate::train::Batcher) does.
    ///
    /// # Safety
    /// There is room for them, and no other thread uses them.
    pub(super) unsafe fn draw(&self, drawn: &Drawn<'_>, draw: u64, first: usize, rows: usize, dim: usize) {
        let Drawn { recipe, data, sample, .. } = *drawn;
        // SAFETY: the caller's promise.
        let (t, xt, ut, x0, x1) = unsafe {
            (
                std::slice::from_raw_parts_mut(self.t.at(first), rows),
                std::slice::from_raw_parts_mut(self.xt.at(first * dim), rows * dim),
                std::slice::from_raw_parts_mut(self.ut.at(first * dim), rows * dim),
                std::slice::from_raw_parts_mut(self.x0.at(first * dim), rows * dim),
                std::slice::from_raw_parts_mut(self.x1.at(first * dim), rows * dim),
            )
        };
        recipe.time.fill(&Philox::new(recipe.seed, Stream::Time, draw), first as u64, t);
        // Rows are whole: that is all that could be wrong.
        let _ = recipe.source.fill(&Philox::new(recipe.seed, Stream::Source, draw), first as u64, dim, x0);
        let random = Philox::new(recipe.seed, Stream::Batch, draw);
        let count = data.rows() as u64;
        // Rows lie anywhere in memory. Fetched in a loop of their own, many are under way at a time.
        for i in 0..rows {
            let row = random.below((first + i) as u64, count) as usize;
            x1[i * dim..(i + 1) * dim].copy_from_slice(&data.values()[row * dim..(row + 1) * dim]);
            for ((to, from), &(_, classes)) in self.conditions.iter().zip(drawn.columns()).zip(drawn.order) {
                match (to, from) {
                    (ConditionColumn::Labels(to), ConditionValues::Class(labels)) => {
                        let known = labels[row] < classes;
                        if !known {
                            // The loss is NaN, and the step is refused.
                            x1[i * dim..(i + 1) * dim].fill(f32::NAN);
                        }
                        // SAFETY: as above.
                        unsafe { *to.at(first + i) = if known { labels[row] } else { 0 } };
                    }
                    (ConditionColumn::Values(dim, to), ConditionValues::Vector { values, .. }) => {
                        for (j, value) in values[row * dim..(row + 1) * dim].iter().enumerate() {
                            // SAFETY: as above.
                            unsafe { *to.at((first + i) * dim + j) = T::from_f32(*value) };
                        }
                    }
                    _ => {}
                }
            }
        }
        let ends = x0.chunks_exact(dim).zip(x1.chunks_exact(dim));
        let points = xt.chunks_exact_mut(dim).zip(ut.chunks_exact_mut(dim));
        for ((t, (x0, x1)), (xt, ut)) in t.iter().zip(ends).zip(points) {
            sample(f64::from(*t), x0, x1, xt, ut);
        }
    }

    /// The times and points of the rows from `first` on, in the engine's type.
    ///
    /// # Safety
    /// As [`draw`](Self::draw).
    pub(super) unsafe fn inputs(&self, first: usize, rows: usize, dim: usize) -> (*const T, *const T) {
        // SAFETY: the caller's promise.
        unsafe {
            if size_of::<T>() != size_of::<f32>() {
                for i in first..first + rows {
                    *self.times.at(i) = T::from_f32(*self.t.at(i));
                }
                for i in first * dim..(first + rows) * dim {
                    *self.points.at(i) = T::from_f32(*self.xt.at(i));
                }
            }
            (self.times.at(first).cast_const(), self.points.at(first * dim).cast_const())
        }
    }

    /// The times and points of the whole batch, after [`inputs`](Self::inputs) has been called for all of its rows.
    pub(super) fn inputs_as_they_are(&self) -> (*const T, *const T) {
        (self.times.0.cast_const(), self.points.0.cast_const())
    }

    /// The conditions of the rows from `first` on.
    ///
    /// # Safety
    /// There are such rows.
    pub(super) unsafe fn conditions(&self, first: usize, out: &mut Vec<ConditionRows<T>>) {
        out.clear();
        // SAFETY: the caller's promise.
        out.extend(self.conditions.iter().map(|column| unsafe {
            match column {
                ConditionColumn::Labels(labels) => ConditionRows::Labels(labels.at(first).cast_const()),
                ConditionColumn::Values(dim, values) => ConditionRows::Values(values.at(first * dim).cast_const()),
            }
        }));
    }
}
