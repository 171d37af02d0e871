use crate::program::{Op, builder::{Builder, moons}, random};

#[test]
fn table_of_moons() {
    assert_eq!(moons().to_string(), "");
}

#[test]
fn table_with_conditions_shared_parameters_and_long_names() {
    let mut b = Builder::new("Digits", &[1, 8, 8]);
    let label = b.class("label", 10);
    let e = b.fourier("time_embedding_of_many_words", b.time(), 16, 1.0);
    let y = b.embedding("y", label, 16);
    let c = b.add(e, y);
    let x = b.reshape(b.state(), &[64]);
    let h = b.concat(&[x, c]);
    let h = b.layer_norm("n", h, 1e-5);
    let h = b.linear("h", h, 64, true);
    let shared = b.node("again", Op::Linear, &[x], &[64], &[]);
    let _ = shared;
    let h = b.reshape(h, &[1, 8, 8]);
    assert_eq!(b.finish(h).unwrap().to_string(), "");
}

#[test]
fn random_tables_fit_a_hundred_columns() {
    for seed in 0..100 {
        let table = random::program(seed).unwrap().to_string();
        let mut lines = table.lines().skip(1);
        assert!(lines.all(|line| line.chars().count() <= 100), "{table}");
    }
}
