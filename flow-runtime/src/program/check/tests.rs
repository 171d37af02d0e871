use crate::program::{
    Init, Input, InputKind, Node, Op, Parameter, Program, Wanted,
    builder::{Builder, moons},
    random,
};

fn leak<T>(values: Vec<T>) -> &'static [T] {
    Box::leak(values.into())
}

fn refused(program: Program, expected: &str) {
    let message = program.check().unwrap_err().to_string();
    assert!(message.contains(expected), "{message}\nexpected {expected}");
}

/// `moons` with one node changed.
fn with_node(i: usize, change: impl Fn(&mut Node)) -> Program {
    let mut nodes = moons().nodes.to_vec();
    change(&mut nodes[i]);
    Program { nodes: leak(nodes), ..*moons() }
}

fn with_parameter(i: usize, change: impl Fn(&mut Parameter)) -> Program {
    let mut parameters = moons().parameters.to_vec();
    change(&mut parameters[i]);
    Program { parameters: leak(parameters), ..*moons() }
}

fn with_inputs(inputs: Vec<Input>) -> Program {
    Program { inputs: leak(inputs), ..*moons() }
}

// The nodes of `moons`: 0 x, 1 t, 2 sinusoidal, 3 concat, 4 h, 5 elu, 6 h2, 7 elu, 8 h3, 9 elu, 10 out.

#[test]
fn wiring() {
    moons().check().unwrap();
    refused(Program { output: 11, ..*moons() }, "the output is node 11, expected one of the 11 nodes");
    refused(Program { output: 9, ..*moons() }, "the output has shape [64], expected [2], that of the state");
    refused(with_node(4, |n| n.inputs = &[4]), "node 4 (`h`, linear) is a function of node 4");
    refused(with_node(4, |n| n.inputs = &[usize::MAX]), "expected earlier nodes as operands");
    refused(with_node(4, |n| n.parameters = &[0, 8]), "a user of parameter 8, expected one of the 8 parameters");
    refused(with_node(0, |n| n.op = Op::Input(2)), "is input 2, expected one of the 2 inputs");
    refused(with_node(0, |n| n.shape = &[3]), "node 0 (`x`, input) has shape [3], expected [2]");
    refused(Program { nodes: &[], ..*moons() }, "expected one of the 0 nodes");
}

#[test]
fn shapes() {
    refused(
        with_node(4, |n| n.shape = &[63]),
        "the weight of node 4 (`h`, linear) has shape [64, 34], expected [63, 34]",
    );
    refused(with_node(4, |n| n.inputs = &[0]), "has shape [64, 34], expected [64, 2]");
    refused(with_node(4, |n| n.inputs = &[0, 3]), "has shape 2 operands, expected 1");
    refused(with_node(4, |n| n.parameters = &[]), "0 parameters, expected a weight, or a weight and a bias");
    refused(with_node(4, |n| n.parameters = &[0, 3]), "the bias of node 4");
    refused(with_node(5, |n| n.shape = &[32, 2]), "the result of node 5 (``, elu) has shape [32, 2], expected [64]");
    refused(
        with_node(3, |n| n.shape = &[33]),
        "the result's last axis of node 3 (``, concat) has shape [33], expected [34]",
    );
    refused(with_node(2, |n| n.shape = &[31]), "has shape [31], expected [dim] with an even dim");
    refused(with_node(2, |n| n.inputs = &[0]), "the operand of node 2 (``, sinusoidal) has shape [2], expected [1]");
    refused(with_node(5, |n| n.op = Op::Add), "has shape 1 operand, expected 2");
    refused(
        with_node(5, |n| (n.op, n.shape) = (Op::Reshape, &[65])),
        "[65], 65 values, expected the 64 values of [64]",
    );
    refused(with_node(5, |n| n.shape = &[0]), "of shape [0], expected dimensions of 1 or more");
    refused(with_node(5, |n| n.shape = &[usize::MAX, 2]), "dimensions of 1 or more that fit in memory");
}

