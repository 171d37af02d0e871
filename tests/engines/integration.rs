//! Integrations of every engine against the generic stepper on the interpreter.

use crate::{
    engines::{ALL, Engine, far},
    models::{Added, Everything, Joined, Steered, conditions, exactly, numbers},
};
use flow_runtime::{data::ConditionValues, engine::DfdxModel, prelude::*};

/// One row of every condition.
fn row_of(given: &Conditions, row: usize) -> Conditions {
    given.iter().fold(Conditions::none(), |some, column| match &column.values {
        ConditionValues::Class(labels) => some.class(&column.name, &labels[row..=row]).expect("one row"),
        ConditionValues::Vector { dim, values } => {
            some.vector(&column.name, *dim, &values[row * dim..(row + 1) * dim]).expect("one row")
        }
    })
}

/// The states at all nodes, sample by sample.
fn reference<M: Model, S: Method>(model: &M, nodes: &[f64], x: &[f32], given: &Conditions) -> Vec<Vec<f64>> {
    let dim = M::PROGRAM.state_dim();
    let weights = exactly(model.weights().values());
    let mut states = vec![Vec::new(); nodes.len()];
    for (row, x) in x.chunks(dim).enumerate() {
        let given = row_of(given, row);
        let field = in_place(|t: f64, x: &[f64], out: &mut [f64]| {
            out.copy_from_slice(&M::PROGRAM.evaluate(&weights, &[t], x, &given).expect("they fit"));
        });
        let grid = Grid::given(nodes).expect("it is monotone");
        let solution = solve_with(S::default(), field, exactly(x), &grid, Save::EveryNode).expect("it stays finite");
        states.iter_mut().zip(&solution.states).for_each(|(all, own)| all.extend(own));
    }
    states
}

const FORWARD: &[f64] = &[0.0, 0.25, 0.5, 0.75, 1.0];
const BACKWARD: &[f64] = &[1.0, 0.7, 0.3, 0.0];
const UNEVEN: &[f64] = &[0.0, 0.01, 0.3, 0.35, 0.99];

pub fn agrees<M: DfdxModel, S: Method>(rows: usize, tolerance: impl Fn(Engine) -> f64) {
    let model = M::from_weights(M::initial_weights(4)).expect("the weights are the model's");
    let x = numbers(rows * M::PROGRAM.state_dim(), 6);
    let given = conditions(M::PROGRAM, rows);
    for nodes in [FORWARD, BACKWARD, UNEVEN] {
        let expected = reference::<M, S>(&model, nodes, &x, &given);
        for engine in ALL {
            let got = engine.integrate::<M, S>(&model, nodes, &x, &given).expect("they fit");
            for (node, (got, expected)) in got.iter().zip(&expected).enumerate() {
                let error = far(got, expected);
                let bound = tolerance(engine);
                assert!(error < bound, "{}, {engine:?}, {nodes:?}, node {node}: {error:e}", M::PROGRAM.name);
            }
        }
    }
}

macro_rules! methods {
    ($($name:ident: $method:ty, $tolerance:expr;)*) => { $(
        mod $name {
            use super::*;

            #[test]
            fn with_every_layer() {
                agrees::<Everything, $method>(5, $tolerance);
            }

            #[test]
            fn with_the_time_concatenated() {
                agrees::<Joined, $method>(7, $tolerance);
            }

            #[test]
            fn with_the_time_added() {
                agrees::<Added, $method>(3, $tolerance);
            }

            #[test]
            fn with_conditions() {
                agrees::<Steered, $method>(4, $tolerance);
            }
        }
    )* };
}

#[allow(unused_imports, reason = "for implicit methods, which not every engine has")]
pub(crate) use methods;

methods! {
    euler: Euler, Engine::tolerance;
    midpoint: Midpoint, Engine::tolerance;
    rk4: Rk4, Engine::tolerance;
    dormand_prince: DormandPrince54, Engine::tolerance;
    tsit: Tsit5, Engine::tolerance;
}

/// Many tiles of many rows are what each of them is by itself.
#[test]
fn a_batch_of_many_tiles() {
    let model = Joined::new(4);
    let x = numbers(2 * 3001, 6);
    let expected = reference::<Joined, Rk4>(&model, FORWARD, &x, &Conditions::none());
    for engine in ALL {
        let got = engine.integrate::<Joined, Rk4>(&model, FORWARD, &x, &Conditions::none()).expect("they fit");
        assert!(far(&got[4], &expected[4]) < engine.tolerance(), "{engine:?}");
    }
}

#[test]
fn the_empty_batch_and_the_grid_of_one_node_move_nothing() {
    let model = Joined::new(4);
    for engine in ALL {
        let none = engine.integrate::<Joined, Rk4>(&model, FORWARD, &[], &Conditions::none()).expect("it fits");
        assert!(none.iter().all(Vec::is_empty), "{engine:?}");
        assert_eq!(engine.velocity(&model, &[], &[], &Conditions::none()).expect("it fits"), [0.0; 0]);
        let x = numbers(6, 1);
        let still = engine.integrate::<Joined, Rk4>(&model, &[0.5], &x, &Conditions::none()).expect("it fits");
        assert_eq!(still, [exactly(&x)], "{engine:?}");
    }
}
