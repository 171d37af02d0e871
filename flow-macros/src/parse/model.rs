//! Reads a `model` or a `block`.

mod value;

use crate::{
    ast::{Block, Body, Header, Input, InputKind, Model, Shape, Statement, Value},
    error::Errors,
};
use syn::{
    Expr, Ident, Token, braced, bracketed,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream},
    token,
};

use super::skip_past_comma;
use value::parse_value;

/// `(x: [2], t: Time) -> [2] { … }`
pub(crate) fn parse_model(head: Header, input: ParseStream, cx: &mut Errors) -> syn::Result<Model> {
    if !input.peek(token::Paren) {
        let name = &head.name;
        return Err(input.error(format!(
            "expected the inputs of the model\nhelp: write `model {name}(x: [2], t: Time) -> [2] {{ … }}`"
        )));
    }
    let content;
    let parentheses = parenthesized!(content in input);
    let mut inputs = Vec::new();
    while !content.is_empty() {
        let name = content.fork().parse::<Ident>();
        match parse_input(&content) {
            Ok(read) => {
                inputs.push(read);
                if !content.is_empty() {
                    if let Err(error) = content.parse::<Token![,]>() {
                        cx.push(error);
                        skip_past_comma(&content);
                    }
                }
            }
            Err(error) => {
                cx.push(error);
                skip_past_comma(&content);
                inputs.extend(name.ok().map(|name| Input { name, kind: InputKind::Error }));
            }
        }
    }
    let result = match input.parse::<Option<Token![->]>>()? {
        Some(_) => Some(parse_shape(input)?),
        None => None,
    };
    let body = parse_body(input, cx)?;
    Ok(Model { head, inputs, inputs_span: parentheses.span.join(), result, body })
}

