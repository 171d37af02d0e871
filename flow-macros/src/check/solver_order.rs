//! The proof of a tableau: row sums, order conditions, and that no more is claimed or conceded than is true.

use super::solver::{LOOSEST, MAX_ORDER, Written};
use crate::{
    error::Errors,
    ir::Exactness,
    math::{
        number::{Number, scientific},
        order::{Bound, Coefficients, Conditions, Row},
        tree::Trees,
    },
};
use num_rational::BigRational;
use num_traits::Zero;
use proc_macro2::TokenStream;
use syn::{Error, Ident};

/// A value and its tokens; the value is `None` if it was wrong.
type Literal<'a, T> = Option<(Option<T>, &'a TokenStream)>;

/// What the entries of the solver say.
pub(crate) struct Declared<'a> {
    pub(crate) name: &'a Ident,
    /// What seems to be missing may be there, unread.
    pub(crate) faulty: bool,
    pub(crate) order: Literal<'a, usize>,
    pub(crate) embedded: Literal<'a, usize>,
    pub(crate) embedded_key: Option<&'a Ident>,
    pub(crate) tolerance: Literal<'a, BigRational>,
}

/// What was proved.
pub(crate) struct Proof {
    pub(crate) conditions: Conditions,
    pub(crate) order: usize,
    pub(crate) embedded_order: Option<usize>,
    pub(crate) stage_order: usize,
    pub(crate) exactness: Exactness,
}

/// One row of weights and the order it is said to have.
struct Claim<'a> {
    row: Row,
    key: &'static str,
    order: usize,
    tokens: &'a TokenStream,
}

/// `None` if an error was recorded.
pub(crate) fn prove(written: &Written, declared: &Declared, cx: &mut Errors) -> Option<Proof> {
    let before = cx.len();
    let table = &written.table;
    let claims = check_claims(written, declared, cx);
    if matches!(declared.tolerance, Some((None, _))) {
        return None;
    }
    let bound = match &declared.tolerance {
        Some((Some(tolerance), _)) => Bound::Within(tolerance.clone()),
        _ => Bound::Exact,
    };
    let highest = claims.iter().map(|claim| claim.order).max()?;
    let conditions = Conditions::new(table, highest + 1);
    let residual = largest_residual(table, &conditions, &claims);
    let sums_hold = check_row_sums(written, &conditions, &claims, &bound, residual, cx);
    if sums_hold {
        check_orders(table, &conditions, &claims, &bound, residual, cx);
    }
    if cx.len() == before {
        check_tolerance_fits(declared, residual, cx);
    }
    if cx.len() > before {
        return None;
    }
    let order = |row| claims.iter().find(|claim| claim.row == row).map(|claim| claim.order);
    let order_of_b = order(Row::B)?;
    Some(Proof {
        order: order_of_b,
        embedded_order: order(Row::BHat),
        stage_order: stage_order(table, order_of_b, &bound),
        exactness: match (&bound, table.radicand()) {
            (Bound::Within(tolerance), _) => {
                Exactness::Rounded { tolerance: Number::rational(tolerance.clone()).to_f64(), residual }
            }
            (Bound::Exact, Some(radicand)) => Exactness::Quadratic { radicand },
            (Bound::Exact, None) => Exactness::Rational,
        },
        conditions,
    })
}

/// Which row is said to have which order; that each is said once, and of a row that is there.
fn check_claims<'a>(written: &Written, declared: &Declared<'a>, cx: &mut Errors) -> Vec<Claim<'a>> {
    let found =
        |row| Conditions::new(&written.table, MAX_ORDER + 1).order(row, &looks_like(&written.table)).min(MAX_ORDER);
    let mut claims = Vec::new();
    match &declared.order {
        Some((Some(order), tokens)) => claims.push(Claim { row: Row::B, key: "order", order: *order, tokens }),
        Some((None, _)) => {}
        None if declared.faulty => {}
        None => {
            let (name, order) = (declared.name, found(Row::B).max(1));
            cx.at(name, format!("`order` of `{name}` is missing\nhelp: add `order: {order},`"));
        }
    }
    match (&declared.embedded, &written.b_hat) {
        (Some((Some(order), tokens)), Some(_)) => {
            claims.push(Claim { row: Row::BHat, key: "embedded", order: *order, tokens });
        }
        (None, Some(_)) if declared.faulty => {}
        (None, Some(row)) => {
            let order = found(Row::BHat).max(1);
            let message = format!("a row of `b_hat`, but `embedded` is missing\nhelp: add `embedded: {order},`");
            cx.push(Error::new_spanned(row, message));
        }
        (Some(_), None) => {
            if let Some(key) = declared.embedded_key {
                cx.at(key, "`embedded` without weights\nhelp: add a row `| b_hat, …;` after `b`, or remove `embedded`");
            }
        }
        (Some((None, _)), Some(_)) | (None, None) => {}
    }
    if let (Some(b_hat), Some(row)) = (&written.table.b_hat, &written.b_hat)
        && *b_hat == written.table.b
    {
        let message = "`b_hat` is equal to `b`, so the error estimate is always zero\nhelp: write the embedded weights, or \
                       remove the row and `embedded`";
        cx.push(Error::new_spanned(row, message));
    }
    claims
}

