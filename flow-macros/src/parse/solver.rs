//! Reads a `solver`.

use super::parse_entries;
use crate::{
    ast::{Header, Solver},
    error::Errors,
    keyword,
};
use syn::parse::ParseStream;

pub(crate) fn parse_solver(head: Header, input: ParseStream, cx: &mut Errors) -> syn::Result<Solver> {
    let entries = parse_entries(input, "solver", keyword::SOLVER, cx)?;
    Ok(Solver { head, entries })
}
