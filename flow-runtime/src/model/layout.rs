//! Names, shapes and places of a model's parameters.

use crate::{
    error::{Error, Result},
    program::Program,
};
use std::ops::Range;

/// Names and shapes of a model's parameters, in the order in which their values are stored.
///
/// For a model without `custom` layers it is its program's parameter list; with them, theirs follow.
///
/// ```
/// use flow_runtime::{model::Layout, program::builder::Builder};
/// let mut b = Builder::new("M", &[2]);
/// let out = b.linear("out", b.state(), 2, true);
/// let layout = Layout::of(b.finish(out)?);
/// let bias = layout.entry("out.bias")?;
/// assert_eq!((bias.offset, bias.size(), layout.size()), (4, 2, 6));
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    entries: Vec<Entry>,
}

/// One parameter of a [`Layout`].
///
/// ```
/// use flow_runtime::model::Entry;
/// let entry = Entry { name: "h.weight".to_owned(), shape: vec![64, 2], offset: 10, trained: true };
/// assert_eq!((entry.size(), entry.range()), (128, 10..138));
/// ```
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

impl Entry {
    /// Number of values.
    pub fn size(&self) -> usize {
        self.shape.iter().fold(1, |product: usize, dim| product.saturating_mul(*dim))
    }

    /// Where its values stand in the flat row.
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.size()
    }
}

impl Layout {
    /// The layout of a program's own parameters.
    pub fn of(program: &Program) -> Self {
        let entries = program.parameters.iter().enumerate().map(|(i, parameter)| Entry {
            name: parameter.name.to_owned(),
            shape: parameter.shape.to_vec(),
            offset: program.parameter_offset(i),
            trained: parameter.trained,
        });
        Self { entries: entries.collect() }
    }

    /// This layout, followed by the parameters of `custom` layers: name, shape, trained or fixed.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a name is used twice or the sizes overflow.
    ///
    /// ```
    /// use flow_runtime::{model::Layout, program::builder::Builder};
    /// let mut b = Builder::new("M", &[1]);
    /// let out = b.linear("out", b.state(), 1, true);
    /// let layout = Layout::of(b.finish(out)?).extended([("custom.0.weight".to_owned(), vec![4, 1], true)])?;
    /// assert_eq!(layout.entry("custom.0.weight")?.range(), 2..6);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn extended(mut self, more: impl IntoIterator<Item = (String, Vec<usize>, bool)>) -> Result<Self> {
        for (name, shape, trained) in more {
            let entry = Entry { name, shape, offset: self.size(), trained };
            let twice = self.entries.iter().any(|other| other.name == entry.name);
            if twice || entry.size().checked_add(entry.offset).is_none_or(|end| end > isize::MAX as usize / 8) {
                return Err(Error::Invalid {
                    operation: "laying out weights",
                    what: format!("parameter `{}` of shape {:?}", entry.name, entry.shape),
                    got: if twice { "there already" } else { "too large" }.to_owned(),
                    expected: "a name of its own, and a size that fits in memory".to_owned(),
                    help: "bind the `custom` layer to another name in the model".to_owned(),
                });
            }
            self.entries.push(entry);
        }
        Ok(self)
    }

    /// The parameters in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Places of the parameters that are trained, neighbours joined.
    pub(crate) fn trained_ranges(&self) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for range in self.entries.iter().filter(|entry| entry.trained).map(Entry::range) {
            match ranges.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => ranges.push(range),
            }
        }
        ranges
    }

    /// Values in all parameters.
    pub fn size(&self) -> usize {
        self.entries.last().map_or(0, |last| last.range().end)
    }

    /// The parameter of that name.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the names there are.
    pub fn entry(&self, name: &str) -> Result<&Entry> {
        self.entries.iter().find(|entry| entry.name == name).ok_or_else(|| {
            let names: Vec<String> = self.entries.iter().map(|entry| format!("`{}`", entry.name)).collect();
            Error::Invalid {
                operation: "looking up a parameter",
                what: "the name".to_owned(),
                got: format!("`{name}`"),
                expected: format!("one of {}", names.join(", ")),
                help: "a layer's parameters are named after its `let` binding: `h.weight`; the result's is `out`"
                    .to_owned(),
            }
        })
    }
}
