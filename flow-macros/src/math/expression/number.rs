//! Numbers in messages.

/// Four significant digits, without trailing zeros: `0.5`, `0.006571`, `6.123e-17`.
pub(crate) fn show(x: f64) -> String {
    let rounded = format!("{x:.3e}").parse().unwrap_or(x);
    if rounded != 0.0 && !(1e-4..1e6).contains(&rounded.abs()) { format!("{rounded:e}") } else { rounded.to_string() }
}
