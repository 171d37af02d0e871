use super::{contains, errors, one_error, pretty};
use proc_macro2::TokenStream;
use quote::quote;

/// A model with this body over `x: [2]`, `t: Time`, `y: Class<10>`.
fn body(body: TokenStream) -> TokenStream {
    quote! { model M(x: [2], t: Time, _y: Class<10>) -> [2] { #body } }
}

#[test]
fn moons_is_a_straight_line() {
    let text = pretty(quote! {
        pub model Moons(x: [2], t: Time) -> [2] {
            let e = sinusoidal(t, 32);
            let h = elu(linear(concat(x, e), 64));
            let h = elu(linear(h, 128));
            linear(h, 2)
        }
    });
    for part in [
        "pub struct Moons {",
        "name: \"h.weight\"",
        "name: \"h2.weight\"",
        "name: \"out.bias\"",
        "op: ::flow_runtime::__private::Op::Sinusoidal {\n                    max: 64f64",
        "shape: &[128, 64]",
        "init: ::flow_runtime::__private::Init::FanIn(34)",
    ] {
        assert!(contains(&text, part), "missing `{part}` in:\n{text}");
    }
    assert!(!contains(&text, "compile_error"));
    assert_eq!(
        text,
        pretty(quote! {
            pub model Moons(x: [2], t: Time) -> [2] {
                let e = sinusoidal(t, 32);
                let h = elu(linear(concat(x, e), 64));
                let h = elu(linear(h, 128));
                linear(h, 2)
            }
        })
    );
}

#[test]
fn loops_unroll_and_blocks_inline_with_names_of_their_own() {
    let text = pretty(quote! {
        block residual(h, width) {
            let r = silu(linear(h, width * 2));
            h + linear(r, width)
        }
        model M(x: [2], t: Time) -> [2] {
            let mut h = linear(concat(x, sinusoidal(t, 8)), 16);
            for _ in 0..2 { h = h + silu(linear(h, 16)); }
            let a = residual(h, 16);
            let b = residual(a, 16);
            linear(b, 2)
        }
    });
    for name in
        ["h.weight", "h2.weight", "h3.weight", "a.r.weight", "a.out.weight", "b.r.weight", "b.out.bias", "out.bias"]
    {
        assert!(contains(&text, &format!("name: \"{name}\"")), "missing `{name}` in:\n{text}");
    }
    assert!(!contains(&text, "h4.weight"));
    assert!(contains(&text, "shape: &[32, 16]"));
}

#[test]
fn constants_are_compared_by_the_compiler() {
    let text = pretty(quote! {
        model M(x: [D], t: Time) -> [D] { linear(concat(x, sinusoidal(t, EMBEDDING)), OTHER) }
    });
    assert!(contains(&text, "assert!((OTHER) == (D)"), "{text}");
    assert!(contains(&text, "assert!((EMBEDDING) % 2 == 0"), "{text}");
    assert!(contains(&text, "D + EMBEDDING"), "{text}");
}

#[test]
fn every_mistake_of_a_body_is_shown() {
    let all = errors(body(quote! {
        let a = liner(x, 64);
        let b = linear(x);
        let c = elu(x, slope = 2);
        let e = sinusoidal(t, 31);
        z
    }));
    assert_eq!(
        all,
        [
            "unknown layer `liner`\nhelp: did you mean `linear`?",
            "`linear` needs `out`, found 1 argument\nhelp: write `linear(x, out, bias = true)`",
            "`elu` has no option `slope`\nhelp: expected one of `alpha`, `x`",
            "`dim` of `sinusoidal` is even, as it holds a sine and a cosine of each frequency, found 31\nhelp: write 32",
            "unknown value `z`\nhelp: expected one of `_y`, `a`, `b`, `c`, `e`, `t`, `x`",
        ]
    );
}

#[test]
fn a_mistake_does_not_cause_another() {
    one_error(
        body(quote! { let h = liner(concat(x, t), 64); let h = elu(linear(h, 3)); linear(h, 2) }),
        "unknown layer `liner`\nhelp: did you mean `linear`?",
    );
}

#[test]
fn shapes_are_checked() {
    one_error(
        body(quote! { linear(concat(x, t), 3) }),
        "the result has shape [3], but the state `x` has shape [2]\nhelp: a velocity has the shape of its state; end the body with a layer that gives it, such as `linear(h, 2)`",
    );
    one_error(
        body(quote! { let h = linear(concat(x, t), 3); linear(h + x, 2) }),
        "`+` needs equal shapes, found [3] and [2]\nhelp: bring one to the other's shape, as with `linear`",
    );
    one_error(
        body(quote! { let h = reshape(linear(concat(x, t), 6), [2, 2]); linear(flatten(h), 2) }),
        "[2, 2] holds 4 numbers, but [6] has 6\nhelp: the numbers stay the same; `linear` changes how many there are",
    );
    one_error(
        quote! { model M(x: [2], t: Time) -> [3] { linear(concat(x, t), 2) } },
        "the declared result [3] is not the shape [2] of the state `x`\nhelp: write `-> [2]`",
    );
}

#[test]
fn kinds_of_arguments_are_checked() {
    let with = |tokens: TokenStream| {
        errors(
            quote! { model M(x: [2], t: Time, y: Class<10>) -> [2] { let a = linear(concat(x, t, embedding(y, 4)), 8); #tokens } },
        )
    };
    assert_eq!(
        with(quote! { linear(a, a) }),
        ["`out` of `linear` is a size, found the value `a`\nhelp: write `linear(x, out, bias = true)`"]
    );
    assert_eq!(
        with(quote! { linear(7, 2) }),
        ["`x` of `linear` is a value, found a number\nhelp: write `linear(x, out, bias = true)`"]
    );
    assert_eq!(
        with(quote! { linear(concat(a, y), 2) }),
        ["`y` is a class label, not a value\nhelp: look it up with `embedding(y, 16)`"]
    );
    assert_eq!(
        with(quote! { linear(a, 2) + embedding(x, 2) }),
        [
            "`embedding` looks up a class label, found another value\nhelp: declare the label as an input such as `y: Class<10>`"
        ]
    );
    assert_eq!(
        with(quote! { linear(a, 2) + sinusoidal(x, 2) }),
        ["`sinusoidal` embeds the time, found another value\nhelp: its first argument is `t`"]
    );
    assert_eq!(
        with(quote! { linear(dropout(a, 1.5), 2) }),
        ["`p` of `dropout` is a probability between 0 and 1, both excluded"]
    );
    assert_eq!(with(quote! { linear(a, 0) }), ["a dimension is at least 1, found 0"]);
    assert_eq!(with(quote! { linear(a, 2, bias = 1) }), ["`bias` of `linear` is `true` or `false`"]);
    assert_eq!(
        with(quote! { relu(linear(a, 2), 3) }),
        ["`relu` takes at most 1 argument, found 2\nhelp: write `relu(x)`"]
    );
}

#[test]
fn inputs_are_checked() {
    one_error(
        quote! { model M(x: [2]) -> [2] { linear(x, 2) } },
        "a velocity field depends on the time\nhelp: add `t: Time` after the state",
    );
    one_error(
        quote! { model M(x: [2], t: Time) -> [2] { linear(x, 2) } },
        "the input `t` does not reach the result\nhelp: use it, remove it, or call it `_t` if that is intended",
    );
    one_error(
        quote! { model M(x: [2], t: Tim) -> [2] { linear(x, 2) } },
        "unknown kind of input `Tim`\nhelp: did you mean `Time`?\nhelp: `[2]` is a tensor, `Time` the time, `Class<10>` a class label",
    );
    one_error(
        quote! { model M(x: [2], t: Time) { linear(concat(x, t), 2) } },
        "the model's result is missing\nhelp: add `-> [2]` after the inputs",
    );
}

#[test]
fn leftovers_are_found() {
    one_error(
        body(quote! { let h = linear(concat(x, t), 8); let g = relu(linear(h, 9)); linear(h, 2) }),
        "this value of shape [9] does not reach the result\nhelp: use it or remove it",
    );
    one_error(
        body(quote! { linear(concat(x, t), 2); }),
        "the value of this statement is not used\nhelp: remove the `;` to make it the result",
    );
}

#[test]
fn assignments_and_scopes_are_those_of_rust() {
    one_error(
        body(quote! { let h = linear(concat(x, t), 2); h = relu(h); h }),
        "`h` cannot be assigned to\nhelp: declare it with `let mut h`, or bind a new one with `let h`",
    );
    one_error(
        body(quote! { let h = { let inner = concat(x, t); linear(inner, 2) }; h + inner }),
        "unknown value `inner`\nhelp: expected one of `_y`, `h`, `t`, `x`",
    );
    assert!(errors(body(quote! { let mut h = linear(concat(x, t), 2); { 0.5 * h - 1 } * -h })).is_empty());
}

#[test]
fn loops_are_bounded_and_literal() {
    one_error(
        body(quote! { let mut h = linear(concat(x, t), 2); for _ in 0..N { h = relu(h); } h }),
        "the bounds of a loop are integer literals\nhelp: the loop is unrolled when the model is expanded, before constants have values",
    );
    let all =
        errors(body(quote! { let mut h = linear(concat(x, t), 2); for _ in 0..1_000_000_000 { h = relu(h); } h }));
    assert_eq!(
        all,
        ["the model has more than 10000 operations\nhelp: this loop unrolls 1000000000 times; use a smaller count"]
    );
}

#[test]
fn blocks_do_not_recur() {
    one_error(
        quote! {
            block again(h) { relu(again(h)) }
            model M(x: [2], t: Time) -> [2] { linear(again(concat(x, t)), 2) }
        },
        "the block `again` calls itself\nhelp: a block is inlined where it is called, so it cannot recur; use `for _ in 0..N { … }`",
    );
}

#[test]
fn rust_that_is_not_of_the_language_says_what_is() {
    one_error(
        body(quote! { if t { x } else { x } }),
        "`if` is not part of a model's body\nhelp: a body is `let` bindings, assignments, `for _ in 0..N { … }` and a final value",
    );
    one_error(
        body(quote! { let h = x.relu(); linear(concat(h, t), 2) }),
        "a body has no methods or fields\nhelp: layers are called as functions, as in `relu(h)`",
    );
    one_error(
        body(quote! { linear(concat(x, t), 2) / 3 }),
        "values are combined with `+`, `-` and `*` only\nhelp: multiply by the inverse, as in `0.5 * h`",
    );
}

#[test]
fn nothing_unrolls_without_end() {
    let halving = quote! {
        block a(h) { let g = b(h); b(g) }
        block b(h) { let g = c(h); c(g) }
        block c(h) { let g = d(h); d(g) }
        block d(h) { let g = e(h); e(g) }
        block e(h) { for _ in 0..700 {} h }
        model M(x: [2], t: Time) -> [2] { a(linear(concat(x, t), 2)) }
    };
    assert_eq!(errors(halving).len(), 1);
    for body_of in [
        quote! { for _ in 0..=18446744073709551615 {} x },
        quote! { for _ in 0..9000 { for _ in 0..9000 {} } x },
        quote! { let mut h = concat(x, t); for _ in 0..70 { h = concat(h, h); } linear(h, 2) },
    ] {
        assert_eq!(errors(body(body_of)).len(), 1);
    }
    let doubling = quote! {
        model M(x: [D], t: Time) -> [D] { let mut h = concat(x, t); for _ in 0..70 { h = concat(h, h); } linear(h, D) }
    };
    assert_eq!(
        errors(doubling),
        ["the joined axis is too long\nhelp: bring the values to fewer numbers first, with `linear`"]
    );
}

#[test]
fn a_block_is_told_what_it_was_given() {
    let call = |call: TokenStream| {
        errors(quote! {
            block residual(h, width) { let r = silu(linear(h, 2 * width)); h + linear(r, width) }
            model M(x: [2], t: Time) -> [2] { let h = linear(concat(x, t), 2); #call }
        })
    };
    for sound in [
        quote! { residual(h, 2) },
        quote! { residual(h, { 1 + 1 }) },
        quote! { residual(h, WIDTH) },
        quote! { residual(h, self::width(3)) },
        quote! { residual(h, width()) },
        quote! { residual(residual(h, 2), other::residual) },
    ] {
        assert_eq!(call(sound), Vec::<String>::new());
    }
    assert_eq!(
        call(quote! { residual(x + h, h) }),
        ["the block `residual` uses `width` as a size, but `h` is a value\nhelp: pass a size such as `64`"]
    );
    assert_eq!(
        call(quote! { residual(0.5, 2) + h }),
        ["the block `residual` uses `h` as a value, but `0.5` is a number\nhelp: pass a value"]
    );
    assert_eq!(
        call(quote! { h }),
        ["the block `residual` is never called\nhelp: call it, remove it, or call it `_residual` if that is intended"]
    );
}

#[test]
fn recovery_keeps_what_could_be_read() {
    one_error(
        quote! { modle M(x: [2], t: Time) -> [2] { linear(concat(x, t), 2) } sampler S for M { solver: Rk4, grid: uniform(1) } },
        "unknown item `modle`\nhelp: did you mean `model`?",
    );
    one_error(
        quote! { model M(x: [2], t: Time) -> [2] sampler S for M { solver: Rk4, grid: uniform(1) } },
        "expected a body `{ … }`",
    );
    one_error(
        quote! { block b { h } model M(x: [2], t: Time) -> [2] { b(linear(concat(x, t), 2)) } },
        "expected the parameters of the block\nhelp: write `block b(h, width) { … }`",
    );
    one_error(quote! { model M(x: [2] t: Time) -> [2] { linear(concat(x, t), 2) } }, "expected `,` or `)`");
    one_error(
        quote! { model M(x: [2.5], t: Time) -> [2] { linear(concat(x, t), 2) } },
        "expected a size, a positive integer such as `64`, found `2.5`",
    );
}

#[test]
fn names_of_layers_never_meet() {
    let text = pretty(quote! {
        block weight(h) { let weight = linear(h, 2); linear(weight, 2) }
        model M(x: [2], t: Time) -> [2] {
            let h = linear(linear(concat(x, t), 2), 2);
            let h2 = linear(h, 2);
            let h = linear(h2, 2);
            let h = weight(h);
            let h3 = weight(linear(h, 2));
            linear(h3, 2)
        }
    });
    let parameters = text.split("::Parameter {").skip(1).filter_map(|rest| rest.split('"').nth(1));
    let names: Vec<_> = parameters.filter_map(|name| name.strip_suffix(".weight")).collect();
    assert_eq!(names, ["h", "h2", "h22", "h3", "h4.weight", "h4.out", "h32", "h33.weight", "h33.out", "out"], "{text}");
}

#[test]
fn a_custom_module_may_have_several_arguments() {
    let text = pretty(quote! {
        model M(x: [2], t: Time) -> [2] {
            let h = custom(concat(x, t), builders::Linear<3, 4>, [4]);
            linear(h, 2)
        }
    });
    assert!(!text.contains("compile_error"), "{text}");
    assert!(contains(&text, "builders::Linear<3, 4>"), "{text}");
}
