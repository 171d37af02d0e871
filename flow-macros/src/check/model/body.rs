//! Walks a body: scopes, assignments, unrolled loops, inlined blocks, operators.

use super::{
    Blocks,
    dim::{Dims, show_tokens},
};
use crate::{
    ast::{self, Body, Statement, Value},
    check::number,
    error::{Errors, nearest, suggest},
    ir::{self, Assertion, Dim, Node, Op, Parameter},
    keyword,
};
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::collections::{BTreeMap, BTreeSet};
use syn::{Expr, Ident, ext::IdentExt, spanned::Spanned};

/// More nodes than this were not meant: a loop count with too many zeros.
pub(super) const LARGEST_PROGRAM: usize = 10_000;

const CONSTANT: &str =
    "a constant is not a value\nhelp: numbers that scale or shift a value are literals, as in `0.5 * h`";

/// A value while a body is walked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    Node(usize),
    /// A literal, folded into the operator that meets it.
    Number(f64),
}

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Binding {
    Value(Operand),
    /// An argument of a block that is not a value: a size, a number, a type.
    Tokens(TokenStream),
    /// Its value had an error, which has been recorded.
    Poison,
}

pub(super) struct Bound {
    pub(super) name: String,
    pub(super) binding: Binding,
    pub(super) mutable: bool,
    /// What the caller wrote, if this is a parameter of a block.
    pub(super) passed: Option<TokenStream>,
}

/// The state of lowering one model.
pub(super) struct Lowering<'a, 'e> {
    pub(super) cx: &'e mut Errors,
    pub(super) dims: Dims,
    pub(super) nodes: Vec<Node>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) inputs: Vec<ir::Input>,
    pub(super) result_span: Span,
    pub(super) blocks: &'a Blocks<'a>,
    pub(super) scopes: Vec<Vec<Bound>>,
    /// Scopes below this one belong to a caller and cannot be seen.
    pub(super) floor: usize,
    pub(super) calls: Vec<String>,
    /// `a.` inside of a block that was called in `let a = …`.
    pub(super) prefix: String,
    /// The binding whose value is being lowered.
    pub(super) current: String,
    pub(super) taken: BTreeSet<String>,
    /// The number behind the last name made of each base, so that a long loop is not quadratic.
    pub(super) counts: BTreeMap<String, usize>,
    pub(super) too_large: bool,
    /// Turns of loops and calls of blocks so far.
    pub(super) turns: usize,
}

impl<'a, 'e> Lowering<'a, 'e> {
    pub(super) fn new(blocks: &'a Blocks<'a>, dims: Dims, cx: &'e mut Errors) -> Self {
        Lowering {
            cx,
            dims,
            nodes: Vec::new(),
            parameters: Vec::new(),
            inputs: Vec::new(),
            result_span: Span::call_site(),
            blocks,
            scopes: vec![Vec::new()],
            floor: 0,
            calls: Vec::new(),
            prefix: String::new(),
            current: "out".to_owned(),
            taken: BTreeSet::new(),
            counts: BTreeMap::new(),
            too_large: false,
            turns: 0,
        }
    }

    pub(super) fn finish(self) -> (Vec<Node>, Vec<Parameter>, Vec<Assertion>) {
        (self.nodes, self.parameters, self.dims.assertions)
    }

    pub(super) fn push_node(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    pub(super) fn bind(&mut self, name: &Ident, binding: Binding, mutable: bool) {
        let name = name.unraw().to_string();
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(Bound { name, binding, mutable, passed: None });
        }
    }

    /// What a name stands for here, the innermost and latest first, as in Rust.
    fn bound(&self, name: &Ident) -> Option<&Bound> {
        let name = name.unraw().to_string();
        let scopes = self.scopes[self.floor..].iter().rev();
        scopes.flat_map(|scope| scope.iter().rev()).find(|bound| bound.name == name)
    }

    pub(super) fn binding(&self, name: &Ident) -> Option<Binding> {
        self.bound(name).map(|bound| bound.binding.clone())
    }

