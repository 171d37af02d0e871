//! dfdx tensors as states, on any dfdx device.

use super::{Real, State, state::shape};
use crate::error::{Error, Result};
use dfdx::{
    dtypes::Dtype,
    shapes::{HasShape, Shape},
    tensor::Tensor,
    tensor_ops::{Device, TryAdd, TryMul},
};

impl<S: Shape, E: Real + Dtype, D: Device<E>> State for Tensor<S, E, D> {
    type Scalar = E;

    fn combine_into<const N: usize>(&self, terms: [(E, &Self); N], out: &mut Self) -> Result<()> {
        let mut sum = self.clone();
        for (weight, term) in terms {
            sum = sum.try_add(scaled(weight, term, self.shape())?).map_err(device)?;
        }
        *out = sum;
        Ok(())
    }

    fn sum_into<const N: usize>(terms: [(E, &Self); N], out: &mut Self) -> Result<()> {
        let shape = *out.shape();
        let mut sum: Option<Self> = None;
        for (weight, term) in terms {
            let term = scaled(weight, term, &shape)?;
            sum = Some(match sum {
                None => term,
                Some(sum) => sum.try_add(term).map_err(device)?,
            });
        }
        *out = match sum {
            None => out.device().try_zeros_like(&shape).map_err(device)?,
            Some(sum) => sum,
        };
        Ok(())
    }

    fn is_finite(&self) -> bool {
        self.as_vec().into_iter().all(Real::is_finite)
    }

    fn dimension(&self) -> usize {
        self.shape().num_elements()
    }

    fn copy_into(&self, values: &mut [f64]) {
        values.iter_mut().zip(self.as_vec()).for_each(|(value, x)| *value = Real::to_f64(x));
    }

    fn copy_from(&mut self, values: &[f64]) -> Result<()> {
        if values.len() != State::dimension(self) {
            return Err(shape("copying into a tensor", values.len(), State::dimension(self)));
        }
        let rounded: Vec<E> = values.iter().map(|value| <E as Real>::from_f64(*value)).collect();
        *self = self.device().try_tensor_from_vec(rounded, *self.shape()).map_err(device)?;
        Ok(())
    }
}

/// `weight · term`, a new tensor.
fn scaled<S: Shape, E: Real + Dtype, D: Device<E>>(
    weight: E,
    term: &Tensor<S, E, D>,
    shape: &S,
) -> Result<Tensor<S, E, D>> {
    // dfdx asserts that shapes agree; those of run-time size are compared here first.
    if term.shape() != shape {
        return Err(Error::Shape {
            operation: "a Runge–Kutta stage",
            what: "the derivative".to_owned(),
            got: format!("{:?}", term.shape().concrete()),
            expected: format!("{:?}", shape.concrete()),
            help: "the right-hand side returns a tensor of the state's shape, at every step".to_owned(),
        });
    }
    term.clone().try_mul(weight).map_err(device)
}

fn device(error: impl std::fmt::Display) -> Error {
    Error::Device {
        asked: "dfdx".to_owned(),
        found: error.to_string(),
        help: "free memory on the device, or integrate a smaller batch".to_owned(),
    }
}