#[test]
fn attributes_and_marks() {
    refused(with_node(5, |n| n.op = Op::Elu { alpha: f64::NAN }), "with alpha = NaN, expected a finite number");
    refused(with_node(5, |n| n.op = Op::Dropout { p: 1.0 }), "expected 0 ≤ p < 1");
    refused(with_node(2, |n| n.op = Op::Sinusoidal { max: 0.0 }), "expected max > 0");
    refused(with_node(5, |n| n.batch_invariant = true), "marked batch-invariant");
    refused(with_node(0, |n| n.batch_invariant = true), "marked batch-invariant");
    with_node(2, |n| n.batch_invariant = false).check().unwrap();
    let mut b = Builder::new("M", &[2]);
    let e = b.sinusoidal(b.time(), 2, 64.0);
    let dropped = b.apply(Op::Dropout { p: 0.5 }, e);
    let program = b.finish(dropped).unwrap();
    assert!(program.nodes[e.index()].batch_invariant && !program.nodes[dropped.index()].batch_invariant);
}

#[test]
fn parameters() {
    refused(with_parameter(1, |p| p.name = "h.weight"), "parameter 1 (`h.weight`) is without a name of its own");
    refused(with_parameter(1, |p| p.name = ""), "without a name of its own");
    refused(with_parameter(1, |p| p.shape = &[0]), "of shape [0]");
    refused(with_parameter(1, |p| p.init = Init::FanIn(0)), "of fan-in 0");
    refused(with_parameter(1, |p| p.init = Init::Normal { std: f64::INFINITY }), "of standard deviation inf");
}

#[test]
fn inputs() {
    let [x, t] = [moons().inputs[0], moons().inputs[1]];
    let class = |classes| Input { name: "y", kind: InputKind::Class { classes }, shape: &[] };
    refused(with_inputs(vec![]), "expected a state, the time, then conditions");
    refused(with_inputs(vec![t, x]), "expected a state, the time, then conditions");
    refused(with_inputs(vec![x, t, t]), "expected a state, the time, then conditions");
    refused(with_inputs(vec![x, Input { name: "x", ..t }]), "input 1 (`x`) is of a name that an earlier input has");
    refused(with_inputs(vec![x, Input { shape: &[2], ..t }]), "input 1 (`t`) has shape [2], expected [1]");
    refused(with_inputs(vec![x, t, class(0)]), "a choice of 0 classes");
    refused(with_inputs(vec![x, t, Input { shape: &[1], ..class(3) }]), "input 2 (`y`) has shape [1], expected []");
    with_inputs(vec![x, t, class(3)]).check().unwrap();
}

#[test]
fn classes_go_into_embeddings_only() {
    let build = |classes: usize, rows: usize, embed: bool| {
        let mut b = Builder::new("M", &[2]);
        let label = b.class("y", classes);
        let table = b.parameter("y.weight", &[rows, 2], Init::Normal { std: 1.0 }, true);
        let y = if embed {
            b.node("y", Op::Embedding, &[label], &[2], &[table])
        } else {
            let row = b.reshape(label, &[1]);
            b.linear("h", row, 2, true)
        };
        b.finish(y).map_err(|error| error.to_string())
    };
    build(3, 3, true).unwrap();
    assert!(build(3, 4, true).unwrap_err().contains("a table of 4 rows, expected one row for each of the 3 classes"));
    assert!(build(3, 3, false).unwrap_err().contains("a function of a class, expected `embedding`"));
    let mut b = Builder::new("M", &[1]);
    let table = b.parameter("y.weight", &[3, 1], Init::Ones, true);
    let scalar = b.vector("s", &[]);
    let y = b.node("y", Op::Embedding, &[scalar], &[1], &[table]);
    assert!(b.finish(y).unwrap_err().to_string().contains("an embedding of numbers, expected a class"));
}

/// Whatever is done to a good program, `check` answers, and what it lets through runs.
#[test]
fn changed_programs_never_panic() {
    for seed in 0..300u64 {
        let program = random::program(seed).unwrap();
        let i = seed as usize % program.nodes.len();
        for (k, other) in program.nodes.iter().enumerate() {
            let mut nodes = program.nodes.to_vec();
            match (seed as usize + k) % 4 {
                0 => nodes[i].op = other.op,
                1 => nodes[i].shape = other.shape,
                2 => nodes[i].inputs = other.inputs,
                _ => nodes[i].parameters = other.parameters,
            }
            let changed = Program { nodes: leak(nodes), ..*program };
            let _ = (changed.to_string(), changed.schema_hash());
            if changed.check().is_ok() {
                let random::Inputs { parameters, t, x, conditions } = random::inputs(&changed, seed, 1);
                changed.evaluate(&parameters, &t, &x, &conditions).unwrap();
            }
        }
    }
}

