//! Reads the expressions of a body: `+ - *` over calls, names, numbers and blocks.

use crate::{
    ast::{Argument, BinaryOp, Call, Value},
    error::Errors,
};
use proc_macro2::TokenStream;
use syn::{
    Expr, Ident, Token, Type, parenthesized,
    parse::{ParseStream, discouraged::Speculative},
    token,
};

/// How deep expressions may nest; what is deeper was not written by hand and would exhaust the stack.
const DEPTH: usize = 64;

pub(super) fn check_depth(input: ParseStream, depth: usize) -> syn::Result<()> {
    if depth > DEPTH {
        return Err(input.error("this expression nests too deeply\nhelp: bind parts of it with `let`"));
    }
    Ok(())
}

pub(super) fn parse_value(input: ParseStream, cx: &mut Errors, depth: usize) -> syn::Result<Value> {
    check_depth(input, depth)?;
    let mut left = parse_product(input, cx, depth)?;
    loop {
        let (op, span) = if input.peek(Token![+]) {
            (BinaryOp::Add, input.parse::<Token![+]>()?.span)
        } else if input.peek(Token![-]) {
            (BinaryOp::Sub, input.parse::<Token![-]>()?.span)
        } else {
            return Ok(left);
        };
        let right = parse_product(input, cx, depth)?;
        left = Value::Binary { op, span, left: Box::new(left), right: Box::new(right) };
    }
}

fn parse_product(input: ParseStream, cx: &mut Errors, depth: usize) -> syn::Result<Value> {
    let mut left = parse_unary(input, cx, depth)?;
    loop {
        if input.peek(Token![/]) || input.peek(Token![%]) {
            return Err(input.error(
                "values are combined with `+`, `-` and `*` only\nhelp: multiply by the inverse, as in `0.5 * h`",
            ));
        }
        if !input.peek(Token![*]) {
            return Ok(left);
        }
        let span = input.parse::<Token![*]>()?.span;
        let right = parse_unary(input, cx, depth)?;
        left = Value::Binary { op: BinaryOp::Mul, span, left: Box::new(left), right: Box::new(right) };
    }
}

fn parse_unary(input: ParseStream, cx: &mut Errors, depth: usize) -> syn::Result<Value> {
    if input.peek(Token![-]) {
        let span = input.parse::<Token![-]>()?.span;
        check_depth(input, depth)?;
        let value = parse_unary(input, cx, depth + 1)?;
        return Ok(Value::Negate { span, value: Box::new(value) });
    }
    let value = parse_primary(input, cx, depth)?;
    if input.peek(Token![.]) {
        return Err(
            input.error("a body has no methods or fields\nhelp: layers are called as functions, as in `relu(h)`")
        );
    }
    Ok(value)
}

fn parse_primary(input: ParseStream, cx: &mut Errors, depth: usize) -> syn::Result<Value> {
    if input.peek(token::Brace) {
        return Ok(Value::Body(super::parse_body(input, cx, depth + 1)?));
    }
    if input.peek(token::Paren) {
        let content;
        parenthesized!(content in input);
        let value = parse_value(&content, cx, depth + 1)?;
        if content.is_empty() {
            return Ok(value);
        }
        let help = if content.peek(Token![,]) { "\nhelp: values are joined with `concat(a, b)`" } else { "" };
        return Err(content.error(format!("expected an operator `+`, `-`, `*` or `)`{help}")));
    }
    if input.peek(syn::Lit) {
        return Ok(Value::Other(Expr::Lit(input.parse()?)));
    }
    if input.peek(token::Bracket) {
        return Ok(Value::Other(Expr::Array(input.parse()?)));
    }
    if input.peek(Ident) && input.peek2(token::Paren) {
        return Ok(Value::Call(parse_call(input, cx, depth)?));
    }
    if input.peek(Ident) && !input.peek2(Token![::]) {
        return Ok(Value::Name(input.parse()?));
    }
    if input.peek(Ident)
        || input.peek(Token![::])
        || input.peek(Token![self])
        || input.peek(Token![crate])
        || input.peek(Token![super])
    {
        let path: syn::ExprPath = input.parse()?;
        if input.peek(token::Paren) {
            return Err(syn::Error::new_spanned(
                path,
                "a layer is called by its name alone\nhelp: write `linear(h, 64)`",
            ));
        }
        return Ok(Value::Other(Expr::Path(path)));
    }
    Err(input.error("expected a value: a name, a call such as `linear(h, 64)`, or a number"))
}

/// `linear(h, 64, bias = false)`
fn parse_call(input: ParseStream, cx: &mut Errors, depth: usize) -> syn::Result<Call> {
    let function: Ident = input.parse()?;
    let content;
    parenthesized!(content in input);
    let mut call = Call { function, arguments: Vec::new(), options: Vec::new() };
    while !content.is_empty() {
        if content.peek(Ident) && content.peek2(Token![=]) && !content.peek2(Token![==]) {
            let key: Ident = content.parse()?;
            content.parse::<Token![=]>()?;
            call.options.push((key, parse_argument(&content, cx, depth + 1)?));
        } else {
            let argument = parse_argument(&content, cx, depth + 1)?;
            if let Some((key, _)) = call.options.first() {
                cx.at(&argument.tokens, format!("arguments without a name stand before `{key} = …`"));
            }
            call.arguments.push(argument);
        }
        if !content.is_empty() {
            content
                .parse::<Token![,]>()
                .map_err(|error| syn::Error::new(error.span(), "expected `,`, an operator `+`, `-`, `*`, or `)`"))?;
        }
    }
    Ok(call)
}

/// A value if it reads as one up to the comma, else a type, else a const expression.
fn parse_argument(input: ParseStream, cx: &mut Errors, depth: usize) -> syn::Result<Argument> {
    let start = input.cursor();
    let tokens = |input: ParseStream| {
        let mut tokens = TokenStream::new();
        let mut cursor = start;
        while cursor != input.cursor() {
            let Some((tree, next)) = cursor.token_tree() else { break };
            tokens.extend([tree]);
            cursor = next;
        }
        tokens
    };
    let fork = input.fork();
    let mut local = Errors::default();
    let error = match parse_value(&fork, &mut local, depth) {
        Ok(value) if fork.is_empty() || fork.peek(Token![,]) => {
            input.advance_to(&fork);
            if let Err(error) = local.finish() {
                cx.push(error);
            }
            return Ok(Argument { value, tokens: tokens(input) });
        }
        Ok(_) => fork.error("expected `,`, an operator `+`, `-`, `*`, or `)`"),
        Err(error) => error,
    };
    let _ = local.finish();
    // A type first: as an expression `Module<3, 4>` would end at its comma.
    for read in
        [|fork: ParseStream| fork.parse::<Type>().map(|_| ()), |fork: ParseStream| fork.parse::<Expr>().map(|_| ())]
    {
        let fork = input.fork();
        if read(&fork).is_ok() && (fork.is_empty() || fork.peek(Token![,])) {
            input.advance_to(&fork);
            return Ok(Argument { value: Value::Opaque(error), tokens: tokens(input) });
        }
    }
    Err(error)
}
