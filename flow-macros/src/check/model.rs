//! The rules of `model` and `block`: shapes, names, arguments.
