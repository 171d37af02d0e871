use super::*;

fn grid(steps: usize) -> Grid {
    Grid::uniform(0.0, 1.0, steps).expect("valid")
}

/// Observed order between two step counts on `x' = −t x² sin x, x(0) = 1`, against 4000 steps of the classical method.
fn slope<M: Method>(method: M, coarse: usize) -> f64 {
    let field = |t: f64, x: &f64| -t * x * x * x.sin();
    let exact = solve(Classical, field, 1.0, &grid(4000)).unwrap().state;
    let error = |steps| (solve(method, field, 1.0, &grid(steps)).unwrap().state - exact).abs();
    (error(coarse) / error(2 * coarse)).log2()
}

#[test]
fn a_linear_step_is_the_stability_function() {
    // x' = λ x over one step of length 1 multiplies by R(λ).
    let r = |lambda: f64| {
        let field = move |_: f64, x: &f64| lambda * x;
        [
            solve(BackwardEuler, field, 1.0, &grid(1)).unwrap().state,
            solve(Trapezoidal, field, 1.0, &grid(1)).unwrap().state,
            solve(Gauss4, field, 1.0, &grid(1)).unwrap().state,
            solve(Lobatto3A, field, 1.0, &grid(1)).unwrap().state,
        ]
    };
    for z in [-0.5_f64, -3.0, -100.0, -1e6, 0.25] {
        let pade = (1.0 + z / 2.0 + z * z / 12.0) / (1.0 - z / 2.0 + z * z / 12.0);
        let expected = [1.0 / (1.0 - z), (1.0 + z / 2.0) / (1.0 - z / 2.0), pade, pade];
        // An explicit first stage is as large as z; what cancels it leaves its rounding behind.
        let large = 1e-15 * f64::max(z.abs(), 10.0);
        for ((got, expected), tolerance) in r(z).iter().zip(expected).zip([1e-14, large, 1e-14, large]) {
            assert!((got - expected).abs() < tolerance, "z = {z}: {:?} is not {expected:?}", r(z));
        }
    }
}

#[test]
fn slopes_on_a_nonlinear_problem_that_depends_on_time() {
    assert!((slope(BackwardEuler, 64) - 1.0).abs() < 0.1);
    assert!((slope(Trapezoidal, 16) - 2.0).abs() < 0.1);
    assert!((slope(Alexander2, 16) - 2.0).abs() < 0.1);
    assert!((slope(Gauss4, 8) - 4.0).abs() < 0.1);
    assert!((slope(Lobatto3A, 8) - 4.0).abs() < 0.1);
}

#[test]
fn stiff_system_on_its_slow_solution() {
    // Prothero & Robinson (1974): x' = λ (x − cos t) − sin t keeps to cos t however stiff it is.
    let field = |t: f64, x: &[f64; 2]| [-1e7 * (x[0] - t.cos()) - t.sin(), x[0] - x[1]];
    for state in [
        solve(Alexander2, field, [1.0, 0.0], &grid(50)).unwrap().state,
        solve(Gauss4, field, [1.0, 0.0], &grid(50)).unwrap().state,
    ] {
        assert!((state[0] - 1.0_f64.cos()).abs() < 1e-4, "{state:?}");
        // x2 = (cos t + sin t − e^{−t}) / 2.
        assert!((state[1] - (1.0_f64.cos() + 1.0_f64.sin() - (-1.0_f64).exp()) / 2.0).abs() < 1e-4, "{state:?}");
    }
}

#[test]
fn robertson_conserves_mass_and_meets_the_reference() {
    // y(1) of Robertson's problem as Kvaerno's method computes it at tolerance 1e-20.
    let field = |_: f64, y: &[f64; 3]| {
        let (slow, fast, square) = (0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] * y[1]);
        [fast - slow, slow - fast - square, square]
    };
    let nodes: Vec<f64> = (0..=400).map(|i| (f64::from(i) / 400.0).powi(3)).collect();
    let y = solve(Gauss4, field, [1.0, 0.0, 0.0], &Grid::given(nodes).unwrap()).unwrap().state;
    assert!((y.iter().sum::<f64>() - 1.0).abs() < 1e-13, "{y:?}");
    assert!((y[0] - 0.966_459_737_333_012_94).abs() < 1e-7, "{y:?}");
    assert!((y[1] - 3.074_626_578_578_668_6e-5).abs() < 1e-9, "{y:?}");
}

#[test]
fn work_of_a_linear_step_is_counted() {
    // f at the start, one more for the Jacobian, then two iterations: one corrects, one sees that nothing is left.
    let solution = solve(BackwardEuler, |_: f64, x: &f64| -x, 1.0, &grid(10)).unwrap();
    assert_eq!(solution.statistics.steps, 10);
    assert!((30..=50).contains(&solution.statistics.evaluations), "{:?}", solution.statistics);
}

#[test]
fn f32_converges_to_its_own_rounding() {
    let x = solve(Gauss4, |t: f32, x: &f32| x * t.cos(), 1.0_f32, &grid(20)).unwrap().state;
    assert!((f64::from(x) - 1.0_f64.sin().exp()).abs() < 2e-6, "{x}");
}

#[test]
fn equations_without_a_solution_are_an_error() {
    // z = 1 + z² / 2 has no real solution.
    let field = |_: f64, x: &f64| 0.5 * x * x;
    let error = solve(BackwardEuler, field, 1.0, &grid(1)).unwrap_err();
    let Error::NotConverged { method: "BackwardEuler", t0: 0.0, t1: 1.0, .. } = error else { panic!("{error}") };
    assert!(error.to_string().contains("help: take smaller steps"), "{error}");
    // A matrix that is exactly singular.
    let error = solve(BackwardEuler, |_: f64, x: &f64| *x, 1.0, &grid(1)).unwrap_err();
    assert!(matches!(error, Error::NotConverged { .. }), "{error}");
}

#[test]
fn the_work_must_have_the_stages_of_the_tableau() {
    let mut work = [0.0; 2];
    let mut field = |_: f64, x: &f64| -x;
    let mut out = 0.0;
    let step = crate::solve::implicit::implicit_step::<_, _, 2>(
        Gauss4::TABLEAU,
        &mut field,
        0.0,
        1.0,
        &1.0,
        &mut work,
        &mut out,
    );
    assert!(matches!(step, Err(Error::Shape { .. })));
}
