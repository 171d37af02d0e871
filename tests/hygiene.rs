//! Expansions in hostile surroundings: no prelude, shadowed names, denied lints, odd places, another name for the crate.
#![deny(warnings, missing_docs, unused_qualifications, clippy::all)]

/// Everything once, in a module where nothing is in scope and every common name means something else.
#[no_implicit_prelude]
pub mod nothing_in_scope {
    #![allow(non_camel_case_types, dead_code, missing_docs)]

    struct Option;
    struct Result;
    struct Some;
    struct None;
    struct Ok;
    struct Err;
    struct Vec;
    struct String;
    struct Box;
    struct Default;
    struct Clone;
    struct Copy;
    struct usize;
    struct u64;
    struct f64;
    struct f32;
    struct bool;
    struct str;
    mod core {}
    mod std {}
    mod alloc {}
    mod dfdx {}
    mod flow_runtime {}
    trait Model {}
    trait Method {}
    trait Scheduler {}

    ::flow_runtime::flow_model! {
        block residual(h, width) {
            let r = silu(linear(h, width));
            h + linear(r, width)
        }
        pub model Everything(x: [2], t: Time, y: Class<3>, c: [4]) -> [2] {
            let e = concat(sinusoidal(t, 8), fourier(t, 8, 1.0), embedding(y, 4), c, t);
            let h = elu(linear(concat(x, e), 16));
            let h = relu(gelu(silu(tanh(sigmoid(softplus(leaky_relu(sin(h))))))));
            let h = dropout(softmax(rms_norm(layer_norm(h))), 0.1);
            let h = residual(flatten(reshape(h, [4, 4])), 16);
            linear(0.5 * h - 1, 2, bias = false)
        }
        pub solver Pair { order: 2, embedded: 1, tableau: { 0 | ; 1 | 1; | 1/2, 1/2; | 1, 0; } }
        pub scheduler Bent(n = 2.0) { alpha: pow(t, n), sigma: 1 - pow(t, n) }
        pub train Training for Everything {
            path: Affine(Bent(n = 3)), optimizer: adam(lr = 1e-3), batch: 8, steps: 2, ema: 0.9, clip: 1.0,
        }
        pub sampler Sampling for Everything { solver: Pair, grid: uniform(3) }
    }
}

/// Inside of a function, with raw identifiers and items that are private.
#[test]
fn inside_of_a_function() {
    use flow_runtime::prelude::*;

    const WIDTH: usize = 4;
    flow_model! {
        model r#Struct(r#in: [2], t: Time) -> [2] {
            let r#fn = linear(concat(r#in, t), WIDTH);
            linear(r#fn, 2)
        }
        solver Forward { order: 1, tableau: { 0 | ; | 1; } }
    }
    assert_eq!(Struct::PROGRAM.parameters[0].name, "fn.weight");
    assert_eq!(Struct::PARAMETERS, 3 * 4 + 4 + 4 * 2 + 2);
    assert_eq!(Forward::TABLEAU.order, 1);
}

mod renamed {
    //! The runtime under another name.
    #![allow(missing_docs)]
    use ::flow_runtime as another_name;

    another_name::flow_model! {
        #![crate = self::another_name]
        pub model Plain(x: [1], t: Time) -> [1] { linear(concat(x, t), 1) }
        pub train Training for Plain { optimizer: sgd(lr = 0.1), batch: 4, steps: 1 }
        pub sampler Sampling for Plain { solver: Euler, grid: uniform(2) }
    }
}

/// What was generated in these places works.
#[test]
fn it_runs() {
    use flow_runtime::prelude::*;
    use nothing_in_scope::{Sampling, Training};

    let rows: Vec<[f32; 2]> = (0..20).map(|i| [i as f32 * 0.1, 1.0 - i as f32 * 0.05]).collect();
    let labels: Vec<u32> = (0..20).map(|i| i % 3).collect();
    let data = Dataset::from_rows(&rows)
        .and_then(|data| data.with_class("y", &labels))
        .and_then(|data| data.with_vector("c", 4, &[0.5; 80]))
        .expect("a data set");
    let trained = Training::trainer().handle_interrupts(false).fit(&data).expect("two steps");
    assert_eq!(trained.losses.len(), 2);
    let samples = Sampling::new(&trained.model).sample_given(20, data.conditions()).expect("samples");
    assert_eq!((samples.rows(), samples.dim()), (20, 2));

    let line = renamed::Plain::new(0);
    assert_eq!(renamed::Sampling::new(&line).sample(3).expect("samples").rows(), 3);
    assert_eq!(renamed::Training.trainer_steps(), 1);
}

/// A recipe's numbers, through the trait.
trait Steps {
    /// Steps of the recipe.
    fn trainer_steps(&self) -> u64;
}

impl<R: flow_runtime::train::TrainRecipe> Steps for R {
    fn trainer_steps(&self) -> u64 {
        R::RECIPE.steps
    }
}
