use super::{converted, difference, executor};
use crate::{
    engine::cpu::{
        executor::Bound,
        math::Math,
        plan::Use,
        team::Team,
        velocity::{Times, velocity},
    },
    program::{Program, builder::moons, random},
};

/// The velocity at times of the rows' own, or at the first time for all.
fn engine<T: Math>(program: &'static Program, inputs: &random::Inputs, shared: bool, threads: usize) -> Vec<T> {
    let usage = if shared { Use::SharedTime } else { Use::TimePerRow };
    let executor = executor::<T>(program, inputs, usage);
    let (t, x) = (converted::<T>(&inputs.t), converted::<T>(&inputs.x));
    let bound = program.bind_conditions("test", &inputs.conditions, t.len()).unwrap();
    let mut out = vec![T::from_f64(f64::NAN); x.len()];
    let times = if shared { Times::Shared(t[0]) } else { Times::Rows(&t) };
    let sizes = (program.state_dim(), 1 << 30);
    let mut team = Team::new(threads).unwrap();
    velocity(&executor, &mut team, &mut Vec::new(), times, &x, &Bound::new(&bound), sizes, &mut out);
    out
}

fn reference(program: &Program, inputs: &random::Inputs, shared: bool) -> Vec<f64> {
    let t = if shared { vec![inputs.t[0]; inputs.t.len()] } else { inputs.t.clone() };
    program.evaluate(&inputs.parameters, &t, &inputs.x, &inputs.conditions).unwrap()
}

#[test]
fn random_programs_agree_with_the_interpreter() {
    for seed in 0..400 {
        let program = random::program(seed).unwrap();
        let inputs = random::inputs(program, seed, 1 + seed as usize % 37);
        for shared in [false, true] {
            let expected = reference(program, &inputs, shared);
            let exact = difference(&engine::<f64>(program, &inputs, shared, 1), &expected);
            assert!(exact < 1e-12, "seed {seed}, shared {shared}: {exact:e}\n{program}");
            let single = difference(&engine::<f32>(program, &inputs, shared, 1), &expected);
            assert!(single < 1e-3, "seed {seed}, shared {shared}: {single:e}\n{program}");
        }
    }
}

#[test]
fn moons_is_right_to_the_precision_of_f32() {
    let program = moons();
    for rows in [1, 2, 7, 64, 193, 1000] {
        let mut inputs = random::inputs(program, rows as u64, rows);
        // As a trained network has them.
        inputs.parameters.iter_mut().for_each(|w| *w = f64::from((*w * 0.4) as f32));
        for shared in [false, true] {
            let expected = reference(program, &inputs, shared);
            let single = difference(&engine::<f32>(program, &inputs, shared, 2), &expected);
            assert!(single < 5e-6, "{rows} {shared}: {single:e}");
        }
    }
}

#[test]
fn neither_threads_nor_neighbours_change_a_bit() {
    for seed in 0..50 {
        let program = random::program(seed).unwrap();
        let inputs = random::inputs(program, seed, 301);
        let dim = program.state_dim();
        for shared in [false, true] {
            let one = engine::<f32>(program, &inputs, shared, 1);
            let many = engine::<f32>(program, &inputs, shared, 3);
            assert!(one.iter().zip(&many).all(|(a, b)| a.to_bits() == b.to_bits()), "seed {seed}");
        }
        let all = engine::<f32>(program, &inputs, false, 2);
        let alone = random::Inputs {
            t: inputs.t[..1].to_vec(),
            x: inputs.x[..dim].to_vec(),
            conditions: inputs.conditions.gather(&[0]).unwrap(),
            ..inputs.clone()
        };
        let first = engine::<f32>(program, &alone, false, 1);
        assert!(first.iter().zip(&all).all(|(a, b)| a.to_bits() == b.to_bits()), "seed {seed}");
    }
}
