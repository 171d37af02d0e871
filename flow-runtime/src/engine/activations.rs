//! The activations of a generated network: finite and with the right derivative for every finite argument.

use super::{
    layers::{Taped, split},
    network::Element,
};
use ::dfdx::{
    shapes::Shape,
    tensor::{PutTape, SplitTape, Tape, Tensor},
    tensor_ops::{Device, TryAdd, TryMul, TrySub},
};

macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident = $method:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
            x: Tensor<S, E, D>,
            tape: T,
        ) -> Taped<S, E, D, T> {
            split::<_, E, D, T>(x.put_tape(tape).$method())
        }
    )*};
}

activations! {
    /// `max(x, 0)`.
    relu = try_relu;
    /// `tanh(x)`.
    tanh = try_tanh;
    /// `1 / (1 + exp(−x))`.
    sigmoid = try_sigmoid;
    /// `sin(x)`.
    sin = try_sin;
}

/// `min(x, 0)`, with derivative 1 at 0.
fn negative_part<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D, T>,
) -> Result<Tensor<S, E, D, T>, D::Err> {
    x.try_clamp(f64::NEG_INFINITY, 0.0)
}

/// `x` if positive, else `alpha (exp(x) − 1)`; at 0 the derivative is `alpha`.
///
/// The sum of both parts, each constant where the other is not: nothing overflows, and no derivative is `∞ · 0`.
pub fn elu<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D>,
    alpha: f64,
    tape: T,
) -> Taped<S, E, D, T> {
    let run = || {
        let (positive, tape) = x.clone().put_tape(tape).try_relu()?.split_tape();
        let exponential = negative_part(x.put_tape(tape))?.try_exp()?;
        let negative = TrySub::try_sub(exponential, E::ONE)?;
        let negative = if alpha == 1.0 { negative } else { TryMul::try_mul(negative, E::rounded(alpha))? };
        negative.try_add(positive)
    };
    split::<_, E, D, T>(run())
}

/// `x` if positive, else `slope · x`; at 0 the derivative is `slope`.
pub fn leaky_relu<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D>,
    slope: f64,
    tape: T,
) -> Taped<S, E, D, T> {
    let run = || {
        let (positive, tape) = x.clone().put_tape(tape).try_relu()?.split_tape();
        let negative = TryMul::try_mul(negative_part(x.put_tape(tape))?, E::rounded(slope))?;
        negative.try_add(positive)
    };
    split::<_, E, D, T>(run())
}

/// `x / (1 + exp(−x))`.
pub fn silu<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(x: Tensor<S, E, D>, tape: T) -> Taped<S, E, D, T> {
    let run = || {
        let (gate, tape) = x.clone().put_tape(tape).try_sigmoid()?.split_tape();
        x.put_tape(tape).try_mul(gate)
    };
    split::<_, E, D, T>(run())
}

/// `ln(1 + exp(x))`.
///
/// Above 40 the value is `x` and the derivative 1 to within the precision of `f64`; `exp` sees no more than that.
pub fn softplus<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(x: Tensor<S, E, D>, tape: T) -> Taped<S, E, D, T> {
    const BOUND: f64 = 40.0;
    let run = || {
        let rest = TrySub::try_sub(x.clone().put_tape(tape), E::rounded(BOUND))?.try_relu()?;
        let (rest, tape) = rest.split_tape();
        let exponential = x.put_tape(tape).try_clamp(f64::NEG_INFINITY, BOUND)?.try_exp()?;
        TryAdd::try_add(exponential, E::ONE)?.try_ln()?.try_add(rest)
    };
    split::<_, E, D, T>(run())
}

/// `x Φ(x)` with the normal distribution's `Φ`.
///
/// The derivative that dfdx 0.13 gives is `Φ(x) + sqrt(2) x φ(x)`, with the density `φ`; the right one has no root.
/// As `φ' = −x φ`, adding `(sqrt(2) − 1) φ(x)` to what is recorded and taking its value away again mends it.
pub fn gelu<S: Shape, E: Element, D: Device<E>, T: Tape<E, D>>(x: Tensor<S, E, D>, tape: T) -> Taped<S, E, D, T> {
    let run = || {
        if !T::OWNS_TAPE {
            return x.put_tape(tape).try_accurate_gelu();
        }
        let (value, tape) = x.clone().put_tape(tape).try_accurate_gelu()?.split_tape();
        let exponent = TryMul::try_mul(x.put_tape(tape).try_square()?, E::rounded(-0.5))?;
        let factor = (std::f64::consts::SQRT_2 - 1.0) / std::f64::consts::TAU.sqrt();
        let (density, tape) = TryMul::try_mul(exponent.try_exp()?, E::rounded(factor))?.split_tape();
        let (zero, tape) = density.clone().put_tape(tape).try_sub(TryMul::try_mul(density, E::ONE)?)?.split_tape();
        value.put_tape(tape).try_add(zero)
    };
    split::<_, E, D, T>(run())
}
