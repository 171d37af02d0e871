//! What engines ask of the arguments they are given.

use super::cpu::{Finite, Precision};
use crate::{
    error::{Error, Result},
    model::Model,
    solve::Real,
    train::{Batch, Optimizer, OptimizerState},
};

/// Refuses a row of values that is not `[rows, dim]`.
pub(super) fn check_rows<M: Model>(operation: &'static str, what: &str, got: usize, rows: usize) -> Result<()> {
    let dim = M::PROGRAM.state_dim();
    if got == rows * dim {
        return Ok(());
    }
    Err(Error::Shape {
        operation,
        what: format!("`{what}`"),
        got: format!("[{got}]"),
        expected: format!("[{rows}, {dim}], row-major"),
        help: format!("the state of {} has {dim} values", M::PROGRAM.name),
    })
}

/// Refuses values `[rows, dim]` of which one is NaN or infinite.
pub(super) fn check_finite<T: Precision>(operation: &'static str, what: &str, values: &[T], dim: usize) -> Result<()> {
    // The sum of `0 · x` is zero for finite values alone, and costs no branch.
    let lost = |row: &[T]| !pulp::Arch::new().dispatch(Finite { x: row });
    if !lost(values) {
        return Ok(());
    }
    let mut rows = values.chunks(dim.max(1)).enumerate().filter(|(_, row)| lost(row));
    let Some((first, _)) = rows.next() else { return Ok(()) };
    let (count, all) = (1 + rows.count(), values.len() / dim.max(1));
    Err(Error::NotFinite {
        operation,
        what: what.to_owned(),
        at: format!("sample {first}, the first of {count} such among {all}"),
        help: "leave such samples out, or look for where they were made".to_owned(),
    })
}

/// Refuses weights of another model, and those that are not finite, naming the parameter.
pub(super) fn check_weights<M: Model>(weights: &[f32]) -> Result<()> {
    if weights.len() != M::PARAMETERS {
        return Err(Error::Shape {
            operation: "loading weights",
            what: "the row of weights".to_owned(),
            got: format!("[{}]", weights.len()),
            expected: format!("[{}]", M::PARAMETERS),
            help: format!("take the weights of `{}`", M::PROGRAM.name),
        });
    }
    match weights.iter().position(|weight| !weight.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let layout = M::layout();
            let entry = layout.entries().iter().find(|entry| entry.range().contains(&at));
            Err(Error::NotFinite {
                operation: "loading weights",
                what: entry.map_or_else(|| "a weight".to_owned(), |entry| format!("a weight of `{}`", entry.name)),
                at: format!("position {}", at - entry.map_or(0, |entry| entry.offset)),
                help: "give the model weights that are finite, such as those of the last good checkpoint".to_owned(),
            })
        }
    }
}

/// A grid of finite times, strictly monotone, that the precision can tell apart.
pub(super) fn check_nodes<T: Precision>(nodes: &[f64]) -> Result<()> {
    let invalid = |what: String, got: String, expected: &str, help: &str| {
        let (operation, expected, help) = ("integrating", expected.to_owned(), help.to_owned());
        Err(Error::Invalid { operation, what, got, expected, help })
    };
    if nodes.is_empty() {
        return invalid("the grid".to_owned(), "empty".to_owned(), "one node at least", "give the times to step over");
    }
    if let Some(at) = nodes.iter().position(|node| !node.is_finite()) {
        let help = "look for where the grid was made".to_owned();
        let (what, at) = ("the grid".to_owned(), format!("node {at}"));
        return Err(Error::NotFinite { operation: "integrating", what, at, help });
    }
    let forward = nodes.last() > nodes.first();
    for (step, ends) in nodes.windows(2).enumerate() {
        let got = || format!("{} to {}", ends[0], ends[1]);
        if (ends[1] > ends[0]) != forward || ends[0] == ends[1] {
            let help = "sort the nodes, and take each once";
            return invalid(format!("step {} of the grid", step + 1), got(), "times in one direction", help);
        }
        if <T as Real>::from_f64(ends[0]) == <T as Real>::from_f64(ends[1]) {
            let expected = format!("times that {} can tell apart", std::any::type_name::<T>());
            return invalid(format!("step {} of the grid", step + 1), got(), &expected, "take fewer steps");
        }
    }
    Ok(())
}

pub(super) fn check_saved(nodes: &[f64], saved: &[usize], rooms: usize) -> Result<()> {
    let ascending = saved.windows(2).all(|pair| pair[0] < pair[1]);
    if ascending && saved.last().is_none_or(|last| *last < nodes.len()) && saved.len() == rooms {
        return Ok(());
    }
    Err(Error::Invalid {
        operation: "integrating",
        what: "the list of nodes to save".to_owned(),
        got: format!("{saved:?}, with room for {rooms}"),
        expected: format!("ascending indices below {}, with room for each", nodes.len()),
        help: "sort the indices, and give one `Vec` for each".to_owned(),
    })
}

/// Refuses a size that is zero, or more than `most`.
pub(super) fn check_size(what: &str, got: usize, most: usize) -> Result<()> {
    if got > 0 && got <= most {
        return Ok(());
    }
    let limit = if most == usize::MAX { String::new() } else { format!(", and {most} at most") };
    Err(Error::Invalid {
        operation: "training",
        what: what.to_owned(),
        got: got.to_string(),
        expected: format!("1 or more{limit}"),
        help: "set `batch` and `accumulate` in the recipe to 1 or more, and give data that is not empty".to_owned(),
    })
}

/// Refuses a batch that is empty, of more than `most` samples, or not the model's.
pub(super) fn check_batch<M: Model>(batch: &Batch, most: usize) -> Result<()> {
    check_size("the size of the batch", batch.size, most)?;
    check_rows::<M>("training", "xt", batch.xt.len(), batch.size)?;
    check_rows::<M>("training", "ut", batch.ut.len(), batch.size)?;
    check_length("the times", batch.t.len(), batch.size)
}

pub(super) fn check_length(what: &str, got: usize, expected: usize) -> Result<()> {
    if got == expected {
        return Ok(());
    }
    Err(Error::Shape {
        operation: "training",
        what: what.to_owned(),
        got: format!("[{got}]"),
        expected: format!("[{expected}]"),
        help: "pass what belongs to this model".to_owned(),
    })
}

/// Makes the moments that the optimiser has and `state` lacks; refuses those of another size.
pub(super) fn prepare_moments(optimizer: &Optimizer, state: &mut OptimizerState, len: usize) -> Result<()> {
    let expected = OptimizerState::new(optimizer, 1);
    for (what, moment, needed) in [
        ("the first moment", &mut state.moment1, !expected.moment1.is_empty()),
        ("the second moment", &mut state.moment2, !expected.moment2.is_empty()),
    ] {
        if needed && moment.is_empty() {
            moment.resize(len, 0.0);
        }
        check_length(what, moment.len(), if needed { len } else { 0 })?;
    }
    Ok(())
}

/// Refuses a step of the optimiser that does not count from 1.
pub(super) fn check_time(time: u64) -> Result<()> {
    if time > 0 {
        return Ok(());
    }
    Err(Error::Invalid {
        operation: "optimizer",
        what: "the time".to_owned(),
        got: "0".to_owned(),
        expected: "1 or more".to_owned(),
        help: "count the steps of the optimizer from 1".to_owned(),
    })
}
