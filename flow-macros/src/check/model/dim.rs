//! Dimensions: literals are computed here, constants are left to the compiler under the same span.

use crate::{
    ast,
    error::Errors,
    expand::dim as tokens,
    ir::{Assertion, Dim, Shape},
};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use std::collections::BTreeSet;
use syn::{BinOp, Expr, Lit, spanned::Spanned};

/// Largest dimension that is believed; a product of a few of them still fits `usize`.
const LARGEST: usize = 1 << 24;

/// Most numbers in one value that are believed.
const MOST_VALUES: usize = 1 << 32;

/// Longest expression of constants that is handed on; a loop that doubles one would never end.
const LONGEST: usize = 4096;

/// Reads and compares dimensions, collecting `const` assertions for those that only the compiler can compare.
#[derive(Default)]
pub(super) struct Dims {
    pub(super) assertions: Vec<Assertion>,
    asserted: BTreeSet<String>,
}

impl Dims {
    /// A list of positive sizes.
    pub(super) fn shape(&mut self, shape: &ast::Shape, cx: &mut Errors) -> Shape {
        let dims: Shape = shape.dims.iter().map(|dim| self.size(dim, cx)).collect();
        if let Dim::Known(values) = product(&dims)
            && values > MOST_VALUES
        {
            cx.span(shape.span, format!("a value holds at most {MOST_VALUES} numbers, found {}", show_shape(&dims)));
            return vec![Dim::Known(1); dims.len()];
        }
        dims
    }

