//! What a gradient holds and what it does not, small ones by hand, and those that there are not.

mod differences;

use super::Gradient;
use crate::{
    data::{Condition, ConditionValues, Conditions},
    error::Error,
    program::{
        Init, InputKind, Op, Program, Wanted,
        builder::{Builder, NodeId, moons},
        random,
    },
};
use std::collections::HashSet;

const BOTH: Wanted = Wanted { parameters: true, state: true };
const PARAMETERS: Wanted = Wanted { parameters: true, state: false };
const STATE: Wanted = Wanted { parameters: false, state: true };

/// A program on a state of that shape.
fn build(state: &[usize], layers: impl FnOnce(&mut Builder) -> NodeId) -> &'static Program {
    let mut b = Builder::new("M", state);
    let out = layers(&mut b);
    b.finish(out).unwrap()
}

fn count(gradient: &Gradient, op: Op) -> usize {
    gradient.program.nodes.iter().filter(|node| node.op == op).count()
}

#[test]
fn the_nodes_of_the_program_come_first() {
    for seed in 0..100 {
        let program = random::program(seed).unwrap();
        for wanted in [BOTH, PARAMETERS, STATE, Wanted { parameters: false, state: false }] {
            let gradient = program.gradient(wanted).unwrap();
            gradient.program.check().unwrap();
            assert_eq!(gradient.program.nodes[..program.nodes.len()], *program.nodes, "seed {seed}");
            assert_eq!((gradient.program.output, gradient.program.parameters), (program.output, program.parameters));
            let (cotangent, inputs) = gradient.program.inputs.split_last().unwrap();
            assert_eq!((inputs, cotangent.kind), (program.inputs, InputKind::Cotangent));
            assert_eq!((cotangent.name, cotangent.shape), ("dv", program.inputs[0].shape));
            for &(parameter, node) in gradient.parameters {
                assert!(program.parameters[parameter].trained);
                assert_eq!(gradient.program.nodes[node].shape, program.parameters[parameter].shape);
            }
            assert!(gradient.parameters.is_sorted_by_key(|(parameter, _)| *parameter));
            assert_eq!(gradient.parameters.is_empty(), !wanted.parameters || program.trained_parameter_count() == 0);
        }
    }
}

/// Each reverse node is an operand of another, or a share, or the cotangent of the state.
#[test]
fn nothing_is_computed_in_vain() {
    for seed in 0..300 {
        let program = random::program(seed).unwrap();
        for wanted in [BOTH, PARAMETERS, STATE] {
            let gradient = program.gradient(wanted).unwrap();
            let nodes = gradient.program.nodes;
            let mut used: HashSet<usize> = nodes.iter().flat_map(|node| node.inputs).copied().collect();
            used.extend(gradient.parameters.iter().map(|(_, node)| *node).chain(gradient.state));
            let vain = (program.nodes.len() + 1..nodes.len()).find(|node| !used.contains(node));
            assert_eq!(vain, None, "seed {seed}, {wanted:?}:\n{}", gradient.program);
        }
    }
}

#[test]
fn only_what_is_wanted_is_propagated() {
    let program = moons();
    let products = |wanted| count(program.gradient(wanted).unwrap(), Op::LinearTransposed);
    assert_eq!((products(PARAMETERS), products(STATE), products(BOTH)), (3, 4, 4));
    assert_eq!(count(program.gradient(STATE).unwrap(), Op::Outer), 0);
    // Three times the products of the velocity, but for those towards the state.
    let first_layer = 2 * 34 * 64;
    assert_eq!(program.gradient(PARAMETERS).unwrap().program.flops(), 3 * program.flops() - first_layer);
    assert_eq!(program.gradient(BOTH).unwrap().program.flops(), 3 * program.flops());
}

#[test]
fn a_gradient_is_built_once() {
    let program = moons();
    let first = program.gradient(PARAMETERS).unwrap();
    assert!(std::ptr::eq(first, program.gradient(PARAMETERS).unwrap()));
    assert!(!std::ptr::eq(first, program.gradient(BOTH).unwrap()));
    // The same program again, and one that differs in a name that the hash leaves out.
    assert!(std::ptr::eq(first, moons().gradient(PARAMETERS).unwrap()));
    let renamed: &'static Program = Box::leak(Box::new(Program { name: "Other", ..*program }));
    assert_eq!(renamed.gradient(PARAMETERS).unwrap().program.name, "Other");
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| moons().gradient(STATE).unwrap())).collect();
    let gradients: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(gradients.iter().all(|gradient| std::ptr::eq(*gradient, gradients[0])));
}

