use crate::program::{
    Op, Wanted,
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
fn table_of_a_gradient() {
    let mut b = Builder::new("Small", &[2]);
    let label = b.class("y", 3);
    let y = b.embedding("y", label, 4);
    let h = b.linear("h", b.state(), 4, true);
    let h = b.add(h, y);
    let h = b.layer_norm("n", h, 1e-5);
    let h = b.apply(Op::LeakyRelu { slope: 0.1 }, h);
    let h = b.apply(Op::Dropout { p: 0.1 }, h);
    let out = b.linear("out", h, 2, false);
    let program = b.finish(out).unwrap();
    let gradient = program.gradient(Wanted { parameters: true, state: false }).unwrap();
    assert_eq!(gradient.program.to_string(), GRADIENT);
}

#[test]
fn random_tables_fit_a_hundred_columns() {
    for seed in 0..100 {
        let program = random::program(seed).unwrap();
        let gradient = program.gradient(Wanted { parameters: true, state: true }).unwrap();
        for table in [program.to_string(), gradient.program.to_string()] {
            let mut lines = table.lines().skip(1);
            assert!(lines.all(|line| line.chars().count() <= 100), "{table}");
        }
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

const GRADIENT: &str = "\
Small(x: [2], t: Time, y: Class<3>, dv: [2]) -> [2]
 #  name          op                                   shape  parameters  FLOPs
 0  x             state                                  [2]
 1  t           * time                                   [1]
 2  y             class of 3                              []
 3  y             embedding(#2)                          [4]          12
 4  h             linear(#0)                             [4]          12     16
 5                add(#4, #3)                            [4]
 6  n             layer_norm(#5, eps = 1e-5)             [4]           8
 7                leaky_relu(#6, slope = 0.1)            [4]
 8                dropout(#7, p = 0.1)                   [4]
 9  out           linear(#8)                             [2]           8     16
10  dv            cotangent of the velocity              [2]
11                linear_transposed(#10)                 [4]      shared     16
12  dout.weight   outer(#10, #8)                      [2, 4]                 16
13                dropout_pullback(#11, ordinal = 0…     [4]
14  dn            leaky_relu_pullback(#7, #13, slop…     [4]
15  dh            layer_norm_pullback(#5, #14, eps …     [4]      shared
16                layer_norm_normalized(#5, eps = 1…     [4]
17  dn.weight     mul(#16, #14)                          [4]
18  dh.weight     outer(#15, #0)                      [4, 2]                 16
19  dy.weight     scatter(#2, #15, classes = 3)       [3, 4]
    total                                                             40     80
* depends on the time alone
schema 0f08954420b51555";
