//! Tokens → [`Expression`], every unknown name of it reported.

use super::{Expression, Function, Operator};
use crate::error::{Errors, suggest};
use proc_macro2::{TokenStream, TokenTree};
use syn::{BinOp, Expr, Ident, Lit, UnOp, spanned::Spanned};

/// Bounds on one expression. Everything that walks a tree recurses, so its depth must not be the user's to choose.
const MAX_TOKENS: usize = 512;
const MAX_NESTING: usize = 32;

/// Names that a parameter cannot have.
pub(crate) const RESERVED: [&str; 10] = ["t", "pi", "pow", "sin", "cos", "tan", "tanh", "exp", "ln", "sqrt"];

/// The names that an expression may use besides `pi` and the functions.
pub(crate) struct Scope<'a> {
    /// `t` and the parameters, or neither: in a parameter's default.
    pub(crate) time: bool,
    pub(crate) parameters: &'a [Ident],
}

impl Expression {
    /// Reads an expression; `None` if an error was recorded.
    pub(crate) fn read(tokens: &TokenStream, scope: &Scope, cx: &mut Errors) -> Option<Self> {
        if !is_small(tokens) {
            cx.at(
                tokens,
                format!(
                    "the expression is too large\nhelp: an expression has at most {MAX_TOKENS} tokens and \
                     {MAX_NESTING} nested parentheses"
                ),
            );
            return None;
        }
        match syn::parse2::<Expr>(tokens.clone()) {
            Ok(expression) => Reader { scope, cx }.read(&expression),
            Err(error) => {
                let text = error.to_string();
                match tokens.clone().into_iter().last() {
                    // Otherwise the whole call would be underlined.
                    Some(last) if text.starts_with("unexpected end of input") => {
                        cx.span(last.span(), "the expression is not complete after this")
                    }
                    _ => cx.push(error),
                }
                None
            }
        }
    }
}

fn is_small(tokens: &TokenStream) -> bool {
    let mut waiting: Vec<(TokenStream, usize)> = vec![(tokens.clone(), 0)];
    let mut count = 0;
    while let Some((tokens, depth)) = waiting.pop() {
        for token in tokens {
            count += 1;
            if count > MAX_TOKENS || depth > MAX_NESTING {
                return false;
            }
            if let TokenTree::Group(group) = token {
                waiting.push((group.stream(), depth + 1));
            }
        }
    }
    true
}

struct Reader<'a> {
    scope: &'a Scope<'a>,
    cx: &'a mut Errors,
}

