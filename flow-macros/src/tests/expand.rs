//! What items become, pretty-printed beside the tests: to be read, and to be seen when it changes.

use super::{errors, pretty};
use proc_macro2::TokenStream;
use quote::quote;

/// Compares with `tests/expand/NAME.expanded.rs`, or writes it under `UPDATE_EXPECT=1`.
#[track_caller]
fn check(name: &str, input: TokenStream) {
    assert_eq!(errors(input.clone()), Vec::<String>::new());
    let path = format!("{}/src/tests/expand/{name}.expanded.rs", env!("CARGO_MANIFEST_DIR"));
    let expansion = pretty(input.clone());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &expansion).expect("the snapshot can be written");
    }
    let snapshot = std::fs::read_to_string(&path).unwrap_or_default();
    let line = snapshot.lines().zip(expansion.lines()).position(|(old, new)| old != new);
    assert!(
        snapshot == expansion,
        "{path}, line {line:?}, is not up to date: run with UPDATE_EXPECT=1 and look at the change"
    );
    assert_eq!(expansion, pretty(input), "two runs differ");
}

#[test]
fn model() {
    check(
        "model",
        quote! {
            block residual(h, width, scale) {
                let r = silu(linear(h, 2 * width));
                h + scale * linear(r, width)
            }
            /// Documented by hand.
            pub(crate) model Field(x: [1, DIM], t: Time, y: Class<3>, c: [4]) -> [1, DIM] {
                let e = concat(sinusoidal(t, 8), embedding(y, 4), c);
                let mut h = linear(concat(flatten(x), e), 6);
                for _ in 0..2 { h += dropout(h, 0.1); }
                h = residual(layer_norm(h), 6, 0.5);
                reshape(linear(h, DIM, bias = false), [1, DIM]) - 1
            }
        },
    );
}

#[test]
fn solver() {
    check(
        "solver",
        quote! {
            pub solver BogackiShampine32 {
                order: 3,
                embedded: 2,
                tableau: {
                    0   | ;
                    1/2 | 1/2;
                    3/4 | 0,   3/4;
                    1   | 2/9, 1/3, 4/9;
                        | 2/9, 1/3, 4/9, 0;
                        | 7/24, 1/4, 1/3, 1/8;
                }
            }
        },
    );
}

#[test]
fn scheduler() {
    check("scheduler", quote! { pub scheduler Bent(n = 2.0) { alpha: pow(t, n), sigma: 1 - pow(t, n) } });
}

#[test]
fn recipes() {
    check(
        "recipes",
        quote! {
            #![crate = ::renamed]
            pub train Training for self::Field {
                path: Affine(Polynomial(n = 3)), optimizer: adamw(lr = 1e-3), schedule: cosine(warmup = 100),
                batch: BATCH, steps: 10_000, ema: 0.999, source: uniform,
            }
            pub sampler Sampling for self::Field { solver: Rk4, grid: reversed(given([0, 0.25, 1])) }
        },
    );
}
