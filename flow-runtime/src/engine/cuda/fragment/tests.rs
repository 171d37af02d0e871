//! What the text computes, against the interpreter.

mod models;

use super::{Fragment, Products};
use crate::{engine::cuda::backend::Properties, prelude::*};

/// An H200, as far as text depends on it.
fn properties() -> Properties {
    Properties {
        name: "test".to_owned(),
        capability: (9, 0),
        multiprocessors: 132,
        shared_per_block: 232_448,
        memory: 1 << 37,
    }
}

/// Writes the texts of some models where a path is given.
#[test]
fn dump() {
    let Ok(folder) = std::env::var("FLOW_DUMP") else { return };
    for (name, program) in models::all() {
        for (products, label) in [(Products::X3, "x3"), (Products::Half, "half")] {
            for (method, tableau) in [("rk4", &Rk4::TABLEAU), ("dp54", &DormandPrince54::TABLEAU)] {
                match Fragment::new(program, tableau, products, &properties()) {
                    Ok(fragment) => {
                        for (i, variant) in fragment.variants().iter().enumerate() {
                            let file = format!("{folder}/{name}_{label}_{method}_{}.cu", variant.rows);
                            std::fs::write(file, fragment.source(i).text).unwrap();
                            println!(
                                "{name} {label} {method} {variant:?} registers {} stage {} words {}",
                                fragment.registers(),
                                fragment.stage.registers,
                                fragment.places.words
                            );
                        }
                    }
                    Err(reason) => println!("{name} {label} {method}: {reason}"),
                }
            }
        }
    }
}
