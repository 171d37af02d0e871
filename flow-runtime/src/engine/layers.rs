//! The layers of a generated network, written with dfdx's operations.
//!
//! One tape runs through a network: a layer takes its operands without a tape and the tape beside them, and returns
//! its result and the tape. So an operand can be used again, is recorded once, and is moved at its last use, which
//! lets dfdx work in place.

use super::{
    dropout::Dropout,
    network::{Element, device_error, reshape},
};
use crate::{
    error::{Error, Result},
    program::sinusoidal_frequencies,
};
use ::dfdx::{
    nn::{
        Module,
        modules::{Embedding, LayerNorm1D, Linear, UnbiasedLinear},
    },
    shapes::{Axis, Const, HasShape, Shape},
    tensor::{PutTape, SplitTape, Tape, Tensor},
    tensor_ops::{BroadcastTo, Device, GatherTo, MeanTo, ReshapeTo, TryAdd, TryConcatAlong, TryDiv, TryMul, TrySub},
};

/// A result and the tape.
pub type Taped<S, E, D, T> = Result<(Tensor<S, E, D>, T)>;

/// Takes the tape off a result.
pub(super) fn split<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    result: Result<Tensor<S, E, D, T>, D::Err>,
) -> Taped<S, E, D, T> {
    Ok(result.map_err(device_error::<D>)?.split_tape())
}

/// `x Wᵀ + b`; `x: [rows, I]`, result `[rows, O]`.
pub fn linear<const I: usize, const O: usize, E: Element, D: Device<E>, T: Tape<E, D>>(
    layer: &Linear<I, O, E, D>,
    x: Tensor<(usize, Const<I>), E, D>,
    tape: T,
) -> Taped<(usize, Const<O>), E, D, T> {
    split::<_, E, D, T>(layer.try_forward(x.put_tape(tape)))
}

/// `x Wᵀ`; `x: [rows, I]`, result `[rows, O]`.
pub fn unbiased_linear<const I: usize, const O: usize, E: Element, D: Device<E>, T: Tape<E, D>>(
    layer: &UnbiasedLinear<I, O, E, D>,
    x: Tensor<(usize, Const<I>), E, D>,
    tape: T,
) -> Taped<(usize, Const<O>), E, D, T> {
    split::<_, E, D, T>(layer.try_forward(x.put_tape(tape)))
}

/// The same values under a new identity: dfdx takes no tensor for both operands of one operation.
pub fn copy<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(x: Tensor<S, E, D>, tape: T) -> Taped<S, E, D, T> {
    scale(x, 1.0, tape)
}

/// `x + y`.
pub fn add<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D>,
    y: Tensor<S, E, D>,
    tape: T,
) -> Taped<S, E, D, T> {
    split::<_, E, D, T>(x.put_tape(tape).try_add(y))
}

/// `x − y`.
pub fn sub<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D>,
    y: Tensor<S, E, D>,
    tape: T,
) -> Taped<S, E, D, T> {
    split::<_, E, D, T>(x.put_tape(tape).try_sub(y))
}

/// `x · y`, elementwise.
pub fn mul<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D>,
    y: Tensor<S, E, D>,
    tape: T,
) -> Taped<S, E, D, T> {
    split::<_, E, D, T>(x.put_tape(tape).try_mul(y))
}

/// `factor · x`.
pub fn scale<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D>,
    factor: f64,
    tape: T,
) -> Taped<S, E, D, T> {
    split::<_, E, D, T>(x.put_tape(tape).try_mul(E::rounded(factor)))
}

/// `x + term`.
pub fn shift<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D>,
    term: f64,
    tape: T,
) -> Taped<S, E, D, T> {
    split::<_, E, D, T>(x.put_tape(tape).try_add(E::rounded(term)))
}

/// The same values in another shape.
pub fn reshaped<S: Shape, R: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D>,
    out: R,
    tape: T,
) -> Taped<R, E, D, T> {
    Ok((reshape(x, out)?, tape))
}

