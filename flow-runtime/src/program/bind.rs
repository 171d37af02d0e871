//! What a caller hands over, checked against what the program declares.

use super::{InputKind, Program};
use crate::{
    data::{ConditionValues, Conditions},
    error::{Error, Result},
};

impl Program {
    /// Number of samples in a row of states.
    ///
    /// # Errors
    /// [`Error::Shape`] unless `len` is a multiple of the state's size.
    pub(crate) fn batch_size(&self, operation: &'static str, len: usize) -> Result<usize> {
        let dim = self.state_dim().max(1);
        if len.is_multiple_of(dim) {
            return Ok(len / dim);
        }
        Err(Error::Shape {
            operation,
            what: "the state `x`".to_owned(),
            got: format!("[{len}]"),
            expected: format!("[batch · {dim}], whole samples of shape {:?}", self.inputs[0].shape),
            help: "hand over the samples one after the other, row-major".to_owned(),
        })
    }

    /// The conditions in the order in which the program declares them, each of them there, of the right kind, with one
    /// value per sample, labels in range and vectors finite; and none besides.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Shape`] or [`Error::NotFinite`], naming the condition.
    pub(crate) fn bind_conditions<'a>(
        &self,
        operation: &'static str,
        conditions: &'a Conditions,
        batch: usize,
    ) -> Result<Vec<&'a ConditionValues>> {
        for (i, given) in conditions.columns.iter().enumerate() {
            let known = self.conditions().any(|(_, input)| input.name == given.name);
            let twice = conditions.columns[..i].iter().any(|earlier| earlier.name == given.name);
            if !known || twice {
                let names: Vec<_> = self.conditions().map(|(_, input)| format!("`{}`", input.name)).collect();
                return Err(Error::Invalid {
                    operation,
                    what: "the list of conditions".to_owned(),
                    got: format!("one with {} `{}`", if twice { "two" } else { "the unknown" }, given.name),
                    expected: if names.is_empty() { "no condition".to_owned() } else { names.join(", ") },
                    help: "give each condition of the model once, by its name".to_owned(),
                });
            }
        }
        self.conditions()
            .map(|(_, input)| {
                let given = conditions.columns.iter().find(|given| given.name == input.name);
                let what = format!("condition `{}`", input.name);
                let values = &given
                    .ok_or_else(|| Error::Invalid {
                        operation,
                        what: what.clone(),
                        got: "missing".to_owned(),
                        expected: "one value per sample".to_owned(),
                        help: "give each condition of the model once, by its name".to_owned(),
                    })?
                    .values;
                check_values(operation, what, input.kind, input.size(), values, batch)?;
                Ok(values)
            })
            .collect()
    }
}

fn check_values(
    operation: &'static str,
    what: String,
    kind: InputKind,
    size: usize,
    values: &ConditionValues,
    batch: usize,
) -> Result<()> {
    match (kind, values) {
        (InputKind::Class { classes }, ConditionValues::Class(labels)) => {
            if labels.len() != batch {
                return Err(rows(operation, what, format!("[{}]", labels.len()), format!("[{batch}]")));
            }
            match labels.iter().enumerate().find(|(_, label)| **label as usize >= classes) {
                Some((row, label)) => Err(Error::Invalid {
                    operation,
                    what: format!("{what} of sample {row}"),
                    got: label.to_string(),
                    expected: format!("a label in 0..{classes}"),
                    help: format!("labels count from 0; for more classes declare more than `Class<{classes}>`"),
                }),
                None => Ok(()),
            }
        }
        (InputKind::Vector, ConditionValues::Vector { dim, values }) => {
            if *dim != size || batch.checked_mul(size) != Some(values.len()) {
                let got = format!("[{}, {dim}] in {} values", values.len() / (*dim).max(1), values.len());
                return Err(rows(operation, what, got, format!("[{batch}, {size}]")));
            }
            match values.iter().position(|value| !value.is_finite()) {
                Some(at) => Err(Error::NotFinite {
                    operation,
                    what,
                    at: format!("sample {}, value {}", at / size.max(1), at % size.max(1)),
                    help: "remove or mend the sample".to_owned(),
                }),
                None => Ok(()),
            }
        }
        (kind, values) => {
            let name = |class: bool| if class { "class labels" } else { "vectors" }.to_owned();
            Err(Error::Invalid {
                operation,
                what,
                got: name(matches!(values, ConditionValues::Class(_))),
                expected: name(matches!(kind, InputKind::Class { .. })),
                help: "the model's declaration says which: `y: Class<N>` or `c: [N]`".to_owned(),
            })
        }
    }
}

fn rows(operation: &'static str, what: String, got: String, expected: String) -> Error {
    let help = "a condition has one row for each sample of the state".to_owned();
    Error::Shape { operation, what, got, expected, help }
}
