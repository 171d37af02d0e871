//! Which tensor of a file is which parameter.

use super::{
    super::{Entry, Layout, NameMap, name_map::hint},
    numbers::{TYPES, is_read},
};
use ::safetensors::tensor::TensorView;
use std::collections::BTreeMap;

/// A tensor of a file.
pub(super) struct Source<'a> {
    pub(super) name: String,
    pub(super) view: TensorView<'a>,
    /// Kept as `[in, out]`.
    pub(super) transposed: bool,
}

/// The tensor of every parameter in the order of the layout, or everything that does not fit: first what concerns
/// parameters, in their order, then the tensors that are left over, by name, then the map's own mistakes.
pub(super) fn assign<'a>(
    layout: &Layout,
    tensors: Vec<(String, TensorView<'a>)>,
    map: &NameMap,
) -> Result<Vec<Source<'a>>, Vec<String>> {
    let mut all: Vec<Source<'a>> =
        tensors.into_iter().map(|(name, view)| Source { transposed: map.is_transposed(&name), name, view }).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<String> = all.iter().map(|source| source.name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();

    let mut claims: BTreeMap<String, Vec<Source<'a>>> = BTreeMap::new();
    for source in all {
        if let Some(parameter) = map.parameter(&source.name) {
            claims.entry(parameter).or_default().push(source);
        }
    }
    let claimed: Vec<Vec<Source<'a>>> =
        layout.entries().iter().map(|entry| claims.remove(&entry.name).unwrap_or_default()).collect();
    let unclaimed: Vec<&str> = claims.values().flatten().map(|source| source.name.as_str()).collect();

    let (mut sources, mut problems, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for (entry, claimed) in layout.entries().iter().zip(claimed) {
        let mut claimed = claimed.into_iter();
        match (claimed.next(), claimed.next()) {
            (None, _) => {
                missing.push(entry.name.as_str());
                problems.push(absent(entry, map, &names, &claims));
            }
            (Some(source), None) => {
                problems.extend(misfit(entry, &source));
                sources.push(source);
            }
            (Some(first), Some(second)) => {
                let rest = claimed.map(|more| format!(" and `{}`", more.name)).collect::<String>();
                problems.push(format!("`{}` and `{}`{rest}, each for `{}`", first.name, second.name, entry.name));
            }
        }
    }
    for (parameter, source) in claims.iter().flat_map(|(name, sources)| sources.iter().map(move |s| (name, s))) {
        let hint = hint(parameter, &missing);
        let shape = source.view.shape();
        problems.push(format!("the unknown `{}` {shape:?}{}{hint}", source.name, alias(&source.name, parameter)));
    }
    let parameters: Vec<&str> = layout.entries().iter().map(|entry| entry.name.as_str()).collect();
    problems.extend(map.mistakes(&parameters, &unclaimed));
    problems.extend(map.unused(&names, &missing));
    if problems.is_empty() { Ok(sources) } else { Err(problems) }
}

/// ` for `h.weight`` if the map says so.
fn alias(tensor: &str, parameter: &str) -> String {
    if tensor == parameter { String::new() } else { format!(" for `{parameter}`") }
}

/// A parameter without a tensor; `left_over` are the tensors that no parameter has.
fn absent(entry: &Entry, map: &NameMap, tensors: &[&str], left_over: &BTreeMap<String, Vec<Source<'_>>>) -> String {
    let Entry { name, shape, .. } = entry;
    let tensor = map.tensor(name);
    if tensors.contains(&tensor.as_str()) {
        return match map.parameter(&tensor) {
            Some(other) => format!("no `{name}` {shape:?}, as the map takes `{tensor}` for `{other}`"),
            None => format!("no `{name}` {shape:?}, as the map ignores `{tensor}`"),
        };
    }
    let fitting = left_over.values().flatten().filter(|source| source.view.shape() == shape);
    let fitting: Vec<&str> = fitting.map(|source| source.name.as_str()).collect();
    let hint = match hint(&tensor, &fitting) {
        // The file may be without the prefix.
        none if none.is_empty() => hint(&map.unprefixed(name), &fitting),
        some => some,
    };
    format!("no `{tensor}` {shape:?}{}{hint}", alias(&tensor, name))
}

fn misfit(entry: &Entry, source: &Source<'_>) -> Option<String> {
    let (name, shape) = (&source.name, source.view.shape());
    let alias = alias(name, &entry.name);
    let reversed: Vec<usize> = entry.shape.iter().rev().copied().collect();
    if source.transposed && shape.len() != 2 {
        return Some(format!("`{name}` {shape:?}{alias}, to be transposed, which is no matrix"));
    }
    let expected = if source.transposed { &reversed } else { &entry.shape };
    if shape != expected {
        let transposed = shape.len() == 2 && (shape == reversed || source.transposed && shape == entry.shape);
        let hint = match (transposed, source.transposed) {
            (true, false) => " (is it to be `transposed`?)",
            (true, true) => " (it is not `transposed`)",
            _ => "",
        };
        return Some(format!("`{name}` {shape:?}{alias} instead of {expected:?}{hint}"));
    }
    let dtype = source.view.dtype();
    (!is_read(dtype)).then(|| format!("`{name}` of type {dtype}{alias} instead of {TYPES}"))
}