/// A gradient's cotangent is its last input, and its reverse nodes belong to nodes that are there.
#[test]
fn gradients() {
    let mut b = Builder::new("M", &[2]);
    let label = b.class("y", 3);
    let y = b.embedding("y", label, 2);
    let h = b.add(b.state(), y);
    let h = b.apply(Op::Dropout { p: 0.5 }, h);
    let out = b.linear("out", h, 2, false);
    let program = &b.finish(out).unwrap().gradient(Wanted { parameters: true, state: true }).unwrap().program;
    program.check().unwrap();
    let with_op = |from: &str, op: Op| {
        let mut nodes = program.nodes.to_vec();
        nodes.iter_mut().find(|node| node.op.name() == from).unwrap().op = op;
        Program { nodes: leak(nodes), ..*program }
    };
    let dropout = "expected an earlier dropout of that ordinal, probability and shape";
    refused(with_op("dropout_pullback", Op::DropoutPullback { p: 0.5, ordinal: 1 }), dropout);
    refused(with_op("dropout_pullback", Op::DropoutPullback { p: 0.25, ordinal: 0 }), dropout);
    refused(with_op("dropout_pullback", Op::DropoutPullback { p: 1.0, ordinal: 0 }), "expected 0 ≤ p < 1");
    refused(with_op("dropout_pullback", Op::Slice { start: 1 }), "2 columns from 1 on, expected columns within the 2");
    refused(with_op("dropout_pullback", Op::RmsNormNormalized { eps: 0.0 }), "expected eps > 0");
    refused(with_op("scatter", Op::Scatter { classes: 4 }), "the result of node");
    refused(with_op("scatter", Op::Add), "expected []");
    let [x, t, y, dv] = program.inputs else { panic!("{:?}", program.inputs) };
    let inputs = |inputs: [&Input; 4]| Program { inputs: leak(inputs.map(|input| *input).to_vec()), ..*program };
    refused(inputs([x, t, dv, y]), "expected a state, the time, then conditions, and a cotangent last");
    refused(inputs([x, t, y, &Input { shape: &[3], ..*dv }]), "input 3 (`dv`) has shape [3], expected [2]");
}

/// Nor is a changed program differentiated to one that is wrong, nor does a changed gradient run away.
#[test]
fn changed_gradients_never_panic() {
    let mut differentiated = 0;
    for seed in 0..100u64 {
        let program = random::program(seed).unwrap();
        let i = seed as usize % program.nodes.len();
        for (k, other) in program.nodes.iter().enumerate() {
            let mut nodes = program.nodes.to_vec();
            if k % 2 == 0 {
                nodes[i].op = other.op
            } else {
                nodes[i].inputs = other.inputs
            };
            let changed: &'static Program = Box::leak(Box::new(Program { nodes: leak(nodes), ..*program }));
            if let Ok(gradient) = changed.gradient(Wanted { parameters: true, state: true }) {
                gradient.program.check().unwrap();
                let random::Inputs { parameters, t, x, conditions } = random::inputs(changed, seed, 1);
                gradient.evaluate(&parameters, &t, &x, &conditions, &x).unwrap();
                differentiated += 1;
            }
        }
        let gradient = program.gradient(Wanted { parameters: true, state: true }).unwrap();
        let i = program.nodes.len() + seed as usize % (gradient.program.nodes.len() - program.nodes.len());
        for (k, other) in gradient.program.nodes.iter().enumerate() {
            let mut nodes = gradient.program.nodes.to_vec();
            match (seed as usize + k) % 3 {
                0 => nodes[i].op = other.op,
                1 => nodes[i].shape = other.shape,
                _ => nodes[i].inputs = other.inputs,
            }
            let changed = Program { nodes: leak(nodes), ..gradient.program };
            let _ = (changed.to_string(), changed.schema_hash());
            if changed.check().is_ok() {
                let random::Inputs { parameters, t, x, conditions } = random::inputs(&changed, seed, 1);
                changed.interpret_batch(&parameters, &t, &x, &conditions, Some(&x), None, |_| ()).unwrap();
            }
        }
    }
    assert!(differentiated > 300, "{differentiated}");
}
