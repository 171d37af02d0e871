//! Matches the arguments of a call with the parameters of its layer, and reads each as what it has to be.

use super::body::{Binding, Lowering, Operand};
use crate::{
    ast::{Argument, Call, Shape, Value},
    check::number,
    error::suggest,
    ir::{Dim, InputKind, Op},
    keyword::{Kind, Layer, layer_named},
};
use proc_macro2::Span;
use syn::{Expr, Lit, ext::IdentExt, spanned::Spanned};

/// An argument as its kind.
pub(super) enum Read {
    Values(Vec<(Operand, Span)>),
    Size(Dim, Span),
    Shape(Vec<Dim>, Span),
    Number(f64),
    Flag(bool),
    Type(syn::Type),
    /// Left out, with no value that stands for it.
    Missing,
}

impl Read {
    pub(super) fn node(&self) -> Option<(usize, Span)> {
        match self {
            Read::Values(values) => match values.first() {
                Some((Operand::Node(id), span)) => Some((*id, *span)),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn number(&self) -> f64 {
        if let Read::Number(value) = self { *value } else { f64::NAN }
    }

    pub(super) fn flag(&self) -> bool {
        matches!(self, Read::Flag(true))
    }
}

impl Lowering<'_, '_> {
    /// One [`Read`] for every parameter of the layer; `None` if something was wrong (and recorded).
    pub(super) fn read_arguments(&mut self, call: &Call, layer: &Layer) -> Option<Vec<Read>> {
        let before = self.cx.len();
        let slots = self.match_arguments(call, layer)?;
        let mut read = Vec::new();
        let mut sound = true;
        for (parameter, arguments) in layer.parameters.iter().zip(slots) {
            let one = if arguments.is_empty() {
                default_value(parameter.kind, parameter.default)
            } else {
                self.read_argument(layer, parameter.name, parameter.kind, &arguments)
            };
            match one {
                Some(one) => read.push(one),
                None => sound = false,
            }
        }
        (sound && self.cx.len() == before).then_some(read)
    }

    /// Sorts positional and named arguments under the parameters.
    fn match_arguments<'c>(&mut self, call: &'c Call, layer: &Layer) -> Option<Vec<Vec<&'c Argument>>> {
        let before = self.cx.len();
        let mut slots: Vec<Vec<&Argument>> = layer.parameters.iter().map(|_| Vec::new()).collect();
        let variadic = layer.parameters.first().is_some_and(|parameter| parameter.kind == Kind::Values);
        for (index, argument) in call.arguments.iter().enumerate() {
            let slot = if variadic { 0 } else { index };
            match slots.get_mut(slot) {
                Some(slot) => slot.push(argument),
                None => {
                    let (most, found) = (layer.parameters.len(), call.arguments.len());
                    self.cx.at(
                        &argument.tokens,
                        format!(
                            "`{}` takes at most {most} argument{}, found {found}\nhelp: write `{}`",
                            layer.name,
                            plural(most),
                            layer.usage
                        ),
                    );
                    break;
                }
            }
        }
        let names: Vec<_> = layer
            .parameters
            .iter()
            .filter(|parameter| parameter.kind != Kind::Values)
            .map(|parameter| parameter.name)
            .collect();
        for (key, argument) in &call.options {
            let text = key.to_string();
            match layer.parameters.iter().position(|parameter| parameter.name == text && parameter.kind != Kind::Values)
            {
                Some(index) if slots[index].is_empty() => slots[index].push(argument),
                Some(_) => self.cx.at(key, format!("`{text}` of `{}` is given twice", layer.name)),
                None if names.is_empty() => {
                    self.cx.at(key, format!("`{}` has no option `{text}`\nhelp: write `{}`", layer.name, layer.usage))
                }
                None => self.cx.at(key, format!("`{}` has no option `{text}`\n{}", layer.name, suggest(&text, &names))),
            }
        }
        let missing: Vec<_> = layer
            .parameters
            .iter()
            .zip(&slots)
            .filter(|(parameter, slot)| parameter.default.is_none() && slot.is_empty())
            .map(|(parameter, _)| format!("`{}`", parameter.name))
            .collect();
        if !missing.is_empty() && self.cx.len() == before {
            self.cx.at(
                &call.function,
                format!(
                    "`{}` needs {}, found {} argument{}\nhelp: write `{}`",
                    layer.name,
                    missing.join(" and "),
                    call.arguments.len() + call.options.len(),
                    plural(call.arguments.len() + call.options.len()),
                    layer.usage
                ),
            );
        }
        (self.cx.len() == before).then_some(slots)
    }

    fn read_argument(&mut self, layer: &Layer, name: &str, kind: Kind, arguments: &[&Argument]) -> Option<Read> {
        let argument = arguments[0];
        match kind {
            Kind::Value | Kind::Values => {
                let mut values = Vec::new();
                for argument in arguments {
                    let operand = self.lower_value(&argument.value)?;
                    let span = argument.tokens.span();
                    match operand {
                        Operand::Number(_) if self.blame_number(argument) => return None,
                        Operand::Number(_) => {
                            self.cx.span(
                                span,
                                format!(
                                    "`{name}` of `{}` is a value, found a number\nhelp: write `{}`",
                                    layer.name, layer.usage
                                ),
                            );
                            return None;
                        }
                        Operand::Node(id) => {
                            if self.is_class(id) {
                                let input = self.nodes[id].name.clone();
                                self.cx.span(span, format!("`{input}` is a class label, not a value\nhelp: look it up with `embedding({input}, 16)`"));
                                return None;
                            }
                        }
                    }
                    values.push((operand, span));
                }
                Some(Read::Values(values))
            }
            Kind::Time => {
                let operand = self.lower_value(&argument.value)?;
                match operand {
                    Operand::Node(id) if self.is_input(id, |kind| matches!(kind, InputKind::Time)) => {
                        Some(Read::Values(vec![(operand, argument.tokens.span())]))
                    }
                    _ => {
                        let time = self.time_name();
                        self.cx.at(
                            &argument.tokens,
                            format!(
                                "`{}` embeds the time, found another value\nhelp: its first argument is `{time}`",
                                layer.name
                            ),
                        );
                        None
                    }
                }
            }
            Kind::Class => {
                let operand = self.lower_value(&argument.value)?;
                match operand {
                    Operand::Node(id) if self.is_class(id) => {
                        Some(Read::Values(vec![(operand, argument.tokens.span())]))
                    }
                    _ => {
                        self.cx.at(&argument.tokens, "`embedding` looks up a class label, found another value\nhelp: declare the label as an input such as `y: Class<10>`");
                        None
                    }
                }
            }
            Kind::Size => {
                let expr = self.const_expression(layer, name, argument)?;
                Some(Read::Size(self.dims.size(&expr, self.cx), argument.tokens.span()))
            }
            Kind::Shape => match self.const_expression(layer, name, argument)? {
                Expr::Array(array) => {
                    let shape = Shape { dims: array.elems.iter().cloned().collect(), span: array.span() };
                    if shape.dims.is_empty() {
                        self.cx.span(shape.span, "a shape has at least one dimension");
                        return None;
                    }
                    Some(Read::Shape(self.dims.shape(&shape, self.cx), shape.span))
                }
                other => {
                    self.cx.at(&other, format!("`{name}` of `{}` is a shape such as `[1, 28, 28]`", layer.name));
                    None
                }
            },
            Kind::Number { above, below } => self.read_number(layer, name, argument, above, below),
            Kind::Count => {
                self.cx.at(&argument.tokens, format!("`{name}` of `{}` is not read in a body", layer.name));
                None
            }
            Kind::Flag => match syn::parse2::<Lit>(argument.tokens.clone()) {
                Ok(Lit::Bool(flag)) => Some(Read::Flag(flag.value)),
                _ => {
                    self.cx.at(&argument.tokens, format!("`{name}` of `{}` is `true` or `false`", layer.name));
                    None
                }
            },
            Kind::Type => match syn::parse2(argument.tokens.clone()) {
                Ok(read) => Some(Read::Type(read)),
                Err(_) => {
                    self.cx.at(
                        &argument.tokens,
                        format!(
                            "`{name}` of `{}` is the type of a dfdx module\nhelp: write `{}`",
                            layer.name, layer.usage
                        ),
                    );
                    None
                }
            },
        }
    }

    /// A block may have been given a number for what it uses as a value.
    fn blame_number(&mut self, argument: &Argument) -> bool {
        let Value::Name(name) = &argument.value else { return false };
        self.blame_caller(name, "a value", "a number", "help: pass a value")
    }

    /// The tokens as a const expression, with the sizes that blocks were given put in.
    fn const_expression(&mut self, layer: &Layer, name: &str, argument: &Argument) -> Option<Expr> {
        if let Value::Call(call) = &argument.value {
            let function = call.function.unraw().to_string();
            if layer_named(&function).is_some() || self.blocks.by_name.contains_key(&function) {
                self.cx.at(
                    &argument.tokens,
                    format!("`{name}` of `{}` is a size, found a value\nhelp: write `{}`", layer.name, layer.usage),
                );
                return None;
            }
        }
        match self.value_in(&argument.tokens) {
            None => {}
            Some((_, Binding::Poison)) => return None,
            Some((ident, _)) if self.blame_caller(&ident, "a size", "a value", "help: pass a size such as `64`") => {
                return None;
            }
            Some((ident, _)) => {
                self.cx.at(
                    &ident,
                    format!(
                        "`{name}` of `{}` is a size, found the value `{ident}`\nhelp: write `{}`",
                        layer.name, layer.usage
                    ),
                );
                return None;
            }
        }
        let tokens = self.substitute_sizes(argument.tokens.clone());
        match syn::parse2(tokens) {
            Ok(expr) => Some(expr),
            Err(error) => {
                self.cx.push(error);
                None
            }
        }
    }

    fn read_number(&mut self, layer: &Layer, name: &str, argument: &Argument, above: f64, below: f64) -> Option<Read> {
        let tokens = self.substitute_sizes(argument.tokens.clone());
        match syn::parse2(tokens).as_ref().ok().and_then(number::number) {
            Some(value) if value > above && value < below => Some(Read::Number(value)),
            Some(_) if name == "p" => {
                self.cx.at(
                    &argument.tokens,
                    format!("`p` of `{}` is a probability between 0 and 1, both excluded", layer.name),
                );
                None
            }
            Some(value) => {
                let bounds = match (above.is_finite(), below.is_finite()) {
                    (true, true) => format!("between {above} and {below}"),
                    (true, false) => format!("greater than {above}"),
                    _ => "finite".to_owned(),
                };
                self.cx.at(&argument.tokens, format!("`{name}` of `{}` is {bounds}, found {value}", layer.name));
                None
            }
            None => {
                self.cx.at(
                    &argument.tokens,
                    format!("`{name}` of `{}` is a number such as `0.1`\nhelp: write `{}`", layer.name, layer.usage),
                );
                None
            }
        }
    }
}

fn default_value(kind: Kind, default: Option<&str>) -> Option<Read> {
    let text = default?;
    match kind {
        Kind::Number { .. } => text.parse().ok().map(Read::Number),
        Kind::Flag => Some(Read::Flag(text == "true")),
        _ => Some(Read::Missing),
    }
}

pub(super) fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

impl Lowering<'_, '_> {
    pub(super) fn is_class(&self, id: usize) -> bool {
        self.is_input(id, |kind| matches!(kind, InputKind::Class { .. }))
    }

    fn is_input(&self, id: usize, test: impl Fn(&InputKind) -> bool) -> bool {
        matches!(self.nodes[id].op, Op::Input(index) if self.inputs.get(index).is_some_and(|input| test(&input.kind)))
    }

    fn time_name(&self) -> String {
        self.inputs
            .iter()
            .find(|input| matches!(input.kind, InputKind::Time))
            .map_or_else(|| "t".to_owned(), |input| input.name.clone())
    }
}
