//! The rules of `solver`, and its lowering.

use super::solver_order::{Declared, Proof, prove};
use crate::{
    ast::{self, Cell, Entry},
    error::Errors,
    ir,
    math::{
        constant::{decimal, evaluate, two_roots},
        number::Number,
        order::{Coefficients, Row},
        stability::stability,
    },
};
use num_rational::BigRational;
use num_traits::Zero;
use proc_macro2::TokenStream;
use std::cmp::Ordering;
use syn::{Expr, Lit, LitInt};

/// The highest order that is proved.
pub(crate) const MAX_ORDER: usize = 8;
/// The most stages that a tableau may have.
const MAX_STAGES: usize = 32;
/// Coefficients that are off by more are wrong, not rounded.
pub(crate) const LOOSEST: f64 = 1e-6;

/// Coefficients with the tokens that messages point at.
pub(crate) struct Written {
    pub(crate) table: Coefficients,
    /// Each `c`.
    pub(crate) nodes: Vec<TokenStream>,
    /// The row of `b_hat`, if there is one.
    pub(crate) b_hat: Option<TokenStream>,
}

/// `None` if an error was recorded.
pub(crate) fn check_solver(solver: &ast::Solver, cx: &mut Errors) -> Option<ir::Solver> {
    let before = cx.len();
    let declared = Declared {
        name: &solver.head.name,
        faulty: solver.faulty,
        order: solver.entry("order").map(|entry| (check_order(entry, cx), &entry.value)),
        embedded: solver.entry("embedded").map(|entry| (check_order(entry, cx), &entry.value)),
        embedded_key: solver.entry("embedded").map(|entry| &entry.key),
        tolerance: solver.entry("tolerance").map(|entry| (check_tolerance(entry, cx), &entry.value)),
    };
    let written = match &solver.tableau {
        Some(tableau) => check_rows(tableau, cx),
        None if solver.faulty => None,
        None => {
            let name = &solver.head.name;
            cx.at(name, format!("`tableau` of `{name}` is missing\nhelp: add `tableau: {{ 0 | ; | 1; }}`"));
            None
        }
    };
    let Some(written) = written else {
        if declared.order.is_none() && !solver.entries.is_empty() && !solver.faulty {
            let name = &solver.head.name;
            cx.at(name, format!("`order` of `{name}` is missing\nhelp: add it, as in `order: 4,`"));
        }
        return None;
    };
    let proof = prove(&written, &declared, cx)?;
    if cx.len() > before || solver.faulty {
        return None;
    }
    Some(lower(solver, &written.table, &proof))
}

/// `3`
fn check_order(entry: &Entry, cx: &mut Errors) -> Option<usize> {
    let key = &entry.key;
    let value = match syn::parse2::<LitInt>(entry.value.clone()) {
        Ok(literal) if literal.suffix().is_empty() => literal.base10_parse::<usize>().ok(),
        _ => None,
    };
    let message = match value {
        Some(1..=MAX_ORDER) => return value,
        Some(0) => format!("`{key}` is 0, but a method has order 1 at least\nhelp: write `{key}: 1`"),
        Some(order) => format!(
            "`{key}` is {order}, but conditions are proved up to order {MAX_ORDER}\nhelp: declare `{key}: {MAX_ORDER}`, \
             which is then proved"
        ),
        None => format!("expected the order as a whole number\nhelp: write `{key}: 4`"),
    };
    cx.push(syn::Error::new_spanned(&entry.value, message));
    None
}

/// `1e-15`
fn check_tolerance(entry: &Entry, cx: &mut Errors) -> Option<BigRational> {
    let value = match syn::parse2::<Lit>(entry.value.clone()) {
        Ok(Lit::Float(float)) if float.suffix().is_empty() => decimal(float.base10_digits()),
        Ok(Lit::Int(int)) if int.suffix().is_empty() => decimal(int.base10_digits()),
        _ => None,
    };
    let message = match value {
        None => "expected a positive number\nhelp: write `tolerance: 1e-15`",
        Some(value) if value <= BigRational::zero() => {
            "a tolerance is positive\nhelp: remove `tolerance` if the coefficients are exact"
        }
        Some(value) if Number::rational(value.clone()).to_f64() > LOOSEST => {
            "a tolerance is 1e-6 at most: coefficients that are off by more are wrong, not rounded\nhelp: write \
             `tolerance: 1e-15`, and coefficients with as many digits"
        }
        value => return value,
    };
    cx.push(syn::Error::new_spanned(&entry.value, message));
    None
}

