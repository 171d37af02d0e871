//! Velocities and gradients of random programs, which hold every op.

use super::{far, header};
use crate::{
    data::ConditionValues,
    engine::CudaPrecision,
    engine::cuda::{
        backend::{Backend, Memory, bytes_of_mut},
        engine::{upload, upload_conditions},
        tile::{Batches, Given, Pointwise, Rates, Spec, State, Steps, Trainer},
    },
    program::{Program, Wanted, random},
    train::Loss,
};

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

fn bound<'a>(program: &Program, inputs: &'a random::Inputs, rows: usize) -> Vec<&'a ConditionValues> {
    program.bind_conditions("testing", &inputs.conditions, rows).unwrap()
}

fn given(backend: &mut dyn Backend, program: &Program, inputs: &random::Inputs, rows: usize) -> Given {
    let conditions = bound(program, inputs, rows);
    Given {
        t: upload(backend, &single(&inputs.t), "t").unwrap(),
        x: upload(backend, &single(&inputs.x), "x").unwrap(),
        u: upload(backend, &vec![0.25f32; inputs.x.len()], "u").unwrap(),
        conditions: upload_conditions(backend, &conditions, 0, rows).unwrap(),
    }
}

fn velocity(backend: &mut dyn Backend, program: &'static Program, inputs: &random::Inputs, rows: usize) -> Vec<f32> {
    let mut pointwise = Pointwise::new(program, rows, backend.properties());
    pointwise.load(backend, &single(&inputs.parameters)).unwrap();
    let batch = given(backend, program, inputs, rows);
    let v: Memory = backend.allocate(4 * inputs.x.len(), "v").unwrap();
    pointwise.run(backend, rows, (&batch.t, &batch.x, &v), &batch.conditions).unwrap();
    let mut out = vec![f32::NAN; inputs.x.len()];
    backend.download(&v, 0, bytes_of_mut(&mut out)).unwrap();
    out
}

#[test]
fn random_programs_have_the_velocity_of_the_interpreter() {
    for seed in 0..12 {
        let Some(mut backend) = header(seed % 3) else { return };
        let (program, rows) = (random::program(seed).unwrap(), [1, 7, 40][seed as usize % 3]);
        let inputs = random::inputs(program, seed, rows);
        let expected = program.evaluate(&inputs.parameters, &inputs.t, &inputs.x, &inputs.conditions).unwrap();
        let got = velocity(&mut *backend, program, &inputs, rows);
        assert!(far(&got, &expected) < 2e-5, "seed {seed}: {}\n{program}", far(&got, &expected));
    }
}

/// Values in global memory, weights in global memory: the same numbers, bit for bit.
#[test]
fn where_values_lie_changes_no_bit() {
    let Some(mut all) = header(0) else { return };
    let (program, rows) = (random::program(4).unwrap(), 40);
    let inputs = random::inputs(program, 4, rows);
    let expected = velocity(&mut *all, program, &inputs, rows);
    for shared_per_block in [1 << 10, 3 << 10] {
        let settings = super::Settings { shared_per_block, ..super::Settings::default() };
        let mut backend = super::Header::new(settings).unwrap();
        assert_eq!(velocity(&mut backend, program, &inputs, rows), expected, "{shared_per_block}");
    }
}

#[test]
fn random_programs_have_the_gradient_of_the_interpreter() {
    for seed in 0..12 {
        let Some(mut backend) = header(seed % 3) else { return };
        let (program, rows) = (random::program(seed).unwrap(), [1, 9, 40][seed as usize % 3]);
        let inputs = random::inputs(program, seed, rows);
        let gradient = program.gradient(Wanted { parameters: true, state: false }).unwrap();
        // The loss is the mean of (v − ¼)², with dropout on.
        let masks = (11, 3);
        let values = |cotangent: &[f64]| {
            gradient
                .evaluate_training(
                    &inputs.parameters,
                    &inputs.t,
                    &inputs.x,
                    &inputs.conditions,
                    cotangent,
                    masks.0,
                    masks.1,
                )
                .unwrap()
        };
        let v = values(&vec![0.0; inputs.x.len()]).velocity;
        let share = 2.0 / v.len() as f64;
        let cotangent: Vec<f64> = v.iter().map(|v| share * (v - 0.25)).collect();
        let expected = values(&cotangent).parameters;
        let loss = v.iter().map(|v| (v - 0.25).powi(2)).sum::<f64>() / v.len() as f64;

        let backend = &mut *backend;
        let mut trainer =
            Trainer::new(program, Spec::for_gradient(Loss::Mse, rows, CudaPrecision::Strict), backend).unwrap();
        let mut weights = single(&inputs.parameters);
        let state = State { weights: &mut weights, moment1: &mut [], moment2: &mut [], average: &mut [] };
        trainer.upload(backend, &state).unwrap();
        let batch = given(backend, program, &inputs, rows);
        let rates = [Rates { lr: 0.0, corrections: [1.0; 2], follow: 0.0, decay: 0.0 }];
        let steps = Steps { rates: &rates, seed: masks.0, draw: masks.1, bound: 0.0, update: false };
        let outcome = trainer.run(backend, &steps, &Batches::Given(&batch)).unwrap();
        let mut got = vec![f32::NAN; expected.len()];
        trainer.gradient(backend, &mut got).unwrap();
        assert!((outcome[0][0] - loss).abs() < 2e-5 * loss.max(1.0), "seed {seed}: {} {loss}", outcome[0][0]);
        let norm = expected.iter().map(|g| g * g).sum::<f64>().sqrt();
        assert!((outcome[0][1] - norm).abs() < 5e-5 * norm.max(1.0), "seed {seed}: {} {norm}", outcome[0][1]);
        assert!(far(&got, &expected) < 5e-5, "seed {seed}: {}\n{program}", far(&got, &expected));
    }
}
