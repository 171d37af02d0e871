//! Reads a `scheduler`.

use super::parse_entries;
use crate::{
    ast::{Header, Scheduler},
    error::Errors,
    keyword,
};
use syn::parse::ParseStream;

pub(crate) fn parse_scheduler(head: Header, input: ParseStream, cx: &mut Errors) -> syn::Result<Scheduler> {
    let entries = parse_entries(input, "scheduler", keyword::SCHEDULER, cx)?;
    Ok(Scheduler { head, entries })
}