/// The operands side by side on the last axis: each `[rows, width]`, the result in the shape `out`.
pub fn concat<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>, const N: usize>(
    operands: [Tensor<(usize, usize), E, D>; N],
    out: S,
    mut tape: T,
) -> Taped<S, E, D, T> {
    let mut joined: Option<Tensor<(usize, usize), E, D>> = None;
    for operand in operands {
        let next = match joined {
            None => operand,
            Some(left) => {
                // dfdx gives the concatenation of dynamic axes a dynamic axis again; constant ones need a nightly
                // compiler.
                let both = (left.put_tape(tape), operand).try_concat_along(Axis::<1>);
                let (both, rest) = split::<_, E, D, T>(both)?;
                tape = rest;
                both
            }
        };
        joined = Some(next);
    }
    let joined = joined.ok_or_else(|| Error::Invalid {
        operation: "concat",
        what: "the number of operands".to_owned(),
        got: "0".to_owned(),
        expected: "one or more".to_owned(),
        help: "name the tensors to put side by side".to_owned(),
    })?;
    Ok((reshape(joined, out)?, tape))
}

/// `exp(x) / Σ exp(x)` over the last axis; `x: [rows, N]`.
pub fn softmax<const N: usize, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<(usize, Const<N>), E, D>,
    tape: T,
) -> Taped<(usize, Const<N>), E, D, T> {
    split::<_, E, D, T>(x.put_tape(tape).try_softmax::<Axis<1>>())
}

/// `(x − mean) / sqrt(var + eps) · weight + bias` over the last axis; `x: [rows, N]`.
pub fn layer_norm<const N: usize, E: Element, D: Device<E>, T: Tape<E, D>>(
    layer: &LayerNorm1D<N, E, D>,
    x: Tensor<(usize, Const<N>), E, D>,
    tape: T,
) -> Taped<(usize, Const<N>), E, D, T> {
    split::<_, E, D, T>(layer.try_forward(x.put_tape(tape)))
}

/// `x / sqrt(mean(x²) + eps) · weight` over the last axis; `x: [rows, N]`.
pub fn rms_norm<const N: usize, E: Element, D: Device<E>, T: Tape<E, D>>(
    weight: &Tensor<(Const<N>,), E, D>,
    x: Tensor<(usize, Const<N>), E, D>,
    eps: f64,
    tape: T,
) -> Taped<(usize, Const<N>), E, D, T> {
    let run = || {
        let shape = *x.shape();
        let mean = x.clone().put_tape(tape).try_square()?.try_mean::<(usize,), Axis<1>>()?;
        let root = TryAdd::try_add(mean, E::rounded(eps))?.try_sqrt()?;
        let (root, tape) = root.try_broadcast_like::<_, Axis<1>>(&shape)?.split_tape();
        let unit = x.put_tape(tape).try_div(root)?;
        unit.try_mul(weight.clone().try_broadcast_like::<_, Axis<0>>(&shape)?)
    };
    split::<_, E, D, T>(run())
}

/// The row of the table for each class; `class: [rows]`, result `[rows, N]`.
///
/// # Errors
/// [`Error::Invalid`] if a class is not in `0..CLASSES`.
pub fn embedding<const CLASSES: usize, const N: usize, E: Element, D: Device<E>, T: Tape<E, D>>(
    layer: &Embedding<CLASSES, N, E, D>,
    class: Tensor<(usize,), usize, D>,
    tape: T,
) -> Taped<(usize, Const<N>), E, D, T> {
    if let Some((row, class)) = class.as_vec().into_iter().enumerate().find(|(_, class)| *class >= CLASSES) {
        return Err(Error::Invalid {
            operation: "embedding",
            what: format!("the class of sample {row}"),
            got: class.to_string(),
            expected: format!("a class in 0..{CLASSES}"),
            help: "number the classes from 0, or declare more of them in the model".to_owned(),
        });
    }
    split::<_, E, D, T>(layer.weight.clone().put_tape(tape).try_gather(class))
}

