//! The rules of `train` and `sampler`.

mod choice;

use crate::{
    ast::{self, Entry},
    error::{Errors, suggest},
    ir::{self, Chosen, Reference, Setting},
    keyword::{self, Choice},
};
use choice::{check_choice, count, number_entry, split_call};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::BTreeMap;
use syn::{Expr, Ident, spanned::Spanned};

/// Names declared in the same call.
pub(crate) struct Scope {
    models: Vec<String>,
    solvers: Vec<String>,
    schedulers: Vec<String>,
    /// Of each scheduler of the call that could be read.
    parameters: BTreeMap<String, Vec<String>>,
}

impl Scope {
    pub(crate) fn of(file: &ast::File) -> Self {
        let mut scope =
            Scope { models: Vec::new(), solvers: Vec::new(), schedulers: Vec::new(), parameters: BTreeMap::new() };
        for item in &file.items {
            match item {
                ast::Item::Model(model) => scope.models.push(model.head.name.to_string()),
                ast::Item::Solver(solver) => scope.solvers.push(solver.head.name.to_string()),
                ast::Item::Scheduler(scheduler) => {
                    let name = scheduler.head.name.to_string();
                    scope.schedulers.push(name.clone());
                    if !scheduler.faulty {
                        let names = scheduler.parameters.iter().map(|parameter| parameter.name.to_string());
                        scope.parameters.entry(name).or_insert(names.collect());
                    }
                }
                ast::Item::Failed { keyword, head } => match keyword.as_str() {
                    "model" => scope.models.push(head.name.to_string()),
                    "solver" => scope.solvers.push(head.name.to_string()),
                    "scheduler" => scope.schedulers.push(head.name.to_string()),
                    _ => {}
                },
                _ => {}
            }
        }
        scope
    }
}

/// A bare name is one of this call or one of flow-runtime's; anything else is written with `::`, so that a misspelt
/// name is told apart from a type that the macro cannot see.
fn check_reference(
    path: &syn::Path,
    what: &str,
    declared: &[String],
    built_in: &[&str],
    cx: &mut Errors,
) -> Option<Reference> {
    let Some(ident) = path.get_ident() else { return Some(Reference::Path(path.clone())) };
    let name = ident.to_string();
    if declared.contains(&name) {
        return Some(Reference::Path(path.clone()));
    }
    if built_in.contains(&name.as_str()) {
        return Some(Reference::BuiltIn(ident.clone()));
    }
    let mut known: Vec<&str> = declared.iter().map(String::as_str).collect();
    known.extend(built_in);
    let help = match known.is_empty() {
        true => format!("help: this call declares no {what}"),
        false => suggest(&name, &known),
    };
    cx.at(ident, format!("unknown {what} `{name}`\n{help}\nhelp: a {what} declared elsewhere is written with its path, as in `self::{name}`"));
    None
}

/// `None` if an error was recorded.
pub(crate) fn check_train(train: &ast::Train, scope: &Scope, cx: &mut Errors) -> Option<ir::Train> {
    let before = cx.len();
    let entry = |key: &str| train.entries.iter().find(|entry| entry.key == key);
    let model = check_reference(&train.model, "model", &scope.models, &[], cx);
    let path = match entry("path") {
        Some(entry) => check_path(entry, scope, cx),
        None => Some(ir::Path::Affine {
            scheduler: Reference::BuiltIn(Ident::new("CondOt", train.head.name.span())),
            fields: Vec::new(),
        }),
    };
    let optimizer = match entry("optimizer") {
        Some(entry) => check_choice(entry, keyword::OPTIMIZERS, cx),
        None if train.faulty => None,
        None => {
            cx.at(&train.head.name, "the recipe has no optimizer\nhelp: add `optimizer: adam(lr = 1e-3),`");
            None
        }
    };
    let mut choose = |key: &str, choices: &'static [Choice]| match entry(key) {
        Some(entry) => check_choice(entry, choices, cx),
        None => Some(first_choice(choices)),
    };
    let loss = choose("loss", keyword::LOSSES);
    let schedule = choose("schedule", keyword::SCHEDULES);
    let time = choose("time", keyword::TIMES);
    let source = choose("source", keyword::SOURCES);
    check_source(&source, entry("source"), cx);
    let mut needed = |key: &str, example: &str, ty: &str| match entry(key) {
        Some(entry) => count(&entry.value, key, 1, ty, cx),
        None if train.faulty => None,
        None => {
            cx.at(&train.head.name, format!("the recipe has no `{key}`\nhelp: add `{key}: {example},`"));
            None
        }
    };
    let (batch, steps) = (needed("batch", "256", "usize"), needed("steps", "10_000", "u64"));
    let accumulate =
        entry("accumulate").map_or(Some(quote!(1)), |entry| count(&entry.value, "accumulate", 1, "usize", cx));
    let seed = entry("seed").map_or(Some(quote!(0)), |entry| count(&entry.value, "seed", 0, "u64", cx));
    let ema = entry("ema").map(|entry| number_entry(entry, 0.0, 1.0, "0.999", cx));
    let clip = entry("clip").map(|entry| number_entry(entry, 0.0, f64::INFINITY, "1.0", cx));
    if train.faulty || cx.len() > before {
        return None;
    }
    Some(ir::Train {
        head: train.head.clone(),
        model: model?,
        path: path?,
        loss: loss?,
        optimizer: optimizer?,
        schedule: schedule?,
        time: time?,
        source: source?,
        batch: batch?,
        accumulate: accumulate?,
        steps: steps?,
        seed: seed?,
        ema: ema.flatten(),
        clip: clip.flatten(),
    })
}

