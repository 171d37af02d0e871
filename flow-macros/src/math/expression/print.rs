//! Expressions as text for people, as tokens for the compiler and as text for a device, with no parentheses that are not
//! needed.

use super::{Expression, Function, Operator};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::Ident;

/// How tightly the outermost operator binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
    Sum,
    Product,
    Negation,
    Atom,
}

impl Operator {
    fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }

    fn precedence(self) -> Precedence {
        match self {
            Self::Add | Self::Subtract => Precedence::Sum,
            Self::Multiply | Self::Divide => Precedence::Product,
        }
    }
}

impl Expression {
    fn precedence(&self) -> Precedence {
        match self {
            Self::Binary(operator, ..) => operator.precedence(),
            Self::Negate(_) => Precedence::Negation,
            Self::Number(a) if a.is_sign_negative() => Precedence::Negation,
            _ => Precedence::Atom,
        }
    }

    /// As a person writes it.
    pub(crate) fn text(&self, parameters: &[Ident]) -> String {
        let within = |x: &Self, bound: Precedence| {
            let text = x.text(parameters);
            if x.precedence() < bound { format!("({text})") } else { text }
        };
        match self {
            Self::Number(a) if *a != 0.0 && !(1e-5..1e16).contains(&a.abs()) => format!("{a:e}"),
            Self::Number(a) => a.to_string(),
            Self::Pi => "pi".to_owned(),
            Self::Time => "t".to_owned(),
            Self::Parameter(index) => parameters.get(*index).map(Ident::to_string).unwrap_or_default(),
            Self::Negate(x) => format!("-{}", within(x, Precedence::Atom)),
            Self::Binary(operator, x, y) => {
                let (left, right) = (operator.precedence(), right_bound(*operator));
                format!("{} {} {}", within(x, left), operator.symbol(), within(y, right))
            }
            Self::Call(function, x) => format!("{}({})", function.name(), x.text(parameters)),
            Self::Power(x, y) => format!("pow({}, {})", x.text(parameters), y.text(parameters)),
        }
    }

    /// A C expression of type `double` with the functions of its library, the time `t` and `{0}`, `{1}`, … where the values of
    /// the parameters go. It is the tree of [`tokens`](Self::tokens), so it rounds as that does.
    pub(crate) fn device_text(&self) -> String {
        let within = |x: &Self, bound: Precedence| {
            let text = x.device_text();
            if x.precedence() < bound { format!("({text})") } else { text }
        };
        match self {
            // With a point or an exponent always: `1 / 3` would be 0.
            Self::Number(a) => format!("{a:?}"),
            Self::Pi => format!("{:?}", std::f64::consts::PI),
            Self::Time => "t".to_owned(),
            Self::Parameter(index) => format!("{{{index}}}"),
            Self::Negate(x) => format!("-{}", within(x, Precedence::Atom)),
            Self::Binary(operator, x, y) => {
                let (left, right) = (operator.precedence(), right_bound(*operator));
                format!("{} {} {}", within(x, left), operator.symbol(), within(y, right))
            }
            Self::Call(Function::Ln, x) => format!("log({})", x.device_text()),
            Self::Call(function, x) => format!("{}({})", function.name(), x.device_text()),
            Self::Power(x, y) => format!("pow({}, {})", x.device_text(), y.device_text()),
        }
    }

    /// A Rust expression of type `f64` with the functions of `math`, the time `t` and the parameters in `self`.
    pub(crate) fn tokens(&self, math: &TokenStream, t: &Ident, parameters: &[Ident]) -> TokenStream {
        let within = |x: &Self, bound: Precedence| {
            let tokens = x.tokens(math, t, parameters);
            if x.precedence() < bound { quote!((#tokens)) } else { tokens }
        };
        match self {
            Self::Number(a) => {
                let magnitude = Literal::f64_unsuffixed(a.abs());
                if a.is_sign_negative() { quote!(-#magnitude) } else { quote!(#magnitude) }
            }
            Self::Pi => quote!(::core::f64::consts::PI),
            Self::Time => quote!(#t),
            Self::Parameter(index) => {
                let name = parameters.get(*index);
                quote!(self.#name)
            }
            Self::Negate(x) => {
                let x = within(x, Precedence::Atom);
                quote!(-#x)
            }
            Self::Binary(operator, x, y) => {
                let (x, y) = (within(x, operator.precedence()), within(y, right_bound(*operator)));
                match operator {
                    Operator::Add => quote!(#x + #y),
                    Operator::Subtract => quote!(#x - #y),
                    Operator::Multiply => quote!(#x * #y),
                    Operator::Divide => quote!(#x / #y),
                }
            }
            Self::Call(function, x) => {
                let name = quote::format_ident!("{}", function.name());
                let x = x.tokens(math, t, parameters);
                quote!(#math::#name(#x))
            }
            Self::Power(x, y) => {
                let (x, y) = (x.tokens(math, t, parameters), y.tokens(math, t, parameters));
                quote!(#math::pow(#x, #y))
            }
        }
    }
}

/// A right operand keeps its parentheses at equal precedence: `a − (b + c)`, and `a (b c)` is rounded as it stands.
fn right_bound(operator: Operator) -> Precedence {
    match operator {
        Operator::Add | Operator::Subtract => Precedence::Product,
        Operator::Multiply | Operator::Divide => Precedence::Negation,
    }
}
