//! Values at `t = 20` of the DETEST problems, computed in 40-digit arithmetic.

#![allow(clippy::excessive_precision, reason = "as they were computed")]

use crate::problems::*;
use flow_runtime::prelude::*;

/// Relative error at `t = 20`, coordinate by coordinate against the largest one.
fn error_at_20<const N: usize, M: Method>(method: M, problem: Problem<N>, steps: usize, exact: [f64; N]) -> f64 {
    let grid = Grid::uniform(0.0, 20.0, steps).unwrap();
    relative_error(&solve(method, problem.field, problem.x0, &grid).unwrap().state, &exact)
}

macro_rules! reference_tests {
    ($($name:ident: $problem:expr, $exact:expr, steps $rk4:literal $dp5:literal $dp8:literal;)*) => { $(
        #[test]
        fn $name() {
            let errors = [
                error_at_20(Rk4, $problem, $rk4, $exact),
                error_at_20(DormandPrince54, $problem, $dp5, $exact),
                error_at_20(DormandPrince87, $problem, $dp8, $exact),
            ];
            for (error, bound) in errors.into_iter().zip([1e-8, 1e-9, 1e-11]) {
                assert!(error < bound, "{errors:?}");
            }
        }
    )* };
}

reference_tests! {
    a1: A1, [2.0611536224385578e-9], steps 4000 1000 400;
    a2: A2, [0.21821789023599238], steps 1000 400 200;
    a3: A3, [2.4916502718504145], steps 4000 1000 400;
    a4: A4, [17.73016648131484], steps 1000 400 200;
    a5: A5, [-0.78878266889640142], steps 4000 1000 400;
    b1: B1, [0.67618760085766066, 0.18608160996400298], steps 16000 4000 800;
    b2: B2, [1.0000000010305768, 1.0, 0.99999999896942319], steps 4000 1000 400;
    b3: B3, [2.0611536224385578e-9, 0.052572280220485125, 0.94742771771836125], steps 4000 1000 400;
    b4: B4, [0.98269509280065305, 2.1984470816949297, 0.91294525072762765], steps 4000 1000 400;
    b5: B5, [-0.9396570798729204, -0.34211777540007491, 0.7414126596199953], steps 4000 1000 400;
    c1: C1, [
        2.0611536224385578e-9, 4.1223072448771157e-8, 4.1223072448771157e-7, 2.7482048299180771e-6,
        1.3741024149590386e-5, 5.4964096598361542e-5, 1.8321365532787181e-4, 5.2346758665106231e-4,
        1.3086689666276558e-3, 0.99791274095086498
    ], steps 4000 1000 400;
    c3: C3, [
        0.0029481192110226994, 0.0056353801548452959, 0.0078290725159270383, 0.0093482579085955971,
        0.010079436103019805, 0.009982674171429489, 0.0090886933327653319, 0.007489115195185085,
        0.0053229641309526756, 0.0027624343790295144
    ], steps 4000 1000 400;
    d1: kepler("D1", 0.1),
        [0.21988353520083966, 0.94270768463418131, -0.97876598410581765, 0.32879779909620361], steps 16000 4000 800;
    d3: kepler("D3", 0.5),
        [-0.57804329530353612, 0.86338400091941928, -0.95950837303807274, -0.065049151267120902],
        steps 40000 10000 2000;
    e1: bessel(), [0.14567236007282468, -0.098835001955745789], steps 4000 1000 400;
    e2: E2, [2.0081497621749486, -0.042508875273202147], steps 40000 10000 2000;
    e3: E3, [-0.10041788586472407, 0.24114001320959556], steps 40000 10000 2000;
    e4: E4, [33.950914446465564, 0.27678226596728678], steps 4000 1000 400;
    e5: E5, [14.117973905426255, 2.4], steps 4000 1000 400;
}

#[test]
fn solution_formulas_meet_the_references() {
    // The slopes are measured against it.
    let reference = [
        (0.3, [-0.17770273571404117, 0.94677847199058926, -1.0302941631929696, 0.12110748900539522]),
        (0.7, [-0.95389902934163944, 0.69074090242194315, -0.82126742708774331, -0.15395742591258247]),
    ];
    assert!((a5_at(20.0) - -0.78878266889640142).abs() < 1e-14);
    for (e, expected) in reference {
        for (x, expected) in kepler_at(e, 20.0).iter().zip(expected) {
            assert!((x - expected).abs() < 1e-14);
        }
    }
}