/// The alternative that stands for a key that is left out: the first, with its defaults.
fn first_choice(choices: &'static [Choice]) -> Chosen {
    let name = choices.first().map_or("", |choice| choice.name);
    let values = choices.first().map_or(Vec::new(), choice::defaults);
    Chosen { name, values }
}

fn check_source(source: &Option<Chosen>, entry: Option<&Entry>, cx: &mut Errors) {
    let (Some(Chosen { name: "uniform", values }), Some(entry)) = (source, entry) else { return };
    if let [Setting::Number(low), Setting::Number(high)] = values.as_slice()
        && low >= high
    {
        cx.at(
            &entry.value,
            format!("`low` is below `high`, found {low} and {high}\nhelp: write `uniform(low = -1.0, high = 1.0)`"),
        );
    }
}

/// `Affine(CondOt)`, `Affine(Polynomial(n = 3.0))`, `OptimalTransport(sigma_min = 1e-4)`, or `self::MyPath`.
fn check_path(entry: &Entry, scope: &Scope, cx: &mut Errors) -> Option<ir::Path> {
    if let Ok(path) = syn::parse2::<syn::Path>(entry.value.clone())
        && path.get_ident().is_none()
    {
        return Some(ir::Path::Own(path));
    }
    let (head, arguments) = split_call(entry, keyword::PATHS, cx)?;
    let name = head.to_string();
    if keyword::SCHEDULERS.contains(&name.as_str()) || scope.schedulers.contains(&name) {
        cx.at(&head, format!("`{name}` is a scheduler, not a path\nhelp: write `path: Affine({name})`"));
        return None;
    }
    if name == "OptimalTransport" {
        let chosen = check_choice(entry, keyword::PATHS, cx)?;
        let Some(Setting::Number(sigma_min)) = chosen.values.first() else { return None };
        return Some(ir::Path::OptimalTransport { sigma_min: *sigma_min });
    }
    if name != "Affine" {
        let known: Vec<_> = keyword::PATHS.iter().map(|choice| choice.name).collect();
        cx.at(
            &head,
            format!(
                "unknown path `{name}`\n{}\nhelp: a path of your own is written with its path, as in `self::{name}`",
                suggest(&name, &known)
            ),
        );
        return None;
    }
    let Some(arguments) = arguments.filter(|arguments| !arguments.is_empty()) else {
        cx.at(&head, "`Affine` needs a scheduler\nhelp: write `Affine(CondOt)`");
        return None;
    };
    let scheduler = match syn::parse2::<Expr>(arguments.clone()) {
        Ok(Expr::Path(path)) => (path.path, Vec::new()),
        Ok(Expr::Call(call)) => match (*call.func, scheduler_fields(&call.args, cx)?) {
            (Expr::Path(path), fields) => (path.path, fields),
            (other, _) => {
                cx.at(&other, "expected a scheduler\nhelp: write `Affine(CondOt)`");
                return None;
            }
        },
        _ => {
            cx.at(&arguments, "expected one scheduler\nhelp: write `Affine(CondOt)` or `Affine(Polynomial(n = 3.0))`");
            return None;
        }
    };
    let (path, fields) = scheduler;
    let scheduler = check_reference(&path, "scheduler", &scope.schedulers, keyword::SCHEDULERS, cx)?;
    check_fields(&scheduler, &fields, scope, cx)?;
    Some(ir::Path::Affine { scheduler, fields })
}

/// The scheduler has each parameter, and each is set once. Of a scheduler elsewhere only the compiler knows.
fn check_fields(scheduler: &Reference, fields: &[(Ident, TokenStream)], scope: &Scope, cx: &mut Errors) -> Option<()> {
    let before = cx.len();
    let (name, known) = match scheduler {
        Reference::BuiltIn(name) => {
            let name = name.to_string();
            let known = keyword::scheduler_parameters(&name).to_vec();
            (name, Some(known))
        }
        Reference::Path(path) => {
            let name = path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
            let own = path.get_ident().and_then(|_| scope.parameters.get(&name));
            (name, own.map(|names| names.iter().map(String::as_str).collect()))
        }
    };
    for (index, (field, _)) in fields.iter().enumerate() {
        let text = field.to_string();
        match &known {
            Some(known) if known.is_empty() => {
                cx.at(field, format!("the scheduler `{name}` has no parameters\nhelp: write `Affine({name})`"));
            }
            Some(known) if !known.contains(&text.as_str()) => {
                cx.at(field, format!("the scheduler `{name}` has no parameter `{text}`\n{}", suggest(&text, known)));
            }
            _ if fields[..index].iter().any(|(other, _)| other == field) => {
                cx.at(field, format!("`{text}` of `{name}` is given twice\nhelp: remove one of the two"));
            }
            _ => {}
        }
    }
    (cx.len() == before).then_some(())
}

