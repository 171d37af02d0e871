//! Placeholder until the orbit example is written.
fn main() {}
