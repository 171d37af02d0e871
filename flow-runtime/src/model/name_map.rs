//! What the tensors of a file are called in the model.

mod check;

pub(super) use check::hint;

/// How the names of a file's tensors become the names of a model's parameters, and back.
///
/// Names on the left are the file's, names on the right the model's; a name alone is the file's. A tensor that no entry
/// speaks of keeps its name. Where several do, the longest wins: `rename` before the `module` around it, and an inner
/// module before an outer one. The order in which entries are added does not matter, except that prefixes are stripped one
/// after the other, before anything else; the other entries name what is left.
///
/// Mistakes are found when a file is read or written: what the map names and is not there, two tensors for one parameter.
/// All of them are then in one error, and nothing is half-read.
///
/// ```
/// use flow_runtime::model::NameMap;
/// // A PyTorch module that keeps the velocity's layers in `self.model.net`, an `nn.Sequential`.
/// let map = NameMap::new()
///     .strip_prefix("model.")
///     .module("net.0", "h")
///     .module("net.2", "out")
///     .rename("time.freqs", "e.frequencies")
///     .ignore("steps")
///     .transposed("net.2.weight");
/// assert_eq!(map.parameter("model.net.0.weight").as_deref(), Some("h.weight"));
/// assert_eq!(map.parameter("model.steps"), None);
/// assert_eq!(map.tensor("e.frequencies"), "model.time.freqs");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameMap {
    prefixes: Vec<String>,
    rules: Vec<Rule>,
    transposed: Vec<String>,
}

/// What becomes of one name of the file, without the prefixes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    file: String,
    target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// A tensor becomes that parameter.
    Parameter(String),
    /// What is under a module goes under that one.
    Module(String),
    /// The tensor, and what is under a module of that name, is not read.
    Ignored,
}

impl NameMap {
    /// The map that leaves every name as it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tensor `tensor` is the parameter `parameter`.
    #[must_use]
    pub fn rename(self, tensor: impl Into<String>, parameter: impl Into<String>) -> Self {
        self.rule(tensor, Target::Parameter(parameter.into()))
    }

    /// Every tensor under `from` is under `to`: with `module("net.0", "h")` `net.0.weight` is `h.weight` and `net.0.bias`
    /// is `h.bias`. The empty name is the module around all.
    #[must_use]
    pub fn module(self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.rule(from, Target::Module(to.into()))
    }

    /// A tensor of that name, or all under a module of that name, are superfluous. They need not be there, so that one
    /// map can serve several files; a file is written without them.
    #[must_use]
    pub fn ignore(self, name: impl Into<String>) -> Self {
        self.rule(name, Target::Ignored)
    }

    /// The file keeps this matrix transposed, `[in, out]`, as JAX's and GPT-2's layers do.
    #[must_use]
    pub fn transposed(mut self, tensor: impl Into<String>) -> Self {
        self.transposed.push(tensor.into());
        self
    }

    /// Tensors whose name begins with `prefix` lose it; in a file that is written, all have it. The dot belongs to it:
    /// `strip_prefix("model.")`.
    #[must_use]
    pub fn strip_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefixes.push(prefix.into());
        self
    }

    fn rule(mut self, file: impl Into<String>, target: Target) -> Self {
        self.rules.push(Rule { file: file.into(), target });
        self
    }

    /// The name that a tensor of the file has in the model; `None` if it is ignored.
    pub fn parameter(&self, tensor: &str) -> Option<String> {
        let name = self.strip(tensor);
        let matching = self.rules.iter().filter(|rule| rule.matches(name));
        match matching.max_by_key(|rule| (rule.file.len(), matches!(rule.target, Target::Parameter(_)))) {
            None => Some(name.to_owned()),
            Some(Rule { target: Target::Ignored, .. }) => None,
            Some(Rule { target: Target::Parameter(parameter), .. }) => Some(parameter.clone()),
            Some(Rule { target: Target::Module(to), file }) => under(name, file).map(|rest| join(to, rest)),
        }
    }

    /// The name that a parameter of the model has in a file that is written.
    pub fn tensor(&self, parameter: &str) -> String {
        self.prefixes.iter().rev().fold(self.unprefixed(parameter), |name, prefix| format!("{prefix}{name}"))
    }

    /// The same without the prefixes.
    pub(super) fn unprefixed(&self, parameter: &str) -> String {
        // A rename is closer than any module, also than one of the same name.
        let named = self.rules.iter().filter_map(|rule| match &rule.target {
            Target::Parameter(to) if to == parameter => Some((usize::MAX, rule.file.clone())),
            Target::Module(to) => under(parameter, to).map(|rest| (to.len(), join(&rule.file, rest))),
            _ => None,
        });
        // `max_by_key` would give the last of equals; the first one declared is the one written.
        let named = named.reduce(|best, other| if other.0 > best.0 { other } else { best });
        named.map_or_else(|| parameter.to_owned(), |(_, name)| name)
    }

    /// Whether the file keeps this tensor as `[in, out]`.
    pub(super) fn is_transposed(&self, tensor: &str) -> bool {
        self.transposed.iter().any(|name| name == self.strip(tensor))
    }

    /// Whether there is anything that is not to be read.
    pub(super) fn ignores(&self) -> bool {
        self.rules.iter().any(|rule| rule.target == Target::Ignored)
    }

    fn strip<'a>(&self, tensor: &'a str) -> &'a str {
        self.prefixes.iter().fold(tensor, |name, prefix| name.strip_prefix(prefix.as_str()).unwrap_or(name))
    }
}

impl Rule {
    /// Whether the rule speaks of a tensor of that name, given without the prefixes.
    fn matches(&self, name: &str) -> bool {
        match self.target {
            Target::Parameter(_) => self.file == name,
            Target::Module(_) => under(name, &self.file).is_some(),
            Target::Ignored => self.file == name || under(name, &self.file).is_some(),
        }
    }
}

/// The rest of a name under a module: `weight` of `net.0.weight` under `net.0`.
fn under<'a>(name: &'a str, module: &str) -> Option<&'a str> {
    if module.is_empty() { Some(name) } else { name.strip_prefix(module)?.strip_prefix('.') }
}

fn join(module: &str, rest: &str) -> String {
    if module.is_empty() { rest.to_owned() } else { format!("{module}.{rest}") }
}
