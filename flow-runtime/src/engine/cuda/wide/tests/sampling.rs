use super::*;
use crate::{
    engine::cuda::{lost::Lost, ways::Task},
    solve::{DormandPrince54, Euler, Grid, Method, Rk4, Save, Tsit5, fallible, solve_with},
};

const NODES: [f64; 5] = [0.0, 0.05, 0.2, 0.25, 0.3];

fn reference<M: Method>(method: M, program: &Program, inputs: &random::Inputs, nodes: &[f64]) -> Vec<Vec<f64>> {
    let rows = inputs.t.len();
    let field =
        fallible(|t: f64, x: &Vec<f64>| program.evaluate(&inputs.parameters, &vec![t; rows], x, &inputs.conditions));
    solve_with(method, field, inputs.x.clone(), &Grid::given(nodes).unwrap(), Save::EveryNode).unwrap().states
}

/// The inputs with the last two bits of every weight and point changed: what becomes of that is what rounding may do.
fn shaken(inputs: &random::Inputs) -> random::Inputs {
    let shake = |(i, x): (usize, &f64)| x * (1.0 + (if i % 3 == 0 { 1.0 } else { -1.0 }) * 2f64.powi(-22));
    random::Inputs {
        parameters: inputs.parameters.iter().enumerate().map(shake).collect(),
        x: inputs.x.iter().enumerate().map(shake).collect(),
        ..inputs.clone()
    }
}

fn sampling<M: Method>(
    _: M,
    program: &'static Program,
    inputs: &random::Inputs,
    precision: Precision,
    rows: usize,
    backend: &mut dyn Backend,
) -> Sampling {
    let plan = SamplingPlan::new(program, M::TABLEAU, precision);
    let mut sampling = Sampling::new(plan, rows, backend).unwrap();
    sampling.load(&single(&inputs.parameters), backend).unwrap();
    sampling
}

/// The states at every node: of a first call, or of a call before which there was another.
fn states(
    sampling: &mut Sampling,
    program: &Program,
    inputs: &random::Inputs,
    nodes: &[f64],
    backend: &mut dyn Backend,
) -> Vec<Vec<f32>> {
    let x = single(&inputs.x);
    let points = upload(bytes_of(&x), backend);
    let conditions = conditions(program, inputs, backend);
    let saved: Vec<_> = nodes.iter().map(|_| upload(bytes_of(&x), backend)).enumerate().collect();
    let rows = inputs.t.len();
    let task = Task { points: &points, rows, nodes, conditions: &conditions, saved: &saved };
    assert_eq!(sampling.integrate(&task, backend).unwrap(), None);
    let all: Vec<Vec<f32>> = saved.iter().map(|(_, save)| download(save, x.len(), backend)).collect();
    assert_eq!(all.last(), Some(&download(&points, x.len(), backend)));
    all
}

fn check<M: Method>(method: M, seeds: std::ops::Range<u64>, precision: Precision, tolerance: f64) {
    for seed in seeds {
        let program = random::program(seed).unwrap();
        let inputs = random::inputs(program, seed, 1 + seed as usize % 5);
        let expected = reference(method, program, &inputs, &NODES);
        let near = reference(method, program, &shaken(&inputs), &NODES);
        let Some(mut backend) = backend(seed % 3) else { return };
        let mut sampling = sampling(method, program, &inputs, precision, inputs.t.len() + 3, &mut backend);
        let got = states(&mut sampling, program, &inputs, &NODES, &mut backend);
        for ((got, expected), near) in got.iter().zip(&expected).zip(&near) {
            let (apart, rounding) = (difference(got, expected), difference(&single(near), expected));
            let most = tolerance + 8.0 * rounding;
            assert!(apart < most, "{} seed {seed} {precision:?}: {apart:e} {rounding:e}\n{program}", M::TABLEAU.name);
        }
    }
}

#[test]
fn random_programs_go_where_the_interpreter_takes_them() {
    check(Euler, 0..5, Precision::Strict, 1e-5);
    check(Rk4, 8..12, Precision::Strict, 1e-5);
    check(Tsit5, 14..18, Precision::Strict, 1e-5);
}

#[test]
fn rounded_products_are_as_near_as_their_precision_says() {
    check(Rk4, 20..24, Precision::X3, 2e-5);
    check(DormandPrince54, 28..31, Precision::Half, 0.1);
}

