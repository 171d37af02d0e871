//! Weights as the products of a tile read them: `[depth][columns]` with rows padded, or fragments of 16-bit halves; the biases that
//! products begin with; and the frequencies of time embeddings before them.

use crate::engine::{
    CudaPrecision,
    plan::{Base, Pack, Plan, Step, View},
};
use half::f16;

/// Numbers that a row of a pack is a multiple of: a thread reads up to eight columns at once.
fn padded(columns: usize) -> usize {
    if columns <= 4 { 4 } else { columns.next_multiple_of(8) }
}

/// How a pack is laid out for the products that read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// Rows of single precision.
    Rows,
    /// Fragments of 16-bit numbers, and of what is left of the weights after them if there are `parts` 3.
    Halves { parts: usize },
}

/// A pack and its place among the packed weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) pack: Pack,
    pub(super) form: Form,
    pub(super) place: usize,
}

impl Placed {
    /// Length of a row of the form [`Form::Rows`].
    pub(super) fn row(&self) -> usize {
        padded(self.pack.columns)
    }

    /// Fragments along the depth and across.
    pub(super) fn tiles(&self) -> (usize, usize) {
        (self.pack.depth.div_ceil(16), self.pack.columns.div_ceil(16))
    }

    /// Words of 32 bits.
    fn len(&self) -> usize {
        let (deep, wide) = self.tiles();
        match self.form {
            Form::Rows => self.pack.depth * self.row(),
            Form::Halves { parts } => deep * wide * 128 * if parts == 3 { 2 } else { 1 },
        }
    }
}

/// A row of parameters as a pack.
fn row_of(view: View) -> Option<Pack> {
    let width = view.width;
    (view.base == Base::Parameters && view.lines == 1 && view.is_broadcast()).then_some(Pack {
        offset: view.offset,
        depth: 1,
        columns: width,
        depth_stride: width,
        column_stride: 1,
    })
}

/// Whether products of that depth and width are worth a tensor core.
fn worth(depth: usize, columns: usize) -> bool {
    depth >= 8 && columns >= 8
}

/// Where each pack of a plan lies among the packed weights.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Packs {
    /// Every pack in every form that is read, in the order of their places.
    all: Vec<Placed>,
    /// Frequencies of time embeddings, which come first.
    constants: Vec<f32>,
    precision: CudaPrecision,
    /// Words that the steps of a tile read, of all.
    pub(super) body: usize,
    pub(super) len: usize,
}

impl Packs {
    pub(super) fn of(plan: &Plan, precision: CudaPrecision) -> Self {
        let constants: Vec<f32> = plan.constants.iter().map(|w| *w as f32).collect();
        let len = constants.len().next_multiple_of(4);
        let mut packs = Self { all: Vec::new(), constants, precision, body: 0, len };
        for (steps, is_body) in [(plan.prologue.iter().chain(&plan.body), true), (plan.shared.iter().chain(&[]), false)]
        {
            for step in steps {
                let &Step::Product { pack, start, .. } = step else { continue };
                let (pack, form) = (plan.packs[pack], packs.form(step, &plan.packs[pack]));
                packs.add(pack, form);
                // Read where the weights are: in global memory every block would wait for it after every step.
                if let Some(row) = start.and_then(row_of).filter(|_| is_body) {
                    packs.add(row, Form::Rows);
                }
            }
            if is_body {
                packs.body = packs.len;
            }
        }
        packs
    }

    fn add(&mut self, pack: Pack, form: Form) {
        if !self.all.iter().any(|placed| placed.pack == pack && placed.form == form) {
            let placed = Placed { pack, form, place: self.len };
            self.len += placed.len();
            self.all.push(placed);
        }
    }

    /// The place of a row of parameters that products begin with.
    pub(super) fn row(&self, view: View) -> Option<usize> {
        let row = row_of(view)?;
        self.all.iter().find(|placed| placed.pack == row && placed.form == Form::Rows).map(|placed| placed.place)
    }

    /// How a product reads its pack.
    fn form(&self, step: &Step, pack: &Pack) -> Form {
        let &Step::Product { x, .. } = step else { return Form::Rows };
        if self.precision == CudaPrecision::Strict || x.is_broadcast() || !worth(pack.depth, pack.columns) {
            return Form::Rows;
        }
        Form::Halves { parts: parts(self.precision, x.base) }
    }

    /// The pack of a product, where it reads it.
    pub(super) fn read_by(&self, step: &Step, plan: &Plan) -> Option<Placed> {
        let &Step::Product { pack, .. } = step else { return None };
        let form = self.form(step, &plan.packs[pack]);
        self.all.iter().find(|placed| placed.pack == plan.packs[pack] && placed.form == form).copied()
    }

    /// The packs in their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Placed> {
        self.all.iter()
    }

    /// The packed weights, as bits.
    pub(super) fn pack_all(&self, weights: &[f32]) -> Vec<u32> {
        let mut out = vec![0; self.len];
        out.iter_mut().zip(&self.constants).for_each(|(to, from)| *to = from.to_bits());
        for placed in &self.all {
            let Placed { pack, form, place } = *placed;
            let (deep, wide) = placed.tiles();
            for k in 0..pack.depth {
                for n in 0..pack.columns {
                    let weight = weights[pack.offset + k * pack.depth_stride + n * pack.column_stride];
                    match form {
                        Form::Rows => out[place + k * placed.row() + n] = weight.to_bits(),
                        Form::Halves { parts } => {
                            let (word, shift) = half_of(k, n, wide);
                            let high = f16::from_f32(weight);
                            out[place + word] |= u32::from(high.to_bits()) << shift;
                            if parts == 3 {
                                let low = f16::from_f32(weight - high.to_f32());
                                out[place + deep * wide * 128 + word] |= u32::from(low.to_bits()) << shift;
                            }
                        }
                    }
                }
            }
        }
        out
    }
}

/// Halves that a factor of a product is split into: one that reads the state itself keeps the state's digits.
pub(super) fn parts(precision: CudaPrecision, x: Base) -> usize {
    if precision == CudaPrecision::X3 || x == Base::State { 3 } else { 1 }
}

/// Whether the gradient of a weight is worth a tensor core.
pub(super) fn outer_on_tensor_cores(precision: CudaPrecision, out: usize, inputs: usize) -> bool {
    precision != CudaPrecision::Strict && worth(out, inputs)
}

/// Word and bit of the number at depth `k` and column `n`, where `wide` tiles of 16 lie side by side.
pub(super) fn half_of(k: usize, n: usize, wide: usize) -> (usize, usize) {
    let lane = n % 8 * 4 + k % 8 / 2;
    let word = ((k / 16 * wide + n / 16) * 32 + lane) * 4 + n % 16 / 8 * 2 + k % 16 / 8;
    (word, 16 * (k % 2))
}
