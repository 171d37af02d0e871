//! A dfdx module of the user's among the layers.

use crate::models::{bits, moons};
use dfdx::nn::{builders, modules::Tanh};
use flow_runtime::prelude::*;

/// Two layers around a residual.
type Inner = (builders::Linear<12, 12>, Tanh, builders::Linear<12, 12>);
type Around = builders::Residual<Inner>;

flow_model! {
    model WithModule(x: [2], t: Time) -> [2] {
        let h = linear(concat(x, sinusoidal(t, 4)), 12);
        let h = custom(h, Around);
        linear(h, 2)
    }
    train ModuleTraining for WithModule {
        path: Affine(CondOt), optimizer: adamw(lr = 1e-2), batch: 64, steps: 120, ema: 0.9,
    }
    sampler ModuleSampler for WithModule { solver: Midpoint, grid: uniform(10) }
}

#[test]
fn it_is_trained_stopped_resumed_saved_and_loaded() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let whole = ModuleTraining::trainer().seed(2).fit(&moons()).expect("the data fit");
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    assert!(mean(&whole.losses[100..]) < 0.85 * mean(&whole.losses[..3]), "{:?}", whole.losses);

    let before = WithModule::new(2);
    for (entry, values) in whole.raw_model.parameters() {
        assert_ne!(before.weights().view(&entry.name).ok(), Some(values), "{} is trained", entry.name);
    }
    assert!(whole.model.weights().view("h2.0.0.weight").is_ok() || whole.model.weights().view("h.0.0.weight").is_ok());

    let run = || ModuleTraining::trainer().seed(2).checkpoints(folder.path().join("runs"), 50).resume(true);
    let stop = |info: &StepInfo| if info.step == 70 { Control::Stop } else { Control::Continue };
    assert_eq!(run().on_step(stop).fit(&moons()).expect("the data fit").report.steps, 70);
    let resumed = run().fit(&moons()).expect("the checkpoint is this run's");
    assert_eq!(bits(resumed.raw_model.weights().values()), bits(whole.raw_model.weights().values()));

    let file = folder.path().join("model.safetensors");
    whole.model.save_safetensors(&file).expect("the folder is writable");
    let back = WithModule::load_safetensors(&file).expect("the file is whole");
    let draw = |model| ModuleSampler::new(model).seed(1).sample(40).expect("the model is finite");
    assert_eq!(bits(draw(&back).values()), bits(draw(&whole.model).values()));
}

#[test]
fn the_interpreter_says_that_it_cannot_run_it() {
    let error = WithModule::new(0).velocity_reference(&[0.0], &[0.0, 0.0], &Conditions::none());
    assert!(matches!(error, Err(Error::Device { .. })), "{error:?}");
}

#[test]
fn auto_finds_the_engine_that_runs_it_and_the_cpu_engine_refuses_it() {
    let trained = ModuleTraining::trainer().steps(1).fit(&moons()).expect("the data fit");
    let reference = ModuleTraining::trainer().steps(1).device(Device::Dfdx).fit(&moons()).expect("the data fit");
    assert_eq!(trained.report.device, reference.report.device);
    let expected = "device `cpu`: `custom(Around)` in `WithModule`, a dfdx module, which the CPU engine cannot run\n\
                    help: use `--device dfdx` (feature `dfdx`), or write the layer in `flow_model!`";
    let model = WithModule::new(0);
    let said = |error: Error| assert_eq!(error.to_string(), expected);
    said(ModuleTraining::trainer().device(Device::Cpu).fit(&moons()).map(drop).expect_err("it cannot"));
    said(ModuleSampler::new(&model).device(Device::Cpu).sample(3).map(drop).expect_err("it cannot"));
    said(flow_runtime::engine::CpuEngine::<WithModule>::new().map(drop).expect_err("it cannot"));
}
