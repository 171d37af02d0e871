//! What `flow_model! { model … }` generates: a program and its weights.

use crate::{error::Result, program::Program};

/// A velocity field with weights, as `flow_model! { model … }` declares it.
pub trait Model: Clone + Send + Sync + 'static {
    /// What the model computes.
    const PROGRAM: &'static Program;

    /// The weights.
    fn weights(&self) -> &Weights;
    /// The weights, to change them.
    fn weights_mut(&mut self) -> &mut Weights;
    /// The model with these weights.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::error::Error::Shape) if they belong to another layout.
    fn from_weights(weights: Weights) -> Result<Self>;
}

/// The values of a model's parameters: one flat row of `f32` in the order of `layout`.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    layout: std::sync::Arc<Layout>,
    values: Vec<f32>,
}

/// Names and shapes of a model's parameters, in the order in which their values are stored.
///
/// For a model without `custom` layers it is its program's parameter list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    entries: Vec<Entry>,
}

/// One parameter of a [`Layout`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name in a checkpoint.
    pub name: String,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// Where its values start.
    pub offset: usize,
    /// Whether training changes it.
    pub trained: bool,
}
