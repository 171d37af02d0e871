//! Blocks are inlined: values and sizes come from the caller, layers are named under the caller's binding.

use super::{
    arguments::plural,
    body::{Binding, Bound, Lowering, Operand},
};
use crate::{
    ast::{self, Value},
    keyword::layer_named,
};
use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};
use syn::ext::IdentExt;

/// Blocks that call blocks, at most this deep.
const LARGEST_NESTING: usize = 32;

impl Lowering<'_, '_> {
    /// Inlines a block: its parameters are the caller's values and sizes, its layers are named under the caller's binding.
    pub(super) fn lower_block(&mut self, block: &ast::Block, call: &ast::Call) -> Option<Operand> {
        let name = block.name.unraw().to_string();
        self.blocks.called.borrow_mut().insert(name.clone());
        if let Some((key, _)) = call.options.first() {
            self.cx.at(key, format!("the block `{name}` has no options\nhelp: pass its parameters in order"));
            return None;
        }
        if call.arguments.len() != block.parameters.len() {
            let parameters: Vec<_> = block.parameters.iter().map(ToString::to_string).collect();
            self.cx.at(
                &call.function,
                format!(
                    "the block `{name}` takes {} argument{}, found {}\nhelp: write `{name}({})`",
                    block.parameters.len(),
                    plural(block.parameters.len()),
                    call.arguments.len(),
                    parameters.join(", ")
                ),
            );
            return None;
        }
        if self.calls.contains(&name) {
            self.cx.at(&call.function, format!("the block `{name}` calls itself\nhelp: a block is inlined where it is called, so it cannot recur; use `for _ in 0..N {{ … }}`"));
            return None;
        }
        if self.calls.len() >= LARGEST_NESTING {
            let help = "help: call fewer blocks from blocks";
            self.cx.at(&call.function, format!("blocks call blocks more than {LARGEST_NESTING} deep\n{help}"));
            return None;
        }
        if !self.keeps_size(&call.function, "blocks multiply where they call one another; call fewer") {
            return None;
        }
        let mut scope = Vec::new();
        let before = self.cx.len();
        for (parameter, argument) in block.parameters.iter().zip(&call.arguments) {
            let binding = self.block_argument(argument);
            let passed = Some(argument.tokens.clone());
            scope.push(Bound { name: parameter.unraw().to_string(), binding, mutable: false, passed });
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
            value if matches!(value, Value::Opaque(_)) || self.is_constant(&argument.tokens) => {
                Binding::Tokens(self.substitute_sizes(argument.tokens.clone()))
            }
            value => match self.lower_value(value) {
                Some(operand) => Binding::Value(operand),
                None => Binding::Poison,
            },
        }
    }

    /// Numbers, constants and calls of `const` functions: what neither names a value nor calls a layer.
    fn is_constant(&self, tokens: &TokenStream) -> bool {
        let calls_layer = names(tokens).iter().any(|name| {
            let text = name.unraw().to_string();
            layer_named(&text).is_some() || self.blocks.by_name.contains_key(&text)
        });
        !calls_layer && self.value_in(tokens).is_none()
    }

    /// The first name among the tokens that stands for a value.
    pub(super) fn value_in(&self, tokens: &TokenStream) -> Option<(Ident, Binding)> {
        names(tokens).into_iter().find_map(|name| match self.binding(&name) {
            Some(binding @ (Binding::Value(_) | Binding::Poison)) => Some((name, binding)),
            _ => None,
        })
    }

    /// Replaces names that stand for sizes by what a block's caller passed, in parentheses.
    pub(super) fn substitute_sizes(&self, tokens: TokenStream) -> TokenStream {
        let mut path = PathWatch::default();
        let mut rest = tokens.into_iter().peekable();
        let mut out = TokenStream::new();
        while let Some(tree) = rest.next() {
            let bare = path.is_name(&tree, rest.peek());
            match tree {
                TokenTree::Ident(ident) => match self.binding(&ident) {
                    Some(Binding::Tokens(tokens)) if bare => match tokens.clone().into_iter().count() {
                        1 => out.extend(tokens),
                        _ => out.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, tokens))]),
                    },
                    _ => out.extend([TokenTree::Ident(ident)]),
                },
                TokenTree::Group(group) => {
                    let mut inner = Group::new(group.delimiter(), self.substitute_sizes(group.stream()));
                    inner.set_span(group.span());
                    out.extend([TokenTree::Group(inner)]);
                }
                other => out.extend([other]),
            }
        }
        out
    }
}

/// Tells a name from a segment of a path, a method or a field.
#[derive(Default)]
struct PathWatch {
    /// The token before was a `:` or a `.`, but not one of a range.
    inside: bool,
    dots: usize,
}

impl PathWatch {
    fn is_name(&mut self, tree: &TokenTree, next: Option<&TokenTree>) -> bool {
        let punct = |tree: Option<&TokenTree>| match tree {
            Some(TokenTree::Punct(punct)) => Some((punct.as_char(), punct.spacing())),
            _ => None,
        };
        let name =
            matches!(tree, TokenTree::Ident(_)) && !self.inside && !matches!(punct(next), Some((':', Spacing::Joint)));
        let symbol = punct(Some(tree)).map(|(symbol, _)| symbol);
        self.dots = if symbol == Some('.') { self.dots + 1 } else { 0 };
        self.inside = symbol == Some(':') || self.dots == 1;
        name
    }
}

/// The identifiers that may stand for a value or a size, in order.
fn names(tokens: &TokenStream) -> Vec<Ident> {
    let mut path = PathWatch::default();
    let mut rest = tokens.clone().into_iter().peekable();
    let mut all = Vec::new();
    while let Some(tree) = rest.next() {
        let bare = path.is_name(&tree, rest.peek());
        match tree {
            TokenTree::Ident(ident) if bare => all.push(ident),
            TokenTree::Group(group) => all.extend(names(&group.stream())),
            _ => {}
        }
    }
    all
}
