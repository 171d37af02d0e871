//! The kernels: one step of a plan on the rows of a frame, on the instruction set of the machine.
//!
//! Kernels of a family stand in the file of the family's name, as the rules of the ops do in `program/op/`.

mod activation;
mod arithmetic;
mod condition;
mod linear;
mod normalization;
mod softmax;
mod time_embedding;

use super::{
    frame::{Frame, Lines},
    math::Math,
    plan::{Plan, Step, View},
    weights::Prepared,
};
use pulp::{Simd, WithSimd};

/// Some steps of a plan, to be dispatched.
pub(super) struct Run<'a, T> {
    pub(super) plan: &'a Plan,
    pub(super) steps: &'a [Step],
    pub(super) weights: &'a Prepared<T>,
    pub(super) frame: &'a Frame<'a, T>,
}

/// What a kernel needs besides its step.
struct Context<'a, T> {
    plan: &'a Plan,
    weights: &'a Prepared<T>,
    frame: &'a Frame<'a, T>,
}

impl<T> Clone for Context<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Context<'_, T> {}

impl<T: Math> Context<'_, T> {
    /// # Safety
    /// As [`Frame::lines`].
    #[inline(always)]
    unsafe fn lines(&self, view: View) -> Lines<T> {
        // SAFETY: the caller's promise.
        unsafe { self.frame.lines(view, self.weights.parameters(), |b| self.plan.buffers[b].place) }
    }

    fn parameter(&self, at: usize) -> *const T {
        self.weights.parameter(at)
    }
}

/// One kernel at its work: what `Simd::vectorize` takes.
struct Kernel<'a, T> {
    context: Context<'a, T>,
    step: &'a Step,
}

impl<T: Math> WithSimd for Run<'_, T> {
    type Output = ();

    /// # Safety
    /// Not marked, but asked for: the frame has the memory that the plan's views name.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, steps, weights, frame } = self;
        let context = Context { plan, weights, frame };
        for step in steps {
            let kernel = Kernel { context, step };
            match step {
                Step::Product { .. } => simd.vectorize(linear::Product(kernel)),
                Step::Outer { .. } => simd.vectorize(linear::Outer(kernel)),
                Step::Map { .. } => simd.vectorize(activation::Map(kernel)),
                Step::Pullback { .. } => simd.vectorize(activation::Pullback(kernel)),
                Step::Binary { .. } => simd.vectorize(arithmetic::Binary(kernel)),
                Step::Affine { .. } => simd.vectorize(arithmetic::Affine(kernel)),
                Step::Copy { .. } => simd.vectorize(arithmetic::Copy(kernel)),
                Step::Sum { .. } => simd.vectorize(arithmetic::Sum(kernel)),
                Step::Softmax { .. } => simd.vectorize(softmax::Softmax(kernel)),
                Step::SoftmaxPullback { .. } => simd.vectorize(softmax::Pullback(kernel)),
                Step::Norm { .. } => simd.vectorize(normalization::Norm(kernel)),
                Step::NormPullback { .. } => simd.vectorize(normalization::Pullback(kernel)),
                Step::Embedding { .. } => simd.vectorize(time_embedding::Embedding(kernel)),
                Step::Lookup { .. } => condition::lookup(kernel),
                Step::Scatter { .. } => condition::scatter(kernel),
                Step::Dropout { .. } => condition::dropout(kernel),
            }
        }
    }
}

/// A function of one number, on registers.
trait Unary<T: Math> {
    fn apply<S: Simd>(&self, simd: S, x: T::V<S>) -> T::V<S>;
}

/// A function of two numbers, on registers.
trait Pair<T: Math> {
    fn apply<S: Simd>(&self, simd: S, a: T::V<S>, b: T::V<S>) -> T::V<S>;
}

/// `out = f(x)`, number by number.
///
/// # Safety
/// Both have memory for their lines; they are the same memory or do not overlap.
#[inline(always)]
unsafe fn unary<T: Math, S: Simd>(simd: S, f: &impl Unary<T>, x: Lines<T>, out: Lines<T>) {
    let (x, out) = x.joined_pair(out);
    let lanes = T::lanes::<S>();
    let whole = out.width / lanes * lanes;
    let rest = out.width - whole;
    let part = T::part(simd, rest);
    for line in 0..out.count {
        // SAFETY: `at + lanes <= width`, and the part is what is left.
        unsafe {
            let (x, out) = (x.at.add(line * x.stride), out.at.add(line * out.stride));
            let mut at = 0;
            while at < whole {
                T::store(simd, out.add(at), f.apply(simd, T::load(simd, x.add(at))));
                at += lanes;
            }
            if rest > 0 {
                let value = f.apply(simd, T::load_part(simd, part, x.add(at)));
                T::store_part(simd, part, out.add(at), value);
            }
        }
    }
}

/// `out = f(a, b)`, number by number.
///
/// # Safety
/// As [`unary`].
#[inline(always)]
unsafe fn pair<T: Math, S: Simd>(simd: S, f: &impl Pair<T>, a: Lines<T>, b: Lines<T>, out: Lines<T>) {
    let gapless = [a, b, out].iter().all(|lines| lines.stride == lines.width);
    let (a, b, out) = if gapless { (a.joined(), b.joined(), out.joined()) } else { (a, b, out) };
    let lanes = T::lanes::<S>();
    let whole = out.width / lanes * lanes;
    let rest = out.width - whole;
    let part = T::part(simd, rest);
    for line in 0..out.count {
        // SAFETY: as in `unary`.
        unsafe {
            let out = out.at.add(line * out.stride);
            let (a, b) = (a.at.add(line * a.stride), b.at.add(line * b.stride));
            let mut at = 0;
            while at < whole {
                T::store(simd, out.add(at), f.apply(simd, T::load(simd, a.add(at)), T::load(simd, b.add(at))));
                at += lanes;
            }
            if rest > 0 {
                let (a, b) = (T::load_part(simd, part, a.add(at)), T::load_part(simd, part, b.add(at)));
                T::store_part(simd, part, out.add(at), f.apply(simd, a, b));
            }
        }
    }
}

/// Lines of one sample of a value that may be shared by all.
///
/// # Safety
/// As [`Frame::lines`]; `row` is one of the frame's rows.
#[inline(always)]
unsafe fn row_of<T>(lines: Lines<T>, view: View, row: usize) -> Lines<T> {
    // SAFETY: the row is in the value's memory; a shared value has one row, which is every row.
    Lines { at: unsafe { lines.at.add(row * view.row) }, count: view.lines, ..lines }
}
