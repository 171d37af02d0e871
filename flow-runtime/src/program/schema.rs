//! The schema hash: one number by which a checkpoint knows its model.

use super::{Activation, InputKind, Op, Program};

/// FNV-1a of 64 bits (Fowler, Noll & Vo; IETF draft-eastlake-fnv).
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    const fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
    }

    const fn word(&mut self, word: u64) {
        let (bytes, mut i) = (word.to_le_bytes(), 0);
        while i < bytes.len() {
            self.byte(bytes[i]);
            i += 1;
        }
    }

    const fn text(&mut self, text: &str) {
        self.word(text.len() as u64);
        let (bytes, mut i) = (text.as_bytes(), 0);
        while i < bytes.len() {
            self.byte(bytes[i]);
            i += 1;
        }
    }

    const fn list(&mut self, list: &[usize]) {
        self.word(list.len() as u64);
        let mut i = 0;
        while i < list.len() {
            self.word(list[i] as u64);
            i += 1;
        }
    }

    /// A tag, and the attributes by their bits.
    const fn op(&mut self, op: &Op) {
        let (tag, attribute) = match *op {
            Op::Input(index) => (0, index as u64),
            Op::Linear => (1, 0),
            Op::Concat => (2, 0),
            Op::Add => (3, 0),
            Op::Sub => (4, 0),
            Op::Mul => (5, 0),
            Op::Scale(factor) => (6, factor.to_bits()),
            Op::Shift(term) => (7, term.to_bits()),
            Op::Relu => (8, 0),
            Op::Elu { alpha } => (9, alpha.to_bits()),
            Op::Gelu => (10, 0),
            Op::Silu => (11, 0),
            Op::Tanh => (12, 0),
            Op::Sigmoid => (13, 0),
            Op::Softplus => (14, 0),
            Op::LeakyRelu { slope } => (15, slope.to_bits()),
            Op::Sin => (16, 0),
            Op::Softmax => (17, 0),
            Op::LayerNorm { eps } => (18, eps.to_bits()),
            Op::RmsNorm { eps } => (19, eps.to_bits()),
            Op::Dropout { p } => (20, p.to_bits()),
            Op::Sinusoidal { max } => (21, max.to_bits()),
            Op::Fourier => (22, 0),
            Op::Embedding => (23, 0),
            Op::Reshape => (24, 0),
            Op::Custom { module } => (25, module.len() as u64),
            Op::LinearTransposed => (26, 0),
            Op::Outer => (27, 0),
            Op::SumRows => (28, 0),
            Op::Slice { start } => (29, start as u64),
            Op::SoftmaxPullback => (30, 0),
            Op::LayerNormPullback { eps } => (31, eps.to_bits()),
            Op::LayerNormNormalized { eps } => (32, eps.to_bits()),
            Op::RmsNormPullback { eps } => (33, eps.to_bits()),
            Op::RmsNormNormalized { eps } => (34, eps.to_bits()),
            Op::DropoutPullback { p, .. } => (35, p.to_bits()),
            Op::Scatter { classes } => (36, classes as u64),
            Op::Pullback(Activation::Relu) => (37, 0),
            Op::Pullback(Activation::Elu { alpha }) => (38, alpha.to_bits()),
            Op::Pullback(Activation::Gelu) => (39, 0),
            Op::Pullback(Activation::Silu) => (40, 0),
            Op::Pullback(Activation::Tanh) => (41, 0),
            Op::Pullback(Activation::Sigmoid) => (42, 0),
            Op::Pullback(Activation::Softplus) => (43, 0),
            Op::Pullback(Activation::LeakyRelu { slope }) => (44, slope.to_bits()),
            Op::Pullback(Activation::Sin) => (45, 0),
        };
        self.byte(tag);
        self.word(attribute);
        match *op {
            Op::Custom { module } => self.text(module),
            Op::DropoutPullback { ordinal, .. } => self.word(ordinal),
            _ => {}
        }
    }
}

