use crate::program::{
    Op,
    builder::{Builder, moons},
    random,
};

#[test]
fn table_of_moons() {
    assert_eq!(moons().to_string(), MOONS);
}

#[test]
fn table_with_conditions_fixed_and_shared_parameters_and_long_names() {
    let mut b = Builder::new("Digits", &[1, 8, 8]);
    let label = b.class("label", 10);
    let e = b.fourier("time_embedding_of_many_words", b.time(), 16, 1.0);
    let y = b.embedding("y", label, 16);
    let c = b.add(e, y);
    let x = b.reshape(b.state(), &[64]);
    let h = b.concat(&[x, c]);
    let h = b.layer_norm("n", h, 1e-5);
    let h = b.linear("h", h, 64, true);
    let h = b.linear("g", h, 64, false);
    let h = b.node("again", Op::Linear, &[h], &[64], &[6]);
    let h = b.apply(Op::Custom { module: "some::module::Transformer<64, 8>" }, h);
    let h = b.reshape(h, &[1, 8, 8]);
    let program = b.finish(h).unwrap();
    assert_eq!(program.to_string(), DIGITS);
}

#[test]
fn random_tables_fit_a_hundred_columns() {
    for seed in 0..100 {
        let table = random::program(seed).unwrap().to_string();
        let mut lines = table.lines().skip(1);
        assert!(lines.all(|line| line.chars().count() <= 100), "{table}");
    }
}

const MOONS: &str = "\
Moons(x: [2], t: Time) -> [2]
 #  name    op                        shape  parameters   FLOPs
 0  x       state                       [2]
 1  t     * time                        [1]
 2        * sinusoidal(#1, max = 64)   [32]
 3          concat(#0, #2)             [34]
 4  h       linear(#3)                 [64]       2,240   4,352
 5          elu(#4, alpha = 1)         [64]
 6  h2      linear(#5)                [128]       8,320  16,384
 7          elu(#6, alpha = 1)        [128]
 8  h3      linear(#7)                 [64]       8,256  16,384
 9          elu(#8, alpha = 1)         [64]
10  out     linear(#9)                  [2]         130     256
    total                                        18,946  37,376
* depends on the time alone
schema d542ea08ea711eed";

const DIGITS: &str = "\
Digits(x: [1, 8, 8], t: Time, label: Class<10>) -> [1, 8, 8]
 #  name               op                                      shape  parameters   FLOPs
 0  x                  state                               [1, 8, 8]
 1  t                * time                                      [1]
 2  label              class of 10                                []
 3  time_embedding_… * fourier(#1)                              [16]           8
 4  y                  embedding(#2)                            [16]         160
 5                     add(#3, #4)                              [16]
 6                     reshape(#0)                              [64]
 7                     concat(#6, #5)                           [80]
 8  n                  layer_norm(#7, eps = 1e-5)               [80]         160
 9  h                  linear(#8)                               [64]       5,184  10,240
10  g                  linear(#9)                               [64]       4,096   8,192
11  again              linear(#10)                              [64]      shared   8,192
12                     custom(some::module::Transformer<…       [64]
13                     reshape(#12)                        [1, 8, 8]
    total                                                                  9,608  26,624
* depends on the time alone
schema d393a7a81a533fac";
