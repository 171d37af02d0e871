//! The generated network of models that are built by hand.

mod build;

use super::{super::Context, expand_network};
use crate::ir::{self, Dim, Op};
use build::Build;
use quote::quote;

fn expand(model: &ir::Model) -> String {
    let krate = syn::parse_quote!(::flow_runtime);
    let tokens = expand_network(model, &Context { krate: &krate });
    let file = syn::parse2::<syn::File>(tokens);
    file.map_or_else(|error| panic!("not Rust: {error}"), |file| prettyplease::unparse(&file))
}

/// The expansion with runs of white space made one space, for looking into.
fn flat(model: &ir::Model) -> String {
    expand(model).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The model of the two moons.
fn moons() -> ir::Model {
    let mut model = Build::new("Moons", &[2]);
    let (x, t) = (model.state(), model.time());
    let e = model.node("e", Op::Sinusoidal { max: 64.0 }, &[t], &[32]);
    let xe = model.node("", Op::Concat, &[x, e], &[34]);
    let mut h = xe;
    for (width, name) in [(64, "h"), (128, "h2"), (64, "h3")] {
        h = model.linear(name, h, width, true);
        h = model.node("h", Op::Elu { alpha: 1.0 }, &[h], &[width]);
    }
    let out = model.linear("out", h, 2, true);
    model.finish(out)
}

/// Every op, on a state of two axes, with operands that are one tensor.
fn every() -> ir::Model {
    let mut model = Build::new("Every", &[3, 4]);
    let (x, t) = (model.state(), model.time());
    let y = model.class("y", 5);
    let c = model.vector("c", &[6]);
    let e = model.node("e", Op::Sinusoidal { max: 16.0 }, &[t], &[8]);
    let f = model.fourier("f", t, 4);
    let y = model.embedding("y", y, 5, 6);
    let time = model.node("", Op::Concat, &[e, f, t], &[17]);
    let time = model.linear("time", time, 6, false);
    let yc = model.node("", Op::Add, &[y, c], &[6]);
    let s = model.node("s", Op::Sub, &[yc, time], &[6]);
    let mut h = s;
    for (index, op) in [
        Op::Elu { alpha: 0.7 },
        Op::Gelu,
        Op::Silu,
        Op::Tanh,
        Op::Sigmoid,
        Op::Softplus,
        Op::LeakyRelu { slope: 0.1 },
        Op::Sin,
        Op::Relu,
        Op::Scale(1.5),
        Op::Shift(-0.25),
    ]
    .into_iter()
    .enumerate()
    {
        let activated = model.node("", op, &[h], &[6]);
        let next = model.linear(&format!("a.{index}"), activated, 6, true);
        h = model.node("", Op::Add, &[next, s], &[6]);
    }
    let h = model.layer_norm("n", h, 1e-5);
    let h = model.dropout(h, 0.25);
    let h = model.linear("w", h, 12, true);
    let h = model.node("", Op::Reshape, &[h], &[3, 4]);
    // One tensor for both operands, openly and behind a reshape.
    let square = model.node("", Op::Mul, &[x, x], &[3, 4]);
    let flat = model.node("", Op::Reshape, &[square], &[12]);
    let back = model.node("", Op::Reshape, &[flat], &[3, 4]);
    let twice = model.node("", Op::Add, &[square, back], &[3, 4]);
    let h = model.node("", Op::Add, &[h, twice], &[3, 4]);
    let both = model.node("", Op::Concat, &[h, h, x], &[3, 12]);
    let both = model.rms_norm("m", both, 1e-6);
    let both = model.linear("z", both, 4, true);
    let both = model.node("", Op::Softmax, &[both], &[3, 4]);
    let both = model.layer_norm("last", both, 1e-5);
    let out = model.node("", Op::Mul, &[both, h], &[3, 4]);
    let out = model.linear("out", out, 4, false);
    model.finish(out)
}

#[test]
fn the_moons_expand_to_this() {
    let path = format!("{}/src/expand/network/tests/moons.expanded.rs", env!("CARGO_MANIFEST_DIR"));
    let expansion = expand(&moons());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &expansion).expect("the snapshot can be written");
    }
    let snapshot = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(snapshot == expansion, "{path} is not up to date: look at the change, then run with UPDATE_EXPECT=1");
    assert_eq!(expansion, expand(&moons()), "two runs differ");
}