    /// Records that a parameter of the block got what it is not used as, where the caller wrote it; `false` if the name is none.
    pub(super) fn blame_caller(&mut self, name: &Ident, used_as: &str, is: &str, help: &str) -> bool {
        let Some(passed) = self.bound(name).and_then(|bound| bound.passed.clone()) else { return false };
        let (block, shown) = (self.calls.last().cloned().unwrap_or_default(), show_tokens(&passed));
        let message = format!("the block `{block}` uses `{name}` as {used_as}, but `{shown}` is {is}\n{help}");
        self.cx.at(&passed, message);
        true
    }

    /// The node of the model's result.
    pub(super) fn lower_model_body(&mut self, body: &Body) -> Option<usize> {
        match self.lower_body(body, "out")? {
            Operand::Node(id) => {
                if self.is_class(id) {
                    self.cx.span(self.result_span, "the result is a velocity, found a class label");
                    return None;
                }
                Some(id)
            }
            Operand::Number(_) => {
                self.cx.span(
                    self.result_span,
                    "the result is a velocity, found a number\nhelp: end the body with a layer of the state's shape",
                );
                None
            }
        }
    }

    /// Walks the statements in a scope of their own; `result` names the layers of the final expression.
    pub(super) fn lower_body(&mut self, body: &Body, result: &str) -> Option<Operand> {
        self.scopes.push(Vec::new());
        for statement in &body.statements {
            self.lower_statement(statement);
        }
        let outer = std::mem::replace(&mut self.current, result.to_owned());
        let value = match &body.result {
            Some(value) => {
                self.result_span = span_of(value);
                self.lower_value(value)
            }
            None => {
                self.cx.span(body.span, "this body has no result\nhelp: end it with a value, without `;`");
                None
            }
        };
        self.current = outer;
        self.scopes.pop();
        value
    }

