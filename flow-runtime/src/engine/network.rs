//! What the dfdx engine asks of a generated network, and what the network asks of a batch.

use super::dropout::Dropout;
use crate::{
    error::{Error, Result},
    model::Model,
};
use ::dfdx::{
    nn::{BuildModule, tensor_collection::TensorOptions},
    shapes::{ConstShape, Dtype, HasShape, Shape},
    tensor::{Cpu, HasErr, NoneTape, OwnedTape, SplitTape, Tape, Tensor},
    tensor_ops::{Device, ReshapeTo},
};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// The number types of a network: `f32` and `f64`.
pub trait Element: Dtype {
    /// The nearest value.
    fn rounded(value: f64) -> Self;
}

impl Element for f32 {
    fn rounded(value: f64) -> Self {
        value as f32
    }
}

impl Element for f64 {
    fn rounded(value: f64) -> Self {
        value
    }
}

/// A model that the dfdx engine can run: it names its network.
///
/// ```
/// use dfdx::prelude::*;
/// use flow_runtime::{engine::{DfdxModel, Inputs, Network, load}, prelude::*};
/// flow_model! { pub model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
///
/// // The network as any other dfdx module, with the weights of a model.
/// let cpu = Cpu::default();
/// let mut network = <Line as DfdxModel>::Network::try_build(&cpu)?;
/// load(&mut network, Line::new(0).weights().values())?;
/// let inputs = Inputs { t: cpu.zeros_like(&(3,)), conditions: vec![] };
/// let velocity = network.velocity(&inputs, cpu.ones_like(&(3, 2)))?;
/// assert_eq!(velocity.shape(), &(3, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no dfdx network",
    label = "the dfdx engine runs models that `flow_model!` declares"
)]
pub trait DfdxModel: Model {
    /// The typed network on the CPU. It visits its tensors in the order of the model's layout.
    type Network: Network<f32, Cpu>;
}

/// A velocity field on dfdx tensors whose state and conditions are flat rows.
///
/// `flow_model! { model … }` implements it for the network it generates, in terms of the network's `forward`.
pub trait Network<E: Element, D: Device<E>>: BuildModule<D, E> {
    /// The velocity at `x: [batch, dim]`, recorded on the tape that `x` carries.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Invalid`] if the inputs are not the model's.
    fn traced(
        &self,
        inputs: &Inputs<E, D>,
        x: Rows<E, D, OwnedTape<E, D>>,
        dropout: Option<&Dropout>,
    ) -> Result<Rows<E, D, OwnedTape<E, D>>>;

    /// The velocity at `x: [batch, dim]`.
    ///
    /// # Errors
    /// As [`Self::traced`].
    fn velocity(&self, inputs: &Inputs<E, D>, x: Tensor<(usize, usize), E, D>) -> Result<Tensor<(usize, usize), E, D>>;
}

/// A batch of states or velocities, `[batch, dim]`.
pub type Rows<E, D, T = NoneTape> = Tensor<(usize, usize), E, D, T>;

/// How a tensor gets its first values.
type Reset<S, E, D> = fn(&mut Tensor<S, E, D>) -> Result<(), <D as HasErr>::Err>;

/// The time and the conditions of a batch.
#[derive(Clone, Debug)]
pub struct Inputs<E: Dtype, D: Device<E>> {
    /// Times, `[batch]`.
    pub t: Tensor<(usize,), E, D>,
    /// In the order in which the model declares them.
    pub conditions: Vec<Condition<E, D>>,
}

/// One condition of a batch.
#[derive(Clone, Debug)]
pub enum Condition<E: Dtype, D: Device<E>> {
    /// Class labels, `[batch]`.
    Class(Tensor<(usize,), usize, D>),
    /// Vectors, `[batch, dim]`.
    Vector(Tensor<(usize, usize), E, D>),
}

impl<E: Element, D: Device<E>> Inputs<E, D> {
    /// The labels of the condition of that index.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is not there or no class.
    pub fn class(&self, index: usize) -> Result<Tensor<(usize,), usize, D>> {
        match self.conditions.get(index) {
            Some(Condition::Class(labels)) => Ok(labels.clone()),
            Some(Condition::Vector(_)) => Err(wrong_condition(index, "vectors", "class labels")),
            None => Err(wrong_condition(index, "missing", "class labels")),
        }
    }

    /// The vectors of the condition of that index, in the shape `out`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is not there or a class; [`Error::Shape`] if its length does not fit.
    pub fn vector<S: Shape>(&self, index: usize, out: S) -> Result<Tensor<S, E, D>> {
        match self.conditions.get(index) {
            Some(Condition::Vector(values)) => reshape(values.clone(), out),
            Some(Condition::Class(_)) => Err(wrong_condition(index, "class labels", "vectors")),
            None => Err(wrong_condition(index, "missing", "vectors")),
        }
    }
}

