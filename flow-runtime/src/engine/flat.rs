//! A network's tensors as one flat row, in the order in which it visits them.

use super::network::{Element, Network, device_error};
use crate::{
    error::{Error, Result},
    model::Entry,
};
use ::dfdx::{
    nn::tensor_collection::{
        RecursiveWalker, TensorOptions, TensorVisitor, ViewTensorMut, ViewTensorName, ViewTensorRef,
    },
    shapes::{HasShape, Shape},
    tensor::{Cpu, CpuError, Gradients, Storage, Tensor},
    tensor_ops::Device,
};

/// Names, shapes and places of a network's tensors: the layout of its model.
///
/// For a model with `custom` layers only the network knows it.
///
/// # Errors
/// [`Error::Device`] if dfdx fails.
///
/// ```
/// use dfdx::prelude::*;
/// use flow_runtime::{engine::{DfdxModel, entries}, prelude::*};
/// flow_model! { pub model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
///
/// let network = <Line as DfdxModel>::Network::build(&Cpu::default());
/// assert_eq!(entries(&network)?, Line::layout().entries());
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn entries<E: Element, D: Device<E>, N: Network<E, D>>(network: &N) -> Result<Vec<Entry>> {
    let mut visitor = Entries { entries: Vec::new(), offset: 0 };
    N::iter_tensors(&mut RecursiveWalker { m: (network, String::new()), f: &mut visitor })
        .map_err(device_error::<D>)?;
    Ok(visitor.entries)
}

struct Entries {
    entries: Vec<Entry>,
    offset: usize,
}

impl<E: Element, D: Device<E>> TensorVisitor<E, D> for Entries {
    type Viewer = (ViewTensorRef, ViewTensorName);
    type Err = D::Err;
    type E2 = E;
    type D2 = D;

    fn visit<S: Shape>(
        &mut self,
        options: TensorOptions<S, E, D>,
        (tensor, name): (&Tensor<S, E, D>, String),
    ) -> Result<Option<Tensor<S, E, D>>, D::Err> {
        let shape: Vec<usize> = tensor.shape().concrete().into_iter().collect();
        let len: usize = shape.iter().product();
        self.entries.push(Entry { name, shape, offset: self.offset, trained: options.do_gradient_update });
        self.offset += len;
        Ok(None)
    }
}

/// Copies the flat row into the network's tensors; they keep their memory.
///
/// # Errors
/// [`Error::Shape`] if the row has another length.
///
/// ```
/// use dfdx::prelude::*;
/// use flow_runtime::{engine::{DfdxModel, load, store}, prelude::*};
/// flow_model! { pub model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
///
/// let line = Line::new(0);
/// let mut network = <Line as DfdxModel>::Network::build(&Cpu::default());
/// load(&mut network, line.weights().values())?;
/// assert_eq!(store(&network)?, line.weights().values());
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn load<E: Element, D: Device<E>, N: Network<E, D>>(network: &mut N, values: &[E]) -> Result<()> {
    let expected = len(network)?;
    if values.len() != expected {
        return Err(wrong_length("loading weights", "the row of weights", values.len(), expected));
    }
    let mut visitor = Load { rest: values };
    N::iter_tensors(&mut RecursiveWalker { m: network, f: &mut visitor }).map_err(device_error::<D>)?;
    Ok(())
}

struct Load<'a, E> {
    rest: &'a [E],
}

impl<E: Element, D: Device<E>> TensorVisitor<E, D> for Load<'_, E> {
    type Viewer = ViewTensorMut;
    type Err = D::Err;
    type E2 = E;
    type D2 = D;

    fn visit<S: Shape>(
        &mut self,
        _: TensorOptions<S, E, D>,
        tensor: &mut Tensor<S, E, D>,
    ) -> Result<Option<Tensor<S, E, D>>, D::Err> {
        let (values, rest) = self.rest.split_at(tensor.shape().num_elements());
        tensor.copy_from(values);
        self.rest = rest;
        Ok(None)
    }
}