impl Reader<'_> {
    fn fail(&mut self, tokens: &impl Spanned, message: impl std::fmt::Display) -> Option<Expression> {
        self.cx.at(tokens, message);
        None
    }

    fn read(&mut self, expression: &Expr) -> Option<Expression> {
        match expression {
            Expr::Lit(literal) if literal.attrs.is_empty() => self.read_number(&literal.lit),
            Expr::Path(path) if path.qself.is_none() => match path.path.get_ident() {
                Some(name) => self.read_name(name),
                None => {
                    let help = "help: constants are written as numbers, or `pi`; what may vary is a parameter";
                    self.fail(path, format!("an expression cannot use a path\n{help}"))
                }
            },
            Expr::Paren(inner) => self.read(&inner.expr),
            Expr::Group(inner) => self.read(&inner.expr),
            Expr::Unary(unary) => match unary.op {
                UnOp::Neg(_) => self.read(&unary.expr).map(|x| match x {
                    Expression::Number(a) => Expression::Number(-a),
                    x => Expression::Negate(Box::new(x)),
                }),
                UnOp::Deref(star) => self.fail(&star, "unknown operator `**`\nhelp: write a power as `pow(t, 2)`"),
                other => self.fail(&other, "unknown operator\nhelp: the operators are `+`, `-`, `*`, `/`"),
            },
            Expr::Binary(binary) => self.read_binary(binary),
            Expr::Call(call) => match &*call.func {
                Expr::Path(path) if path.qself.is_none() && path.path.get_ident().is_some() => {
                    let arguments: Vec<&Expr> = call.args.iter().collect();
                    self.read_call(&path.path.segments[0].ident, &arguments)
                }
                other => self.fail(other, "expected the name of a function\nhelp: write a product with `*`"),
            },
            Expr::MethodCall(call) => {
                let name = &call.method;
                self.fail(name, format!("an expression has no methods\nhelp: write `{name}(…)` around the value"))
            }
            other => self.fail(
                other,
                "an expression has numbers, `t`, parameters, `pi`, `+ - * /`, parentheses and functions only",
            ),
        }
    }

    fn read_number(&mut self, literal: &Lit) -> Option<Expression> {
        let (digits, suffix) = match literal {
            Lit::Int(number) => (number.base10_digits(), number.suffix()),
            Lit::Float(number) => (number.base10_digits(), number.suffix()),
            other => return self.fail(other, "expected a number"),
        };
        match digits.parse::<f64>() {
            _ if suffix.starts_with(['f', 'i', 'u']) => {
                self.fail(literal, format!("a number has no suffix here\nhelp: write `{digits}`"))
            }
            _ if !suffix.is_empty() => self
                .fail(literal, format!("`{suffix}` is not a suffix\nhelp: write a product as `{digits} * {suffix}`")),
            Ok(value) if value.is_finite() => Some(Expression::Number(value)),
            _ => self.fail(literal, "the number does not fit into `f64`"),
        }
    }

    fn read_name(&mut self, name: &Ident) -> Option<Expression> {
        let text = name.to_string();
        let parameter = self.scope.parameters.iter().position(|parameter| parameter == name);
        match (text.as_str(), parameter) {
            ("pi", _) => Some(Expression::Pi),
            (_, Some(index)) => Some(Expression::Parameter(index)),
            ("t", _) if self.scope.time => Some(Expression::Time),
            ("t", _) => self.fail(name, "a default is one number, so it cannot depend on `t`"),
            (text, _) if text == "pow" || Function::find(text).is_some() => {
                let arguments = if text == "pow" { "t, 2" } else { "t" };
                self.fail(name, format!("`{text}` is a function\nhelp: write `{text}({arguments})`"))
            }
            (text, _) => {
                let parameters: Vec<String> = self.scope.parameters.iter().map(Ident::to_string).collect();
                let mut known: Vec<&str> = parameters.iter().map(String::as_str).collect();
                known.extend(if self.scope.time { &["pi", "t"][..] } else { &["pi"] });
                self.fail(name, format!("unknown name `{text}`\n{}", suggest(text, &known)))
            }
        }
    }

    fn read_binary(&mut self, binary: &syn::ExprBinary) -> Option<Expression> {
        let operator = match binary.op {
            BinOp::Add(_) => Operator::Add,
            BinOp::Sub(_) => Operator::Subtract,
            BinOp::Mul(_) => Operator::Multiply,
            BinOp::Div(_) => Operator::Divide,
            BinOp::BitXor(caret) => {
                return self.fail(&caret, "`^` is not a power in Rust\nhelp: write a power as `pow(t, 2)`");
            }
            other => return self.fail(&other, "unknown operator\nhelp: the operators are `+`, `-`, `*`, `/`"),
        };
        // Both sides are read before either is given up, so that each reports its own mistakes.
        let (left, right) = (self.read(&binary.left), self.read(&binary.right));
        Some(Expression::Binary(operator, Box::new(left?), Box::new(right?)))
    }

    fn read_call(&mut self, name: &Ident, arguments: &[&Expr]) -> Option<Expression> {
        let text = name.to_string();
        let function = Function::find(&text);
        if text != "pow" && function.is_none() {
            let is_value = RESERVED[..2].contains(&text.as_str()) || self.scope.parameters.contains(name);
            let message = if is_value {
                format!("`{text}` is not a function\nhelp: write a product as `{text} * (…)`")
            } else {
                format!("unknown function `{text}`\n{}", suggest(&text, &RESERVED[2..]))
            };
            return self.fail(name, message);
        }
        let values: Vec<Option<Expression>> = arguments.iter().map(|argument| self.read(argument)).collect();
        let (got, expected) = (values.len(), if function.is_some() { 1 } else { 2 });
        let mut values = values.into_iter();
        match (function, values.next(), values.next(), values.next()) {
            (Some(function), Some(x), None, None) => Some(Expression::Call(function, Box::new(x?))),
            (None, Some(x), Some(y), None) => Some(Expression::Power(Box::new(x?), Box::new(y?))),
            _ => {
                let (form, s) =
                    if expected == 2 { ("pow(base, exponent)".to_owned(), "s") } else { (format!("{text}(x)"), "") };
                self.fail(name, format!("`{text}` takes {expected} argument{s}, not {got}\nhelp: write `{form}`"))
            }
        }
    }
}
