use super::{contains, errors, one_error, pretty};
use proc_macro2::TokenStream;
use quote::quote;

fn train(entries: TokenStream) -> TokenStream {
    quote! {
        model M(x: [2], t: Time) -> [2] { linear(concat(x, t), 2) }
        train T for M { #entries }
    }
}

fn sampler(entries: TokenStream) -> TokenStream {
    quote! {
        model M(x: [2], t: Time) -> [2] { linear(concat(x, t), 2) }
        sampler S for M { #entries }
    }
}

#[test]
fn a_recipe_is_const_data() {
    let text = pretty(train(quote! {
        path: Affine(Polynomial(n = 3)), loss: huber(delta = 0.5), optimizer: adamw(lr = 1e-3), batch: 256, steps: 10_000,
        schedule: cosine(warmup = 100), ema: 0.999, clip: 1, time: logit_normal, source: uniform(low = 0, high = 2),
    }));
    for part in [
        "type Path = ::flow_runtime::__private::Affine<",
        "n: 3.0",
        "Loss::Huber { delta: 0.5 }",
        "weight_decay: 0.01",
        "warmup: 100",
        "floor: 0.0",
        "ema: ::core::option::Option::Some(0.999f64)",
        "low: 0.0",
    ] {
        assert!(contains(&text, part), "missing `{part}` in:\n{text}");
    }
}

#[test]
fn every_mistake_of_a_recipe_is_shown() {
    let all = errors(train(quote! { path: CondOt, los: mse, optimizer: adm(lr = 1e-3), batch: 0, steps: 1.5, ema: 2 }));
    assert_eq!(
        all,
        [
            "unknown key `los` of a train recipe\nhelp: did you mean `loss`?",
            "`CondOt` is a scheduler, not a path\nhelp: write `path: Affine(CondOt)`",
            "unknown optimizer `adm`\nhelp: did you mean `adam`?",
            "`batch` is a whole number of at least 1, found 0",
            "`steps` is a whole number of at least 1, found `1.5`",
            "`ema` is between 0 and 1, found 2\nhelp: write `ema: 0.999`",
        ]
    );
}

#[test]
fn what_is_needed_is_named_with_the_line_to_add() {
    assert_eq!(
        errors(train(quote! {})),
        [
            "the recipe has no optimizer\nhelp: add `optimizer: adam(lr = 1e-3),`",
            "the recipe has no `batch`\nhelp: add `batch: 256,`",
            "the recipe has no `steps`\nhelp: add `steps: 10_000,`",
        ]
    );
    assert_eq!(
        errors(sampler(quote! {})),
        [
            "the sampler has no solver\nhelp: add `solver: Rk4,`",
            "the sampler has no grid\nhelp: add `grid: uniform(100),`"
        ]
    );
}

#[test]
fn unknown_names_are_told_from_those_of_elsewhere() {
    one_error(
        sampler(quote! { solver: rk4, grid: uniform(10) }),
        "unknown solver `rk4`\nhelp: did you mean `Rk4`?\nhelp: a solver declared elsewhere is written with its path, as in `self::rk4`",
    );
    assert!(errors(sampler(quote! { solver: crate::Mine, grid: uniform(10) })).is_empty());
    one_error(
        quote! { sampler S for Moon { solver: Rk4, grid: uniform(10) } model Moons(x: [2], t: Time) -> [2] { linear(concat(x, t), 2) } },
        "unknown model `Moon`\nhelp: did you mean `Moons`?\nhelp: a model declared elsewhere is written with its path, as in `self::Moon`",
    );
}

#[test]
fn grids_are_checked() {
    one_error(
        sampler(quote! { solver: Rk4, grid: given([0.0, 0.5, 0.4]) }),
        "the nodes of a grid rise, but 0.4 follows 0.5",
    );
    one_error(sampler(quote! { solver: Rk4, grid: given([0.0, 2]) }), "a time lies between 0 and 1, found 2");
    one_error(sampler(quote! { solver: Rk4, grid: uniform(0) }), "`steps` is a whole number of at least 1, found 0");
    one_error(
        sampler(quote! { solver: Rk4, grid: adaptive(rtol = 1e-5) }),
        "unknown grid `adaptive`\nhelp: expected one of `given`, `reversed`, `uniform`",
    );
    assert!(contains(
        &pretty(sampler(quote! { solver: Rk4, grid: reversed(given([0, 0.25, 1])) })),
        "Given(&[1f64, 0.25f64, 0f64])"
    ));
}

#[test]
fn keys_are_set_once() {
    assert_eq!(
        errors(sampler(quote! { solver: Rk4, grid: uniform(1), solver: Euler })),
        ["`solver` is set twice\nhelp: remove one of the two", "`solver` was first set here"]
    );
}

#[test]
fn parameters_of_schedulers_are_known() {
    let with = |path: TokenStream| {
        errors(quote! {
            scheduler Mine(n = 2.0) { alpha: pow(t, n), sigma: 1 - pow(t, n) }
            model M(x: [2], t: Time) -> [2] { linear(concat(x, t), 2) }
            train T for M { path: #path, optimizer: adam(1e-3), batch: 1, steps: 1 }
        })
    };
    assert!(with(quote! { Affine(Mine(n = 3)) }).is_empty());
    assert!(with(quote! { Affine(elsewhere::Mine(m = 3)) }).is_empty());
    assert_eq!(
        with(quote! { Affine(Mine(m = 3)) }),
        ["the scheduler `Mine` has no parameter `m`\nhelp: expected one of `n`"]
    );
    assert_eq!(
        with(quote! { Affine(Vp(beta_mn = 3)) }),
        ["the scheduler `Vp` has no parameter `beta_mn`\nhelp: did you mean `beta_min`?"]
    );
    assert_eq!(
        with(quote! { Affine(Mine(n = 3, n = 4)) }),
        ["`n` of `Mine` is given twice\nhelp: remove one of the two"]
    );
    assert_eq!(
        with(quote! { Affine(CondOt(n = 3)) }),
        ["the scheduler `CondOt` has no parameters\nhelp: write `Affine(CondOt)`"]
    );
}

#[test]
fn separators_may_be_mistyped_once() {
    let all = errors(sampler(quote! { solver: Rk4 grid = uniform(1); source: gaussian }));
    assert_eq!(
        all,
        ["expected `,` before `grid`", "expected `:` after `grid`\nhelp: write `grid: …,`", "expected `,`, found `;`"]
    );
}
