//! What `flow_model! { model … }` generates: a program and its weights.
//!
//! # Weights from PyTorch, and back
//!
//! Weights travel in safetensors files. Linear layers are laid out as `nn.Linear`, `[out, in]`; embeddings and norms too
//! are as PyTorch has them. What differs is said with a [`NameMap`]: the names, prefixes, tensors that are superfluous,
//! matrices kept as `[in, out]`. `F32`, `F64`, `F16` and `BF16` are read; `F32` is written.
//!
//! The frequencies of `fourier` are read like weights: `w: [dim/2]` of `[sin(2π w t), cos(2π w t)]`, a buffer in PyTorch.
//! Those of `sinusoidal` follow from the declaration and are not in the file.
//!
//! In Python:
//!
//! ```python
//! from safetensors.torch import save_file
//! save_file(module.state_dict(), "moons.safetensors")
//! ```
//!
//! and here:
//!
//! ```no_run
//! use flow_runtime::prelude::*;
//!
//! flow_model! {
//!     model Moons(x: [2], t: Time) -> [2] {
//!         let h = silu(linear(concat(x, sinusoidal(t, 16)), 64));
//!         let h = silu(linear(h, 64));
//!         linear(h, 2)
//!     }
//! }
//!
//! let map = NameMap::new().module("net.0", "h").module("net.2", "h2").module("net.4", "out");
//! let moons = Moons::load_safetensors_mapped("moons.safetensors", &map)?;
//! moons.save_safetensors_mapped("back.safetensors", &map)?;
//! # Ok::<(), Error>(())
//! ```
//!
//! Then `module.load_state_dict(load_file("back.safetensors"))` has them in Python again.

mod init;
mod layout;
mod name_map;
mod safetensors;
mod weights;

pub use layout::{Entry, Layout};
pub use name_map::NameMap;
pub(crate) use safetensors::with_metadata;
pub use weights::Weights;

use crate::{data::Conditions, error::Result, program::Program};
use std::path::Path;