/// In every precision, a first call, a second, which is another graph, and one over part of the rows.
#[test]
fn a_perceptron_is_carried_in_every_precision() {
    let program = perceptron(20, &[96, 96], 8, Op::Silu);
    let mut inputs = random::inputs(program, 5, 37);
    inputs.parameters.iter_mut().for_each(|w| *w = f64::from((*w * 0.25) as f32));
    let expected = reference(Rk4, program, &inputs, &NODES);
    for (precision, tolerance) in [(Precision::Strict, 2e-6), (Precision::X3, 2e-6), (Precision::Half, 2e-3)] {
        let Some(mut backend) = backend(0) else { return };
        let mut sampling = sampling(Rk4, program, &inputs, precision, 40, &mut backend);
        for _ in 0..2 {
            let got = states(&mut sampling, program, &inputs, &NODES, &mut backend);
            for (got, expected) in got.iter().zip(&expected) {
                let apart = difference(got, expected);
                assert!(apart < tolerance, "{precision:?}: {apart:e}");
            }
        }
        // Without inner nodes to save, the second call replays one graph.
        for _ in 0..3 {
            let x = single(&inputs.x);
            let points = upload(bytes_of(&x), &mut backend);
            let task = Task { points: &points, rows: 37, nodes: &NODES, conditions: &[], saved: &[] };
            assert_eq!(sampling.integrate(&task, &mut backend).unwrap(), None);
            let got = download(&points, x.len(), &mut backend);
            assert!(difference(&got, expected.last().unwrap()) < tolerance);
        }
        let part = random::Inputs { t: inputs.t[..9].to_vec(), x: inputs.x[..180].to_vec(), ..inputs.clone() };
        let got = states(&mut sampling, program, &part, &NODES, &mut backend);
        for (got, expected) in got.iter().zip(&expected) {
            assert!(difference(got, &expected[..180]) < tolerance);
        }
    }
}

#[test]
fn rows_that_are_lost_are_counted_in_the_first_step_that_loses_one() {
    // v = 2^60 x: a step of 1 multiplies by it.
    let mut b = Builder::new("Burst", &[2]);
    let velocity = b.scale(b.state(), 2f64.powi(60));
    let program = b.finish(velocity).unwrap();
    let Some(mut backend) = backend(0) else { return };
    let plan = SamplingPlan::new(program, <Euler as Method>::TABLEAU, Precision::Strict);
    let mut sampling = Sampling::new(plan, 5, &mut backend).unwrap();
    sampling.load(&[], &mut backend).unwrap();
    let x = [0.0f32, 0.0, 1e-30, 1.0, 0.0, 1e10, 1e5, 1e5, 0.0, 0.0];
    let points = upload(bytes_of(&x), &mut backend);
    let task = Task { points: &points, rows: 5, nodes: &[0.0, 1.0, 2.0, 3.0], conditions: &[], saved: &[] };
    let lost = sampling.integrate(&task, &mut backend).unwrap();
    assert_eq!(lost, Some(Lost { step: 2, count: 2, first: 2 }));
}

#[test]
fn velocities_are_the_interpreters() {
    for (precision, tolerance) in [(Precision::Strict, 1e-4), (Precision::X3, 1e-3)] {
        for seed in 40..44 {
            let program = random::program(seed).unwrap();
            let inputs = random::inputs(program, seed, 5);
            let random::Inputs { parameters, t, x, conditions: given } = &inputs;
            let expected = program.evaluate(parameters, t, x, given).unwrap();
            let Some(mut backend) = backend(0) else { return };
            let mut velocity = Velocity::new(VelocityPlan::new(program, precision), 5, &mut backend).unwrap();
            velocity.load(&single(parameters), &mut backend).unwrap();
            let (t, x) = (upload(bytes_of(&single(t)), &mut backend), upload(bytes_of(&single(x)), &mut backend));
            let conditions = conditions(program, &inputs, &mut backend);
            velocity.evaluate((&t, &x, 5), &conditions, &x, &mut backend).unwrap();
            let got = download(&x, expected.len(), &mut backend);
            let apart = difference(&got, &expected);
            assert!(apart < tolerance, "seed {seed} {precision:?}: {apart:e}\n{program}");
        }
    }
}