/// `v = W₂ (x ∘ W₁ x) + b` at `x = (2, 3)` with `dv = (1, 10)`.
#[test]
fn a_quadratic_form_by_hand() {
    let program = build(&[2], |b| {
        let h = b.linear("h", b.state(), 2, false);
        let q = b.mul(b.state(), h);
        b.linear("out", q, 2, true)
    });
    let weights = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0.5, -0.5];
    let values = program.gradient(BOTH).unwrap();
    let values = values.evaluate(&weights, &[0.0], &[2.0, 3.0], &Conditions::none(), &[1.0, 10.0]).unwrap();
    // h = (8, 18), q = (16, 54), v = W₂ q + b.
    assert_eq!(values.velocity, [80.0 + 324.0 + 0.5, 112.0 + 432.0 - 0.5]);
    // dq = W₂ᵀ dv = (75, 86), dh = dq ∘ x = (150, 258), dW₁ = dh ⊗ x; dW₂ = dv ⊗ q.
    assert_eq!(values.parameters, [300.0, 450.0, 516.0, 774.0, 16.0, 54.0, 160.0, 540.0, 1.0, 10.0]);
    // dx = dq ∘ h + W₁ᵀ dh = (600, 1548) + (924, 1332).
    assert_eq!(values.state, Some(vec![1524.0, 2880.0]));
}

/// Two layers with one weight, `v = w (w x)`: `dw = dv w x + dv w x`, summed over two samples.
#[test]
fn shares_of_a_shared_parameter_are_added() {
    let program = build(&[1], |b| {
        let weight = b.parameter("weight", &[1, 1], Init::Zeros, true);
        let h = b.node("", Op::Linear, &[b.state()], &[1], &[weight]);
        b.node("", Op::Linear, &[h], &[1], &[weight])
    });
    let gradient = program.gradient(BOTH).unwrap();
    assert_eq!(gradient.parameters.iter().map(|(parameter, _)| *parameter).collect::<Vec<_>>(), [0, 0]);
    let values = gradient.evaluate(&[3.0], &[0.0], &[5.0, -7.0], &Conditions::none(), &[1.0, 2.0]).unwrap();
    assert_eq!(values.parameters, [2.0 * 3.0 * 5.0 - 2.0 * 2.0 * 3.0 * 7.0]);
    assert_eq!(values.state, Some(vec![9.0, 18.0]));
}

#[test]
fn a_concat_of_three_is_taken_apart() {
    let program = build(&[2], |b| {
        let c = b.vector("c", &[3]);
        let twice = b.scale(b.state(), 2.0);
        let all = b.concat(&[twice, c, b.state()]);
        b.linear("out", all, 2, false)
    });
    let weights = [1.0, 2.0, 0.0, 0.0, 0.0, 3.0, 4.0, 5.0, 6.0, 0.0, 0.0, 0.0, 7.0, 8.0];
    let columns = vec![Condition {
        name: "c".to_owned(),
        values: ConditionValues::Vector { dim: 3, values: vec![0.5, 0.25, 0.125] },
    }];
    let gradient = program.gradient(BOTH).unwrap();
    // None for the condition.
    let slices = [0, 2, 5].map(|start| count(gradient, Op::Slice { start }));
    assert_eq!(slices, [1, 0, 1]);
    let values = gradient.evaluate(&weights, &[0.0], &[1.0, 2.0], &Conditions { columns }, &[1.0, 10.0]).unwrap();
    let dx = |i: usize| 2.0 * (weights[i] + 10.0 * weights[7 + i]) + weights[5 + i] + 10.0 * weights[12 + i];
    assert_eq!(values.state, Some(vec![dx(0), dx(1)]));
    assert_eq!(values.parameters[7..], [20.0, 40.0, 5.0, 2.5, 1.25, 10.0, 20.0]);
}

/// The derivative at a kink is the one from the left, as `torch.autograd` has it.
#[test]
fn kinks_are_pytorchs() {
    for (op, slope) in [
        (Op::Relu, 0.0),
        (Op::LeakyRelu { slope: 0.1 }, 0.1),
        (Op::LeakyRelu { slope: -0.1 }, -0.1),
        (Op::Elu { alpha: 1.5 }, 1.5),
        (Op::Elu { alpha: -1.5 }, -1.5),
    ] {
        let gradient = build(&[1], |b| b.apply(op, b.state())).gradient(STATE).unwrap();
        let values = gradient.evaluate(&[], &[0.0], &[0.0], &Conditions::none(), &[1.0]).unwrap();
        assert_eq!(values.state, Some(vec![slope]), "{op:?}");
    }
}

