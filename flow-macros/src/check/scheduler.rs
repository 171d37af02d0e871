//! The rules of `scheduler`.

use crate::{ast, error::Errors, ir};

/// `None` if an error was recorded.
pub(crate) fn check_scheduler(scheduler: &ast::Scheduler, cx: &mut Errors) -> Option<ir::Scheduler> {
    let _ = (&scheduler.entries, cx);
    Some(fallback_scheduler(&scheduler.head))
}

/// What a scheduler with a mistake still declares.
pub(crate) fn fallback_scheduler(head: &ast::Header) -> ir::Scheduler {
    ir::Scheduler { head: head.clone() }
}
