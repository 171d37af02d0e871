//! Walks a body: scopes, assignments, unrolled loops, inlined blocks, operators.

use super::{
    Blocks,
    arguments::literal_number,
    dim::{Dims, Literal, literal, show_shape},
};
use crate::{
    ast::{self, BinaryOp, Body, Statement, Value},
    error::{Errors, suggest},
    ir::{self, Assertion, Dim, Node, Op, Parameter},
    keyword,
};
use proc_macro2::{Group, Span, TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::{Expr, Ident, ext::IdentExt, spanned::Spanned};

/// More nodes than this were not meant: a loop count with too many zeros.
const LARGEST_PROGRAM: usize = 10_000;

/// Blocks that call blocks, at most this deep.
const LARGEST_NESTING: usize = 32;

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

struct Bound {
    name: String,
    binding: Binding,
    mutable: bool,
}

/// The state of lowering one model.
pub(super) struct Lowering<'a, 'e> {
    pub(super) cx: &'e mut Errors,
    pub(super) dims: Dims,
    pub(super) nodes: Vec<Node>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) inputs: Vec<ir::Input>,
    pub(super) result_span: Span,
    blocks: &'a Blocks<'a>,
    scopes: Vec<Vec<Bound>>,
    /// Scopes below this one belong to a caller and cannot be seen.
    floor: usize,
    calls: Vec<String>,
    /// `a.` inside of a block that was called in `let a = …`.
    prefix: String,
    /// The binding whose value is being lowered.
    pub(super) current: String,
    pub(super) taken: BTreeSet<String>,
    too_large: bool,
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
            too_large: false,
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
            scope.push(Bound { name, binding, mutable });
        }
    }

    /// What a name stands for here, the innermost and latest first, as in Rust.
    pub(super) fn binding(&self, name: &Ident) -> Option<Binding> {
        let name = name.unraw().to_string();
        self.scopes[self.floor..]
            .iter()
            .rev()
            .flat_map(|scope| scope.iter().rev())
            .find(|bound| bound.name == name)
            .map(|bound| bound.binding.clone())
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
    fn lower_body(&mut self, body: &Body, result: &str) -> Option<Operand> {
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

    fn lower_statement(&mut self, statement: &Statement) {
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
                if let Operand::Node(id) = operand {
                    if id >= before && self.nodes[id].name.is_empty() {
                        self.nodes[id].name = format!("{}{text}", self.prefix);
                    }
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

    fn lower_for(&mut self, start: &Expr, end: &Expr, inclusive: bool, body: &Body) {
        let bound = |lowering: &mut Self, expr: &Expr| {
            let tokens = lowering.substitute_sizes(quote::ToTokens::to_token_stream(expr));
            match syn::parse2::<Expr>(tokens).map(|expr| literal(&expr)) {
                Ok(Literal::Value(value)) => Some(value),
                _ => {
                    lowering.cx.at(expr, "the bounds of a loop are integer literals\nhelp: the loop is unrolled when the model is expanded, before constants have values");
                    None
                }
            }
        };
        let (start, last) = (bound(self, start), bound(self, end));
        let (Some(start), Some(last)) = (start, last) else { return };
        let count = (last + usize::from(inclusive)).saturating_sub(start);
        if count == 0 {
            self.cx.at(end, "this loop runs zero times\nhelp: remove it, or count from `0..1` up");
            return;
        }
        if let Some(value) = &body.result {
            self.cx.span(
                span_of(value),
                "the value at the end of this loop's body is not used\nhelp: assign it, as in `h = …;`",
            );
            return;
        }
        let before = self.cx.len();
        for _ in 0..count {
            self.scopes.push(Vec::new());
            for statement in &body.statements {
                self.lower_statement(statement);
            }
            self.scopes.pop();
            // One turn shows every mistake; the others would repeat it.
            if self.cx.len() > before || self.too_large {
                return;
            }
            if self.nodes.len() > LARGEST_PROGRAM {
                self.too_large = true;
                self.cx.at(end, format!("the model has more than {LARGEST_PROGRAM} operations\nhelp: this loop unrolls {count} times; use a smaller count"));
                return;
            }
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
                Some(Binding::Tokens(tokens)) => match super::arguments::number(&tokens) {
                    Some(number) => Some(Operand::Number(number)),
                    None => {
                        self.cx.at(name, format!("`{name}` is `{tokens}` here, which is not a value"));
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
            Value::Other(Expr::Lit(lit)) => match literal_number(&lit.lit).filter(|value| value.is_finite()) {
                Some(number) => Some(Operand::Number(number)),
                None => {
                    self.cx.at(lit, "expected a value or a number");
                    None
                }
            },
            Value::Other(Expr::Path(path)) => {
                self.cx.at(path, "a constant is not a value\nhelp: numbers that scale or shift a value are literals, as in `0.5 * h`");
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

    fn lower_binary(&mut self, op: BinaryOp, span: Span, a: Operand, b: Operand) -> Option<Operand> {
        for operand in [a, b] {
            if let Operand::Node(id) = operand {
                if self.is_class(id) {
                    let name = self.nodes[id].name.clone();
                    self.cx.span(
                        span,
                        format!(
                            "`{name}` is a class label, not a value\nhelp: look it up with `embedding({name}, 16)`"
                        ),
                    );
                    return None;
                }
            }
        }
        match (op, a, b) {
            (BinaryOp::Add, Operand::Number(a), Operand::Number(b)) => Some(Operand::Number(a + b)),
            (BinaryOp::Sub, Operand::Number(a), Operand::Number(b)) => Some(Operand::Number(a - b)),
            (BinaryOp::Mul, Operand::Number(a), Operand::Number(b)) => Some(Operand::Number(a * b)),
            (BinaryOp::Add, Operand::Node(id), Operand::Number(number))
            | (BinaryOp::Add, Operand::Number(number), Operand::Node(id)) => self.unary(Op::Shift(number), id, span),
            (BinaryOp::Mul, Operand::Node(id), Operand::Number(number))
            | (BinaryOp::Mul, Operand::Number(number), Operand::Node(id)) => self.unary(Op::Scale(number), id, span),
            (BinaryOp::Sub, Operand::Node(id), Operand::Number(number)) => self.unary(Op::Shift(-number), id, span),
            (BinaryOp::Sub, Operand::Number(number), Operand::Node(id)) => {
                let Operand::Node(negated) = self.unary(Op::Scale(-1.0), id, span)? else { return None };
                self.unary(Op::Shift(number), negated, span)
            }
            (_, Operand::Node(a), Operand::Node(b)) => {
                let (left, right) = (self.nodes[a].shape.clone(), self.nodes[b].shape.clone());
                let sign = match op {
                    BinaryOp::Add => '+',
                    BinaryOp::Sub => '-',
                    BinaryOp::Mul => '*',
                };
                let same = self.same_shape(&left, &right, span, |left, right| {
                    format!("`{sign}` needs equal shapes, found {left} and {right}\nhelp: bring one to the other's shape, as with `linear`")
                });
                if !same {
                    return None;
                }
                let op = match op {
                    BinaryOp::Add => Op::Add,
                    BinaryOp::Sub => Op::Sub,
                    BinaryOp::Mul => Op::Mul,
                };
                // A known dimension says more than a constant's name.
                let shape = left
                    .iter()
                    .zip(&right)
                    .map(|(l, r)| if matches!(l, Dim::Known(_)) { l.clone() } else { r.clone() })
                    .collect();
                Some(self.node(op, vec![a, b], shape, Vec::new(), String::new(), span))
            }
        }
    }

    fn lower_call(&mut self, call: &ast::Call) -> Option<Operand> {
        let name = call.function.to_string();
        if let Some(layer) = keyword::layer_named(&name) {
            let read = self.read_arguments(call, layer);
            return self.lower_layer(&name, &read?, call.function.span());
        }
        match self.blocks.get(&name) {
            Some(block) => self.lower_block(block, call),
            None => {
                let mut known: Vec<&str> = keyword::LAYERS.iter().map(|layer| layer.name).collect();
                known.extend(self.blocks.keys().map(String::as_str));
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

    /// Inlines a block: its parameters are the caller's values and sizes, its layers are named under the caller's binding.
    fn lower_block(&mut self, block: &ast::Block, call: &ast::Call) -> Option<Operand> {
        let name = block.name.to_string();
        if let Some((key, _)) = call.options.first() {
            self.cx.at(key, format!("the block `{name}` has no options\nhelp: pass its parameters in order"));
            return None;
        }
        if call.arguments.len() != block.parameters.len() {
            let parameters: Vec<_> = block.parameters.iter().map(ToString::to_string).collect();
            self.cx.at(
                &call.function,
                format!(
                    "the block `{name}` takes {} arguments, found {}\nhelp: write `{name}({})`",
                    block.parameters.len(),
                    call.arguments.len(),
                    parameters.join(", ")
                ),
            );
            return None;
        }
        if self.calls.contains(&name) || self.calls.len() >= LARGEST_NESTING {
            self.cx.at(&call.function, format!("the block `{name}` calls itself\nhelp: a block is inlined where it is called, so it cannot recur; use `for _ in 0..N {{ … }}`"));
            return None;
        }
        let mut scope = Vec::new();
        let before = self.cx.len();
        for (parameter, argument) in block.parameters.iter().zip(&call.arguments) {
            let binding = self.block_argument(argument);
            scope.push(Bound { name: parameter.unraw().to_string(), binding, mutable: false });
        }
        if self.cx.len() > before {
            return None;
        }
        let prefix = format!("{}{}.", self.prefix, self.current);
        let prefix = self.unique_prefix(prefix);
        let outer_prefix = std::mem::replace(&mut self.prefix, prefix);
        let outer_floor = std::mem::replace(&mut self.floor, self.scopes.len());
        let outer_span = self.result_span;
        self.scopes.push(scope);
        self.calls.push(name);
        let value = self.lower_body(&block.body, "out");
        self.calls.pop();
        self.scopes.pop();
        self.floor = outer_floor;
        self.prefix = outer_prefix;
        self.result_span = outer_span;
        value
    }

    fn block_argument(&mut self, argument: &ast::Argument) -> Binding {
        match &argument.value {
            // A name that is bound is what it is bound to; another is a constant.
            Value::Name(name) => match self.binding(name) {
                Some(binding) => binding,
                None => Binding::Tokens(argument.tokens.clone()),
            },
            Value::Other(_) | Value::Opaque(_) => Binding::Tokens(self.substitute_sizes(argument.tokens.clone())),
            value if is_constant(value, self) => Binding::Tokens(self.substitute_sizes(argument.tokens.clone())),
            value => match self.lower_value(value) {
                Some(operand) => Binding::Value(operand),
                None => Binding::Poison,
            },
        }
    }

    /// Replaces names that stand for sizes by what a block's caller passed, in parentheses.
    pub(super) fn substitute_sizes(&self, tokens: TokenStream) -> TokenStream {
        tokens
            .into_iter()
            .map(|tree| match tree {
                TokenTree::Ident(ident) => match self.binding(&ident) {
                    Some(Binding::Tokens(tokens)) => match tokens.clone().into_iter().count() {
                        1 => tokens,
                        _ => TokenTree::Group(Group::new(proc_macro2::Delimiter::Parenthesis, tokens)).into(),
                    },
                    _ => TokenTree::Ident(ident).into(),
                },
                TokenTree::Group(group) => {
                    let mut inner = Group::new(group.delimiter(), self.substitute_sizes(group.stream()));
                    inner.set_span(group.span());
                    TokenTree::Group(inner).into()
                }
                other => TokenStream::from(other),
            })
            .collect()
    }

    fn unknown_name(&mut self, name: &Ident) {
        let text = name.unraw().to_string();
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

    /// A layer or an input that does not reach the result is a mistake, or a leftover.
    pub(super) fn check_everything_is_used(&mut self, output: usize, written: &[ast::Input]) {
        let mut used = vec![false; self.nodes.len()];
        used[output] = true;
        for id in (0..self.nodes.len()).rev() {
            if used[id] {
                for &input in &self.nodes[id].inputs {
                    used[input] = true;
                }
            }
        }
        for (index, input) in written.iter().enumerate() {
            let name = input.name.to_string();
            if !used[index] && !name.starts_with('_') {
                self.cx.at(&input.name, format!("the input `{name}` does not reach the result\nhelp: use it, remove it, or call it `_{name}` if that is intended"));
            }
        }
        // Only the last of a chain of unused operations is named: mending it mends the others.
        let mut consumed = vec![false; self.nodes.len()];
        for node in &self.nodes {
            for &input in &node.inputs {
                consumed[input] = true;
            }
        }
        for id in written.len()..self.nodes.len() {
            if !used[id] && !consumed[id] {
                let node = &self.nodes[id];
                let shape = show_shape(&node.shape);
                self.cx.span(
                    node.span,
                    format!("this value of shape {shape} does not reach the result\nhelp: use it or remove it"),
                );
            }
        }
    }
}

/// An argument of a block made of numbers and unbound names is a size, such as `WIDTH * 2`.
fn is_constant(value: &Value, lowering: &Lowering) -> bool {
    match value {
        Value::Name(name) => !matches!(lowering.binding(name), Some(Binding::Value(_) | Binding::Poison)),
        Value::Other(_) | Value::Opaque(_) => true,
        Value::Binary { left, right, .. } => is_constant(left, lowering) && is_constant(right, lowering),
        Value::Negate { value, .. } => is_constant(value, lowering),
        Value::Call(_) | Value::Body(_) | Value::Error => false,
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
