//! The `flow_model!` language of `flow-runtime`.
//!
//! `parse` → `ast` (what was written) → `check` → `ir` (what it means) → `expand`. Errors are collected all the
//! way; nothing fails after `check`, and an item with a mistake still declares its type.

// Trees of syntax are few and short-lived; boxes would only be in the way of matching on them.
#![allow(clippy::large_enum_variant)]

mod ast;
mod check;
mod error;
mod expand;
mod ir;
mod keyword;
mod math;
mod parse;
#[cfg(test)]
mod tests;

use error::Errors;
use proc_macro2::TokenStream;

/// Declares models, solvers, schedulers, training recipes and samplers.
///
/// Each item becomes a struct of its name, with its visibility, attributes and documentation. Items stand in any order and
/// number; what one call declares, its other items find by name. Shapes and mathematics are checked at expansion, and every
/// mistake of a call is shown in one compile.
///
/// ```
/// # #![allow(missing_docs)]
/// use flow_runtime::prelude::*;
///
/// const WIDTH: usize = 32;
///
/// flow_model! {
///     block residual(h, width) {
///         let r = silu(linear(h, 2 * width));
///         h + linear(r, width)
///     }
///
///     /// Carries noise to two moons.
///     pub model Moons(x: [2], t: Time) -> [2] {
///         let mut h = linear(concat(x, sinusoidal(t, 16)), WIDTH);
///         for _ in 0..3 {
///             h = residual(h, WIDTH);
///         }
///         linear(layer_norm(h), 2)
///     }
///
///     /// Heun's method with Euler's as its error estimate.
///     pub solver HeunEuler {
///         order: 2,
///         embedded: 1,
///         tableau: {
///             0 | ;
///             1 | 1;
///               | 1/2, 1/2;
///               | 1,   0;
///         }
///     }
///
///     /// Slow at both ends.
///     pub scheduler Smooth { alpha: t * t * (3 - 2 * t), sigma: 1 - t * t * (3 - 2 * t) }
///
///     pub train MoonsTraining for Moons {
///         path: Affine(Smooth),
///         optimizer: adam(lr = 1e-3),
///         batch: 256,
///         steps: 10_000,
///     }
///
///     pub sampler MoonsSampler for Moons { solver: HeunEuler, grid: uniform(50) }
/// }
///
/// assert_eq!(Moons::PROGRAM.parameters[2].name, "h2.r.weight");
/// assert_eq!(HeunEuler::TABLEAU.embedded_order, Some(1));
/// ```
///
/// # Grammar
///
/// `a*` is any number of `a`, `a?` one or none, `a ,*` a list with commas. `NAME`, `TYPE`, `PATH`, `EXPR` and `ATTRIBUTE` are
/// Rust's; `SIZE` is a const expression of type `usize`, `COUNT` one of the type that the key has; `NUMBER` is a literal with
/// an optional sign.
///
/// ```text
/// call      = `#![crate = PATH]`? item*
/// item      = ATTRIBUTE* VISIBILITY? (model | solver | scheduler | train | sampler) | block
///
/// model     = `model` NAME `(` state `,` time (`,` condition)* `)` `->` shape body
/// state     = NAME `:` shape
/// time      = NAME `:` `Time`
/// condition = NAME `:` (shape | `Class<SIZE>`)
/// shape     = `[` SIZE ,* `]`
/// block     = `block` NAME `(` NAME ,* `)` body
///
/// body      = `{` statement* value `}`
/// statement = `let` `mut`? NAME `=` value `;`
///           | NAME (`=` | `+=` | `-=` | `*=`) value `;`
///           | `for` `_` `in` INTEGER (`..` | `..=`) INTEGER `{` statement* `}`
/// value     = value (`+` | `-` | `*`) value | `-` value | `(` value `)`
///           | NAME | NUMBER | body | NAME `(` argument ,* `)`
/// argument  = (NAME `=`)? (value | SIZE | NUMBER | shape | TYPE | `true` | `false`)
///
/// solver    = `solver` NAME `{` `order:` INTEGER `,` (`embedded:` INTEGER `,`)? (`tolerance:` NUMBER `,`)?
///             `tableau:` `{` stage* weights weights? `}` `}`
/// stage     = entry `|` entry ,* `;`
/// weights   = `|` entry ,* `;`
/// entry     = sums, products and quotients of NUMBERs and `sqrt(INTEGER)`
///
/// scheduler = `scheduler` NAME (`(` (NAME `=` NUMBER) ,* `)`)? `{` `alpha:` curve `,` `sigma:` curve `,`
///             (`boundary:` NUMBER)? `}`
/// curve     = sums, products, quotients and functions of `t`, `pi`, NUMBERs and the parameters
///
/// train     = `train` NAME `for` PATH `{` (KEY `:` choice) ,* `}`
/// sampler   = `sampler` NAME `for` PATH `{` `solver:` PATH `,` `grid:` choice `,` (`source:` choice)? `}`
/// choice    = NAME (`(` ((NAME `=`)? value) ,* `)`)? | COUNT | NUMBER | PATH
/// ```
///
/// # Models
///
/// A body is a straight line of layers once loops are unrolled and blocks are inlined; names follow Rust's scoping. The
/// weights of a layer are called after the binding that it stands in: `h.weight`, and `h2`, `h3`, … for the next layers under
/// one name; those of a block that is called in `let a = …` are `a.r.weight`, and those of the result `out`. What does not
/// reach the result, be it an input, a value or a block, is a mistake, unless its name starts with `_`.
///
/// | layer | value |
/// | --- | --- |
/// | `linear(x, out, bias = true)` | `x W^T + b` on the last axis, weights `[out, in]` |
/// | `concat(a, b, …)` | side by side on the last axis |
/// | `relu` `gelu` `silu` `tanh` `sigmoid` `softplus` `sin` | element by element; so `elu(x, alpha = 1.0)`, `leaky_relu(x, slope = 0.01)` |
/// | `softmax(x)` | over the last axis |
/// | `layer_norm(x, eps = 1e-5)`, `rms_norm(x, eps = 1e-6)` | over the last axis, with weights |
/// | `dropout(x, p)` | zeroes with probability `p` and scales the rest by `1 / (1 - p)`, in training only |
/// | `sinusoidal(t, dim, max = 64.0)` | `[sin(w t), cos(w t)]`, `w` in geometric progression from 1 to `max` |
/// | `fourier(t, dim, scale)` | the same of fixed random frequencies, saved with the weights |
/// | `embedding(y, dim)` | the row of a class label in a table of weights |
/// | `reshape(x, [dims])`, `flatten(x)` | the same numbers in another shape |
/// | `custom(x, Module)`, `custom(x, Module, [dims])` | any dfdx module, from the shape of `x` to the same or to `[dims]` |
///
/// # Recipes
///
/// | key of `train` | value |
/// | --- | --- |
/// | `path` | `Affine(CondOt)`, `Affine(Polynomial(n = 3))`, `OptimalTransport(sigma_min = 1e-4)`, `self::MyPath` |
/// | `optimizer` | `adam(lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0)`, `adamw(…)`, `sgd(lr, momentum = 0, nesterov = false, weight_decay = 0)` |
/// | `loss` | `mse`, `l1`, `huber(delta = 1.0)` |
/// | `schedule` | `constant(warmup = 0)`, `cosine(floor = 0, warmup = 0)`, `step(every, gamma, warmup = 0)` |
/// | `batch`, `accumulate`: `usize`; `steps`, `seed`: `u64` | a literal or a const expression |
/// | `ema`, `clip` | decay of the weights' average; largest norm of the gradient |
/// | `time` | `uniform`, `logit_normal(mean = 0, std = 1)` |
/// | `source`, of a `sampler` too | `gaussian`, `uniform(low = -1, high = 1)` |
///
/// `optimizer`, `batch` and `steps` must be given. The `grid` of a sampler is `uniform(100)`, `given([0.0, 0.5, 1.0])`, or
/// `reversed(…)` of one of these.
///
/// A model, solver, scheduler or path that is declared outside of the call is written with its path, as in `self::Mine`. In a
/// crate that names `flow-runtime` differently the call starts with `#![crate = ::that_name]`.
#[proc_macro]
pub fn flow_model(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    generate(input.into()).into()
}

/// The whole pipeline, callable outside of a compiler.
fn generate(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let file = parse::parse_file(input, &mut errors);
    let module = check::check_module(&file, &mut errors);
    let mut output = expand::expand_module(&module);
    if let Err(error) = errors.finish() {
        output.extend(error.to_compile_error());
    }
    output
}
