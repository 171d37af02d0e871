//! Exact mathematics at expansion: numbers, trees, expressions.