impl Program {
    /// Identifies what a set of weights belongs to: FNV-1a (64 bits) over the inputs (kind, shape, the names of
    /// conditions), the nodes (op with its attributes, wiring, shape), the parameters (name, shape, trained or fixed)
    /// and the output.
    ///
    /// The name of the model, its documentation, the names of nodes and how a parameter starts are left out: they may
    /// change while a checkpoint stays valid. Lists and texts are preceded by their length and numbers are 8 bytes,
    /// little end first, so that no two programs give the same bytes.
    ///
    /// ```
    /// use flow_runtime::program::Program;
    /// const EMPTY: Program = Program { name: "A", inputs: &[], nodes: &[], parameters: &[], output: 0 };
    /// const SCHEMA: u64 = EMPTY.schema_hash();
    /// assert_eq!(SCHEMA, Program { name: "B", ..EMPTY }.schema_hash());
    /// assert_ne!(SCHEMA, Program { output: 1, ..EMPTY }.schema_hash());
    /// ```
    pub const fn schema_hash(&self) -> u64 {
        let mut hash = Fnv::new();
        hash.word(self.inputs.len() as u64);
        let mut i = 0;
        while i < self.inputs.len() {
            let input = &self.inputs[i];
            match input.kind {
                InputKind::State => hash.byte(0),
                InputKind::Time => hash.byte(1),
                InputKind::Class { classes } => {
                    hash.byte(2);
                    hash.word(classes as u64);
                    hash.text(input.name);
                }
                InputKind::Vector => {
                    hash.byte(3);
                    hash.text(input.name);
                }
                InputKind::Cotangent => hash.byte(4),
            }
            hash.list(input.shape);
            i += 1;
        }
        hash.word(self.nodes.len() as u64);
        i = 0;
        while i < self.nodes.len() {
            let node = &self.nodes[i];
            hash.op(&node.op);
            hash.list(node.inputs);
            hash.list(node.shape);
            hash.list(node.parameters);
            i += 1;
        }
        hash.word(self.parameters.len() as u64);
        i = 0;
        while i < self.parameters.len() {
            let parameter = &self.parameters[i];
            hash.text(parameter.name);
            hash.list(parameter.shape);
            hash.byte(parameter.trained as u8);
            i += 1;
        }
        hash.word(self.output as u64);
        hash.0
    }
}

#[cfg(test)]
mod tests {
    use super::Fnv;
    use crate::program::{
        Activation, Op, Program,
        builder::{Builder, moons},
        random,
    };
    use std::collections::HashMap;

    /// The vectors published with the algorithm (draft-eastlake-fnv-17, appendix C): "", "a", "foobar".
    #[test]
    fn fnv_is_the_published_one() {
        let hash = |text: &str| {
            let mut hash = Fnv::new();
            text.bytes().for_each(|byte| hash.byte(byte));
            hash.0
        };
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }

