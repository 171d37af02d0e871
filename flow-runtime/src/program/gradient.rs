//! Reverse mode as a transformation from program to program: [`Program::gradient`], its result [`Gradient`], and the
//! `f64` interpreter of that, [`Gradient::evaluate`].
//!
//! The sweep is in `gradient/reverse.rs`; how an op is differentiated stands beside the op, in `pullback` of its rule.

mod evaluate;
mod reverse;

pub use evaluate::GradientValues;
pub(crate) use reverse::Reverse;

use super::Program;
use crate::error::Result;
use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

const OPERATION: &str = "differentiating a program";

/// Reverse mode of a program, itself a program: what [`Program::gradient`] gives.
///
/// With the velocity `v(t, x; w)` and a cotangent `dv` of its shape, the nodes named below hold one sample's
/// `d(v·dv)/dw` and `d(v·dv)/dx`, where `v·dv = Σ v_i dv_i`. For the gradient of a loss `l(v)`, take `dv = dl/dv`.
///
/// ```
/// use flow_runtime::{prelude::*, program::{InputKind, Op, Wanted}};
/// flow_model! { model Line(x: [2], t: Time) -> [2] { linear(silu(linear(concat(x, t), 8)), 2) } }
///
/// let gradient = Line::PROGRAM.gradient(Wanted { parameters: true, state: false })?;
/// let cotangent = gradient.program.inputs[2];
/// assert_eq!((cotangent.name, cotangent.kind, cotangent.shape), ("dv", InputKind::Cotangent, &[2][..]));
/// // The weight and the bias of both layers; the last bias has `dv` itself for its share.
/// let ops: Vec<_> = gradient.parameters.iter().map(|(_, node)| gradient.program.nodes[*node].op).collect();
/// assert_eq!((ops[2], ops[3]), (Op::Outer, Op::Input(2)));
/// // Nothing is propagated to the first layer's operand.
/// let products = gradient.program.nodes.iter().filter(|node| node.op == Op::LinearTransposed);
/// assert_eq!((products.count(), gradient.state), (1, None));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gradient {
    /// The nodes of the program differentiated come first, with the indices they have there; then the reverse nodes.
    ///
    /// Its inputs are those of the program, then the cotangent of the velocity, `dv` (with primes if that name is
    /// taken), of the state's shape. Its parameters are those of the program, and its `output` is the velocity still.
    pub program: Program,
    /// `(parameter, node)`, in the order of the parameters: the node's value, of the parameter's shape, is one
    /// sample's share in `d(v·dv)/d(parameter)`. A parameter's gradient is the sum over its entries here and over the
    /// samples.
    ///
    /// Only trained parameters that the velocity depends on are here; the gradient of any other is zero. A node may
    /// be named twice, and may be the cotangent `dv` itself.
    pub parameters: &'static [(usize, usize)],
    /// The node that holds `d(v·dv)/dx` for a sample, if it was asked for and the velocity depends on the state; where
    /// it does not, the cotangent is zero and there is no node for it.
    pub state: Option<usize>,
    /// What was asked for.
    pub wanted: Wanted,
}

/// With respect to what a program is differentiated.
///
/// ```
/// use flow_runtime::program::{Wanted, builder::Builder};
/// let mut b = Builder::new("Decay", &[2]);
/// let velocity = b.scale(b.state(), -0.5);
/// let program = b.finish(velocity)?;
/// assert!(program.gradient(Wanted { parameters: true, state: true })?.state.is_some());
/// assert_eq!(program.gradient(Wanted { parameters: true, state: false })?.state, None);
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The trained parameters.
    pub parameters: bool,
    /// The state.
    pub state: bool,
}

/// Gradients that were asked for, each with the program it is of.
type Known = Vec<(&'static Program, &'static Gradient)>;

/// By the schema hash of the program, which leaves out the names that two programs may differ in.
static GRADIENTS: LazyLock<Mutex<HashMap<(u64, Wanted), Known>>> = LazyLock::new(Mutex::default);

impl Program {
    /// The program of the gradient, by reverse mode: for each node from the velocity back, the cotangents of its
    /// operands and the shares of its parameters (Griewank & Walther 2008, *Evaluating Derivatives*, §3.2).
    ///
    /// Cotangents are propagated only towards what is wanted; where a node is used several times they are added. At a
    /// kink the derivative is PyTorch's: 0 for `relu` at 0, `slope` for `leaky_relu`, `alpha` for `elu`.
    ///
    /// The result is kept for the life of the process, once for each program: a further call gives the same reference.
    ///
    /// # Errors
    /// [`Error::Device`](crate::error::Error::Device) for a `custom` layer on the way, which only dfdx can
    /// differentiate; [`Error::Invalid`](crate::error::Error::Invalid) for a program that is a gradient already, for
    /// trained frequencies of `fourier` and for a time embedding of anything but the time; what
    /// [`check`](Program::check) finds.
    ///
    /// ```
    /// use flow_runtime::{data::Conditions, program::{Wanted, builder::Builder}};
    /// // v = w x
    /// let mut b = Builder::new("Scale", &[2]);
    /// let velocity = b.linear("v", b.state(), 2, false);
    /// let gradient = b.finish(velocity)?.gradient(Wanted { parameters: true, state: true })?;
    /// let w = [1.0, 2.0, 3.0, 4.0];
    /// let values = gradient.evaluate(&w, &[0.0], &[5.0, 6.0], &Conditions::none(), &[1.0, -1.0])?;
    /// assert_eq!(values.velocity, [17.0, 39.0]);
    /// assert_eq!(values.parameters, [5.0, 6.0, -5.0, -6.0]);
    /// assert_eq!(values.state, Some(vec![-2.0, -2.0]));
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn gradient(&'static self, wanted: Wanted) -> Result<&'static Gradient> {
        // A panic elsewhere leaves the table whole: entries are only ever pushed.
        let mut table = GRADIENTS.lock().unwrap_or_else(PoisonError::into_inner);
        let known = table.entry((self.schema_hash(), wanted)).or_default();
        if let Some((_, gradient)) = known.iter().find(|(program, _)| *program == self) {
            return Ok(gradient);
        }
        self.check()?;
        let gradient: &'static Gradient = Box::leak(Box::new(Reverse::sweep(self, wanted)?));
        known.push((self, gradient));
        Ok(gradient)
    }
}

#[cfg(test)]
mod tests;
