use super::perceptron;
use crate::{
    engine::cuda::wide::{Precision, SamplingPlan, TrainingPlan, VelocityPlan},
    program::{Op, random},
    solve::{Euler, Method, Rk4},
    train::Loss,
};

/// Writes texts for a compiler to look at.
#[test]
#[ignore = "writes files to FLOW_DUMP"]
fn dump() {
    let folder = std::path::PathBuf::from(std::env::var("FLOW_DUMP").unwrap());
    let write = |name: String, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let wide = perceptron(784, &[1024, 1024, 1024], 0, Op::Silu);
    for precision in [Precision::Strict, Precision::X3, Precision::Half] {
        write(format!("wide_{precision:?}.cu"), &SamplingPlan::new(wide, <Rk4 as Method>::TABLEAU, precision).source.text);
        let training = TrainingPlan::new(wide, precision, Loss::Mse).unwrap();
        write(format!("train_{precision:?}.cu"), &training.source.text);
        for seed in 0..12 {
            let program = random::program(seed).unwrap();
            let name = |what: &str| format!("{what}_{seed}_{precision:?}.cu");
            write(name("euler"), &SamplingPlan::new(program, <Euler as Method>::TABLEAU, precision).source.text);
            write(name("rows"), &VelocityPlan::new(program, precision).source.text);
            let loss = Loss::Huber { delta: 0.5 };
            write(name("back"), &TrainingPlan::new(program, precision, loss).unwrap().source.text);
        }
    }
}
