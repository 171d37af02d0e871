//! The rules of `scheduler`.

mod curve;

use crate::{
    ast,
    error::Errors,
    ir,
    math::expression::{Expression, Operator, RESERVED, Scope, has_pole, show},
};
use curve::Curve;
use proc_macro2::TokenStream;
use syn::Ident;

/// How nearly the ends are met by a scheduler that does not state a `boundary`.
const ROUNDING: f64 = 1e-12;

/// `None` if an error was recorded.
pub(crate) fn check_scheduler(scheduler: &ast::Scheduler, cx: &mut Errors) -> Option<ir::Scheduler> {
    let before = cx.len();
    let (names, defaults) = check_parameters(scheduler, cx);
    let scope = Scope { time: true, parameters: &names };
    let boundary = entry(scheduler, "boundary").and_then(|entry| check_boundary(entry, cx));
    let alpha = read_curve(scheduler, "alpha", &scope, cx);
    let sigma = read_curve(scheduler, "sigma", &scope, cx);
    let (alpha, sigma) = (alpha?, sigma?);
    check_use(&names, [&alpha, &sigma], cx);
    if scheduler.faulty || cx.len() > before {
        return None;
    }

    let alpha = Curve::new("alpha", alpha, &defaults, entry(scheduler, "alpha")?);
    let sigma = Curve::new("sigma", sigma, &defaults, entry(scheduler, "sigma")?);
    // What is not finite would only repeat itself in the rules after it.
    if curve::check_finite(&alpha, &sigma, cx) && curve::check_ends(&alpha, &sigma, boundary, cx) {
        curve::check_growth(&alpha, &sigma, cx);
    }
    if let (Some(_), Some(entry)) = (boundary, entry(scheduler, "boundary"))
        && cx.len() == before
        && curve::meets_ends(&alpha, &sigma, ROUNDING)
    {
        cx.at(&entry.key, "`boundary` is not needed, for `alpha` and `sigma` meet both ends\nhelp: remove it");
    }
    if cx.len() > before {
        return None;
    }
    let open = |end| [&alpha, &sigma].into_iter().any(|curve| has_pole(|t| curve.slope(t), end));
    let parameters =
        names.iter().zip(&defaults).map(|(name, &default)| ir::SchedulerParameter { name: name.clone(), default });
    Some(ir::Scheduler {
        head: scheduler.head.clone(),
        parameters: parameters.collect(),
        boundary,
        open_start: open(0.0),
        open_end: open(1.0),
        d_alpha: alpha.derivative,
        d_sigma: sigma.derivative,
        alpha: alpha.expression,
        sigma: sigma.expression,
    })
}

/// What a scheduler with a mistake still declares: CondOT under its name, with its parameters.
pub(crate) fn fallback_scheduler(scheduler: &ast::Scheduler) -> ir::Scheduler {
    // The errors have been recorded before.
    let (names, defaults) = check_parameters(scheduler, &mut Errors::default());
    let parameters = names.into_iter().zip(defaults).map(|(name, default)| ir::SchedulerParameter { name, default });
    let one = Expression::Number(1.0);
    ir::Scheduler {
        head: scheduler.head.clone(),
        parameters: parameters.collect(),
        alpha: Expression::Time,
        sigma: Expression::Binary(Operator::Subtract, Box::new(one.clone()), Box::new(Expression::Time)),
        d_alpha: one,
        d_sigma: Expression::Number(-1.0),
        boundary: None,
        open_start: false,
        open_end: false,
    }
}

fn entry<'a>(scheduler: &'a ast::Scheduler, key: &str) -> Option<&'a ast::Entry> {
    scheduler.entries.iter().find(|entry| entry.key == key)
}

/// Names and defaults; a default that cannot be read is one, so that the names are still known.
fn check_parameters(scheduler: &ast::Scheduler, cx: &mut Errors) -> (Vec<Ident>, Vec<f64>) {
    let (mut names, mut defaults) = (Vec::<Ident>::new(), Vec::new());
    for ast::SchedulerParameter { name, default } in &scheduler.parameters {
        if let Some(first) = names.iter().find(|other| *other == name) {
            cx.at(name, format!("parameter `{name}` is declared twice\nhelp: remove one of the two"));
            cx.at(first, format!("`{name}` was first declared here"));
            continue;
        }
        if RESERVED.contains(&name.to_string().as_str()) {
            let meaning = match name.to_string().as_str() {
                "t" => "the time",
                "pi" => "the constant",
                _ => "a function",
            };
            cx.at(name, format!("`{name}` is {meaning}, so a parameter needs another name"));
        }
        defaults.push(check_constant(default, cx).unwrap_or(1.0));
        names.push(name.clone());
    }
    (names, defaults)
}

/// A number, or arithmetic with numbers.
fn check_constant(tokens: &TokenStream, cx: &mut Errors) -> Option<f64> {
    if tokens.is_empty() {
        return None;
    }
    let value = Expression::read(tokens, &Scope { time: false, parameters: &[] }, cx)?.evaluate(0.0, &[]);
    if !value.is_finite() {
        cx.at(tokens, format!("the value is {}, expected a finite number", show(value)));
        return None;
    }
    Some(value)
}

fn check_boundary(entry: &ast::Entry, cx: &mut Errors) -> Option<f64> {
    let value = check_constant(&entry.value, cx)?;
    if !(value > 0.0 && value < 0.5) {
        let help = "help: `boundary` says how nearly `alpha` and `sigma` meet 0 and 1, as in `boundary: 0.01`";
        cx.at(&entry.value, format!("`boundary` is {}, expected a number between 0 and 0.5\n{help}", show(value)));
        return None;
    }
    Some(value)
}

/// An expression that is there, can be read and depends on `t`.
fn read_curve(scheduler: &ast::Scheduler, key: &str, scope: &Scope, cx: &mut Errors) -> Option<Expression> {
    let Some(entry) = entry(scheduler, key) else {
        if !scheduler.faulty {
            let name = &scheduler.head.name;
            let example = if key == "alpha" { "t" } else { "1 - t" };
            cx.at(name, format!("scheduler `{name}` has no `{key}`\nhelp: add `{key}: {example},`"));
        }
        return None;
    };
    let expression = Expression::read(&entry.value, scope, cx)?;
    if !expression.depends_on_time() {
        let (from, to) = if key == "alpha" { (0, 1) } else { (1, 0) };
        let help = format!("help: it is to go from {from} at t = 0 to {to} at t = 1");
        cx.at(&entry.value, format!("`{key}` does not depend on `t`\n{help}"));
        return None;
    }
    Some(expression)
}

fn check_use(names: &[Ident], curves: [&Expression; 2], cx: &mut Errors) {
    for (index, name) in names.iter().enumerate() {
        let reserved = RESERVED.contains(&name.to_string().as_str());
        if !reserved && !curves.iter().any(|curve| curve.depends_on_parameter(index)) {
            cx.at(name, format!("parameter `{name}` is not used\nhelp: use it in `alpha` or `sigma`, or remove it"));
        }
    }
}

#[cfg(test)]
mod tests;