/// `n = 3.0, …`
fn scheduler_fields(
    arguments: &syn::punctuated::Punctuated<Expr, syn::Token![,]>,
    cx: &mut Errors,
) -> Option<Vec<(Ident, TokenStream)>> {
    let before = cx.len();
    let mut fields = Vec::new();
    for argument in arguments {
        match argument {
            Expr::Assign(assign) => match &*assign.left {
                Expr::Path(key) if key.path.get_ident().is_some() => {
                    let (Some(key), value) = (key.path.get_ident(), &assign.right) else { continue };
                    // `n = 3` means the same as `n = 3.0`.
                    let value = match super::number::number(value) {
                        Some(number) => {
                            let literal = proc_macro2::Literal::f64_unsuffixed(number);
                            quote::quote_spanned!(value.span()=> #literal)
                        }
                        None => quote!(#value),
                    };
                    fields.push((key.clone(), value));
                }
                other => cx.at(other, "expected the name of a parameter\nhelp: write `Polynomial(n = 3.0)`"),
            },
            other => cx.at(other, "the parameters of a scheduler are named\nhelp: write `Polynomial(n = 3.0)`"),
        }
    }
    (cx.len() == before).then_some(fields)
}

/// `None` if an error was recorded.
pub(crate) fn check_sampler(sampler: &ast::Sampler, scope: &Scope, cx: &mut Errors) -> Option<ir::Sampler> {
    let before = cx.len();
    let entry = |key: &str| sampler.entries.iter().find(|entry| entry.key == key);
    let model = check_reference(&sampler.model, "model", &scope.models, &[], cx);
    let solver = match entry("solver") {
        Some(entry) => match syn::parse2::<syn::Path>(entry.value.clone()) {
            Ok(path) => check_reference(&path, "solver", &scope.solvers, keyword::SOLVERS, cx),
            Err(_) => {
                cx.at(&entry.value, "expected the name of a solver\nhelp: write `solver: Rk4`");
                None
            }
        },
        None if sampler.faulty => None,
        None => {
            cx.at(&sampler.head.name, "the sampler has no solver\nhelp: add `solver: Rk4,`");
            None
        }
    };
    let grid = match entry("grid") {
        Some(entry) => choice::check_grid(entry, cx),
        None if sampler.faulty => None,
        None => {
            cx.at(&sampler.head.name, "the sampler has no grid\nhelp: add `grid: uniform(100),`");
            None
        }
    };
    let source = match entry("source") {
        Some(entry) => check_choice(entry, keyword::SOURCES, cx),
        None => Some(first_choice(keyword::SOURCES)),
    };
    check_source(&source, entry("source"), cx);
    if sampler.faulty || cx.len() > before {
        return None;
    }
    Some(ir::Sampler { head: sampler.head.clone(), model: model?, solver: solver?, grid: grid?, source: source? })
}

/// What a recipe with a mistake still declares; `None` if not even its model is known.
pub(crate) fn fallback_train(train: &ast::Train, scope: &Scope) -> Option<ir::Train> {
    let mut silent = Errors::default();
    let model = check_reference(&train.model, "model", &scope.models, &[], &mut silent);
    let _ = silent.finish();
    Some(ir::Train {
        head: train.head.clone(),
        model: model?,
        path: ir::Path::Affine {
            scheduler: Reference::BuiltIn(Ident::new("CondOt", train.head.name.span())),
            fields: Vec::new(),
        },
        loss: first_choice(keyword::LOSSES),
        optimizer: Chosen { name: "adam", values: [1e-3, 0.9, 0.999, 1e-8, 0.0].map(Setting::Number).into() },
        schedule: first_choice(keyword::SCHEDULES),
        time: first_choice(keyword::TIMES),
        source: first_choice(keyword::SOURCES),
        batch: quote!(1),
        accumulate: quote!(1),
        steps: quote!(1),
        seed: quote!(0),
        ema: None,
        clip: None,
    })
}

/// What a sampler with a mistake still declares; `None` if not even its model is known.
pub(crate) fn fallback_sampler(sampler: &ast::Sampler, scope: &Scope) -> Option<ir::Sampler> {
    let mut silent = Errors::default();
    let model = check_reference(&sampler.model, "model", &scope.models, &[], &mut silent);
    let _ = silent.finish();
    Some(ir::Sampler {
        head: sampler.head.clone(),
        model: model?,
        solver: Reference::BuiltIn(Ident::new("Euler", sampler.head.name.span())),
        grid: ir::Grid::Uniform { steps: quote!(1), reversed: false },
        source: first_choice(keyword::SOURCES),
    })
}
