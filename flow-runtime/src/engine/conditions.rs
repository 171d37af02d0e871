//! A batch's conditions, checked against the model and as dfdx tensors.

use super::network::{Condition, device_error};
use crate::{
    data::{ConditionValues, Conditions},
    error::{Error, Result},
    program::{Input, InputKind},
};
use ::dfdx::tensor::{Cpu, TensorFromVec};

/// The inputs of a model that are conditions.
fn declared(inputs: &'static [Input]) -> impl Iterator<Item = &'static Input> {
    inputs.iter().filter(|input| matches!(input.kind, InputKind::Class { .. } | InputKind::Vector))
}

/// Checks the names, kinds and lengths of the conditions of `rows` samples.
pub(super) fn check(inputs: &'static [Input], given: &Conditions, rows: usize) -> Result<()> {
    for input in declared(inputs) {
        let values = find(given, input)?;
        let (got, expected) = match (&input.kind, values) {
            (InputKind::Class { .. }, ConditionValues::Class(labels)) => ([labels.len(), 1], [rows, 1]),
            (InputKind::Vector, ConditionValues::Vector { dim, values }) => {
                let expected: usize = input.shape.iter().product();
                // A length that is no multiple of `dim` counts as one row more.
                ([values.len().div_ceil((*dim).max(1)), *dim], [rows, expected])
            }
            (kind, _) => {
                let (expected, got) = match kind {
                    InputKind::Class { .. } => ("one class label per sample", "vectors"),
                    _ => ("one vector per sample", "class labels"),
                };
                return Err(invalid(&input.name, got, expected, "give the condition as the model declares it"));
            }
        };
        if got != expected {
            return Err(Error::Shape {
                operation: "conditions",
                what: format!("the condition `{}`", input.name),
                got: format!("{got:?}"),
                expected: format!("{expected:?}"),
                help: "give one value of each condition per sample".to_owned(),
            });
        }
    }
    let stray = given.columns.iter().find(|column| declared(inputs).all(|input| input.name != column.name));
    match stray {
        Some(column) => Err(invalid(
            &column.name,
            "given",
            &match declared(inputs).map(|input| format!("`{}`", input.name)).collect::<Vec<_>>() {
                names if names.is_empty() => "no condition".to_owned(),
                names => names.join(", "),
            },
            "leave out what the model does not declare",
        )),
        None => Ok(()),
    }
}

/// The conditions of the samples `first..first + rows` in the order of the model; to be called after [`check`].
pub(super) fn tensors(
    device: &Cpu,
    inputs: &'static [Input],
    given: &Conditions,
    first: usize,
    rows: usize,
) -> Result<Vec<Condition<f32, Cpu>>> {
    declared(inputs)
        .map(|input| match find(given, input)? {
            ConditionValues::Class(labels) => {
                let labels = labels.iter().skip(first).take(rows).map(|label| *label as usize).collect();
                let labels = device.try_tensor_from_vec(labels, (rows,)).map_err(device_error::<Cpu>)?;
                Ok(Condition::Class(labels))
            }
            ConditionValues::Vector { dim, values } => {
                let values = values.iter().skip(first * dim).take(rows * dim).copied().collect();
                let values = device.try_tensor_from_vec(values, (rows, *dim)).map_err(device_error::<Cpu>)?;
                Ok(Condition::Vector(values))
            }
        })
        .collect()
}

fn find<'a>(given: &'a Conditions, input: &Input) -> Result<&'a ConditionValues> {
    match given.columns.iter().find(|column| column.name == input.name) {
        Some(column) => Ok(&column.values),
        None => Err(invalid(input.name, "missing", "one value per sample", "give the condition that the model declares")),
    }
}

fn invalid(name: &str, got: &str, expected: &str, help: &str) -> Error {
    Error::Invalid {
        operation: "conditions",
        what: format!("the condition `{name}`"),
        got: got.to_owned(),
        expected: expected.to_owned(),
        help: help.to_owned(),
    }
}
