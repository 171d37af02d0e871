//! `model` and `block`: a network as `let` bindings and calls.

use super::Header;
use proc_macro2::{Span, TokenStream};
use syn::{Expr, Ident};

/// `pub model Name(x: [2], t: Time) -> [2] { … }`
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) head: Header,
    pub(crate) inputs: Vec<Input>,
    /// Span of the parentheses, for messages about inputs that are missing.
    pub(crate) inputs_span: Span,
    pub(crate) result: Option<Shape>,
    pub(crate) body: Body,
}

/// `block name(h, width) { … }`, inlined where it is called.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) name: Ident,
    pub(crate) parameters: Vec<Ident>,
    pub(crate) body: Body,
}

#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) name: Ident,
    pub(crate) kind: InputKind,
}

#[derive(Clone)]
pub(crate) enum InputKind {
    /// `[2]`, `[1, 28, 28]`: the state if it comes first, else a condition.
    Tensor(Shape),
    /// `Time`
    Time(Span),
    /// `Class<10>`
    Class(Expr),
    /// Could not be read; the error has been recorded.
    Error,
}

/// `[a, b, …]` with const expressions.
#[derive(Clone)]
pub(crate) struct Shape {
    pub(crate) dims: Vec<Expr>,
    pub(crate) span: Span,
}

/// `{ statements; result }`
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) statements: Vec<Statement>,
    pub(crate) result: Option<Box<Value>>,
    /// Where a result would stand.
    pub(crate) span: Span,
}

#[derive(Clone)]
pub(crate) enum Statement {
    /// `let name = value;`, `let mut name = value;`
    Let { name: Ident, mutable: bool, value: Value },
    /// `name = value;`
    Assign { name: Ident, value: Value },
    /// `for _ in 0..N { … }`
    For { start: Expr, end: Expr, inclusive: bool, body: Body },
}

/// An expression of a body.
#[derive(Clone)]
pub(crate) enum Value {
    /// `h`
    Name(Ident),
    /// `linear(h, 64, bias = false)`
    Call(Call),
    /// `a + b`
    Binary { op: BinaryOp, span: Span, left: Box<Value>, right: Box<Value> },
    /// `-a`
    Negate { span: Span, value: Box<Value> },
    /// `{ let a = …; a + b }`
    Body(Body),
    /// A literal, a list `[1, 2]` or a path.
    Other(Expr),
    /// Reads as Rust but not as a value (a const expression, a type); holds what was wrong with it as a value.
    Opaque(syn::Error),
    /// Could not be read; the error has been recorded.
    Error,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BinaryOp {
    Add,
    Sub,
    Mul,
}

#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) function: Ident,
    pub(crate) arguments: Vec<Argument>,
    /// `key = value`
    pub(crate) options: Vec<(Ident, Argument)>,
}

/// An argument is read twice: as a value, and as tokens for where a size, a shape or a type is wanted.
#[derive(Clone)]
pub(crate) struct Argument {
    pub(crate) value: Value,
    pub(crate) tokens: TokenStream,
}
