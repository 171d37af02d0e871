//! Kernels that go by the sample: tables of classes, and dropout.

use super::Kernel;
use crate::{
    engine::cpu::{frame::ConditionRows, math::Math, plan::Step},
    program::dropout_index,
    rng::{Philox, Stream},
};

/// `out = table[label]`.
pub(super) fn lookup<T: Math>(kernel: Kernel<'_, T>) {
    let Kernel { context, step } = kernel;
    let &Step::Lookup { condition, table, out } = step else { return };
    let ConditionRows::Labels(labels) = context.frame.conditions[condition] else { return };
    // SAFETY: the frame has the memory of the plan's views; labels were checked against the number of rows of the table.
    unsafe {
        let outs = context.lines(out);
        for row in 0..outs.count {
            let label = *labels.add(row) as usize;
            let from = context.parameter(table + label * outs.width);
            std::ptr::copy_nonoverlapping(from, outs.at.add(row * outs.stride), outs.width);
        }
    }
}

/// `gradient[table + label · width ..] += dy`, sample by sample.
pub(super) fn scatter<T: Math>(kernel: Kernel<'_, T>) {
    let Kernel { context, step } = kernel;
    let &Step::Scatter { condition, dy, to, classes, first } = step else { return };
    let ConditionRows::Labels(labels) = context.frame.conditions[condition] else { return };
    // SAFETY: as above.
    unsafe {
        let dys = context.lines(dy);
        if first && context.frame.fresh {
            std::slice::from_raw_parts_mut(context.frame.gradient.add(to), classes * dys.width).fill(T::default());
        }
        for row in 0..dys.count {
            let label = *labels.add(row) as usize;
            let to = context.frame.gradient.add(to + label * dys.width);
            let dy = dys.at.add(row * dys.stride);
            for i in 0..dys.width {
                *to.add(i) = (*to.add(i)).plus(*dy.add(i));
            }
        }
    }
}

/// `out = x / (1 − p)` where the mask keeps it, else zero.
pub(super) fn dropout<T: Math>(kernel: Kernel<'_, T>) {
    let Kernel { context, step } = kernel;
    let &Step::Dropout { p, ordinal, x, out } = step else { return };
    let Some(masks) = context.frame.masks else { return };
    let random = Philox::new(masks.seed, Stream::Dropout, masks.step);
    let scale = 1.0 / (1.0 - p);
    let mut uniform = [0.0f32; 64];
    // SAFETY: as above.
    unsafe {
        let (xs, outs) = (context.lines(x), context.lines(out));
        for row in 0..context.frame.rows {
            let sample = (context.frame.sample + row) as u64;
            for line in 0..x.lines {
                let lines = row * x.lines + line;
                let (from, to) = (xs.at.add(lines * xs.stride), outs.at.add(lines * outs.stride));
                for at in (0..x.width).step_by(uniform.len()) {
                    let count = uniform.len().min(x.width - at);
                    let index = dropout_index(ordinal, sample, x.size() as u64, (line * x.width + at) as u64);
                    random.fill_uniform(index, &mut uniform[..count]);
                    for (i, u) in uniform[..count].iter().enumerate() {
                        let kept = f64::from(*u) >= p;
                        let value = (*from.add(at + i)).to_f64() * scale;
                        *to.add(at + i) = T::from_f64(if kept { value } else { 0.0 });
                    }
                }
            }
        }
    }
}