fn wrong_condition(index: usize, got: &str, expected: &str) -> Error {
    Error::Invalid {
        operation: "forward",
        what: format!("condition {index}"),
        got: got.to_owned(),
        expected: expected.to_owned(),
        help: "give the conditions in the order and of the kind that the model declares".to_owned(),
    }
}

/// The same values in another shape; dfdx itself would panic where the number of values differs.
///
/// # Errors
/// [`Error::Shape`] if it does.
pub fn reshape<S: Shape, R: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D, T>,
    out: R,
) -> Result<Tensor<R, E, D, T>> {
    if x.shape().num_elements() != out.num_elements() {
        return Err(Error::Shape {
            operation: "reshape",
            what: "the tensor".to_owned(),
            got: format!("{:?}", x.shape().concrete()),
            expected: format!("{:?}", out.concrete()),
            help: "both shapes must hold the same number of values".to_owned(),
        });
    }
    x.try_reshape_like(&out).map_err(device_error::<D>)
}

/// Takes the tape off the state. Its values are brought in order on the tape, so that layers can reshape without it.
///
/// # Errors
/// [`Error::Device`] if dfdx fails.
pub fn enter<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(x: Tensor<S, E, D, T>) -> Result<(Tensor<S, E, D>, T)> {
    Ok(x.try_contiguous().map_err(device_error::<D>)?.split_tape())
}

/// `[batch, …]` as `[batch, dim]`.
///
/// # Errors
/// [`Error::Device`] if dfdx fails.
pub fn flatten<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D, T>,
    batch: usize,
) -> Result<Tensor<(usize, usize), E, D, T>> {
    let dim = x.shape().num_elements().checked_div(batch).unwrap_or(0);
    reshape(x, (batch, dim))
}

/// Refuses an input whose first axis is not the batch of the state.
///
/// # Errors
/// [`Error::Shape`].
pub fn check_batch<S: Shape>(name: &str, shape: &S, batch: usize) -> Result<()> {
    let got = shape.concrete();
    let mut axes = got.into_iter();
    if axes.next() == Some(batch) {
        return Ok(());
    }
    Err(Error::Shape {
        operation: "forward",
        what: format!("the input `{name}`"),
        got: format!("{got:?}"),
        expected: format!("{batch} samples on the first axis, as the state has"),
        help: "give one time and one value of each condition per sample".to_owned(),
    })
}

/// What dfdx says when it fails: on a CPU, that memory is out.
pub fn device_error<D: HasErr>(error: D::Err) -> Error {
    Error::Device {
        asked: "dfdx".to_owned(),
        found: error.to_string(),
        help: "use a smaller batch, or free memory".to_owned(),
    }
}

/// A trained tensor that starts as `reset` leaves it.
pub fn trained<S: ConstShape, E: Element, D: Device<E>>(reset: Reset<S, E, D>) -> TensorOptions<S, E, D> {
    TensorOptions::reset_with(reset)
}

/// A tensor that training leaves alone.
pub fn fixed<S: ConstShape, E: Element, D: Device<E>>(reset: Reset<S, E, D>) -> TensorOptions<S, E, D> {
    TensorOptions::detached(reset)
}

/// Fills from `U(−1/sqrt(fan_in), 1/sqrt(fan_in))`.
///
/// # Errors
/// What the device says.
pub fn fill_fan_in<S: Shape, E: Element, D: Device<E>>(t: &mut Tensor<S, E, D>, fan_in: usize) -> Result<(), D::Err> {
    t.try_fill_with_distr(Symmetric { bound: 1.0 / (fan_in as f64).sqrt() })
}

/// Fills from `N(0, std²)`.
///
/// # Errors
/// What the device says.
pub fn fill_normal<S: Shape, E: Element, D: Device<E>>(t: &mut Tensor<S, E, D>, std: f64) -> Result<(), D::Err> {
    t.try_fill_with_distr(Gaussian { std })
}

/// Fills with ones.
///
/// # Errors
/// What the device says.
pub fn fill_ones<S: Shape, E: Element, D: Device<E>>(t: &mut Tensor<S, E, D>) -> Result<(), D::Err> {
    t.try_fill_with_ones()
}

/// Fills with zeros.
///
/// # Errors
/// What the device says.
pub fn fill_zeros<S: Shape, E: Element, D: Device<E>>(t: &mut Tensor<S, E, D>) -> Result<(), D::Err> {
    t.try_fill_with_zeros()
}

struct Symmetric {
    bound: f64,
}

impl<E: Element> Distribution<E> for Symmetric {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> E {
        E::rounded((2.0 * rng.r#gen::<f64>() - 1.0) * self.bound)
    }
}

struct Gaussian {
    std: f64,
}

impl<E: Element> Distribution<E> for Gaussian {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> E {
        let standard: f64 = StandardNormal.sample(rng);
        E::rounded(standard * self.std)
    }
}
