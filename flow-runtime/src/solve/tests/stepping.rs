use super::*;

/// `x' = x cos t`, whose solution is `exp(sin t)`: nonlinear in its time, DETEST problem A3.
fn a3(t: f64, x: &f64) -> f64 {
    x * t.cos()
}

fn grid(steps: usize) -> Grid {
    Grid::uniform(0.0, 1.0, steps).expect("valid")
}

#[test]
fn one_step_of_the_classical_method_is_its_formula() {
    // x' = x over h = 1: 1 + 1 + 1/2 + 1/6 + 1/24.
    let solution = solve(Classical, |_: f64, x: &f64| *x, 1.0, &grid(1)).unwrap();
    assert!((solution.state - 65.0 / 24.0).abs() < 1e-15);
    assert_eq!((solution.statistics.steps, solution.statistics.evaluations), (1, 4));
}

#[test]
fn unannotated_time_and_state_are_inferred() {
    let solution = solve(Classical, |t, x: &[f64; 2]| [x[1], t - x[0]], [1.0, 0.0], &grid(64)).unwrap();
    // x = cos t − sin t + t.
    assert!((solution.state[0] - (1.0_f64.cos() - 1.0_f64.sin() + 1.0)).abs() < 1e-8);
}

#[test]
fn evaluations_are_counted_and_stages_stay_inside_the_interval() {
    let mut times = Vec::new();
    let field = |t: f64, x: &f64| {
        times.push(t);
        a3(t, x)
    };
    let solution = solve(Classical, field, 1.0, &Grid::uniform(0.0, 0.7, 7).unwrap()).unwrap();
    assert_eq!((solution.statistics.steps, solution.statistics.evaluations), (7, 28));
    assert_eq!(times.len(), 28);
    assert_eq!(times.iter().copied().fold(0.0, f64::max), 0.7);
    assert!(times.iter().all(|t| (0.0..=0.7).contains(t)));
}

#[test]
fn saved_nodes() {
    let save = |save| solve_with(Classical, a3, 1.0, &grid(10), save).unwrap();
    let (last, every, third) = (save(Save::Final), save(Save::EveryNode), save(Save::EveryNth(3)));
    assert!(last.times.is_empty() && last.states.is_empty());
    assert_eq!(every.times, grid(10).nodes().collect::<Vec<_>>());
    assert_eq!((every.states[0], every.states[10]), (1.0, every.state));
    assert_eq!(third.times, [0.0, 0.3, 0.6, 0.9, 1.0].map(|t| (t * 10.0_f64).round() / 10.0));
    assert_eq!(third.states, [0, 3, 6, 9, 10].map(|i| every.states[i]));
    assert_eq!((last.state, third.state), (every.state, every.state));
    let refused = solve_with(Classical, a3, 1.0, &grid(10), Save::EveryNth(0));
    assert!(matches!(refused, Err(Error::Invalid { .. })));
}

#[test]
fn a_grid_of_one_node_returns_the_initial_state() {
    for grid in [Grid::given([2.0]).unwrap(), Grid::uniform(2.0, 2.0, 5).unwrap()] {
        let solution = solve_with(Classical, a3, 0.1, &grid, Save::EveryNode).unwrap();
        assert_eq!((solution.state, solution.statistics), (0.1, Statistics::default()));
        assert_eq!((solution.times, solution.states), (vec![2.0], vec![0.1]));
    }
}

#[test]
fn blow_up_names_step_and_time() {
    // x' = x²: the solution has a pole at t = 1.
    let error = solve(Classical, |_: f64, x: &f64| x * x, 1.0, &Grid::uniform(0.0, 4.0, 40).unwrap()).unwrap_err();
    let Error::NotFinite { at, .. } = &error else { panic!("{error}") };
    let step: usize = at.strip_prefix("step ").unwrap().split(',').next().unwrap().parse().unwrap();
    assert!((10..=20).contains(&step), "{error}");
    assert!(error.to_string().contains("help: take smaller steps"), "{error}");
    let error = solve(Classical, |_: f64, x: &f64| *x, f64::NAN, &grid(1)).unwrap_err();
    assert!(error.to_string().contains("the initial state is not finite"), "{error}");
}

#[test]
fn a_field_of_another_length_is_a_shape_error() {
    let error = solve(Classical, |_: f64, _: &Vec<f64>| vec![1.0; 3], vec![0.0; 2], &grid(1)).unwrap_err();
    assert!(matches!(&error, Error::Shape { got, expected, .. } if got == "[3]" && expected == "[2]"), "{error}");
}

