//! Gradients.

use crate::program::{Wanted, random};

#[test]
fn smoke() {
    for seed in 0..300 {
        let program = random::program(seed).unwrap();
        let gradient = program.gradient(Wanted { parameters: true, state: true }).unwrap();
        gradient.program.check().unwrap();
        if seed == 7 {
            println!("{}", gradient.program);
        }
    }
}
