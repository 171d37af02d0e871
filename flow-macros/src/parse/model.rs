//! Reads a `model` or a `block`.

mod value;

use crate::{
    ast::{BinaryOp, Block, Body, Header, Input, InputKind, Model, Shape, Statement, Value},
    error::Errors,
};
use syn::{
    Expr, Ident, Token, braced, bracketed, parenthesized,
    parse::{Parse, ParseStream},
    token,
};

use super::{refuse_attributes, skip_past_comma};
use value::parse_value;

/// `(x: [2], t: Time) -> [2] { … }`
pub(crate) fn parse_model(head: Header, input: ParseStream, cx: &mut Errors) -> syn::Result<Model> {
    if input.peek(Token![<]) {
        return Err(
            input.error("a model has no generics\nhelp: dimensions may be constants in scope, as in `x: [DIM]`")
        );
    }
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
        refuse_attributes(&content, cx);
        let name = content.fork().parse::<Ident>();
        match parse_input(&content) {
            Ok(read) => {
                inputs.push(read);
                if !content.is_empty()
                    && let Err(error) = content.parse::<Token![,]>()
                {
                    cx.span(error.span(), "expected `,` or `)`");
                    if !(content.peek(Ident) && content.peek2(Token![:])) {
                        skip_past_comma(&content);
                    }
                }
            }
            Err(error) => {
                cx.push(error);
                skip_past_comma(&content);
                let name = name.unwrap_or_else(|_| Ident::new("_unread", parentheses.span.join()));
                inputs.push(Input { name, kind: InputKind::Error });
            }
        }
    }
    let result = match input.parse::<Option<Token![->]>>()? {
        Some(_) => Some(parse_shape(input)?),
        None => None,
    };
    let body = parse_body(input, cx, 0)?;
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
        refuse_attributes(&content, cx);
        parameters.push(content.parse::<Ident>().map_err(|error| {
            syn::Error::new(error.span(), "expected the name of a parameter\nhelp: write `block name(h, width) { … }`")
        })?);
        if content.peek(Token![:]) {
            let name = &parameters[parameters.len() - 1];
            return Err(content.error(format!("parameters of a block have no type\nhelp: write `{name}` alone; values and sizes are told apart by what is passed")));
        }
        if !content.is_empty() {
            content.parse::<Token![,]>().map_err(|error| syn::Error::new(error.span(), "expected `,` or `)`"))?;
        }
    }
    if input.peek(Token![->]) {
        return Err(input.error("a block has no result type\nhelp: remove this; its shape follows from its arguments"));
    }
    let body = parse_body(input, cx, 0)?;
    Ok(Block { name: head.name, parameters, body })
}

/// `x: [2]`, `t: Time`, `y: Class<10>`
fn parse_input(input: ParseStream) -> syn::Result<Input> {
    let name: Ident = input
        .parse()
        .map_err(|error| syn::Error::new(error.span(), format!("expected the name of an input\nhelp: {KINDS}")))?;
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
            let wrong = |error: syn::Error| {
                let help = "help: write `Class<10>`, `Class<CLASSES>` or `Class<{ 2 * CLASSES }>`";
                syn::Error::new(error.span(), format!("expected the number of classes\n{help}"))
            };
            let classes = parse_generic_expression(input).map_err(wrong)?;
            input.parse::<Token![>]>().map_err(wrong)?;
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
    let dims = content.parse_terminated(Expr::parse, Token![,]).map_err(|error| {
        syn::Error::new(
            error.span(),
            "expected a shape such as `[2]` or `[1, 28, 28]`, its dimensions separated by `,`",
        )
    })?;
    Ok(Shape { dims: dims.into_iter().collect(), span: brackets.span.join() })
}

/// `{ statements result }`; a statement that cannot be read is recorded and skipped up to its `;`.
fn parse_body(input: ParseStream, cx: &mut Errors, depth: usize) -> syn::Result<Body> {
    if !input.peek(token::Brace) {
        return Err(input.error("expected a body `{ … }`"));
    }
    value::check_depth(input, depth)?;
    let content;
    let braces = braced!(content in input);
    let mut body = Body { statements: Vec::new(), result: None, span: braces.span.close() };
    while !content.is_empty() {
        refuse_attributes(&content, cx);
        if let Err(error) = parse_statement(&content, &mut body, cx, depth) {
            cx.push(error);
            skip_statement(&content);
            body.result.get_or_insert_with(|| Box::new(Value::Error));
        }
    }
    // A statement that swallowed the rest of the body swallowed its result.
    if let (None, Some(Statement::Let { value: Value::Error, .. } | Statement::Assign { value: Value::Error, .. })) =
        (&body.result, body.statements.last())
    {
        body.result = Some(Box::new(Value::Error));
    }
    Ok(body)
}