/// Rows to coefficients: every row is read before anything is given up.
fn check_rows(tableau: &ast::Tableau, cx: &mut Errors) -> Option<Written> {
    let before = cx.len();
    let first_weights = tableau.rows.iter().position(|row| row.c.is_none()).unwrap_or(tableau.rows.len());
    let (stage_rows, weight_rows) = tableau.rows.split_at(first_weights);
    let stages = stage_rows.len();
    if !tableau.is_whole {
        // What is missing has been complained about; what is there is read for its own mistakes.
    } else if stages == 0 {
        cx.span(tableau.span, "the tableau has no stages\nhelp: the first row is `0 | ;`");
    } else if weight_rows.is_empty() {
        cx.span(tableau.span, "the tableau has no weights\nhelp: add a row `| b, …;` after the stages");
    }
    if let Some(row) = stage_rows.get(MAX_STAGES) {
        let message = format!("a tableau has at most {MAX_STAGES} stages\nhelp: remove the rows from here on");
        cx.push(syn::Error::new_spanned(&row.tokens, message));
        return None;
    }
    for row in weight_rows.iter().skip(1) {
        if let Some(c) = &row.c {
            let message = "a stage after the weights\nhelp: write the rows `c | a, …;` before the rows without `c`";
            cx.push(syn::Error::new_spanned(&c.tokens, message));
        }
    }
    let weight_rows: Vec<_> = weight_rows.iter().filter(|row| row.c.is_none()).collect();
    if let Some(row) = weight_rows.get(2) {
        let message = "a third row of weights\nhelp: there are `b` and `b_hat`; give a stage its node, as in `1/2 | …`";
        cx.push(syn::Error::new_spanned(&row.tokens, message));
    }
    let mut field = Number::zero();
    let mut a = Vec::new();
    let mut c = Vec::new();
    for (i, row) in stage_rows.iter().enumerate() {
        c.extend(row.c.as_ref().map(|cell| check_cell(cell, &mut field, cx)));
        if let Some(cell) = row.entries.get(stages) {
            let found = row.entries.len();
            let message = format!(
                "row {} has {found} entries of `a` for {}\nhelp: remove entries, or add rows",
                i + 1,
                counted(stages, "stage", "stages")
            );
            cx.push(syn::Error::new_spanned(&cell.tokens, message));
        }
        let mut entries: Vec<_> =
            row.entries.iter().take(stages).map(|cell| check_cell(cell, &mut field, cx)).collect();
        entries.resize(stages, Number::zero());
        a.push(entries);
    }
    let mut weights = Vec::new();
    for (row, name) in weight_rows.iter().zip(["b", "b_hat"]) {
        let found = row.entries.len();
        if found != stages && stages > 0 && tableau.is_whole {
            let message = format!(
                "the row of `{name}` has {} for {}\nhelp: write one weight for each stage, `0` for one without",
                counted(found, "entry", "entries"),
                counted(stages, "stage", "stages")
            );
            cx.push(syn::Error::new_spanned(&row.tokens, message));
        }
        weights.push(row.entries.iter().map(|cell| check_cell(cell, &mut field, cx)).collect::<Vec<_>>());
    }
    if cx.len() > before || !tableau.is_whole {
        return None;
    }
    let mut weights = weights.into_iter();
    Some(Written {
        table: Coefficients { a, b: weights.next()?, c, b_hat: weights.next() },
        nodes: stage_rows.iter().filter_map(|row| row.c.as_ref()).map(|cell| cell.tokens.clone()).collect(),
        b_hat: weight_rows.get(1).map(|row| row.tokens.clone()),
    })
}

/// `1 stage`, `2 stages`
fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// The value of an entry, zero if it has a mistake; `field` holds the first root that was seen.
fn check_cell(cell: &Cell, field: &mut Number, cx: &mut Errors) -> Number {
    let Some(value) = cell.value.as_ref().and_then(|expr: &Expr| evaluate(expr, cx)) else { return Number::zero() };
    if value.to_f64().is_infinite() {
        let message =
            "a coefficient that is too large for a double\nhelp: correct it; coefficients are of the order of one";
        cx.push(syn::Error::new_spanned(&cell.tokens, message));
    } else if !value.is_compatible(field) {
        cx.push(syn::Error::new_spanned(&cell.tokens, two_roots(field, &value)));
    } else if field.radicand().is_none() {
        *field = value.clone();
    }
    value
}

