//! Exact mathematics at expansion: numbers, trees, expressions.

pub(crate) mod expression;