/// `[sin(w t), cos(w t)]` with `N / 2` angular frequencies in geometric progression from 1 to `max`; `t: [rows, 1]`.
pub fn sinusoidal<const N: usize, E: Element, D: Device<E>, T: Tape<E, D>>(
    t: Tensor<(usize, Const<1>), E, D>,
    max: f64,
    tape: T,
) -> Taped<(usize, Const<N>), E, D, T> {
    let half = N / 2;
    let frequencies = sinusoidal_frequencies(half, max).into_iter().map(E::rounded).collect();
    let frequencies = t.device().try_tensor_from_vec(frequencies, (half,)).map_err(device_error::<D>)?;
    waves(t, frequencies, tape)
}

/// `[sin(2π w t), cos(2π w t)]` with the frequencies `w: [H]`, where `N = 2 H`; `t: [rows, 1]`.
pub fn fourier<const H: usize, const N: usize, E: Element, D: Device<E>, T: Tape<E, D>>(
    frequencies: &Tensor<(Const<H>,), E, D>,
    t: Tensor<(usize, Const<1>), E, D>,
    tape: T,
) -> Taped<(usize, Const<N>), E, D, T> {
    let frequencies = reshape(frequencies.clone(), (H,))?;
    let angular = frequencies.try_mul(E::rounded(std::f64::consts::TAU)).map_err(device_error::<D>)?;
    waves(t, angular, tape)
}

/// `[sin(w t), cos(w t)]`.
fn waves<const N: usize, E: Element, D: Device<E>, T: Tape<E, D>>(
    t: Tensor<(usize, Const<1>), E, D>,
    frequencies: Tensor<(usize,), E, D>,
    tape: T,
) -> Taped<(usize, Const<N>), E, D, T> {
    let rows = t.shape().0;
    let shape = (rows, frequencies.shape().0);
    let t = reshape(t, (rows,))?;
    let run = || {
        let t = t.put_tape(tape).try_broadcast_like::<_, Axis<1>>(&shape)?;
        let angle = t.try_mul(frequencies.try_broadcast_like::<_, Axis<0>>(&shape)?)?;
        let (angle, tape) = angle.split_tape();
        let (sine, tape) = angle.clone().put_tape(tape).try_sin()?.split_tape();
        let (cosine, tape) = angle.put_tape(tape).try_cos()?.split_tape();
        (sine.put_tape(tape), cosine).try_concat_along(Axis::<1>)
    };
    let (both, tape) = split::<_, E, D, T>(run())?;
    Ok((reshape(both, (rows, Const::<N>))?, tape))
}

/// With masks: zero with probability `p`, else `x / (1 − p)`. Without: `x`. `node` keeps the layers of a model apart.
pub fn dropout<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D>,
    p: f64,
    node: u64,
    masks: Option<&Dropout>,
    tape: T,
) -> Taped<S, E, D, T> {
    let Some(masks) = masks else { return Ok((x, tape)) };
    let shape = *x.shape();
    let factors = masks.factors(node, shape.num_elements(), p).map(E::rounded).collect();
    let mask = x.device().try_tensor_from_vec(factors, shape).map_err(device_error::<D>)?;
    mul(x, mask, tape)
}

/// A dfdx module of the user's.
///
/// # Errors
/// [`Error::Shape`] if it returns another batch size; [`Error::Device`] with what it says if it fails.
pub fn module<M, S: Shape, R: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    module: &M,
    x: Tensor<S, E, D>,
    out: R,
    tape: T,
) -> Taped<R, E, D, T>
where
    M: Module<Tensor<S, E, D, T>, Output = Tensor<R, E, D, T>>,
{
    let y = module.try_forward(x.put_tape(tape)).map_err(|error| Error::Device {
        asked: "dfdx".to_owned(),
        found: format!("the custom module failed with {error:?}"),
        help: "mend the module's `try_forward`".to_owned(),
    })?;
    if *y.shape() != out {
        return Err(Error::Shape {
            operation: "custom",
            what: "the result of the module".to_owned(),
            got: format!("{:?}", y.shape().concrete()),
            expected: format!("{:?}", out.concrete()),
            help: "a module keeps the batch, the first axis, as it is".to_owned(),
        });
    }
    // Later layers reshape without a tape, which they can where the values are in order.
    split::<_, E, D, T>(y.try_contiguous())
}
