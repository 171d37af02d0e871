//! What must not change a solution: the origin of time, the coordinates, the type of the state, the way back.

use crate::problems::{A2, A3, B4, B5, kepler};
use flow_runtime::prelude::*;

macro_rules! methods {
    (|$method:ident| $body:expr) => {{
        {
            let $method = Rk4;
            $body;
        }
        {
            let $method = Tsit5;
            $body;
        }
        {
            let $method = DormandPrince54;
            $body;
        }
        {
            let $method = DormandPrince87;
            $body;
        }
    }};
}

#[test]
fn shifting_the_time_shifts_the_solution() {
    let grid = |shift: f64| Grid::uniform(shift, shift + 2.0, 64).unwrap();
    methods!(|method| {
        let here = solve(method, A3.field, A3.x0, &grid(0.0)).unwrap();
        let there = solve(method, |t: f64, x: &[f64; 1]| (A3.field)(t - 8.0, x), A3.x0, &grid(8.0)).unwrap();
        assert_eq!(here.statistics, there.statistics);
        // Times around eight are rounded eight times as coarsely as times around one.
        assert!((here.state[0] / there.state[0] - 1.0).abs() < 64.0 * f64::EPSILON);
    });
}

#[test]
fn there_and_back_again() {
    let grid = Grid::uniform(0.0, 2.0, 400).unwrap();
    methods!(|method| {
        let end = solve(method, B4.field, B4.x0, &grid).unwrap().state;
        let start = solve(method, B4.field, end, &grid.reversed()).unwrap().state;
        for (x, x0) in start.iter().zip(B4.x0) {
            assert!((x - x0).abs() < 1e-9, "{start:?}");
        }
    });
}

#[test]
fn backward_in_time_is_forward_with_the_negated_field() {
    let backward = Grid::uniform(3.0, 1.0, 50).unwrap();
    let forward = Grid::uniform(-3.0, -1.0, 50).unwrap();
    methods!(|method| {
        let x = solve(method, A3.field, [0.7], &backward).unwrap().state;
        let y = solve(method, |t: f64, x: &[f64; 1]| (A3.field)(-t, x).map(|v| -v), [0.7], &forward).unwrap().state;
        assert_eq!(x, y);
    });
}

#[test]
fn linear_maps_commute_with_a_solve() {
    // x = P z with determinant 1.
    let p = |z: &[f64; 3]| [z[0] + 2.0 * z[1], z[1] - z[2], z[2] + 0.5 * z[0] + z[1]];
    let inverse = |x: &[f64; 3]| {
        // By Cramer's rule for rows (1, 2, 0), (0, 1, -1), (1/2, 1, 1).
        let det = 1.0 * (1.0 + 1.0) - 2.0 * (0.0 + 0.5);
        let z0 = (x[0] * 2.0 - 2.0 * (x[1] + x[2])) / det;
        let z1 = ((x[1] + x[2]) - x[0] * 0.5) / det;
        let z2 = ((x[2] - x[1]) - 2.0 * (0.0 - 0.5 * x[1]) - 0.5 * x[0]) / det;
        [z0, z1, z2]
    };
    let x0 = [0.3, 1.0, 0.8];
    for (a, b) in p(&inverse(&x0)).iter().zip(x0) {
        assert!((a - b).abs() < 1e-15);
    }
    let grid = Grid::uniform(0.0, 2.0, 20).unwrap();
    methods!(|method| {
        let x = solve(method, B5.field, x0, &grid).unwrap().state;
        let z =
            solve(method, |t: f64, z: &[f64; 3]| inverse(&(B5.field)(t, &p(z))), inverse(&x0), &grid).unwrap().state;
        for (a, b) in p(&z).iter().zip(x) {
            assert!((a - b).abs() < 1e-14);
        }
    });
}

#[test]
fn f32_follows_f64_to_its_rounding() {
    let problem = kepler("D1", 0.1);
    let grid = Grid::uniform(0.0, 2.0, 50).unwrap();
    let single = |_: f32, x: &[f32; 4]| {
        let cube = x[0].hypot(x[1]).powi(3);
        [x[2], x[3], -x[0] / cube, -x[1] / cube]
    };
    methods!(|method| {
        let x = solve(method, problem.field, problem.x0, &grid).unwrap().state;
        let y = solve(method, single, problem.x0.map(|x| x as f32), &grid).unwrap().state;
        for (x, y) in x.iter().zip(y) {
            assert!((x - f64::from(y)).abs() < 50.0 * f64::from(f32::EPSILON), "{x} {y}");
        }
    });
}

#[test]
fn every_container_takes_the_same_steps() {
    let grid = Grid::uniform(0.0, 3.0, 30).unwrap();
    methods!(|method| {
        let array = solve(method, A2.field, A2.x0, &grid).unwrap().state;
        let scalar = solve(method, |t: f64, x: &f64| (A2.field)(t, &[*x])[0], 1.0, &grid).unwrap().state;
        let vec =
            solve(method, |t: f64, x: &Vec<f64>| (A2.field)(t, &[x[0]]).to_vec(), vec![1.0], &grid).unwrap().state;
        assert_eq!(([scalar], &*vec), (array, &array[..]));

        let mut workspace = Workspace::new(method, &vec![0.0]);
        let mut slice = [1.0];
        let field = in_place(|t: f64, x: &[f64], out: &mut [f64]| out.copy_from_slice(&(A2.field)(t, &[x[0]])));
        workspace.integrate_slice(field, &mut slice, &grid).unwrap();
        assert_eq!(slice, array);
    });
}