#[test]
fn errors_of_the_field_end_the_solve() {
    let field = fallible(|t: f64, x: &f64| match t > 0.55 {
        true => Err(Error::Device { asked: "field".into(), found: t.to_string(), help: String::new() }),
        false => Ok(*x),
    });
    let grid = grid(10);
    let mut stepper = Stepper::new(Classical, field, 1.0, &grid).unwrap();
    let steps: Vec<_> = stepper.by_ref().collect();
    assert_eq!(steps.len(), 6);
    assert!(matches!(steps[5], Err(Error::Device { .. })));
    // The state before the failed step is still there.
    assert_eq!((stepper.t(), *stepper.state()), (0.5, steps[4].as_ref().unwrap().1));
}

#[test]
fn every_kind_of_state_takes_the_same_steps() {
    let field = |t: f64, x: &[f64]| [x[1] * t.cos(), -x[0] + t];
    let array = solve(Classical, |t: f64, x: &[f64; 2]| field(t, x), [1.0, 0.5], &grid(8)).unwrap().state;
    let vec = solve(Classical, |t: f64, x: &Vec<f64>| field(t, x).to_vec(), vec![1.0, 0.5], &grid(8)).unwrap().state;
    let in_place_field = || in_place(|t: f64, x: &[f64], out: &mut [f64]| out.copy_from_slice(&field(t, x)));
    let boxed: Box<[f64]> = Box::new([1.0, 0.5]);
    let boxed = solve(Classical, in_place_field(), boxed, &grid(8)).unwrap().state;
    let written = solve(Classical, in_place_field(), [1.0, 0.5], &grid(8)).unwrap().state;
    let nested = |t: f64, x: &[[f64; 1]; 2]| field(t, x.as_flattened()).map(|x| [x]);
    let nested = solve(Classical, nested, [[1.0], [0.5]], &grid(8)).unwrap().state;
    assert_eq!(vec, array);
    assert_eq!(*boxed, array);
    assert_eq!(written, array);
    assert_eq!(nested.as_flattened(), array);

    let mut workspace = Workspace::new(Classical, &vec![0.0; 2]);
    for _ in 0..2 {
        let mut slice = [1.0, 0.5];
        let statistics = workspace.integrate_slice(in_place_field(), &mut slice, &grid(8)).unwrap();
        assert_eq!((slice, statistics.evaluations), (array, 32));
    }
    let short = workspace.integrate_slice(in_place_field(), &mut [1.0], &grid(8));
    assert!(matches!(short, Err(Error::Shape { .. })));
}

#[test]
fn f32_states_have_f32_times() {
    let x = solve(Classical, |t: f32, x: &f32| x * t.cos(), 1.0_f32, &grid(32)).unwrap().state;
    // Each of the 32 sums is rounded once.
    assert!((f64::from(x) / 1.0_f64.sin().exp() - 1.0).abs() < 32.0 * f64::from(f32::EPSILON));
    // Nodes that differ in f64 and not in f32.
    let fine = Grid::uniform(1e6, 1e6 + 1.0, 1000).unwrap();
    assert!(solve(Classical, |_: f64, x: &f64| *x, 1.0, &fine).is_ok());
    assert!(matches!(solve(Classical, |_: f32, x: &f32| *x, 1.0, &fine), Err(Error::Invalid { .. })));
}

#[cfg(feature = "dfdx")]
#[test]
fn a_tensor_takes_the_steps_of_an_array() {
    use dfdx::prelude::*;
    let device = Cpu::default();
    let x0: Tensor<Rank2<2, 3>, f64, Cpu> = device.tensor([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.25]]);
    let field = |t: f64, x: &Tensor<Rank2<2, 3>, f64, Cpu>| x.clone().square() * -0.5 + t;
    let tensor = solve(Classical, field, x0.clone(), &grid(8)).unwrap();
    let plain = |t: f64, x: &[[f64; 3]; 2]| x.map(|row| row.map(|x| x * x * -0.5 + t));
    let array = solve(Classical, plain, x0.array(), &grid(8)).unwrap();
    for (tensor, array) in tensor.state.array().as_flattened().iter().zip(array.state.as_flattened()) {
        assert!((tensor - array).abs() < 1e-15);
    }
    assert_eq!(tensor.statistics, array.statistics);
    // Newton's iteration reaches into tensors too.
    let tensor = solve(Gauss4, field, x0.clone(), &grid(8)).unwrap().state.array();
    let array = solve(Gauss4, plain, x0.array(), &grid(8)).unwrap().state;
    for (tensor, array) in tensor.as_flattened().iter().zip(array.as_flattened()) {
        assert!((tensor - array).abs() < 1e-14);
    }
    // Shapes of run-time size that disagree.
    let x0 = device.zeros_like(&(2, 3));
    let wrong = |_: f64, _: &Tensor<(usize, usize), f64, Cpu>| Cpu::default().zeros_like(&(3, 2));
    assert!(matches!(solve(Classical, wrong, x0, &grid(1)), Err(Error::Shape { .. })));
}
