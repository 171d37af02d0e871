//! Data sets: what a user trains on, and how it is loaded.

/// Samples with their conditions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// Values, `[rows, dim]`, row-major.
    pub(crate) values: Vec<f32>,
    /// Values in one sample.
    pub(crate) dim: usize,
    /// One column per condition, in any order.
    pub(crate) conditions: Conditions,
}

/// Named conditions of a batch of samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    pub(crate) columns: Vec<Condition>,
}

/// One named condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Its name in the model.
    pub name: String,
    /// One value per sample.
    pub values: ConditionValues,
}

/// The values of one condition.
#[derive(Clone, Debug, PartialEq)]
pub enum ConditionValues {
    /// A class label per sample.
    Class(Vec<u32>),
    /// A vector per sample, `[rows, dim]`.
    Vector {
        /// Length of one.
        dim: usize,
        /// Row-major.
        values: Vec<f32>,
    },
}