fn parse_statement(input: ParseStream, body: &mut Body, cx: &mut Errors, depth: usize) -> syn::Result<()> {
    if input.peek(Token![let]) {
        input.parse::<Token![let]>()?;
        let mutable = input.parse::<Option<Token![mut]>>()?.is_some();
        let name: Ident = input.parse().map_err(|error| {
            syn::Error::new(error.span(), "expected a name after `let`\nhelp: write `let h = …;`, one name at a time")
        })?;
        let value = if input.peek(Token![:]) {
            cx.span(input.span(), format!("shapes are inferred\nhelp: write `let {name} = …;`"));
            skip_statement(input);
            Value::Error
        } else if let Err(error) = input.parse::<Token![=]>() {
            cx.span(error.span(), format!("expected `=`\nhelp: write `let {name} = …;`"));
            skip_statement(input);
            Value::Error
        } else {
            parse_bound_value(input, cx, depth)
        };
        body.statements.push(Statement::Let { name, mutable, value });
        return Ok(());
    }
    if input.peek(Token![for]) {
        body.statements.push(parse_for(input, cx, depth)?);
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
        input.parse::<Token![=]>()?;
        let value = parse_bound_value(input, cx, depth);
        body.statements.push(Statement::Assign { name, value });
        return Ok(());
    }
    if let Some(op) = compound_assignment(input) {
        let name: Ident = input.parse()?;
        let span = input.span();
        input.parse::<syn::BinOp>()?;
        let left = Box::new(Value::Name(name.clone()));
        let right = Box::new(parse_bound_value(input, cx, depth));
        body.statements.push(Statement::Assign { name, value: Value::Binary { op, span, left, right } });
        return Ok(());
    }
    let start = input.span();
    let value = parse_value(input, cx, depth)?;
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

/// Whether `h += …`, `h -= …` or `h *= …` comes next.
fn compound_assignment(input: ParseStream) -> Option<BinaryOp> {
    let is = |found: bool, op| (input.peek(Ident) && found).then_some(op);
    is(input.peek2(Token![+=]), BinaryOp::Add)
        .or(is(input.peek2(Token![-=]), BinaryOp::Sub))
        .or(is(input.peek2(Token![*=]), BinaryOp::Mul))
}

/// `value;` behind `=`. The name stays bound when its value cannot be read, so that its uses are not errors too.
fn parse_bound_value(input: ParseStream, cx: &mut Errors, depth: usize) -> Value {
    let read = |input: ParseStream, cx: &mut Errors| {
        let value = parse_value(input, cx, depth)?;
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
fn parse_for(input: ParseStream, cx: &mut Errors, depth: usize) -> syn::Result<Statement> {
    input.parse::<Token![for]>()?;
    if input.peek(Token![_]) {
        input.parse::<Token![_]>()?;
    } else {
        let name: Ident = input
            .parse()
            .map_err(|error| syn::Error::new(error.span(), "expected `_`\nhelp: write `for _ in 0..4 { … }`"))?;
        if !name.to_string().starts_with('_') {
            cx.at(&name, format!("a loop of a model has no index\nhelp: write `_` in place of `{name}`"));
        }
    }
    let wrong = |error: syn::Error| {
        syn::Error::new(error.span(), "expected `in` and a range\nhelp: write `for _ in 0..4 { … }`")
    };
    input.parse::<Token![in]>().map_err(wrong)?;
    let range = Expr::parse_without_eager_brace(input).map_err(wrong)?;
    let Expr::Range(syn::ExprRange { start: Some(start), limits, end: Some(end), .. }) = range else {
        return Err(syn::Error::new_spanned(range, "expected a range\nhelp: write `for _ in 0..4 { … }`"));
    };
    let inclusive = matches!(limits, syn::RangeLimits::Closed(_));
    let body = parse_body(input, cx, depth + 1)?;
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