    pub(super) fn lower_statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let { name, mutable, value } => {
                let binding = self.lower_named(name, value);
                self.bind(name, binding, *mutable);
            }
            Statement::Assign { name, value } => {
                let binding = self.lower_named(name, value);
                self.assign(name, binding);
            }
            Statement::For { start, end, inclusive, body } => self.lower_for(start, end, *inclusive, body),
        }
    }

    fn lower_named(&mut self, name: &Ident, value: &Value) -> Binding {
        let text = name.unraw().to_string();
        let outer = std::mem::replace(&mut self.current, text.clone());
        let before = self.nodes.len();
        let operand = self.lower_value(value);
        self.current = outer;
        match operand {
            Some(operand) => {
                if let Operand::Node(id) = operand
                    && id >= before
                    && self.nodes[id].name.is_empty()
                {
                    self.nodes[id].name = format!("{}{text}", self.prefix);
                }
                Binding::Value(operand)
            }
            None => Binding::Poison,
        }
    }

    fn assign(&mut self, name: &Ident, binding: Binding) {
        let text = name.unraw().to_string();
        let floor = self.floor;
        let bound = self.scopes[floor..]
            .iter_mut()
            .rev()
            .flat_map(|scope| scope.iter_mut().rev())
            .find(|bound| bound.name == text);
        match bound {
            Some(bound) if bound.mutable => bound.binding = binding,
            Some(_) => self.cx.at(name, format!("`{text}` cannot be assigned to\nhelp: declare it with `let mut {text}`, or bind a new one with `let {text}`")),
            None => self.unknown_name(name),
        }
    }

    /// `None` if an error was recorded.
    pub(super) fn lower_value(&mut self, value: &Value) -> Option<Operand> {
        if self.too_large {
            return None;
        }
        match value {
            Value::Name(name) => match self.binding(name) {
                Some(Binding::Value(operand)) => Some(operand),
                Some(Binding::Poison) => None,
                Some(Binding::Tokens(tokens)) => match syn::parse2(tokens.clone()).as_ref().map(number::number) {
                    Ok(Some(number)) => Some(Operand::Number(number)),
                    _ => {
                        self.not_a_value(name, &tokens);
                        None
                    }
                },
                None => {
                    self.unknown_name(name);
                    None
                }
            },
            Value::Call(call) => self.lower_call(call),
            Value::Binary { op, span, left, right } => {
                let (a, b) = (self.lower_value(left), self.lower_value(right));
                self.lower_binary(*op, *span, a?, b?)
            }
            Value::Negate { span, value } => match self.lower_value(value)? {
                Operand::Number(number) => Some(Operand::Number(-number)),
                Operand::Node(id) => self.unary(Op::Scale(-1.0), id, *span),
            },
            Value::Body(body) => {
                let name = self.current.clone();
                self.lower_body(body, &name)
            }
            Value::Other(Expr::Lit(lit)) => match number::literal(&lit.lit) {
                Some(number) => Some(Operand::Number(number)),
                None => {
                    let help = "help: numbers are plain and finite, as in `0.5 * h`";
                    self.cx.at(lit, format!("expected a value, found `{}`\n{help}", lit.to_token_stream()));
                    None
                }
            },
            Value::Other(Expr::Path(path)) => {
                self.cx.at(path, CONSTANT);
                None
            }
            Value::Other(other) => {
                self.cx.at(other, "expected a value: a name, a call such as `linear(h, 64)`, or a number");
                None
            }
            Value::Opaque(error) => {
                self.cx.push(error.clone());
                None
            }
            Value::Error => None,
        }
    }

    fn lower_call(&mut self, call: &ast::Call) -> Option<Operand> {
        let name = call.function.unraw().to_string();
        if let Some(layer) = keyword::layer_named(&name) {
            let read = self.read_arguments(call, layer);
            return self.lower_layer(&name, &read?, call.function.span());
        }
        let blocks = self.blocks;
        match blocks.by_name.get(&name) {
            Some(Some(block)) => self.lower_block(block, call),
            Some(None) => None,
            None => {
                let mut known: Vec<&str> = keyword::LAYERS.iter().map(|layer| layer.name).collect();
                known.extend(blocks.by_name.keys().map(String::as_str));
                self.cx.at(&call.function, format!("unknown layer `{name}`\n{}", suggest(&name, &known)));
                // Mistakes inside of the arguments are shown in the same compile.
                for argument in &call.arguments {
                    if !matches!(argument.value, Value::Opaque(_) | Value::Other(_) | Value::Name(_)) {
                        self.lower_value(&argument.value);
                    }
                }
                None
            }
        }
    }

    /// What the caller of a block passed for `parameter` is used as a value, and is none.
    fn not_a_value(&mut self, parameter: &Ident, passed: &TokenStream) {
        let known: Vec<&str> = self.scopes[..self.floor]
            .iter()
            .flatten()
            .filter(|bound| matches!(bound.binding, Binding::Value(_)))
            .map(|bound| bound.name.as_str())
            .collect();
        let help = match nearest(&show_tokens(passed), &known) {
            Some(nearest) => format!("help: did you mean `{nearest}`?"),
            None => "help: pass a value or a number".to_owned(),
        };
        self.blame_caller(parameter, "a value", "not a value", &help);
    }

    fn unknown_name(&mut self, name: &Ident) {
        let text = name.unraw().to_string();
        if text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase) {
            self.cx.at(name, CONSTANT);
            return;
        }
        let known: BTreeSet<&str> =
            self.scopes[self.floor..].iter().flatten().map(|bound| bound.name.as_str()).collect();
        let known: Vec<&str> = known.into_iter().collect();
        let help = if known.is_empty() { "help: bind it with `let` first".to_owned() } else { suggest(&text, &known) };
        self.cx.at(name, format!("unknown value `{text}`\n{help}"));
    }

    /// `a.` while a block called in `let a = …` is inlined.
    pub(super) fn name_prefix(&self) -> &str {
        &self.prefix
    }

    /// Compares shapes; see [`Dims::same_shape`].
    pub(super) fn same_shape(
        &mut self,
        got: &[Dim],
        expected: &[Dim],
        span: Span,
        message: impl Fn(String, String) -> String,
    ) -> bool {
        self.dims.same_shape(got, expected, span, self.cx, message)
    }
}

/// The token that stands for a value in a message.
pub(super) fn span_of(value: &Value) -> Span {
    match value {
        Value::Name(name) => name.span(),
        Value::Call(call) => call.function.span(),
        Value::Binary { span, .. } | Value::Negate { span, .. } => *span,
        Value::Body(body) => body.result.as_deref().map_or(body.span, span_of),
        Value::Other(expr) => expr.span(),
        Value::Opaque(error) => error.span(),
        Value::Error => Span::call_site(),
    }
}