#[test]
fn modules_are_type_parameters_behind_the_programs_tensors() {
    let mut model = Build::new("Custom", &[3]);
    let (x, t) = (model.state(), model.time());
    let xt = model.node("", Op::Concat, &[x, t], &[4]);
    let h = model.node("h", Op::Custom { module: syn::parse_quote!(Residual), name: "h".to_owned() }, &[xt], &[4]);
    let out = model.linear("out", h, 3, true);
    let text = flat(&model.finish(out));
    assert!(
        text.contains("Module0 = <Residual as ::flow_runtime::__private::nn::BuildOnDevice<D, E>>::Built"),
        "{text}"
    );
    let order = ["\"out.weight\"", "\"out.bias\"", "\"h\""].map(|name| text.find(name));
    assert!(order[0] < order[1] && order[1] < order[2] && order[0].is_some(), "{order:?}: {text}");
}

#[test]
fn a_value_is_moved_at_its_last_use() {
    let text = flat(&moons());
    // The time, twice, in what the engine calls.
    assert_eq!(text.matches("Clone::clone(").count(), 2, "{text}");
}

#[test]
fn what_depends_on_the_time_alone_is_not_recorded() {
    let text = flat(&moons());
    assert!(text.contains("::sinusoidal( t_1, 64.0, ::flow_runtime::__private::nn::NoneTape, )"), "{text}");
    assert!(text.contains("::linear(&self.h, v3, tape)"), "{text}");
}

#[test]
fn constants_keep_their_expression() {
    let mut model = Build::new("Wide", &[2]);
    let (x, t) = (model.state(), model.time());
    let width = || Dim::Const(quote!(2 * WIDTH));
    let sum = Dim::Const(quote!((2 * WIDTH) + 2));
    let e = model.node_of("e", Op::Sinusoidal { max: 64.0 }, &[t], vec![width()]);
    let h = model.node_of("", Op::Concat, &[x, e], vec![sum]);
    let out = model.linear("out", h, 2, true);
    let text = flat(&model.finish(out));
    assert!(text.contains("pub out: ::flow_runtime::__private::nn::Linear<{ (2 * WIDTH) + 2 }, 2, E, D>"), "{text}");
    assert!(text.contains("(batch, (2 * WIDTH))"), "{text}");
}

#[test]
fn names_become_identifiers_that_do_not_meet() {
    let mut model = Build::new("Names", &[2]);
    let mut h = model.state();
    for name in ["a.r", "a_r", "type", "self", "0.b"] {
        h = model.linear(name, h, 2, true);
    }
    let text = flat(&model.finish(h));
    for field in ["pub a_r:", "pub a_r_2:", "pub r#type:", "pub self_:", "pub layer0_b:"] {
        assert!(text.contains(field), "{field} is missing: {text}");
    }
    for name in ["\"a.r.weight\"", "\"a_r.bias\"", "\"type.weight\"", "\"self.bias\"", "\"0.b.weight\""] {
        assert!(text.contains(name), "{name} is missing: {text}");
    }
}

#[test]
fn inputs_may_be_called_what_they_like() {
    let mut model = Build::new("Odd", &[2]);
    let x = model.state();
    let dropout = model.vector("dropout", &[2]);
    let batch = model.vector("batch", &[2]);
    let h = model.node("tape", Op::Add, &[x, dropout], &[2]);
    let out = model.node("T", Op::Sub, &[h, batch], &[2]);
    let text = flat(&model.finish(out));
    assert!(text.contains("dropout_masks: ::core::option::Option"), "{text}");
}

#[test]
fn a_model_without_weights_still_has_a_network() {
    let mut model = Build::new("Bare", &[2]);
    let x = model.state();
    let out = model.node("", Op::Scale(-1.0), &[x], &[2]);
    let text = flat(&model.finish(out));
    assert!(text.contains("marker: ::core::marker::PhantomData<(E, D)>"), "{text}");
}

#[test]
fn nothing_but_absolute_paths() {
    let text = flat(&every());
    for bare in [" Option<", " Result<", " Ok(", " Some(", " Vec<", " usize,", "(usize", "std::"] {
        assert!(!text.contains(bare), "{bare}");
    }
}