    /// Every op has a tag of its own, and every attribute counts.
    #[test]
    fn ops_are_told_apart() {
        let numbered = |value: f64| {
            [
                Op::Scale(value),
                Op::Shift(value),
                Op::Elu { alpha: value },
                Op::LeakyRelu { slope: value },
                Op::LayerNorm { eps: value },
                Op::RmsNorm { eps: value },
                Op::Dropout { p: value },
                Op::Sinusoidal { max: value },
                Op::Pullback(Activation::Elu { alpha: value }),
                Op::Pullback(Activation::LeakyRelu { slope: value }),
                Op::LayerNormPullback { eps: value },
                Op::LayerNormNormalized { eps: value },
                Op::RmsNormPullback { eps: value },
                Op::RmsNormNormalized { eps: value },
                Op::DropoutPullback { p: value, ordinal: 0 },
                Op::DropoutPullback { p: value, ordinal: 1 },
            ]
        };
        let plain = [
            Op::Input(0),
            Op::Input(1),
            Op::Linear,
            Op::Concat,
            Op::Add,
            Op::Sub,
            Op::Mul,
            Op::Relu,
            Op::Gelu,
            Op::Silu,
            Op::Tanh,
            Op::Sigmoid,
            Op::Softplus,
            Op::Sin,
            Op::Softmax,
            Op::Fourier,
            Op::Embedding,
            Op::Reshape,
            Op::Custom { module: "A" },
            Op::Custom { module: "B" },
            Op::LinearTransposed,
            Op::Outer,
            Op::SumRows,
            Op::Slice { start: 0 },
            Op::Slice { start: 1 },
            Op::SoftmaxPullback,
            Op::Scatter { classes: 1 },
            Op::Scatter { classes: 2 },
            Op::Pullback(Activation::Relu),
            Op::Pullback(Activation::Gelu),
            Op::Pullback(Activation::Silu),
            Op::Pullback(Activation::Tanh),
            Op::Pullback(Activation::Sigmoid),
            Op::Pullback(Activation::Softplus),
            Op::Pullback(Activation::Sin),
        ];
        let ops: Vec<Op> = plain.into_iter().chain(numbered(0.25)).chain(numbered(0.5)).collect();
        let hashes: std::collections::HashSet<u64> = ops
            .iter()
            .map(|op| {
                let mut hash = Fnv::new();
                hash.op(op);
                hash.0
            })
            .collect();
        assert_eq!(hashes.len(), ops.len());
    }

    /// A change of this number makes every checkpoint unreadable: it must be deliberate.
    #[test]
    fn hash_of_moons_is_pinned() {
        assert_eq!(format!("{:016x}", moons().schema_hash()), "d542ea08ea711eed");
    }

    #[test]
    fn names_that_are_not_of_the_weights_do_not_matter() {
        let program = moons();
        let nodes: Vec<_> = program.nodes.iter().map(|node| crate::program::Node { name: "z", ..*node }).collect();
        let renamed = Program { name: "Other", nodes: Box::leak(nodes.into()), ..*program };
        assert_eq!(renamed.schema_hash(), program.schema_hash());
    }

    #[test]
    fn every_part_of_the_meaning_matters() {
        let build = |width: usize, op: Op, name: &'static str, bias: bool, classes: usize, condition: &'static str| {
            let mut b = Builder::new("M", &[2]);
            let y = b.class(condition, classes);
            let y = b.embedding("y", y, 4);
            let h = b.concat(&[b.state(), y]);
            let h = b.linear(name, h, width, bias);
            let h = b.apply(op, h);
            let out = b.linear("out", h, 2, true);
            b.finish(out).unwrap().schema_hash()
        };
        let elu = Op::Elu { alpha: 1.0 };
        let hashes = [
            build(8, elu, "h", true, 3, "y"),
            build(9, elu, "h", true, 3, "y"),
            build(8, Op::Elu { alpha: 1.5 }, "h", true, 3, "y"),
            build(8, Op::Silu, "h", true, 3, "y"),
            build(8, elu, "g", true, 3, "y"),
            build(8, elu, "h", false, 3, "y"),
            build(8, elu, "h", true, 4, "y"),
            build(8, elu, "h", true, 3, "z"),
        ];
        for (i, a) in hashes.iter().enumerate() {
            assert!(hashes[i + 1..].iter().all(|b| a != b), "{i}: {hashes:x?}");
        }
    }

    /// Equal hashes only for programs that are equal but for their names.
    #[test]
    fn random_programs_do_not_collide() {
        let mut seen: HashMap<u64, &Program> = HashMap::new();
        for seed in 0..500 {
            let program = random::program(seed).unwrap();
            if let Some(other) = seen.insert(program.schema_hash(), program) {
                assert_eq!(program.parameters, other.parameters, "seed {seed}");
                assert!(program.nodes.iter().zip(other.nodes).all(|(a, b)| a.op == b.op && a.inputs == b.inputs));
            }
        }
        assert!(seen.len() > 400);
    }
}