/// `(h, width) { … }`
pub(crate) fn parse_block(head: Header, input: ParseStream, cx: &mut Errors) -> syn::Result<Block> {
    if !matches!(head.vis, syn::Visibility::Inherited) {
        cx.at(&head.vis, "a block is inlined where it is called and has no visibility\nhelp: remove this");
    }
    if !input.peek(token::Paren) {
        let name = &head.name;
        return Err(
            input.error(format!("expected the parameters of the block\nhelp: write `block {name}(h, width) {{ … }}`"))
        );
    }
    let content;
    parenthesized!(content in input);
    let mut parameters = Vec::new();
    while !content.is_empty() {
        parameters.push(content.call(Ident::parse_any)?);
        if content.peek(Token![:]) {
            let name = &parameters[parameters.len() - 1];
            return Err(content.error(format!("parameters of a block have no type\nhelp: write `{name}` alone; values and sizes are told apart by what is passed")));
        }
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    let body = parse_body(input, cx)?;
    Ok(Block { name: head.name, parameters, body })
}

/// `x: [2]`, `t: Time`, `y: Class<10>`
fn parse_input(input: ParseStream) -> syn::Result<Input> {
    let name: Ident = input.parse()?;
    input.parse::<Token![:]>().map_err(|error| {
        syn::Error::new(error.span(), format!("expected `: ` and the kind of `{name}`\nhelp: {KINDS}"))
    })?;
    if input.peek(token::Bracket) {
        return Ok(Input { name, kind: InputKind::Tensor(parse_shape(input)?) });
    }
    let kind: Ident = input
        .parse()
        .map_err(|error| syn::Error::new(error.span(), format!("expected the kind of `{name}`\nhelp: {KINDS}")))?;
    let word = kind.to_string();
    match word.as_str() {
        "Time" => Ok(Input { name, kind: InputKind::Time(kind.span()) }),
        "Class" => {
            if !input.peek(Token![<]) {
                return Err(syn::Error::new(
                    kind.span(),
                    "`Class` needs the number of classes\nhelp: write `Class<10>`",
                ));
            }
            input.parse::<Token![<]>()?;
            let classes = parse_generic_expression(input)?;
            input.parse::<Token![>]>()?;
            Ok(Input { name, kind: InputKind::Class(classes) })
        }
        _ => Err(syn::Error::new(
            kind.span(),
            format!(
                "unknown kind of input `{word}`\n{}\nhelp: {KINDS}",
                crate::error::suggest(&word, &["Time", "Class"])
            ),
        )),
    }
}

const KINDS: &str = "`[2]` is a tensor, `Time` the time, `Class<10>` a class label";

/// A const argument: a literal, a path or a block, as in Rust.
fn parse_generic_expression(input: ParseStream) -> syn::Result<Expr> {
    if input.peek(token::Brace) {
        return input.parse::<syn::ExprBlock>().map(Expr::Block);
    }
    if input.peek(syn::Lit) {
        return input.parse::<syn::ExprLit>().map(Expr::Lit);
    }
    input.parse::<syn::ExprPath>().map(Expr::Path)
}

/// `[2]`, `[1, 28, 28]`
pub(crate) fn parse_shape(input: ParseStream) -> syn::Result<Shape> {
    if !input.peek(token::Bracket) {
        return Err(input.error("expected a shape such as `[2]` or `[1, 28, 28]`"));
    }
    let content;
    let brackets = bracketed!(content in input);
    let dims = content.parse_terminated(Expr::parse, Token![,])?;
    Ok(Shape { dims: dims.into_iter().collect(), span: brackets.span.join() })
}

/// `{ statements result }`; a statement that cannot be read is recorded and skipped up to its `;`.
fn parse_body(input: ParseStream, cx: &mut Errors) -> syn::Result<Body> {
    if !input.peek(token::Brace) {
        return Err(input.error("expected a body `{ … }`"));
    }
    let content;
    let braces = braced!(content in input);
    let mut body = Body { statements: Vec::new(), result: None, span: braces.span.close() };
    while !content.is_empty() {
        if let Err(error) = parse_statement(&content, &mut body, cx) {
            cx.push(error);
            skip_statement(&content);
            body.result.get_or_insert_with(|| Box::new(Value::Error));
        }
    }
    Ok(body)
}

fn parse_statement(input: ParseStream, body: &mut Body, cx: &mut Errors) -> syn::Result<()> {
    if input.peek(Token![let]) {
        input.parse::<Token![let]>()?;
        let mutable = input.parse::<Option<Token![mut]>>()?.is_some();
        let name: Ident =
            input.parse().map_err(|error| syn::Error::new(error.span(), "expected a name after `let`"))?;
        if input.peek(Token![:]) {
            return Err(input.error(format!("shapes are inferred\nhelp: write `let {name} = …;`")));
        }
        let value = parse_bound_value(input, cx);
        body.statements.push(Statement::Let { name, mutable, value });
        return Ok(());
    }
    if input.peek(Token![for]) {
        body.statements.push(parse_for(input, cx)?);
        return Ok(());
    }
    for (keyword, word) in [
        (input.peek(Token![if]), "if"),
        (input.peek(Token![while]), "while"),
        (input.peek(Token![match]), "match"),
        (input.peek(Token![loop]), "loop"),
        (input.peek(Token![return]), "return"),
    ] {
        if keyword {
            return Err(input.error(format!("`{word}` is not part of a model's body\nhelp: a body is `let` bindings, assignments, `for _ in 0..N {{ … }}` and a final value")));
        }
    }
    if input.peek(Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) {
        let name: Ident = input.parse()?;
        let value = parse_bound_value(input, cx);
        body.statements.push(Statement::Assign { name, value });
        return Ok(());
    }
    let start = input.span();
    let value = parse_value(input, cx)?;
    if input.peek(Token![;]) {
        input.parse::<Token![;]>()?;
        let help = if input.is_empty() { "remove the `;` to make it the result" } else { "bind it with `let`" };
        cx.span(start, format!("the value of this statement is not used\nhelp: {help}"));
        if input.is_empty() {
            body.result = Some(Box::new(value));
        }
        return Ok(());
    }
    if !input.is_empty() {
        return Err(input.error("expected `;`, an operator `+`, `-`, `*`, or the end of the body"));
    }
    body.result = Some(Box::new(value));
    Ok(())
}

/// `= value;`. The name stays bound when its value cannot be read, so that its uses are not errors too.
fn parse_bound_value(input: ParseStream, cx: &mut Errors) -> Value {
    let read = |input: ParseStream, cx: &mut Errors| {
        input.parse::<Token![=]>()?;
        let value = parse_value(input, cx)?;
        end_statement(input)?;
        Ok(value)
    };
    read(input, cx).unwrap_or_else(|error: syn::Error| {
        cx.push(error);
        skip_statement(input);
        Value::Error
    })
}

fn end_statement(input: ParseStream) -> syn::Result<()> {
    input
        .parse::<Token![;]>()
        .map(|_| ())
        .map_err(|error| syn::Error::new(error.span(), "expected `;`, or an operator `+`, `-`, `*`"))
}

/// `for _ in 0..4 { … }`
fn parse_for(input: ParseStream, cx: &mut Errors) -> syn::Result<Statement> {
    input.parse::<Token![for]>()?;
    if input.peek(Token![_]) {
        input.parse::<Token![_]>()?;
    } else {
        let name: Ident = input.parse()?;
        if !name.to_string().starts_with('_') {
            cx.at(&name, format!("a loop of a model has no index\nhelp: write `_` in place of `{name}`"));
        }
    }
    input.parse::<Token![in]>()?;
    let range = Expr::parse_without_eager_brace(input)?;
    let Expr::Range(syn::ExprRange { start: Some(start), limits, end: Some(end), .. }) = range else {
        return Err(syn::Error::new_spanned(range, "expected a range\nhelp: write `for _ in 0..4 { … }`"));
    };
    let inclusive = matches!(limits, syn::RangeLimits::Closed(_));
    let body = parse_body(input, cx)?;
    Ok(Statement::For { start: *start, end: *end, inclusive, body })
}

/// Goes on behind the next `;` of this level.
fn skip_statement(input: ParseStream) {
    while !input.is_empty() {
        if input.parse::<Option<Token![;]>>().ok().flatten().is_some() {
            return;
        }
        let _ = input.parse::<proc_macro2::TokenTree>();
    }
}
