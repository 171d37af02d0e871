//! What the compiler says to mistakes in `flow_model!`: text and caret of every message, sorted by kind of mistake.
//!
//! After a change of a message: `TRYBUILD=overwrite cargo test --test ui`, then read the difference.

#[test]
fn mistakes() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*/*.rs");
}
