//! From the groups' gradients to new weights: sum, clip, optimiser, average, and the weights laid out anew.

use super::{Training, pass::Pass, pass::Work};
use crate::{
    engine::{
        check::{check_time, prepare_moments},
        cpu::{
            executor::Shared,
            math::Math,
            optimizer::{Average, Range, Update},
            team::{Member, Team},
        },
    },
    error::{Error, Result},
    train::{Optimizer, OptimizerState, StepOutcome, StepTask, TrainState, in_range},
};
use pulp::{Arch, Simd, WithSimd};
use std::{
    marker::PhantomData,
    sync::atomic::{AtomicUsize, Ordering},
};

/// The gradient in chunks, each of which is one thread's.
pub(super) struct Parts<'a, T> {
    pub(super) arch: Arch,
    pub(super) chunks: &'a [(usize, usize)],
    pub(super) squares: Shared<f64>,
    pub(super) total: Shared<f32>,
    pub(super) groups: usize,
    pub(super) marker: PhantomData<&'a mut T>,
}

impl<T: Math> Parts<'_, T> {
    /// The chunks of a member.
    fn of(&self, member: &Member<'_>) -> impl Iterator<Item = (usize, (usize, usize))> + use<'_, T> {
        self.chunks.iter().copied().enumerate().skip(member.index).step_by(member.size.max(1))
    }

    /// Adds the groups in their order, and squares the sum.
    ///
    /// # Safety
    /// All groups are computed, and all members call this once.
    pub(super) unsafe fn sum(&self, work: &Work<'_, T>, member: &Member<'_>) {
        for (i, (start, end)) in self.of(member) {
            // SAFETY: a chunk is one member's, in every group and in the sum.
            unsafe {
                let sum = std::slice::from_raw_parts_mut(work.group(0).at(start), end - start);
                for group in 1..self.groups {
                    let part = std::slice::from_raw_parts(work.group(group).at(start), end - start);
                    self.arch.dispatch(AddTo { sum: &mut *sum, part });
                }
                *self.squares.at(i) = if self.total.0.cast() == work.group(0).0 {
                    // The sum is the gradient as the optimiser takes it.
                    self.arch.dispatch(Square { sum })
                } else {
                    let total = std::slice::from_raw_parts_mut(self.total.at(start), end - start);
                    for (total, sum) in total.iter_mut().zip(&*sum) {
                        *total = sum.to_f32();
                    }
                    self.arch.dispatch(Square { sum: &*total })
                };
            }
        }
    }

    /// The gradient's Euclidean norm, after all members have summed.
    fn norm(&self) -> f64 {
        // SAFETY: every chunk has written its square.
        (0..self.chunks.len()).map(|i| unsafe { *self.squares.at(i) }).sum::<f64>().sqrt()
    }
}

/// `sum += part`.
struct AddTo<'a, T> {
    sum: &'a mut [T],
    part: &'a [T],
}

impl<T: Math> WithSimd for AddTo<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (sum, part) in self.sum.iter_mut().zip(self.part) {
            *sum = sum.plus(*part);
        }
    }
}

/// `Σ sum²`, in `f64`.
struct Square<'a, T> {
    sum: &'a [T],
}

impl<T: Math> WithSimd for Square<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        const SIDE: usize = 16;
        let mut squares = [0.0f64; SIDE];
        let (sums, rest) = self.sum.as_chunks::<SIDE>();
        for sum in sums {
            for i in 0..SIDE {
                squares[i] += sum[i].to_f64() * sum[i].to_f64();
            }
        }
        for sum in rest {
            squares[0] += sum.to_f64() * sum.to_f64();
        }
        squares.iter().sum()
    }
}

/// `values *= factor`, in `f64` before it is rounded.
struct ScaleBy<'a> {
    values: &'a mut [f32],
    factor: f64,
}

impl WithSimd for ScaleBy<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for value in self.values {
            *value = (f64::from(*value) * self.factor) as f32;
        }
    }
}

/// The weights and what goes with them, for threads that each have ranges of their own.
struct Targets {
    weights: Shared<f32>,
    moment1: Option<Shared<f32>>,
    moment2: Option<Shared<f32>>,
    average: Option<Shared<f32>>,
    follow: f32,
}

impl Targets {
    /// One optimiser step on a range, and the average after it.
    ///
    /// # Safety
    /// The range is this thread's, in all of the vectors and in `gradient`.
    unsafe fn update(
        &self,
        arch: Arch,
        (start, end): (usize, usize),
        gradient: &mut [f32],
        (optimizer, lr, time): (&Optimizer, f64, u64),
    ) {
        let len = end - start;
        // SAFETY: the caller's promise.
        unsafe {
            let slice = |of: Option<Shared<f32>>| match of {
                Some(values) => std::slice::from_raw_parts_mut(values.at(start), len),
                None => &mut [],
            };
            let weights = std::slice::from_raw_parts_mut(self.weights.at(start), len);
            let range = Range { weights, gradient, moment1: slice(self.moment1), moment2: slice(self.moment2) };
            arch.dispatch(Update { optimizer, lr, time, range });
            if let Some(average) = self.average {
                let average = std::slice::from_raw_parts_mut(average.at(start), len);
                let weights = std::slice::from_raw_parts(self.weights.at(start), len);
                arch.dispatch(Average { average, weights, follow: self.follow });
            }
        }
    }
}

