//! Numeric literals, as bodies and recipes have them.

use syn::{Expr, Lit, UnOp};

/// A finite numeric literal with an optional sign.
pub(super) fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => number(&unary.expr).map(|value| -value),
        Expr::Group(group) => number(&group.expr),
        Expr::Paren(paren) => number(&paren.expr),
        Expr::Lit(lit) => literal(&lit.lit),
        _ => None,
    }
}

/// The value of an integer or decimal literal, if it is finite.
pub(super) fn literal(lit: &Lit) -> Option<f64> {
    let value = match lit {
        Lit::Int(int) if matches!(int.suffix(), "" | "f64") => int.base10_digits().parse::<f64>().ok()?,
        Lit::Float(float) if matches!(float.suffix(), "" | "f64") => float.base10_parse::<f64>().ok()?,
        _ => return None,
    };
    value.is_finite().then_some(value)
}