/// The bound for a guess at the order of a row.
fn looks_like(table: &Coefficients) -> Bound {
    let is_decimal = table.all().any(|number| number.parts().0.denom().bits() > 30);
    if is_decimal { Bound::Within(BigRational::new(1.into(), 10_000_000.into())) } else { Bound::Exact }
}

/// `Σ_j a_ij − c_i`
fn row_sum_defects(table: &Coefficients) -> impl Iterator<Item = (Number, Number)> {
    table.a.iter().zip(&table.c).map(|(row, c)| {
        let sum = row.iter().fold(Number::zero(), |sum, entry| &sum + entry);
        let defect = &sum - c;
        (sum, defect)
    })
}

/// Of the row sums and of every condition that was declared.
fn largest_residual(table: &Coefficients, conditions: &Conditions, claims: &[Claim]) -> f64 {
    let sums = row_sum_defects(table).map(|(_, defect)| defect.to_f64().abs());
    let orders = claims.iter().map(|claim| conditions.largest_residual(claim.row, claim.order));
    sums.chain(orders).fold(0.0, f64::max)
}

fn is_within(defect: &Number, bound: &Bound) -> bool {
    match bound {
        Bound::Exact => defect.is_zero(),
        Bound::Within(tolerance) => (&defect.abs() - &Number::rational(tolerance.clone())).signum().is_le(),
    }
}

/// `Σ_j a_ij = c_i`. The order conditions are those of `a`, so that a wrong `c` is one mistake and not many.
fn check_row_sums(
    written: &Written,
    conditions: &Conditions,
    claims: &[Claim],
    bound: &Bound,
    residual: f64,
    cx: &mut Errors,
) -> bool {
    let table = &written.table;
    let orders_hold = claims.iter().all(|claim| conditions.order(claim.row, bound) >= claim.order);
    let mut hold = true;
    for (i, (sum, defect)) in row_sum_defects(table).enumerate().filter(|(_, (_, defect))| !is_within(defect, bound)) {
        hold = false;
        let (size, c, row) = (defect.to_f64().abs(), &table.c[i], i + 1);
        let message = if size < LOOSEST {
            format!("row {row}: the sum of `a` and `c` differ by {}{}", scientific(size), rounding(bound, residual))
        } else if orders_hold {
            format!(
                "row {row}: the sum of `a` is {sum}, but `c` is {c}\nhelp: with `c` = {sum} every order condition holds"
            )
        } else {
            format!("row {row}: the sum of `a` is {sum}, but `c` is {c}\nhelp: correct `c` or an entry of the row")
        };
        cx.push(Error::new_spanned(&written.nodes[i], message));
    }
    if !hold && !orders_hold {
        // The conditions that do not read `a` tell of the weights still.
        check_quadrature(table, claims, bound, cx);
    }
    hold
}

/// `Σ b_i c_i^{k−1} = 1/k`
fn check_quadrature(table: &Coefficients, claims: &[Claim], bound: &Bound, cx: &mut Errors) {
    for claim in claims {
        let Some(mut terms) = table.weights().nth(claim.row as usize).cloned() else { continue };
        for k in 1..=claim.order {
            let sum = terms.iter().fold(Number::zero(), |sum, term| &sum + term);
            let defect = &sum - &Number::rational(BigRational::new(1.into(), k.into()));
            if !is_within(&defect, bound) && defect.to_f64().abs() > LOOSEST {
                let (key, name) = (claim.key, if claim.row == Row::B { "b" } else { "b_hat" });
                let condition = Trees::up_to(k).bushy(name);
                let message = format!(
                    "the condition {condition} of order {k} gives {sum}\nhelp: correct `{name}` or `c`; the \
                     conditions on `a` follow once the row sums hold, then `{key}` is proved"
                );
                cx.push(Error::new_spanned(claim.tokens, message));
                break;
            }
            terms = terms.iter().zip(&table.c).map(|(term, c)| term * c).collect();
        }
    }
}

