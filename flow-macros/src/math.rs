//! Exact mathematics at expansion: numbers, trees, expressions.

pub(crate) mod constant;
pub(crate) mod expression;
pub(crate) mod number;
pub(crate) mod order;
pub(crate) mod polynomial;
pub(crate) mod ring;
pub(crate) mod round;
pub(crate) mod sign;
pub(crate) mod stability;
pub(crate) mod tree;
