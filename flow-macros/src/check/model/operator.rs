//! `+ - *` between values and numbers, and unrolled loops.

use super::{
    body::{LARGEST_PROGRAM, Lowering, Operand, span_of},
    dim::{Literal, literal},
};
use crate::{
    ast::{BinaryOp, Body},
    ir::{Dim, Op},
};
use proc_macro2::Span;
use syn::Expr;

impl Lowering<'_, '_> {
    pub(super) fn lower_binary(&mut self, op: BinaryOp, span: Span, a: Operand, b: Operand) -> Option<Operand> {
        for operand in [a, b] {
            if let Operand::Node(id) = operand
                && self.is_class(id)
            {
                let name = self.nodes[id].name.clone();
                self.cx.span(
                    span,
                    format!("`{name}` is a class label, not a value\nhelp: look it up with `embedding({name}, 16)`"),
                );
                return None;
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

    pub(super) fn lower_for(&mut self, start: &Expr, end: &Expr, inclusive: bool, body: &Body) {
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
        let count = last.saturating_add(usize::from(inclusive)).saturating_sub(start);
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
            let help = format!("this loop unrolls {count} times; use a smaller count");
            if !self.keeps_size(end, &help) {
                return;
            }
        }
    }

    /// Counts a turn of a loop or a call of a block; `false`, once with an error, if there are too many to be meant.
    pub(super) fn keeps_size(&mut self, tokens: &impl quote::ToTokens, help: &str) -> bool {
        self.turns += 1;
        if !self.too_large && self.nodes.len().max(self.turns) > LARGEST_PROGRAM {
            self.too_large = true;
            self.cx.at(tokens, format!("the model has more than {LARGEST_PROGRAM} operations\nhelp: {help}"));
        }
        !self.too_large
    }
}
