//! The velocity of a batch at times of its own, in pieces that fit into the device's memory.

use super::{
    backend::{Backend, Memory, bytes_of_mut},
    engine::{condition_numbers, upload, upload_conditions},
    wide::{Precision, Velocity, VelocityPlan},
};
use crate::{data::ConditionValues, error::Result, program::Program};

/// Evaluates so many rows: times, points and velocities, and the conditions.
type Evaluate<'a> = &'a mut dyn FnMut(&mut dyn Backend, usize, [&Memory; 3], &[Memory]) -> Result<()>;

/// Calls `evaluate` for pieces of `piece` rows.
pub(super) fn in_pieces(
    backend: &mut dyn Backend,
    piece: usize,
    (t, x): (&[f32], &[f32]),
    bound: &[&ConditionValues],
    out: &mut [f32],
    evaluate: Evaluate<'_>,
) -> Result<()> {
    let dim = x.len() / t.len().max(1);
    for first in (0..t.len()).step_by(piece) {
        let rows = piece.min(t.len() - first);
        let range = first * dim..(first + rows) * dim;
        let times = upload(backend, &t[first..first + rows], "the times")?;
        let points = upload(backend, &x[range.clone()], "the points")?;
        let velocity = backend.allocate(4 * rows * dim, "the velocities")?;
        let conditions = upload_conditions(backend, bound, first, rows)?;
        evaluate(backend, rows, [&times, &points, &velocity], &conditions)?;
        backend.download(&velocity, 0, bytes_of_mut(&mut out[range]))?;
    }
    Ok(())
}

/// The velocity of a model that is too wide for tiles.
pub(super) fn of_wide(
    backend: &mut dyn Backend,
    program: &'static Program,
    weights: &[f32],
    (t, x): (&[f32], &[f32]),
    bound: &[&ConditionValues],
    out: &mut [f32],
) -> Result<()> {
    let plan = VelocityPlan::new(program, Precision::Strict);
    let (one, many) = (plan.bytes(1), plan.bytes(1025));
    let each = many.saturating_sub(one).div_ceil(1024) + 4 * (3 * program.state_dim() + condition_numbers(program));
    let piece = (backend.free()? / 2).saturating_sub(one) / each;
    let piece = piece.clamp(1, plan.most_rows()).min(t.len());
    let mut velocity = Velocity::new(plan, piece, backend)?;
    velocity.load(weights, backend)?;
    in_pieces(backend, piece, (t, x), bound, out, &mut |backend, rows, [t, x, v], conditions| {
        velocity.evaluate((t, x, rows), conditions, v, backend)
    })
}
