//! Everything that is declared or computed has to reach the result.

use super::{body::Lowering, dim::show_shape};
use crate::ast;

impl Lowering<'_, '_> {
    /// A layer or an input that does not reach the result is a mistake, or a leftover.
    pub(super) fn check_everything_is_used(&mut self, output: usize, written: &[ast::Input]) {
        let mut used = vec![false; self.nodes.len()];
        used[output] = true;
        for id in (0..self.nodes.len()).rev() {
            if used[id] {
                for &input in &self.nodes[id].inputs {
                    used[input] = true;
                }
            }
        }
        for (index, input) in written.iter().enumerate() {
            let name = input.name.to_string();
            if !used[index] && !name.starts_with('_') {
                self.cx.at(&input.name, format!("the input `{name}` does not reach the result\nhelp: use it, remove it, or call it `_{name}` if that is intended"));
            }
        }
        // Only the last of a chain of unused operations is named: mending it mends the others.
        let mut consumed = vec![false; self.nodes.len()];
        for node in &self.nodes {
            for &input in &node.inputs {
                consumed[input] = true;
            }
        }
        for id in written.len()..self.nodes.len() {
            if !used[id] && !consumed[id] {
                let node = &self.nodes[id];
                let shape = show_shape(&node.shape);
                self.cx.span(
                    node.span,
                    format!("this value of shape {shape} does not reach the result\nhelp: use it or remove it"),
                );
            }
        }
    }
}
