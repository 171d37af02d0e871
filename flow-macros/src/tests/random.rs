//! The macro under random and damaged input: always an expansion that parses, never a panic.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use proptest::prelude::*;
use quote::quote;

/// One of everything, to be damaged.
fn specimen() -> TokenStream {
    quote! {
        #![crate = ::renamed]
        block residual(h, width) {
            let r = silu(linear(h, width * 2, bias = false));
            h + linear(r, width)
        }
        /// Documented.
        pub model Moons(x: [2], t: Time, y: Class<10>, c: [WIDTH]) -> [2] {
            let e = concat(sinusoidal(t, 32, max = 64.0), fourier(t, 8, 2.0), embedding(y, 4));
            let mut h = elu(linear(concat(x, e, c), 64));
            for _ in 0..2 { h = h + dropout(silu(linear(rms_norm(h), 64)), 0.1); }
            h = residual(layer_norm(h), 64);
            h += residual(h, self::WIDTH * width(2));
            h *= { let scaled = 0.5 * h; custom(scaled, Module<3>, [64]) };
            let g = reshape(h, [8, { 4 + 4 }]);
            linear(flatten(-g * 0.5 - 1), 2)
        }
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
        solver Gauss { order: 4, tableau: {
            1/2 - sqrt(3)/6 | 1/4, 1/4 - sqrt(3)/6;
            1/2 + sqrt(3)/6 | 1/4 + sqrt(3)/6, 1/4;
            | 1/2, 1/2;
        } }
        scheduler Bent(n = 2.0) { alpha: pow(t, n), sigma: 1 - pow(t, n) }
        scheduler Cosine { alpha: sin(pi / 2 * t), sigma: cos(pi / 2 * t) }
        train Training for Moons {
            path: Affine(Bent(n = 3)), loss: huber(delta = 0.5), optimizer: adamw(lr = 1e-3), schedule: cosine(warmup = 10),
            batch: BATCH * 2, accumulate: 2, steps: 10_000, ema: 0.999, clip: 1.0, time: logit_normal(mean = 0, std = 1), source: gaussian, seed: 7,
        }
        sampler Sampling for Moons { solver: BogackiShampine32, grid: reversed(given([0.0, 0.5, 1.0])), source: uniform(low = -1, high = 1) }
    }
}

/// More than the specimen has tokens, groups and what is in them counted.
const PLACES: usize = 550;

/// `PROPTEST_CASES`, or as many as a run of all tests has time for.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(600)
}

/// How one token is damaged.
#[derive(Clone, Debug)]
enum Damage {
    Remove,
    Repeat,
    Replace(&'static str),
    Insert(&'static str),
}

const WORDS: &[&str] = &[
    "model",
    "solver",
    "x",
    "t",
    "h",
    "linear",
    "concat",
    "Time",
    "Class",
    "order",
    "tableau",
    "for",
    "let",
    "mut",
    "in",
    "_",
    "0",
    "1",
    "2",
    "1e-3",
    "1.5",
    "99999999999999999999",
    "-",
    "+",
    "*",
    "/",
    "=",
    "==",
    "..",
    "..=",
    ",",
    ";",
    ":",
    "::",
    "|",
    "<",
    ">",
    "->",
    "#",
    "!",
    "()",
    "[]",
    "{}",
    "[2]",
    "{ x }",
    "(x)",
    "sqrt",
    "pow",
    "pi",
    "\"text\"",
    "'a",
    "r#type",
    "true",
    "self",
    "crate",
    "if",
    "0..3",
    "+=",
    "residual",
    "residual(h, x)",
    "WIDTH",
    "self::WIDTH",
    "?",
    "1e400",
    "0x10",
    "1u8",
    "b'x'",
];

fn damage() -> impl Strategy<Value = Damage> {
    let word = proptest::sample::select(WORDS);
    prop_oneof![
        Just(Damage::Remove),
        Just(Damage::Repeat),
        word.clone().prop_map(Damage::Replace),
        word.prop_map(Damage::Insert),
    ]
}

fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap_or_default()
}

/// Applies each damage at its place, counted through all groups.
fn apply(stream: TokenStream, damages: &[(usize, Damage)], counter: &mut usize) -> TokenStream {
    let mut out = TokenStream::new();
    for tree in stream {
        let place = *counter;
        *counter += 1;
        let tree = match tree {
            TokenTree::Group(group) => {
                TokenTree::Group(Group::new(group.delimiter(), apply(group.stream(), damages, counter)))
            }
            other => other,
        };
        let mut kept = TokenStream::from(tree);
        for (_, damage) in damages.iter().filter(|(at, _)| *at == place) {
            kept = match damage {
                Damage::Remove => TokenStream::new(),
                Damage::Repeat => [kept.clone(), kept].into_iter().collect(),
                Damage::Replace(word) => tokens(word),
                Damage::Insert(word) => [tokens(word), kept].into_iter().collect(),
            };
        }
        out.extend(kept);
    }
    out
}

fn random_tokens() -> impl Strategy<Value = TokenStream> {
    let leaf = proptest::sample::select(WORDS).prop_map(tokens);
    leaf.prop_recursive(4, 64, 8, |inner| {
        (
            proptest::sample::select(&[Delimiter::Brace, Delimiter::Bracket, Delimiter::Parenthesis][..]),
            proptest::collection::vec(inner, 0..8),
        )
            .prop_map(|(delimiter, parts)| TokenTree::Group(Group::new(delimiter, parts.into_iter().collect())).into())
    })
}

/// The expansion is Rust, and a call that is not of the language gets an error.
fn check(input: TokenStream) -> Result<(), TestCaseError> {
    let output = crate::generate(input.clone());
    let parsed = syn::parse2::<syn::File>(output.clone());
    prop_assert!(
        parsed.is_ok(),
        "{} for {input} gives {output}",
        parsed.err().map(|error| error.to_string()).unwrap_or_default()
    );
    Ok(())
}

#[test]
fn the_specimen_is_sound() {
    fn count(stream: TokenStream) -> usize {
        stream
            .into_iter()
            .map(|tree| if let TokenTree::Group(group) = tree { 1 + count(group.stream()) } else { 1 })
            .sum()
    }
    let places = count(specimen());
    assert!((PLACES - 60..=PLACES).contains(&places), "{places} places");
    assert_eq!(super::errors(specimen()), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_calls(damages in proptest::collection::vec((0usize..PLACES, damage()), 1..4)) {
        check(apply(specimen(), &damages, &mut 0))?;
    }

    #[test]
    fn random_calls(parts in proptest::collection::vec(random_tokens(), 0..40)) {
        let input: TokenStream = parts.into_iter().collect();
        check(input.clone())?;
        // Behind a keyword and a name more of the parser is reached.
        for keyword in crate::keyword::ITEMS {
            let keyword = tokens(keyword);
            check(quote! { #keyword Name #input })?;
            check(quote! { #keyword Name(x: [2], t: Time) -> [2] { #input } })?;
            check(quote! { #keyword Name for Other { #input } })?;
            check(quote! { #keyword Name { tableau: { #input }, alpha: #input, path: #input } })?;
        }
    }
}
