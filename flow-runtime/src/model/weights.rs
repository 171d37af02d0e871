//! The values of a model's parameters.

use super::{Entry, Layout, init};
use crate::{
    error::{Error, Result},
    program::Program,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The values of a model's parameters: one flat row of `f32` in the order of its [`Layout`].
///
/// ```
/// use flow_runtime::{model::Weights, program::builder::Builder};
/// let mut b = Builder::new("M", &[2]);
/// let out = b.linear("out", b.state(), 2, true);
/// let mut weights = Weights::init(b.finish(out)?, 42);
/// assert!(weights.values().iter().all(|w| w.abs() <= 0.5f32.sqrt()));
/// weights.set("out.bias", &[0.5, -0.5])?;
/// assert_eq!(weights.view("out.bias")?, [0.5, -0.5]);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Weights {
    layout: Arc<Layout>,
    values: Vec<f32>,
    version: u64,
}

/// Weights are equal if their layouts and values are.
impl PartialEq for Weights {
    fn eq(&self, other: &Self) -> bool {
        self.layout == other.layout && self.values == other.values
    }
}

/// A number that no other weights have had in this process.
fn next_version() -> u64 {
    static VERSION: AtomicU64 = AtomicU64::new(0);
    VERSION.fetch_add(1, Ordering::Relaxed)
}

impl Weights {
    /// Random weights of a program, the same for a seed on every machine, whatever order they are made in.
    ///
    /// With `Init::FanIn(n)` (a `linear` layer's weight and bias) `U(−1/√n, 1/√n)`, as PyTorch's `nn.Linear`;
    /// with `Init::Normal` (embeddings, fixed frequencies) `N(0, std²)`; ones; or zeros. The number at offset `i` of the
    /// row is number `i` of [`Stream::Weights`](crate::rng::Stream::Weights), at step 0 if uniform and step 1 if
    /// normal.
    pub fn init(program: &Program, seed: u64) -> Self {
        Self::unchecked(Arc::new(Layout::of(program)), init::values(program, seed))
    }

    /// These values in that layout.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are too few or too many, [`Error::NotFinite`] for NaN and infinities.
    ///
    /// ```
    /// use flow_runtime::{model::{Layout, Weights}, program::builder::Builder};
    /// let mut b = Builder::new("M", &[1]);
    /// let out = b.linear("out", b.state(), 1, true);
    /// let layout = Layout::of(b.finish(out)?);
    /// assert_eq!(Weights::new(layout.clone(), vec![2.0, 0.5])?.view("out.weight")?, [2.0]);
    /// assert!(Weights::new(layout, vec![2.0]).is_err());
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn new(layout: impl Into<Arc<Layout>>, values: Vec<f32>) -> Result<Self> {
        let layout = layout.into();
        if values.len() != layout.size() {
            return Err(Error::Shape {
                operation: "making weights",
                what: "the row of values".to_owned(),
                got: format!("[{}]", values.len()),
                expected: format!("[{}]", layout.size()),
                help: "give the values of every parameter, in the order of the layout".to_owned(),
            });
        }
        let weights = Self::unchecked(layout, values);
        weights.check_finite("making weights")?;
        Ok(weights)
    }

    /// Values that are as many as the layout says.
    pub(super) fn unchecked(layout: Arc<Layout>, values: Vec<f32>) -> Self {
        Self { layout, values, version: next_version() }
    }

    /// Another number after every change: who has seen weights of this version has seen these values.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Names, shapes and offsets.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// All values, one parameter after the other, each row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, to change them.
    pub fn values_mut(&mut self) -> &mut [f32] {
        self.version = next_version();
        &mut self.values
    }

    /// The values of one parameter, row-major.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is none of that name.
    pub fn view(&self, name: &str) -> Result<&[f32]> {
        let range = self.layout.entry(name)?.range();
        Ok(&self.values[range])
    }

    /// Replaces the values of one parameter.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is none of that name, [`Error::Shape`] if the number of values is another,
    /// [`Error::NotFinite`] for NaN and infinities; then nothing is changed.
    pub fn set(&mut self, name: &str, values: &[f32]) -> Result<()> {
        let entry = self.layout.entry(name)?;
        if values.len() != entry.size() {
            return Err(Error::Shape {
                operation: "setting weights",
                what: format!("the new value of `{name}`"),
                got: format!("[{}]", values.len()),
                expected: format!("{:?}, {} values row-major", entry.shape, entry.size()),
                help: "linear weights are `[out, in]`, as in PyTorch".to_owned(),
            });
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(not_finite("setting weights", entry, at));
        }
        let range = entry.range();
        self.values_mut()[range].copy_from_slice(values);
        Ok(())
    }

    /// Every parameter with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&Entry, &[f32])> {
        self.layout.entries().iter().map(|entry| (entry, &self.values[entry.range()]))
    }

    /// Refuses NaN and infinities, naming the parameter; `operation` says for what.
    ///
    /// # Errors
    /// [`Error::NotFinite`].
    pub fn check_finite(&self, operation: &'static str) -> Result<()> {
        for (entry, values) in self.iter() {
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Err(not_finite(operation, entry, at));
            }
        }
        Ok(())
    }

    /// Refuses weights of another layout than `expected`, naming the first difference; `model` is for the message.
    ///
    /// # Errors
    /// [`Error::Shape`].
    pub fn check_layout(&self, model: &'static str, expected: &Layout) -> Result<()> {
        if *self.layout == *expected {
            return Ok(());
        }
        let show = |entry: Option<&Entry>| {
            entry.map_or_else(|| "nothing".to_owned(), |entry| format!("`{}` {:?}", entry.name, entry.shape))
        };
        let (own, theirs) = (self.layout.entries(), expected.entries());
        let at = (0..own.len().max(theirs.len())).find(|&i| own.get(i) != theirs.get(i)).unwrap_or(0);
        Err(Error::Shape {
            operation: "giving weights to a model",
            what: format!("parameter {at} of the weights"),
            got: show(own.get(at)),
            expected: format!("{} of `{model}`", show(theirs.get(at))),
            help: "take weights of this very model".to_owned(),
        })
    }
}

fn not_finite(operation: &'static str, entry: &Entry, at: usize) -> Error {
    Error::NotFinite {
        operation,
        what: format!("`{}`", entry.name),
        at: format!("{:?}", index_of(&entry.shape, at)),
        help: "go back to the last good weights; if training made this, lower the learning rate".to_owned(),
    }
}

/// The place in a row-major tensor of value number `at`.
pub(super) fn index_of(shape: &[usize], at: usize) -> Vec<usize> {
    let mut index = Vec::new();
    let mut rest = at;
    for dim in shape.iter().rev() {
        index.insert(0, rest % dim);
        rest /= dim;
    }
    index
}