/// Every declared condition holds, and not all of the next order.
fn check_orders(
    table: &Coefficients,
    conditions: &Conditions,
    claims: &[Claim],
    bound: &Bound,
    residual: f64,
    cx: &mut Errors,
) {
    let found = |claim: &Claim| conditions.order(claim.row, bound);
    if let [b, b_hat] = claims
        && b.order != b_hat.order
        && found(b) == b_hat.order
        && found(b_hat) == b.order
    {
        let message = format!(
            "{}\nhelp: the two rows of weights are swapped: `b_hat` has order {}, and `b` has order {}",
            failure(table, conditions, if b.order > b_hat.order { b } else { b_hat }, bound),
            b.order,
            b_hat.order
        );
        cx.push(Error::new_spanned(b.tokens, message));
        return;
    }
    for claim in claims {
        let (key, order) = (claim.key, found(claim));
        if order < claim.order {
            let text = failure(table, conditions, claim, bound);
            let first = conditions.failing(claim.row, order + 1, bound)[0];
            let size = conditions.residual(claim.row, first);
            let message = if size < LOOSEST && residual < LOOSEST {
                format!("{text}{}", rounding(bound, residual))
            } else if order == 0 {
                format!("{text}\nhelp: correct the weights, which add up to 1")
            } else {
                format!("{text}; `{key}` can be {order}\nhelp: correct a coefficient, or declare `{key}: {order}`")
            };
            cx.push(Error::new_spanned(claim.tokens, message));
        } else if order > claim.order && claim.order < MAX_ORDER {
            let all = Conditions::new(table, MAX_ORDER + 1).order(claim.row, bound).min(MAX_ORDER);
            let message = format!(
                "`{key}` is {}, but every condition of order {all} holds too\nhelp: declare `{key}: {all}`",
                claim.order
            );
            cx.push(Error::new_spanned(claim.tokens, message));
        }
    }
}

/// `the condition Σ b·c² = 1/3 of order 3 gives 1/4`
fn failure(table: &Coefficients, conditions: &Conditions, claim: &Claim, bound: &Bound) -> String {
    let order = conditions.order(claim.row, bound) + 1;
    let failing = conditions.failing(claim.row, order, bound);
    let Some(first) = failing.first().copied() else { return String::new() };
    let condition = conditions.trees().condition(first, if claim.row == Row::B { "b" } else { "b_hat" });
    let size = conditions.residual(claim.row, first);
    let value = if size < LOOSEST {
        format!("is off by {}", scientific(size))
    } else {
        format!("gives {}", conditions.value(table, claim.row, first))
    };
    let more = match failing.len() - 1 {
        0 => String::new(),
        1 => " (1 other of that order fails too)".to_owned(),
        more => format!(" ({more} others of that order fail too)"),
    };
    format!("the condition {condition} of order {order} {value}{more}")
}

/// What to do about a residual that looks like rounding.
fn rounding(bound: &Bound, residual: f64) -> String {
    let fits = power_above(residual);
    match bound {
        Bound::Exact if residual < LOOSEST => format!(
            "\nhelp: write the coefficients exactly, with fractions or `sqrt`; if they are rounded, say so with `tolerance: \
             {fits}`"
        ),
        Bound::Exact => "\nhelp: correct the row".to_owned(),
        Bound::Within(tolerance) => format!(
            ", more than `tolerance: {:e}`\nhelp: look for a wrong digit; if every coefficient is as published, the \
             tolerance that fits is {fits}",
            Number::rational(tolerance.clone()).to_f64()
        ),
    }
}

/// The smallest power of ten that is not below, as `1e-15`.
fn power_above(value: f64) -> String {
    // Nothing smaller is told apart from zero.
    let exponent = value.max(1e-100).log10();
    // A power of ten itself, read back from its logarithm, is to stay what it is.
    format!("1e{}", (exponent - 1e-9).ceil() as i64)
}

/// A tolerance is there to state how rounded the coefficients are, so it states that.
fn check_tolerance_fits(declared: &Declared, residual: f64, cx: &mut Errors) {
    let Some((Some(tolerance), tokens)) = &declared.tolerance else { return };
    // Below this, more digits make no difference to a double.
    const TIGHT_ENOUGH: f64 = 1e-15;
    let tolerance = Number::rational(tolerance.clone()).to_f64();
    let message = if residual.is_zero() {
        "nothing is rounded: every condition holds exactly\nhelp: remove `tolerance`".to_owned()
    } else if tolerance > (1000.0 * residual).max(TIGHT_ENOUGH * 1.001) {
        format!(
            "the largest residual is {}, far below this tolerance\nhelp: write `tolerance: {}`",
            scientific(residual),
            power_above(residual.max(TIGHT_ENOUGH))
        )
    } else {
        return;
    };
    cx.push(Error::new_spanned(tokens, message));
}

/// The largest `q ≤ order` with `Σ_j a_ij c_j^{k−1} = c_i^k / k` for all stages and all `k ≤ q`.
fn stage_order(table: &Coefficients, order: usize, bound: &Bound) -> usize {
    let mut powers = table.c.clone();
    for k in 2..=order {
        let next: Vec<_> = powers.iter().zip(&table.c).map(|(power, c)| power * c).collect();
        let fraction = Number::rational(BigRational::new(1.into(), k.into()));
        let holds = table.a.iter().zip(&next).all(|(row, next)| {
            let sum = row.iter().zip(&powers).fold(Number::zero(), |sum, (a, power)| &sum + &(a * power));
            is_within(&(&sum - &(next * &fraction)), bound)
        });
        if !holds {
            return k - 1;
        }
        powers = next;
    }
    order
}