impl<T: Math> Training<T> {
    /// A whole step; on an error the state is as it was before.
    pub(super) fn step(
        &mut self,
        team: &mut Team,
        pass: &Pass<'_>,
        task: &StepTask<'_>,
        state: &mut TrainState,
    ) -> Result<StepOutcome> {
        let recipe = task.recipe;
        let time = state.step + 1;
        let parameters = self.total.len();
        prepare_moments(&recipe.optimizer, &mut state.optimizer, parameters)?;
        let (average, follow) = match &mut state.ema {
            Some(ema) => {
                let follow = ema.follow();
                (Some(Shared(ema.weights_mut().as_mut_ptr())), follow)
            }
            None => (None, 0.0),
        };
        let lend = |moment: &mut Vec<f32>| (!moment.is_empty()).then_some(Shared(moment.as_mut_ptr()));
        let targets = Targets {
            weights: Shared(state.weights.values_mut().as_mut_ptr()),
            moment1: lend(&mut state.optimizer.moment1),
            moment2: lend(&mut state.optimizer.moment2),
            average,
            follow,
        };
        let members = team.size();
        let (work, parts) = self.work(members, pass);
        let optimizer = (&recipe.optimizer, task.learning_rate, time);
        let pack = AtomicUsize::new(0);
        let job = |member: &Member<'_>| {
            // SAFETY: phases are separated by barriers; within a phase members keep to their groups, chunks and packs.
            unsafe {
                if !work.run(member) || !member.wait() {
                    return;
                }
                parts.sum(&work, member);
                if !member.wait() {
                    return;
                }
                // Every member comes to the same conclusion.
                let norm = parts.norm();
                if !in_range(work.loss(), norm) {
                    return;
                }
                let factor = recipe.clip.filter(|bound| norm > *bound).map(|bound| bound / norm);
                for (_, (start, end)) in parts.of(member) {
                    let gradient = std::slice::from_raw_parts_mut(parts.total.at(start), end - start);
                    if let Some(factor) = factor {
                        parts.arch.dispatch(ScaleBy { values: &mut *gradient, factor });
                    }
                    targets.update(parts.arch, (start, end), gradient, optimizer);
                    let weights = std::slice::from_raw_parts(targets.weights.at(start), end - start);
                    work.executor().weights.take(start, weights);
                }
                if !member.wait() {
                    return;
                }
                loop {
                    let executor = work.executor();
                    let Some(job) = executor.weights.jobs().get(pack.fetch_add(1, Ordering::Relaxed)) else { break };
                    executor.weights.pack(&executor.plan, *job);
                }
            }
        };
        team.run(members, &job);
        let (loss, gradient_norm) = (work.loss(), parts.norm());
        let learning_rate = task.learning_rate;
        if !in_range(loss, gradient_norm) {
            return Err(Error::Diverged { step: time, loss, gradient_norm, learning_rate, checkpoint: None });
        }
        self.version = Some(state.weights.version());
        if let Some(ema) = &mut state.ema {
            ema.followed();
        }
        state.step = time;
        state.losses.push(loss as f32);
        Ok(StepOutcome { loss, learning_rate, gradient_norm })
    }

    /// The optimiser by itself.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn optimize(
        &mut self,
        team: &mut Team,
        optimizer: &Optimizer,
        lr: f64,
        time: u64,
        weights: &mut [f32],
        gradient: &[f32],
        state: &mut OptimizerState,
    ) -> Result<()> {
        prepare_moments(optimizer, state, weights.len())?;
        check_time(time)?;
        self.total.copy_from_slice(gradient);
        let lend = |moment: &mut Vec<f32>| (!moment.is_empty()).then_some(Shared(moment.as_mut_ptr()));
        let targets = Targets {
            weights: Shared(weights.as_mut_ptr()),
            moment1: lend(&mut state.moment1),
            moment2: lend(&mut state.moment2),
            average: None,
            follow: 0.0,
        };
        let (arch, total, chunks) = (self.executor.arch, Shared(self.total.as_mut_ptr()), &self.chunks);
        let run = |chunk: usize| {
            let (start, end) = chunks[chunk];
            // SAFETY: chunks do not overlap, and each is one thread's.
            unsafe {
                let gradient = std::slice::from_raw_parts_mut(total.at(start), end - start);
                targets.update(arch, (start, end), gradient, (optimizer, lr, time));
            }
        };
        team.each(chunks.len(), &|_, chunk| run(chunk));
        Ok(())
    }
}