fn lower(solver: &ast::Solver, table: &Coefficients, proof: &Proof) -> ir::Solver {
    let row = |row: &Vec<Number>| row.iter().map(Number::to_f64).collect::<Vec<_>>();
    let residual = match proof.exactness {
        ir::Exactness::Rounded { residual, .. } => residual,
        _ => 0.0,
    };
    let function = stability(table, proof.order, residual);
    let stiffly_accurate = table.a.last() == Some(&table.b);
    let kind = kind(table);
    let explicit_start = table.a.first().is_some_and(|first| first.iter().all(Number::is_zero));
    let tableau = ir::Tableau {
        a: table.a.iter().map(row).collect(),
        b: row(&table.b),
        c: row(&table.c),
        order: proof.order,
        exactness: proof.exactness,
        kind,
        fsal: stiffly_accurate && explicit_start && table.stages() > 1 && table.c.last().is_some_and(Number::is_one),
        stage_order: proof.stage_order,
        stiffly_accurate,
        error_norm: proof.conditions.error_norm(Row::B, proof.order + 1),
        embedded: table.b_hat.as_ref().zip(proof.embedded_order).map(|(b_hat, order)| ir::EmbeddedWeights {
            b_hat: row(b_hat),
            b_err: table.b.iter().zip(b_hat).map(|(b, b_hat)| (b - b_hat).to_f64()).collect(),
            order,
            error_norm: proof.conditions.error_norm(Row::BHat, order + 1),
        }),
        stability: ir::Stability {
            numerator: row(&function.numerator.coefficients().to_vec()),
            denominator: row(&function.denominator.coefficients().to_vec()),
            real: function.real,
            imaginary: function.imaginary,
            a_stable: function.a_stable,
            l_stable: function.l_stable,
        },
    };
    ir::Solver { head: solver.head.clone(), tableau, drawing: draw(table, kind) }
}

fn kind(table: &Coefficients) -> ir::Kind {
    let last = |(i, row): (usize, &Vec<Number>)| row.iter().rposition(|entry| !entry.is_zero()).map(|j| j.cmp(&i));
    match table.a.iter().enumerate().filter_map(last).max() {
        None | Some(Ordering::Less) => ir::Kind::Explicit,
        Some(Ordering::Equal) => ir::Kind::DiagonallyImplicit,
        Some(Ordering::Greater) => ir::Kind::FullyImplicit,
    }
}

/// Rows of `a` up to the last entry that a method of this kind has.
fn draw(table: &Coefficients, kind: ir::Kind) -> Vec<(String, Vec<String>)> {
    let texts = |row: &[Number]| row.iter().map(Number::to_string).collect::<Vec<_>>();
    let mut rows = Vec::new();
    for (i, (c, row)) in table.c.iter().zip(&table.a).enumerate() {
        let end = match kind {
            ir::Kind::Explicit => i,
            ir::Kind::DiagonallyImplicit => i + 1,
            ir::Kind::FullyImplicit => row.len(),
        };
        rows.push((c.to_string(), texts(&row[..end])));
    }
    rows.extend(table.weights().map(|row| (String::new(), texts(row))));
    rows
}

/// What a solver with a mistake still declares: Euler's method, with embedded weights if they were asked for, so that
/// what names it does not fail a second time.
pub(crate) fn fallback_solver(solver: &ast::Solver) -> ir::Solver {
    let weights = solver.tableau.iter().flat_map(|tableau| &tableau.rows).filter(|row| row.c.is_none()).count();
    let has_embedded = weights > 1 || solver.entry("embedded").is_some();
    let weights = ir::EmbeddedWeights { b_hat: vec![0.0], b_err: vec![1.0], order: 1, error_norm: 0.5 };
    let tableau = ir::Tableau {
        a: vec![vec![0.0]],
        b: vec![1.0],
        c: vec![0.0],
        order: 1,
        exactness: ir::Exactness::Rational,
        kind: ir::Kind::Explicit,
        fsal: false,
        stage_order: 1,
        stiffly_accurate: false,
        error_norm: 0.5,
        embedded: has_embedded.then_some(weights),
        stability: ir::Stability {
            numerator: vec![1.0, 1.0],
            denominator: vec![1.0],
            real: 2.0,
            imaginary: 0.0,
            a_stable: false,
            l_stable: false,
        },
    };
    ir::Solver { head: solver.head.clone(), tableau, drawing: Vec::new() }
}
