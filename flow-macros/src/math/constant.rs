//! Constant expressions, evaluated exactly: integers, decimals, `sqrt`, `+ - * /`.

use super::number::Number;
use crate::error::Errors;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};
use syn::{BinOp, Expr, ExprCall, Lit, UnOp};

/// What a constant may consist of.
pub(crate) const GRAMMAR: &str =
    "help: a coefficient is made of integers, decimals and `sqrt(n)` with `+`, `-`, `*`, `/` and parentheses";

/// The value of a constant expression; `None` if an error was recorded, at the token that is wrong.
pub(crate) fn evaluate(expr: &Expr, cx: &mut Errors) -> Option<Number> {
    match expr {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(int) => number(&literal.lit, int.base10_digits(), int.suffix(), cx),
            Lit::Float(float) => number(&literal.lit, float.base10_digits(), float.suffix(), cx),
            other => reject(other, "expected a number", cx),
        },
        Expr::Paren(paren) => evaluate(&paren.expr, cx),
        Expr::Group(group) => evaluate(&group.expr, cx),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => evaluate(&unary.expr, cx).map(|value| -&value),
        Expr::Binary(binary) => {
            // Both sides are read, so that mistakes of both are shown.
            let (left, right) = (evaluate(&binary.left, cx), evaluate(&binary.right, cx));
            let (left, right) = (left?, right?);
            if !left.is_compatible(&right) {
                return reject(&binary.right, &two_roots(&left, &right), cx);
            }
            match binary.op {
                BinOp::Add(_) => Some(&left + &right),
                BinOp::Sub(_) => Some(&left - &right),
                BinOp::Mul(_) => Some(&left * &right),
                BinOp::Div(_) => match right.recip() {
                    Some(inverse) => Some(&left * &inverse),
                    None => reject(&binary.right, "division by zero\nhelp: correct the denominator", cx),
                },
                _ => reject(&binary.op, &format!("this operator has no exact value\n{GRAMMAR}"), cx),
            }
        }
        Expr::Call(call) => root(call, cx),
        other => reject(other, &format!("expected a constant\n{GRAMMAR}"), cx),
    }
}

/// The message for numbers of two quadratic fields.
pub(crate) fn two_roots(left: &Number, right: &Number) -> String {
    let root = |number: &Number| number.radicand().unwrap_or(1);
    format!(
        "`sqrt({})` and `sqrt({})` in one tableau: only one square root is computed with exactly\nhelp: write the \
         coefficients as decimals of 20 digits or more, and say so with `tolerance: 1e-18`",
        root(left),
        root(right)
    )
}

fn root(call: &ExprCall, cx: &mut Errors) -> Option<Number> {
    let is_sqrt = matches!(&*call.func, Expr::Path(path) if path.path.is_ident("sqrt"));
    if !is_sqrt {
        return reject(&call.func, &format!("unknown function\n{GRAMMAR}"), cx);
    }
    if call.args.len() != 1 {
        return reject(call, &format!("`sqrt` takes one number, found {}", call.args.len()), cx);
    }
    let argument = &call.args[0];
    let value = evaluate(argument, cx)?;
    let Some(rational) = value.to_rational() else {
        return reject(
            argument,
            "a root of a root is not computed exactly\nhelp: write a decimal, and `tolerance`",
            cx,
        );
    };
    if rational < &BigRational::zero() {
        return reject(argument, "the number under the root is negative\nhelp: coefficients are real", cx);
    }
    let root = Number::sqrt(rational);
    if root.is_none() {
        cx.push(syn::Error::new_spanned(
            argument,
            "the number under the root is too large to be factored\nhelp: take its square factors out, or write a decimal \
             and `tolerance`",
        ));
    }
    root
}

/// A literal as the decimal number that was typed, to its last digit.
fn number(literal: &Lit, digits: &str, suffix: &str, cx: &mut Errors) -> Option<Number> {
    if !suffix.is_empty() {
        return reject(literal, &format!("a coefficient has no type\nhelp: remove `{suffix}`"), cx);
    }
    match decimal(digits) {
        Some(value) => Some(Number::rational(value)),
        None => reject(literal, "a number with more than 400 digits\nhelp: shorten it, and set `tolerance`", cx),
    }
}