    /// One positive size. An error is recorded and 1 returned for what cannot be one.
    pub(super) fn size(&mut self, expr: &Expr, cx: &mut Errors) -> Dim {
        match literal(expr) {
            Literal::Value(0) => {
                cx.at(expr, "a dimension is at least 1, found 0");
                Dim::Known(1)
            }
            Literal::Value(value) if value > LARGEST => {
                cx.at(expr, format!("a dimension is at most {LARGEST}, found {value}"));
                Dim::Known(1)
            }
            Literal::Value(value) => Dim::Known(value),
            Literal::Wrong(span, message) => {
                cx.span(span, message);
                Dim::Known(1)
            }
            Literal::Not => {
                let expr = bare(expr);
                let tokens = expr.to_token_stream();
                let text = show_tokens(&tokens);
                let message = format!("the dimension `{text}` is at least 1, found 0");
                self.assert(expr.span(), quote_spanned!(expr.span()=> (#tokens) > 0), &message);
                Dim::Const(tokens)
            }
        }
    }

    /// Whether two shapes agree; an error if they are known to differ, an assertion if the compiler has to tell.
    pub(super) fn same_shape(
        &mut self,
        got: &[Dim],
        expected: &[Dim],
        span: Span,
        cx: &mut Errors,
        message: impl Fn(String, String) -> String,
    ) -> bool {
        let text = message(show_shape(got), show_shape(expected));
        if got.len() != expected.len() {
            cx.span(span, text);
            return false;
        }
        for (a, b) in got.iter().zip(expected) {
            if !self.same(a, b, span, &text) {
                cx.span(span, text);
                return false;
            }
        }
        true
    }

    /// `false` only if the two are known to differ.
    pub(super) fn same(&mut self, a: &Dim, b: &Dim, span: Span, message: &str) -> bool {
        match (a, b) {
            (Dim::Known(a), Dim::Known(b)) => a == b,
            _ => {
                let (left, right) = (tokens(a), tokens(b));
                if left.to_string() != right.to_string() {
                    self.assert(span, quote_spanned!(span=> (#left) == (#right)), message);
                }
                true
            }
        }
    }

    /// Requires `dim` to be even.
    pub(super) fn even(&mut self, dim: &Dim, span: Span, message: &str, cx: &mut Errors) {
        match dim {
            Dim::Known(value) if value % 2 == 0 => {}
            Dim::Known(value) => cx.span(span, format!("{message}, found {value}\nhelp: write {}", value + 1)),
            Dim::Const(tokens) => self.assert(span, quote_spanned!(span=> (#tokens) % 2 == 0), message),
        }
    }

    /// One assertion for each condition, at the first place that needs it: a loop would repeat it at every turn.
    fn assert(&mut self, span: Span, condition: TokenStream, message: &str) {
        if self.asserted.insert(condition.to_string()) {
            self.assertions.push(Assertion { span, condition, message: message.to_owned() });
        }
    }
}

/// Without braces and parentheses around all of it, which would be warned of where they are not needed.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(inner) => bare(&inner.expr),
        Expr::Group(inner) => bare(&inner.expr),
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [syn::Stmt::Expr(inner, None)] if block.label.is_none() && block.attrs.is_empty() => bare(inner),
            _ => expr,
        },
        _ => expr,
    }
}

/// Whether a computed dimension is of a size that can be meant.
pub(super) fn is_believable(dim: &Dim) -> bool {
    match dim {
        Dim::Known(value) => *value <= LARGEST,
        Dim::Const(tokens) => tokens.to_string().len() <= LONGEST,
    }
}

/// A dimension as an operand.
fn grouped(dim: &Dim) -> TokenStream {
    let tokens = tokens(dim);
    match tokens.clone().into_iter().count() {
        1 => tokens,
        _ => quote!((#tokens)),
    }
}

/// The sum of two dimensions.
pub(super) fn sum(a: &Dim, b: &Dim) -> Dim {
    match (a, b) {
        (Dim::Known(a), Dim::Known(b)) => Dim::Known(a.saturating_add(*b)),
        _ => {
            let (a, b) = (grouped(a), grouped(b));
            Dim::Const(quote!(#a + #b))
        }
    }
}

/// The product of all dimensions.
pub(super) fn product(shape: &[Dim]) -> Dim {
    shape
        .iter()
        .cloned()
        .reduce(|a, b| match (&a, &b) {
            (Dim::Known(a), Dim::Known(b)) => Dim::Known(a.saturating_mul(*b)),
            (Dim::Known(1), _) => b,
            (_, Dim::Known(1)) => a,
            _ => {
                let (a, b) = (grouped(&a), grouped(&b));
                Dim::Const(quote!(#a * #b))
            }
        })
        .unwrap_or(Dim::Known(1))
}

/// Half of an even dimension.
pub(super) fn half(dim: &Dim) -> Dim {
    match dim {
        Dim::Known(value) => Dim::Known(value / 2),
        Dim::Const(_) => {
            let dim = grouped(dim);
            Dim::Const(quote!(#dim / 2))
        }
    }
}

/// `[1, 28, WIDTH]`
pub(super) fn show_shape(shape: &[Dim]) -> String {
    let dims: Vec<_> = shape.iter().map(show).collect();
    format!("[{}]", dims.join(", "))
}

/// `28` or `WIDTH * 2`
pub(super) fn show(dim: &Dim) -> String {
    match dim {
        Dim::Known(value) => value.to_string(),
        Dim::Const(tokens) => show_tokens(tokens),
    }
}

/// Tokens as a person writes them.
pub(crate) fn show_tokens(tokens: &TokenStream) -> String {
    let text = tokens.to_string();
    let tight = [(" :: ", "::"), (":: ", "::"), ("( ", "("), (" )", ")"), (" ,", ","), (" .", "."), (". ", ".")];
    let text = tight.iter().fold(text, |text, (loose, tight)| text.replace(loose, tight));
    text.strip_prefix("- ").map_or(text.clone(), |number| format!("-{number}"))
}

const NEGATIVE: &str = "a dimension is at least 1, found a negative number";

pub(super) enum Literal {
    Value(usize),
    /// A literal, but not a size.
    Wrong(Span, String),
    /// Something that the compiler has to evaluate.
    Not,
}

/// Evaluates integer literals and `+ - * / %` of them.
pub(super) fn literal(expr: &Expr) -> Literal {
    match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(int) if matches!(int.suffix(), "" | "usize") => match int.base10_parse::<usize>() {
                Ok(value) => Literal::Value(value),
                Err(_) if int.base10_digits().starts_with('-') => Literal::Wrong(int.span(), NEGATIVE.to_owned()),
                Err(_) => Literal::Wrong(int.span(), format!("the size {int} is too large")),
            },
            other => {
                let found = other.to_token_stream();
                Literal::Wrong(
                    other.span(),
                    format!("expected a size, a positive integer such as `64`, found `{found}`"),
                )
            }
        },
        Expr::Paren(inner) => literal(&inner.expr),
        Expr::Group(inner) => literal(&inner.expr),
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [syn::Stmt::Expr(inner, None)] if block.label.is_none() && block.attrs.is_empty() => literal(inner),
            _ => Literal::Not,
        },
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => {
            Literal::Wrong(unary.span(), NEGATIVE.to_owned())
        }
        Expr::Binary(binary) => match (literal(&binary.left), literal(&binary.right)) {
            (Literal::Value(a), Literal::Value(b)) => {
                let value = match binary.op {
                    BinOp::Add(_) => a.checked_add(b),
                    BinOp::Sub(_) => a.checked_sub(b),
                    BinOp::Mul(_) => a.checked_mul(b),
                    BinOp::Div(_) => a.checked_div(b),
                    BinOp::Rem(_) => a.checked_rem(b),
                    _ => return Literal::Not,
                };
                match value {
                    Some(value) => Literal::Value(value),
                    None => {
                        Literal::Wrong(binary.span(), "this size overflows, is negative or divides by zero".to_owned())
                    }
                }
            }
            (wrong @ Literal::Wrong(..), _) | (_, wrong @ Literal::Wrong(..)) => wrong,
            _ => Literal::Not,
        },
        _ => Literal::Not,
    }
}
