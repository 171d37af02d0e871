//! Blocks are inlined: values and sizes come from the caller, layers are named under the caller's binding.

use super::body::{Binding, Bound, Lowering, Operand};
use crate::ast::{self, Value};
use proc_macro2::{Group, TokenStream, TokenTree};
use syn::ext::IdentExt;

/// Blocks that call blocks, at most this deep.
const LARGEST_NESTING: usize = 32;

impl Lowering<'_, '_> {
    /// Inlines a block: its parameters are the caller's values and sizes, its layers are named under the caller's binding.
    pub(super) fn lower_block(&mut self, block: &ast::Block, call: &ast::Call) -> Option<Operand> {
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
