use super::{converted, difference, executor};
use crate::{
    engine::cpu::{
        executor::Bound,
        integrate::{Memory, Task, integrate},
        math::Math,
        plan::Use,
        scheme::Scheme,
        team::Team,
    },
    program::{Program, random},
    solve::{DormandPrince54, Euler, Grid, Method, Rk4, Save, Tsit5, fallible, solve_with},
};

/// The last state, and the states at every node.
fn engine<T: Math, M: Method>(
    program: &'static Program,
    inputs: &random::Inputs,
    nodes: &[f64],
    threads: usize,
) -> (Vec<T>, Vec<Vec<T>>) {
    let executor = executor::<T>(program, inputs, Use::SharedTime);
    let mut x = converted::<T>(&inputs.x);
    let dim = program.state_dim();
    let bound = program.bind_conditions("test", &inputs.conditions, x.len() / dim).unwrap();
    let saved: Vec<usize> = (0..nodes.len()).collect();
    let mut saves = vec![vec![T::default(); x.len()]; nodes.len()];
    let task = Task {
        scheme: &Scheme::of(M::TABLEAU),
        nodes,
        x: &mut x,
        dim,
        conditions: &Bound::new(&bound),
        saved: &saved,
        saves: &mut saves,
        flops: 1 << 30,
    };
    integrate(&executor, &mut Team::new(threads).unwrap(), &mut Memory::default(), task).unwrap();
    (x, saves)
}

fn reference<M: Method>(method: M, program: &Program, inputs: &random::Inputs, nodes: &[f64]) -> Vec<Vec<f64>> {
    let rows = inputs.t.len();
    let field =
        fallible(|t: f64, x: &Vec<f64>| program.evaluate(&inputs.parameters, &vec![t; rows], x, &inputs.conditions));
    solve_with(method, field, inputs.x.clone(), &Grid::given(nodes).unwrap(), Save::EveryNode).unwrap().states
}

fn check<M: Method>(method: M, seeds: std::ops::Range<u64>) {
    let nodes = [0.0, 0.05, 0.2, 0.25, 0.3];
    for seed in seeds {
        let program = random::program(seed).unwrap();
        let inputs = random::inputs(program, seed, 1 + seed as usize % 5);
        let expected = reference(method, program, &inputs, &nodes);
        let (end, states) = engine::<f64, M>(program, &inputs, &nodes, 2);
        for (got, expected) in states.iter().zip(&expected) {
            let exact = difference(got, expected);
            assert!(exact < 1e-11, "{} seed {seed}: {exact:e}\n{program}", M::TABLEAU.name);
        }
        assert_eq!(states.last(), Some(&end));
    }
}

#[test]
fn random_programs_go_where_the_interpreter_takes_them() {
    check(Euler, 0..60);
    check(Rk4, 60..120);
    check(DormandPrince54, 120..150);
    check(Tsit5, 150..180);
}

#[test]
fn neither_threads_nor_tiles_change_a_bit() {
    let nodes = [1.0, 0.9, 0.7];
    for seed in 0..20 {
        let program = random::program(seed).unwrap();
        let inputs = random::inputs(program, seed, 700);
        let (one, _) = engine::<f32, Rk4>(program, &inputs, &nodes, 1);
        let (many, _) = engine::<f32, Rk4>(program, &inputs, &nodes, 5);
        assert!(one.iter().zip(&many).all(|(a, b)| a.to_bits() == b.to_bits()), "seed {seed}");
    }
}

/// A stage that only the error estimate reads is not computed: six evaluations a step, not seven.
#[test]
fn what_is_not_needed_is_not_computed() {
    assert_eq!(Scheme::of(<DormandPrince54 as Method>::TABLEAU).evaluations(), 6);
    assert_eq!(Scheme::of(<Tsit5 as Method>::TABLEAU).evaluations(), 6);
    assert_eq!(Scheme::of(<Rk4 as Method>::TABLEAU).evaluations(), 4);
}