/// A velocity field with weights, as `flow_model! { model … }` declares it.
///
/// Implemented by generated code: the required items are its own business, the provided ones are for everybody.
///
/// ```
/// use flow_runtime::prelude::*;
///
/// flow_model! {
///     /// A small velocity field.
///     pub model Small(x: [2], t: Time) -> [2] {
///         let h = tanh(linear(concat(x, sinusoidal(t, 8)), 16));
///         linear(h, 2)
///     }
/// }
///
/// let mut model = Small::new(42);
/// model.weights_mut().set("out.bias", &[0.5, -0.5])?;
/// println!("{}", Small::program());
/// let velocity = model.velocity_reference(&[0.0], &[1.0, 2.0], &Conditions::none())?;
/// assert_eq!(velocity.len(), 2);
/// # Ok::<(), Error>(())
/// ```
pub trait Model: Clone + Send + Sync + 'static {
    /// What the model computes.
    const PROGRAM: &'static Program;

    /// Values in the parameters of the program, trained and fixed; those of `custom` layers are not among them.
    const PARAMETERS: usize = Self::PROGRAM.parameter_count();

    /// Floating-point operations of one evaluation of one sample; see [`Program::flops`].
    const FLOPS: u64 = Self::PROGRAM.flops();

    /// The number by which a checkpoint knows its model; see [`Program::schema_hash`].
    const SCHEMA: u64 = Self::PROGRAM.schema_hash();

    /// The weights.
    fn weights(&self) -> &Weights;

    /// The weights, to change them.
    fn weights_mut(&mut self) -> &mut Weights;

    /// The model with weights that are known to fit; [`from_weights`](Model::from_weights) is the checked way.
    #[doc(hidden)]
    fn from_weights_unchecked(weights: Weights) -> Self;

    /// Names and shapes of the parameters. A model with `custom` layers adds theirs.
    fn layout() -> Layout {
        Layout::of(Self::PROGRAM)
    }

    /// The weights that a model of that seed starts with; see [`Weights::init`]. A model with `custom` layers adds
    /// theirs.
    fn initial_weights(seed: u64) -> Weights {
        Weights::init(Self::PROGRAM, seed)
    }

    /// The model with random weights, the same for a seed everywhere.
    fn new(seed: u64) -> Self {
        Self::from_weights_unchecked(Self::initial_weights(seed))
    }

    /// The model with these weights.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::error::Error::Shape) if they belong to another layout,
    /// [`Error::NotFinite`](crate::error::Error::NotFinite) for NaN and infinities.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
    ///
    /// let weights = Weights::new(Line::layout(), vec![0.1; Line::PARAMETERS])?;
    /// assert_eq!(Line::from_weights(weights)?.weights().view("out.bias")?, [0.1, 0.1]);
    /// # Ok::<(), Error>(())
    /// ```
    fn from_weights(weights: Weights) -> Result<Self> {
        weights.check_layout(Self::PROGRAM.name, &Self::layout())?;
        weights.check_finite("giving weights to a model")?;
        Ok(Self::from_weights_unchecked(weights))
    }

    /// What the model computes: `println!("{}", Moons::program())` draws it as a table.
    fn program() -> &'static Program {
        Self::PROGRAM
    }

    /// The CUDA text that integrates the model with the method `S` on a GPU of the kind of an H100, for many rows: to be read.
    ///
    /// It is that of the kernel which carries the points, without the few lines of intrinsics that every text begins with. What
    /// depends on the time alone is computed before, by a kernel of its own; and models whose weights fit in no shared memory are
    /// run by products and small kernels instead, which do the same steps.
    ///
    /// # Errors
    /// [`Error::Device`](crate::error::Error::Device) for an implicit method or a `custom` layer, which have no kernel.
    ///
    /// ```
    /// use flow_runtime::{engine::CudaPrecision, prelude::*};
    /// flow_model! { model Line(x: [2], t: Time) -> [2] { let h = tanh(linear(concat(x, t), 8)); linear(h, 2) } }
    ///
    /// let text = Line::cuda_source::<Rk4>(CudaPrecision::Strict)?;
    /// assert!(text.contains("h.weight: 8 <- 2, tanh"));
    /// # Ok::<(), Error>(())
    /// ```
    fn cuda_source<S: crate::solve::Method>(precision: crate::engine::CudaPrecision) -> Result<String> {
        crate::engine::cuda_sampling_source(Self::PROGRAM, S::TABLEAU, precision)
    }

    /// The CUDA text that trains the model by a recipe, as [`cuda_source`](Model::cuda_source).
    ///
    /// # Errors
    /// As [`cuda_source`](Model::cuda_source).
    ///
    /// ```
    /// use flow_runtime::{engine::CudaPrecision, prelude::*};
    /// flow_model! {
    ///     model Line(x: [2], t: Time) -> [2] { let h = tanh(linear(concat(x, t), 8)); linear(h, 2) }
    ///     train LineTraining for Line { optimizer: adam(lr = 1e-3), batch: 256, steps: 100 }
    /// }
    ///
    /// let text = Line::cuda_training_source::<LineTraining>(CudaPrecision::Strict)?;
    /// assert!(text.contains("// d h.weight [8, 3]"));
    /// # Ok::<(), Error>(())
    /// ```
    fn cuda_training_source<R: crate::train::TrainRecipe<Model = Self>>(
        precision: crate::engine::CudaPrecision,
    ) -> Result<String>
    where
        Self: Sized,
    {
        let path = crate::flow::Path::device_text(&R::path());
        crate::engine::cuda_training_source(Self::PROGRAM, &R::RECIPE, path, precision)
    }

    /// Every parameter with its values, row-major.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
    ///
    /// let line = Line::new(0);
    /// let shapes: Vec<_> = line.parameters().map(|(entry, _)| (entry.name.as_str(), &entry.shape[..])).collect();
    /// assert_eq!(shapes, [("out.weight", &[2, 4][..]), ("out.bias", &[2][..])]);
    /// ```
    fn parameters(&self) -> impl Iterator<Item = (&Entry, &[f32])> {
        self.weights().iter()
    }

    /// The velocity of a batch in `f64`, op by op: the reference that every engine is tested against, and slow.
    ///
    /// `x: [batch, state]`, `t: [batch]` or `[1]`, one row of conditions per sample; gives `[batch, state]`.
    ///
    /// # Errors
    /// As [`Program::evaluate`]; among them [`Error::Device`](crate::error::Error::Device) for a `custom` layer.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// flow_model! { model Line(x: [1], t: Time) -> [1] { linear(concat(x, sinusoidal(t, 2)), 1) } }
    ///
    /// let mut line = Line::new(0);
    /// line.weights_mut().set("out.weight", &[2.0, 0.0, 1.0])?;
    /// line.weights_mut().set("out.bias", &[0.5])?;
    /// // 2 x + cos t + ½, for two samples at t = 0.
    /// assert_eq!(line.velocity_reference(&[0.0], &[1.0, 3.0], &Conditions::none())?, [3.5, 7.5]);
    /// # Ok::<(), Error>(())
    /// ```
    fn velocity_reference(&self, t: &[f64], x: &[f64], conditions: &Conditions) -> Result<Vec<f64>> {
        let parameters: Vec<f64> =
            self.weights().values().iter().take(Self::PARAMETERS).map(|value| f64::from(*value)).collect();
        Self::PROGRAM.evaluate(&parameters, t, x, conditions)
    }

    /// Reads weights from a safetensors file, by name, as PyTorch's `state_dict` has them (`h.weight: [out, in]`).
    ///
    /// `F32`, `F16` and `BF16` are read exactly, `F64` is rounded to the nearest `f32`. The file's schema hash must be this
    /// model's, if it has one; files written elsewhere have none, and with other names
    /// [`load_safetensors_mapped`](Model::load_safetensors_mapped) reads them.
    ///
    /// # Errors
    /// [`Error::Io`](crate::error::Error::Io) if the file cannot be read;
    /// [`Error::Schema`](crate::error::Error::Schema) if another model wrote it;
    /// [`Error::Format`](crate::error::Error::Format) if it is damaged, or with the list of all tensors that are
    /// missing, superfluous, of another shape or type;
    /// [`Error::NotFinite`](crate::error::Error::NotFinite) for NaN, infinities, and what is too large for `f32`.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// flow_model! {
    ///     model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) }
    ///     model Other(x: [2], t: Time) -> [2] { tanh(linear(concat(x, sinusoidal(t, 2)), 2)) }
    /// }
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("line.safetensors");
    /// Line::new(0).save_safetensors(&path)?;
    /// assert!(matches!(Other::load_safetensors(&path), Err(Error::Schema { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    fn load_safetensors(path: impl AsRef<Path>) -> Result<Self> {
        let weights = Weights::load_safetensors(Self::PROGRAM, Self::layout(), path.as_ref())?;
        Ok(Self::from_weights_unchecked(weights))
    }

    /// Reads weights from a safetensors file that has other names, by a [`NameMap`].
    ///
    /// The types are those of [`load_safetensors`](Model::load_safetensors). The schema hash is not asked for: a map says
    /// that the file is not this model's own.
    ///
    /// # Errors
    /// [`Error::Io`](crate::error::Error::Io) if the file cannot be read;
    /// [`Error::Format`](crate::error::Error::Format) if it is damaged, or with the list of everything that does not fit:
    /// tensors that are missing, superfluous, of another shape or type, two for one parameter, and entries of the map
    /// that name what is not there;
    /// [`Error::NotFinite`](crate::error::Error::NotFinite) for NaN, infinities, and what is too large for `f32`.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("line.safetensors");
    /// // `self.net = nn.Sequential(nn.Linear(4, 2))` in PyTorch.
    /// let map = NameMap::new().module("net.0", "out");
    /// let line = Line::new(0);
    /// line.save_safetensors_mapped(&path, &map)?;
    /// assert_eq!(Line::load_safetensors_mapped(&path, &map)?.weights(), line.weights());
    ///
    /// let wrong = Line::load_safetensors_mapped(&path, &NameMap::new().rename("net.0.weights", "out.weight"));
    /// let text = wrong.err().map(|error| error.to_string()).unwrap_or_default();
    /// assert!(text.contains("no `net.0.weights` [2, 4] for `out.weight` (did you mean `net.0.weight`?); no `out.bias` [2]"));
    /// # Ok::<(), Error>(())
    /// ```
    fn load_safetensors_mapped(path: impl AsRef<Path>, map: &NameMap) -> Result<Self> {
        let weights = Weights::load_safetensors_mapped(Self::PROGRAM, Self::layout(), path.as_ref(), map)?;
        Ok(Self::from_weights_unchecked(weights))
    }

    /// Writes the weights as a safetensors file, whole or not at all; the same weights give the same bytes.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::error::Error::NotFinite) if a weight is NaN or infinite,
    /// [`Error::Io`](crate::error::Error::Io) if the file cannot be written; then what was there stays.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("line.safetensors");
    /// let line = Line::new(0);
    /// line.save_safetensors(&path)?;
    /// assert_eq!(Line::load_safetensors(&path)?.weights(), line.weights());
    /// # Ok::<(), Error>(())
    /// ```
    fn save_safetensors(&self, path: impl AsRef<Path>) -> Result<()> {
        self.weights().save_safetensors(Self::PROGRAM, path.as_ref())
    }

    /// Writes the weights with the names that a [`NameMap`] has for them, such as a PyTorch module expects; what the map
    /// transposes is written as `[in, out]`. [`load_safetensors_mapped`](Model::load_safetensors_mapped) shows it.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::error::Error::Invalid) with everything for which the file could not be read back by the
    /// same map, [`Error::NotFinite`](crate::error::Error::NotFinite) if a weight is NaN or infinite,
    /// [`Error::Io`](crate::error::Error::Io) if the file cannot be written; then what was there stays.
    fn save_safetensors_mapped(&self, path: impl AsRef<Path>, map: &NameMap) -> Result<()> {
        self.weights().save_safetensors_mapped(Self::PROGRAM, path.as_ref(), map)
    }
}

#[cfg(test)]
mod tests;
