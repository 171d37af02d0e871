//! Counting: shapes, parameters, offsets, floating-point operations. All of it in `const fn`, so that a dimension may
//! come from a constant of the user's crate.

use super::{Input, InputKind, Node, Op, Parameter, Program, op::linear};

/// Values in a shape: the product of its dimensions, 1 without any.
const fn size(shape: &[usize]) -> usize {
    let (mut product, mut i) = (1usize, 0);
    while i < shape.len() {
        product = product.saturating_mul(shape[i]);
        i += 1;
    }
    product
}

impl Parameter {
    /// Number of values.
    pub const fn size(&self) -> usize {
        size(self.shape)
    }
}

impl Node {
    /// Number of values of one sample.
    pub const fn size(&self) -> usize {
        size(self.shape)
    }
}

impl Input {
    /// Number of values of one sample; 1 for the time and for a class.
    pub const fn size(&self) -> usize {
        size(self.shape)
    }
}

impl Program {
    /// Values in all parameters, trained and fixed.
    ///
    /// ```
    /// use flow_runtime::program::{Init, Parameter, Program};
    /// const W: Parameter =
    ///     Parameter { name: "out.weight", shape: &[2, 3], init: Init::FanIn(3), trained: true };
    /// const PROGRAM: Program = Program { name: "M", inputs: &[], nodes: &[], parameters: &[W], output: 0 };
    /// const PARAMETERS: usize = PROGRAM.parameter_count();
    /// assert_eq!(PARAMETERS, 6);
    /// ```
    pub const fn parameter_count(&self) -> usize {
        self.parameter_offset(self.parameters.len())
    }

    /// Values in the parameters that are trained.
    ///
    /// ```
    /// use flow_runtime::program::builder::Builder;
    /// let mut b = Builder::new("M", &[2]);
    /// let e = b.fourier("e", b.time(), 8, 1.0);
    /// let h = b.concat(&[b.state(), e]);
    /// let out = b.linear("out", h, 2, true);
    /// let program = b.finish(out)?;
    /// assert_eq!((program.parameter_count(), program.trained_parameter_count()), (26, 22));
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub const fn trained_parameter_count(&self) -> usize {
        let (mut count, mut i) = (0usize, 0);
        while i < self.parameters.len() {
            if self.parameters[i].trained {
                count = count.saturating_add(self.parameters[i].size());
            }
            i += 1;
        }
        count
    }