/// `12.5e-3` as 1/80; `None` past 400 digits.
pub(crate) fn decimal(text: &str) -> Option<BigRational> {
    const LONGEST: usize = 400;
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.parse().ok()?;
    if whole.len() + fraction.len() > LONGEST || exponent.unsigned_abs() > LONGEST as u64 {
        return None;
    }
    let digits: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let shift = exponent - fraction.len() as i64;
    let power = BigInt::from(10).pow(shift.unsigned_abs() as u32);
    Some(if shift < 0 { BigRational::new(digits, power) } else { BigRational::new(digits * power, BigInt::one()) })
}

fn reject(tokens: &impl quote::ToTokens, message: &str, cx: &mut Errors) -> Option<Number> {
    cx.push(syn::Error::new_spanned(tokens, message));
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Number, String> {
        let mut errors = Errors::default();
        let expr = syn::parse_str(text).map_err(|error| error.to_string())?;
        let value = evaluate(&expr, &mut errors);
        match (value, errors.finish()) {
            (Some(value), Ok(())) => Ok(value),
            (_, Err(error)) => Err(error.into_iter().map(|e| e.to_string()).collect::<Vec<_>>().join("\n")),
            (None, Ok(())) => Err("nothing was said".to_owned()),
        }
    }

    fn text(source: &str) -> String {
        value(source).map_or_else(|error| error, |value| value.to_string())
    }

    #[test]
    fn decimals_are_exact() {
        let ratio = |p: i64, q: i64| Some(BigRational::new(p.into(), q.into()));
        assert_eq!(decimal("0.1"), ratio(1, 10));
        assert_eq!(decimal("12.5e-3"), ratio(1, 80));
        assert_eq!(decimal("1e3"), ratio(1000, 1));
        assert_eq!(decimal("5."), ratio(5, 1));
        assert_eq!(decimal("0.2E+1"), ratio(2, 1));
        assert_eq!(decimal("1e401"), None);
        assert_eq!(decimal(&"1".repeat(401)), None);
        assert_eq!(text("0.1 + 0.2"), "3/10");
        assert_eq!(text("1_000.5"), "2001/2");
    }

    #[test]
    fn expressions() {
        assert_eq!(text("-3/4 + 1"), "1/4");
        assert_eq!(text("(2 - 5) * -2"), "6");
        assert_eq!(text("sqrt(12)"), "2 sqrt(3)");
        assert_eq!(text("sqrt(1/4)"), "1/2");
        assert_eq!(text("(sqrt(3) - 1) * (sqrt(3) + 1)"), "2");
        assert_eq!(text("1 / (2 - sqrt(2))"), "1 + sqrt(2)/2");
        assert_eq!(text("1/4 - sqrt(3)/6"), "1/4 - sqrt(3)/6");
        assert_eq!(text("-sqrt(6)"), "-sqrt(6)");
    }

    #[test]
    fn mistakes() {
        assert!(text("1/0").starts_with("division by zero"));
        assert!(text("1/(sqrt(4) - 2)").starts_with("division by zero"));
        assert!(text("sqrt(2) + sqrt(3)").starts_with("`sqrt(2)` and `sqrt(3)` in one tableau"));
        assert!(text("sqrt(-1)").starts_with("the number under the root is negative"));
        assert!(text("sqrt(1 + sqrt(2))").starts_with("a root of a root"));
        assert!(text("sqrt(10000000000000061)").starts_with("the number under the root is too large"));
        assert!(text("cbrt(2)").starts_with("unknown function"));
        assert!(text("sqrt(1, 2)").starts_with("`sqrt` takes one number, found 2"));
        assert!(text("0.5f64").starts_with("a coefficient has no type"));
        assert!(text("x").starts_with("expected a constant"));
        assert!(text("\"1\"").starts_with("expected a number"));
        assert!(text("2 ^ 3").starts_with("this operator has no exact value"));
        assert_eq!(text("1/0 + x").matches("help").count(), 2);
    }
}
