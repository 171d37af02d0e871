//! What is wrong with a map, for a model and for a file.

use super::{NameMap, Rule, Target, under};
use std::{collections::BTreeSet, fmt};

impl NameMap {
    /// Everything in the map that fits no file of a model with these parameters. Entries that gave one of the tensors
    /// `left_over` are not among them: those are told of with it.
    pub(in super::super) fn mistakes(&self, parameters: &[&str], left_over: &[&str]) -> Vec<String> {
        let modules: BTreeSet<&str> = parameters.iter().filter_map(|name| Some(name.rsplit_once('.')?.0)).collect();
        let modules: Vec<&str> = modules.into_iter().collect();
        let mut found = Vec::new();
        for (i, rule) in self.rules.iter().enumerate() {
            for other in self.rules[..i].iter().filter(|other| other.contradicts(rule)) {
                found.push(format!("{other}, and {rule}"));
            }
            if left_over.iter().any(|tensor| rule.matches(self.strip(tensor))) {
                continue;
            }
            match &rule.target {
                Target::Parameter(to) if !rule.gives_any(parameters) => {
                    found.push(format!("{rule}, which is no parameter{}", hint(to, parameters)));
                }
                Target::Module(to) if !rule.gives_any(parameters) => {
                    found.push(format!("{rule}, where no parameter is{}", hint(to, &modules)));
                }
                _ => {}
            }
        }
        found
    }

    /// Everything in the map that is not in a file with these tensors. Entries that were to give one of the parameters
    /// `missing` are not among them: those are told of with it.
    pub(in super::super) fn unused(&self, tensors: &[&str], missing: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        let mut stripped = tensors.to_vec();
        for prefix in &self.prefixes {
            if !stripped.iter().any(|name| name.starts_with(prefix.as_str())) {
                found.push(format!("no tensor's name begins with `{prefix}`"));
            }
            stripped.iter_mut().for_each(|name| *name = name.strip_prefix(prefix.as_str()).unwrap_or(name));
        }
        let missing: Vec<String> = missing.iter().map(|name| self.unprefixed(name)).collect();
        for rule in self.rules.iter().filter(|rule| rule.target != Target::Ignored) {
            let mut names = stripped.iter().copied().chain(missing.iter().map(String::as_str));
            if !names.any(|name| rule.matches(name)) {
                found.push(format!("{rule}, but the file has none{}", hint(&rule.file, &stripped)));
            }
        }
        for name in &self.transposed {
            if !stripped.contains(&name.as_str()) && !missing.contains(name) {
                found.push(format!("the map transposes `{name}`, but the file has none{}", hint(name, &stripped)));
            }
        }
        found
    }

    /// Everything for which a model with these parameters and numbers of axes cannot be written by this map and be read
    /// back.
    pub(in super::super) fn unwritable(&self, parameters: &[(&str, usize)]) -> Vec<String> {
        let names: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
        let mut found = self.mistakes(&names, &[]);
        let written: Vec<String> = names.iter().map(|name| self.unprefixed(name)).collect();
        for rule in self.rules.iter().filter(|rule| rule.gives_any(&names)) {
            if !written.iter().any(|name| rule.matches(name)) {
                found.push(format!("{rule}, but nothing would be written there"));
            }
        }
        for parameter in &names {
            let tensor = self.tensor(parameter);
            match self.parameter(&tensor) {
                Some(back) if back == *parameter => {}
                Some(back) => found.push(format!("`{parameter}` would be `{tensor}`, which is read as `{back}`")),
                None => found.push(format!("`{parameter}` would be `{tensor}`, which is ignored")),
            }
        }
        for name in &self.transposed {
            match parameters.iter().find(|(parameter, _)| self.unprefixed(parameter) == *name) {
                None => found.push(format!("the map transposes `{name}`, which is no parameter's")),
                Some((_, 2)) => {}
                Some((parameter, _)) => {
                    found.push(format!("the map transposes `{name}`, but `{parameter}` is no matrix"));
                }
            }
        }
        found
    }
}

impl Rule {
    /// Whether the model has what tensors are taken for.
    fn gives_any(&self, parameters: &[&str]) -> bool {
        match &self.target {
            Target::Parameter(to) => parameters.contains(&to.as_str()),
            Target::Module(to) => parameters.iter().any(|name| under(name, to).is_some()),
            Target::Ignored => false,
        }
    }

    /// Whether no tensor could follow both, or both give one parameter.
    fn contradicts(&self, other: &Rule) -> bool {
        let twice = match (&self.target, &other.target) {
            (Target::Parameter(_), Target::Module(_)) | (Target::Module(_), Target::Parameter(_)) => false,
            (Target::Parameter(one), Target::Parameter(two)) if one == two => true,
            _ => self.file == other.file,
        };
        twice && self != other
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Parameter(to) => write!(f, "the map takes `{}` for `{to}`", self.file),
            Target::Module(to) => write!(f, "the map takes module `{}` for `{to}`", self.file),
            Target::Ignored => write!(f, "the map ignores `{}`", self.file),
        }
    }
}

/// ` (did you mean …?)` for a near miss of a known name, or one that only a prefix is missing from.
pub(in super::super) fn hint(name: &str, known: &[&str]) -> String {
    let score = |known: &str| match known.strip_suffix(name) {
        Some(prefix) if prefix.ends_with('.') => 1.0,
        _ => strsim::jaro_winkler(name, known),
    };
    // The last of equals is the maximum: reversed, the first.
    let scored = known.iter().rev().map(|known| (score(known), *known));
    let nearest = scored.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(score, _)| *score > 0.8);
    nearest.map_or_else(String::new, |(_, known)| format!(" (did you mean `{known}`?)"))
}