/// The values of the network's tensors as a flat row.
///
/// # Errors
/// [`Error::Device`] if dfdx fails.
pub fn store<E: Element, D: Device<E>, N: Network<E, D>>(network: &N) -> Result<Vec<E>> {
    let mut visitor = Store { values: Vec::new() };
    N::iter_tensors(&mut RecursiveWalker { m: network, f: &mut visitor }).map_err(device_error::<D>)?;
    Ok(visitor.values)
}

struct Store<E> {
    values: Vec<E>,
}

impl<E: Element, D: Device<E>> TensorVisitor<E, D> for Store<E> {
    type Viewer = ViewTensorRef;
    type Err = D::Err;
    type E2 = E;
    type D2 = D;

    fn visit<S: Shape>(
        &mut self,
        _: TensorOptions<S, E, D>,
        tensor: &Tensor<S, E, D>,
    ) -> Result<Option<Tensor<S, E, D>>, D::Err> {
        self.values.extend(tensor.as_vec());
        Ok(None)
    }
}

/// Copies the gradients of a network's trained tensors into the flat row, zeros for the others.
///
/// # Errors
/// [`Error::Shape`] if the row has another length.
pub fn gradient<E, N>(network: &N, gradients: &mut Gradients<E, Cpu>, out: &mut [E]) -> Result<()>
where
    E: Element,
    Cpu: Device<E> + Storage<E, Vec: std::ops::Deref<Target = Vec<E>>>,
    N: Network<E, Cpu>,
{
    let expected = len(network)?;
    if out.len() != expected {
        return Err(wrong_length("reading gradients", "the row of gradients", out.len(), expected));
    }
    let mut visitor = ReadGradient { gradients, rest: out };
    N::iter_tensors(&mut RecursiveWalker { m: network, f: &mut visitor }).map_err(device_error::<Cpu>)?;
    Ok(())
}

struct ReadGradient<'a, E: Element>
where
    Cpu: Storage<E>,
{
    gradients: &'a mut Gradients<E, Cpu>,
    rest: &'a mut [E],
}

impl<E: Element> TensorVisitor<E, Cpu> for ReadGradient<'_, E>
where
    Cpu: Device<E> + Storage<E, Vec: std::ops::Deref<Target = Vec<E>>>,
{
    type Viewer = ViewTensorRef;
    type Err = CpuError;
    type E2 = E;
    type D2 = Cpu;

    fn visit<S: Shape>(
        &mut self,
        options: TensorOptions<S, E, Cpu>,
        tensor: &Tensor<S, E, Cpu>,
    ) -> Result<Option<Tensor<S, E, Cpu>>, CpuError> {
        let (out, rest) = std::mem::take(&mut self.rest).split_at_mut(tensor.shape().num_elements());
        self.rest = rest;
        if options.do_gradient_update {
            out.copy_from_slice(self.gradients.get_or_alloc_mut(tensor)?);
        } else {
            out.fill(E::default());
        }
        Ok(None)
    }
}

fn len<E: Element, D: Device<E>, N: Network<E, D>>(network: &N) -> Result<usize> {
    let mut visitor = Length(0);
    N::iter_tensors(&mut RecursiveWalker { m: network, f: &mut visitor }).map_err(device_error::<D>)?;
    Ok(visitor.0)
}

struct Length(usize);

impl<E: Element, D: Device<E>> TensorVisitor<E, D> for Length {
    type Viewer = ViewTensorRef;
    type Err = D::Err;
    type E2 = E;
    type D2 = D;

    fn visit<S: Shape>(
        &mut self,
        _: TensorOptions<S, E, D>,
        tensor: &Tensor<S, E, D>,
    ) -> Result<Option<Tensor<S, E, D>>, D::Err> {
        self.0 += tensor.shape().num_elements();
        Ok(None)
    }
}

pub(super) fn wrong_length(operation: &'static str, what: &str, got: usize, expected: usize) -> Error {
    Error::Shape {
        operation,
        what: what.to_owned(),
        got: format!("[{got}]"),
        expected: format!("[{expected}]"),
        help: "use the row of the same model".to_owned(),
    }
}