#[test]
fn activations_may_run_in_place_where_the_result_is_enough() {
    let program = build(&[2], |b| {
        let h = b.apply(Op::Tanh, b.state());
        b.apply(Op::Gelu, h)
    });
    let sources: Vec<usize> = program.gradient(STATE).unwrap().program.nodes[program.nodes.len() + 1..]
        .iter()
        .map(|node| node.inputs[0])
        .collect();
    // The argument of gelu, which is the result of tanh, twice.
    assert_eq!(sources, [2, 2]);
}

#[test]
fn without_trained_parameters_there_is_no_share() {
    let program = build(&[2], |b| {
        let e = b.fourier("e", b.time(), 2, 1.0);
        b.mul(b.state(), e)
    });
    let gradient = program.gradient(BOTH).unwrap();
    assert_eq!(gradient.parameters, []);
    // sin 2π/4 and cos 2π/4 with a frequency of 1.
    let values = gradient.evaluate(&[1.0], &[0.25], &[3.0, 4.0], &Conditions::none(), &[1.0, 1.0]).unwrap();
    assert_eq!(values.parameters, [0.0]);
    let state = values.state.unwrap();
    assert!((state[0] - 1.0).abs() < 1e-15 && state[1].abs() < 1e-15, "{state:?}");
    assert_eq!(program.gradient(PARAMETERS).unwrap().program.nodes.len(), program.nodes.len() + 1);
}

