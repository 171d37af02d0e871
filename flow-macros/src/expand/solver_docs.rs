//! Writes what rustdoc says about a `solver`: the derived properties and the tableau.

use crate::{
    ir,
    math::number::{decimal, scientific},
};

/// Lines of documentation.
pub(crate) fn describe(solver: &ir::Solver) -> Vec<String> {
    if solver.drawing.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), "# Derived properties".to_owned(), String::new()];
    lines.extend(["| property | value |".to_owned(), "|---|---|".to_owned()]);
    lines.extend(properties(&solver.tableau).into_iter().map(|(name, value)| format!("| {name} | {value} |")));
    lines.extend([String::new(), "```text".to_owned()]);
    lines.extend(draw(&solver.drawing, solver.tableau.stages()));
    lines.push("```".to_owned());
    // A space, as `///` puts one.
    lines.into_iter().map(|line| if line.is_empty() { line } else { format!(" {line}") }).collect()
}

fn properties(tableau: &ir::Tableau) -> Vec<(&'static str, String)> {
    let embedded = tableau.embedded.as_ref();
    let stability = &tableau.stability;
    let mut kind = match tableau.kind {
        ir::Kind::Explicit => "explicit",
        ir::Kind::DiagonallyImplicit => "diagonally implicit",
        ir::Kind::FullyImplicit => "fully implicit",
    }
    .to_owned();
    if tableau.fsal {
        kind.push_str(", first same as last");
    }
    if tableau.stiffly_accurate && tableau.kind != ir::Kind::Explicit {
        kind.push_str(", stiffly accurate");
    }
    let exactness = match tableau.exactness {
        ir::Exactness::Rational => "exact, in rational numbers".to_owned(),
        ir::Exactness::Quadratic { radicand } => format!("exact, with `sqrt({radicand})`"),
        ir::Exactness::Rounded { tolerance, residual } => {
            format!("rounded coefficients: the largest residual is {}, within `{tolerance:e}`", scientific(residual))
        }
    };
    let end = |length: f64| if length.is_infinite() { "infinite".to_owned() } else { decimal(rounded(length)) };
    let mut rows = vec![
        ("kind", kind),
        ("stages", tableau.stages().to_string()),
        ("order", with_embedded(tableau.order.to_string(), embedded.map(|e| e.order.to_string()))),
        ("stage order", tableau.stage_order.to_string()),
        ("proof", exactness),
        (
            "principal error norm",
            with_embedded(norm(tableau.error_norm), embedded.map(|embedded| norm(embedded.error_norm))),
        ),
        ("stability function", function(stability)),
        ("stability interval, real axis", end(stability.real)),
        ("stability interval, imaginary axis", end(stability.imaginary)),
    ];
    if tableau.kind != ir::Kind::Explicit {
        let name = match (stability.a_stable, stability.l_stable) {
            (_, true) => "L-stable",
            (true, _) => "A-stable",
            _ => "not A-stable",
        };
        rows.push(("stability", name.to_owned()));
    }
    rows
}

fn with_embedded(value: String, embedded: Option<String>) -> String {
    match embedded {
        Some(embedded) => format!("{value} (embedded {embedded})"),
        None => value,
    }
}

/// Six significant digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

fn norm(value: f64) -> String {
    decimal(rounded(value))
}

/// `(1 + z/2) / (1 − z/2)`
fn function(stability: &ir::Stability) -> String {
    let numerator = polynomial(&stability.numerator);
    if stability.denominator.len() <= 1 {
        format!("`{numerator}`")
    } else {
        format!("`({numerator}) / ({})`", polynomial(&stability.denominator))
    }
}

/// `1 + z + 0.5 z²`
fn polynomial(coefficients: &[f64]) -> String {
    let mut text = String::new();
    for (k, c) in coefficients.iter().enumerate().filter(|(_, c)| **c != 0.0) {
        let magnitude = decimal(rounded(c.abs()));
        text.push_str(match (text.is_empty(), *c < 0.0) {
            (true, true) => "-",
            (true, false) => "",
            (false, true) => " - ",
            (false, false) => " + ",
        });
        match (k, magnitude.as_str()) {
            (0, _) => text.push_str(&magnitude),
            (_, "1") => {}
            _ => text.push_str(&format!("{magnitude} ")),
        }
        match k {
            0 => {}
            1 => text.push('z'),
            _ => text.push_str(&format!("z^{k}")),
        }
    }
    text
}

/// Columns as wide as their widest entry.
fn draw(rows: &[(String, Vec<String>)], stages: usize) -> Vec<String> {
    let width = |text: &String| text.chars().count();
    let node = rows.iter().map(|(c, _)| width(c)).max().unwrap_or(0);
    let column = |j: usize| rows.iter().filter_map(|(_, row)| row.get(j)).map(width).max().unwrap_or(0);
    let columns: Vec<_> = (0..stages).map(column).collect();
    let mut lines = Vec::new();
    for (i, (c, row)) in rows.iter().enumerate() {
        if i == stages {
            let rule: usize = columns.iter().map(|width| width + 2).sum();
            lines.push(format!("{}-+{}", "-".repeat(node), "-".repeat(rule)));
        }
        let entries: String = row.iter().zip(&columns).map(|(entry, width)| format!("  {entry:>width$}")).collect();
        lines.push(format!("{c:>node$} |{entries}"));
    }
    lines
}