    /// Where the values of parameter `i` start in the flat row of all parameters; for `i` past the last one, where
    /// they end.
    ///
    /// ```
    /// use flow_runtime::program::builder::Builder;
    /// let mut b = Builder::new("M", &[3]);
    /// let out = b.linear("out", b.state(), 3, true);
    /// let program = b.finish(out)?;
    /// // The weight has nine values, then the bias starts.
    /// assert_eq!([0, 1, 2].map(|i| program.parameter_offset(i)), [0, 9, 12]);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub const fn parameter_offset(&self, i: usize) -> usize {
        let (mut offset, mut p) = (0usize, 0);
        while p < i && p < self.parameters.len() {
            offset = offset.saturating_add(self.parameters[p].size());
            p += 1;
        }
        offset
    }

    /// Floating-point operations of the matrix products in one evaluation of one sample: `2 · in · out` for each row
    /// that goes through a `linear`, as many again for each product of its reverse mode.
    ///
    /// Elementwise work and `custom` modules are not counted, batch-invariant nodes are.
    ///
    /// ```
    /// use flow_runtime::program::builder::Builder;
    /// let mut b = Builder::new("M", &[3]);
    /// let out = b.linear("out", b.state(), 3, true);
    /// assert_eq!(b.finish(out)?.flops(), 2 * 3 * 3);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub const fn flops(&self) -> u64 {
        let (mut flops, mut i) = (0u64, 0);
        while i < self.nodes.len() {
            flops = flops.saturating_add(self.node_flops(i));
            i += 1;
        }
        flops
    }

    /// The share of node `i` in [`flops`](Program::flops); 0 past the last node.
    pub const fn node_flops(&self, i: usize) -> u64 {
        if i >= self.nodes.len() {
            return 0;
        }
        let node = &self.nodes[i];
        match (&node.op, node.inputs, node.parameters) {
            (Op::Linear, _, [weight, ..]) if *weight < self.parameters.len() => match self.parameters[*weight].shape {
                [_, fan_in] => linear::flops(node, *fan_in),
                _ => 0,
            },
            (Op::LinearTransposed, _, [weight, ..]) if *weight < self.parameters.len() => {
                match self.parameters[*weight].shape {
                    [out, _] => linear::flops(node, *out),
                    _ => 0,
                }
            }
            (Op::Outer, [dy, _], _) if *dy < i => match (self.nodes[*dy].size(), node.shape) {
                // As many terms as there are rows.
                (size, [out, _]) if *out > 0 => linear::flops(node, size / *out),
                _ => 0,
            },
            _ => 0,
        }
    }

    /// Values in one state `x`; 0 for a program without inputs.
    pub const fn state_dim(&self) -> usize {
        match self.inputs {
            [state, ..] => state.size(),
            [] => 0,
        }
    }

    /// Index of the time among the inputs.
    pub const fn time_input(&self) -> Option<usize> {
        let mut i = 0;
        while i < self.inputs.len() {
            if matches!(self.inputs[i].kind, InputKind::Time) {
                return Some(i);
            }
            i += 1;
        }
        None
    }

    /// Index of the input of that name.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// flow_model! { model Line(x: [2], t: Time, c: [3]) -> [2] { linear(concat(x, t, c), 2) } }
    ///
    /// assert_eq!(Line::PROGRAM.input_index("c"), Some(2));
    /// assert_eq!(Line::PROGRAM.time_input(), Some(1));
    /// let names: Vec<_> = Line::PROGRAM.conditions().map(|(i, input)| (i, input.name)).collect();
    /// assert_eq!(names, [(2, "c")]);
    /// ```
    pub const fn input_index(&self, name: &str) -> Option<usize> {
        let mut i = 0;
        while i < self.inputs.len() {
            if equal(self.inputs[i].name, name) {
                return Some(i);
            }
            i += 1;
        }
        None
    }

    /// The conditions with their index among the inputs, in the order of declaration.
    pub fn conditions(&self) -> impl Iterator<Item = (usize, &'static Input)> + use<> {
        let is_condition = |input: &Input| matches!(input.kind, InputKind::Class { .. } | InputKind::Vector);
        self.inputs.iter().enumerate().filter(move |(_, input)| is_condition(input))
    }

    /// Whether a module of the user's is among the nodes, so that only the dfdx engine can run the model.
    pub const fn has_custom(&self) -> bool {
        let mut i = 0;
        while i < self.nodes.len() {
            if matches!(self.nodes[i].op, Op::Custom { .. }) {
                return true;
            }
            i += 1;
        }
        false
    }
}

// `str::eq` is not const.
const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::program::builder::{Builder, moons};

    /// The peers' `MOONS.flops` is 37376, and their four layers hold 34·64 + 64 + 64·128 + … values.
    #[test]
    fn moons_has_the_peers_numbers() {
        let program = moons();
        assert_eq!(program.flops(), 37_376);
        assert_eq!(program.parameter_count(), 34 * 64 + 64 + 64 * 128 + 128 + 128 * 64 + 64 + 64 * 2 + 2);
        assert_eq!(program.parameter_count(), program.trained_parameter_count());
        assert_eq!(program.parameter_offset(0), 0);
        assert_eq!(program.parameter_offset(2), 34 * 64 + 64);
        assert_eq!(program.parameter_offset(99), program.parameter_count());
        assert_eq!((program.state_dim(), program.time_input()), (2, Some(1)));
    }

    #[test]
    fn inputs_are_found_by_name_and_fixed_parameters_are_apart() {
        let mut b = Builder::new("M", &[2, 3]);
        let label = b.class("label", 4);
        let c = b.vector("c", &[3]);
        let e = b.fourier("f", b.time(), 6, 1.0);
        let y = b.embedding("y", label, 3);
        let h = b.concat(&[e, y, c]);
        let h = b.linear("h", h, 6, true);
        let h = b.reshape(h, &[2, 3]);
        let out = b.add(h, b.state());
        let program = b.finish(out).unwrap();
        assert_eq!(program.input_index("label"), Some(2));
        assert_eq!(program.input_index("c"), Some(3));
        assert_eq!(program.input_index("lab"), None);
        assert_eq!(
            program.conditions().map(|(i, input)| (i, input.name)).collect::<Vec<_>>(),
            [(2, "label"), (3, "c")]
        );
        assert_eq!(program.parameter_count(), 3 + 12 + 72 + 6);
        assert_eq!(program.trained_parameter_count(), 12 + 72 + 6);
        assert_eq!((program.state_dim(), program.has_custom()), (6, false));
    }
}