#[test]
fn what_the_velocity_does_not_depend_on_has_zero_gradient() {
    let program = build(&[2], |b| {
        b.linear("aside", b.state(), 3, true);
        let h = b.linear("h", b.time(), 2, true);
        b.apply(Op::Softplus, h)
    });
    let gradient = program.gradient(BOTH).unwrap();
    assert_eq!(gradient.parameters.iter().map(|(parameter, _)| *parameter).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(gradient.state, None);
    let weights: Vec<f64> = (0..13).map(f64::from).collect();
    let values = gradient.evaluate(&weights, &[0.5], &[1.0; 4], &Conditions::none(), &[1.0; 4]).unwrap();
    assert_eq!(values.state, Some(vec![0.0; 4]));
    assert_eq!(values.parameters[..9], [0.0; 9]);
    assert!(values.parameters[9..].iter().all(|slope| *slope > 0.0));
}

/// The velocity is the state: its cotangent is that of the velocity.
#[test]
fn the_state_as_velocity() {
    let program = build(&[2], |b| b.state());
    let gradient = program.gradient(BOTH).unwrap();
    let values = gradient.evaluate(&[], &[0.0], &[1.0, 2.0], &Conditions::none(), &[3.0, 4.0]).unwrap();
    assert_eq!((values.velocity, values.state), (vec![1.0, 2.0], Some(vec![3.0, 4.0])));
}

/// Reverse dropout has the masks of its own layer, in every sample.
#[test]
fn dropout_has_the_masks_of_its_layer() {
    let program = build(&[40], |b| {
        let h = b.apply(Op::Dropout { p: 0.25 }, b.state());
        let h = b.scale(h, 3.0);
        b.apply(Op::Dropout { p: 0.5 }, h)
    });
    let gradient = program.gradient(STATE).unwrap();
    let ones = [1.0; 80];
    let values = gradient.evaluate_training(&[], &[0.0], &ones, &Conditions::none(), &ones, 7, 3).unwrap();
    // The map is linear, and x = dv = 1.
    assert_eq!(values.state.as_deref(), Some(&values.velocity[..]));
    assert_eq!(HashSet::from_iter(values.velocity.iter().map(|v| *v as i64)), HashSet::from([0, 8]));
    let values = gradient.evaluate(&[], &[0.0], &ones, &Conditions::none(), &ones).unwrap();
    assert_eq!(values.state, Some(vec![3.0; 80]));
}

#[test]
fn a_name_that_is_taken_gets_a_prime() {
    let program = build(&[1], |b| {
        let c = b.vector("dv", &[1]);
        b.mul(b.state(), c)
    });
    let gradient = program.gradient(STATE).unwrap();
    assert_eq!(gradient.program.inputs.iter().map(|input| input.name).collect::<Vec<_>>(), ["x", "t", "dv", "dv'"]);
}

#[test]
fn programs_without_a_gradient_are_typed_errors() {
    let custom = build(&[2], |b| b.apply(Op::Custom { module: "M" }, b.state()));
    assert!(matches!(custom.gradient(STATE), Err(Error::Device { .. })));
    let embedded = |trained: bool, state: bool| {
        build(&[1], |b| {
            let weight = b.parameter("f", &[1], Init::Ones, trained);
            let t = if state { b.state() } else { b.time() };
            let e = b.node("e", Op::Fourier, &[t], &[2], &[weight]);
            b.linear("out", e, 1, true)
        })
    };
    assert!(embedded(false, false).gradient(BOTH).is_ok());
    assert!(embedded(true, false).gradient(STATE).is_ok());
    let message = |program: &'static Program| program.gradient(BOTH).unwrap_err().to_string();
    assert!(message(embedded(true, false)).contains("trained frequencies, expected fixed"));
    assert!(message(embedded(false, true)).contains("expected the time as its operand"));
    let twice: &'static Gradient = moons().gradient(PARAMETERS).unwrap();
    assert!(twice.program.gradient(PARAMETERS).unwrap_err().to_string().contains("a gradient already"));
    let broken: &'static Program = Box::leak(Box::new(Program { output: 99, ..*moons() }));
    assert!(matches!(broken.gradient(PARAMETERS), Err(Error::Invalid { .. })));
}

#[test]
fn cotangents_that_do_not_fit_are_typed_errors() {
    let program = build(&[2], |b| b.scale(b.state(), 2.0));
    let gradient = program.gradient(STATE).unwrap();
    let message = |cotangent: &[f64]| {
        gradient.evaluate(&[], &[0.0], &[1.0; 4], &Conditions::none(), cotangent).unwrap_err().to_string()
    };
    assert!(message(&[1.0; 2]).contains("the cotangent of the velocity has shape [2], expected [4]"));
    assert!(message(&[1.0, 2.0, f64::NAN, 0.0]).contains("the cotangent of the velocity is not finite at index 2"));
    let alone = gradient.program.evaluate(&[], &[0.0], &[1.0; 4], &Conditions::none()).unwrap_err();
    assert!(alone.to_string().contains("the cotangent of the velocity is missing"), "{alone}");
    let empty = gradient.evaluate(&[], &[0.0], &[], &Conditions::none(), &[]).unwrap();
    assert_eq!((empty.velocity, empty.state), (vec![], Some(vec![])));
}

/// Doubling `dv` doubles every bit of the gradient, and a batch adds up the shares of its samples.
#[test]
fn a_gradient_is_linear_in_the_cotangent_and_in_the_samples() {
    for seed in 0..100 {
        let program = random::program(seed).unwrap();
        let random::Inputs { parameters, t, x, conditions } = random::inputs(program, seed, 2);
        let gradient = program.gradient(BOTH).unwrap();
        let evaluate = |rows: &[usize], factor: f64| {
            let dim = program.state_dim();
            let gather = |values: &[f64], width: usize| -> Vec<f64> {
                rows.iter().flat_map(|row| &values[row * width..(row + 1) * width]).copied().collect()
            };
            let (t, x, conditions) = (gather(&t, 1), gather(&x, dim), conditions.gather(rows).unwrap());
            let cotangent: Vec<f64> = x.iter().map(|x| factor * (x + 0.5)).collect();
            gradient.evaluate(&parameters, &t, &x, &conditions, &cotangent).unwrap()
        };
        let (both, first, second) = (evaluate(&[0, 1], 1.0), evaluate(&[0], 1.0), evaluate(&[1], 1.0));
        let sums: Vec<f64> = first.parameters.iter().zip(&second.parameters).map(|(a, b)| a + b).collect();
        // The order of the sum differs where a parameter has several shares.
        for (got, expected) in both.parameters.iter().zip(&sums) {
            assert!((got - expected).abs() <= 1e-13 * expected.abs().max(1.0), "seed {seed}: {got}, not {expected}");
        }
        assert_eq!(both.state, Some([first.state.unwrap(), second.state.unwrap()].concat()));
        let twice = evaluate(&[0, 1], 2.0);
        let doubled = |values: &[f64]| values.iter().map(|value| 2.0 * value).collect::<Vec<_>>();
        assert_eq!(twice.parameters, doubled(&both.parameters));
        assert_eq!(twice.state.as_deref(), Some(&doubled(both.state.as_deref().unwrap())[..]));
    }
}
