//! Rules across entries, and the lowering of what passes them to `ir`.

mod model;
mod recipe;
mod scheduler;
mod solver;
mod solver_order;
#[cfg(test)]
mod solver_tests;

use crate::{ast, error::Errors, ir};

/// Checks every item; one with a mistake is lowered to a stand-in of the same name.
pub(crate) fn check_module(file: &ast::File, cx: &mut Errors) -> ir::Module {
    let mut items = Vec::new();
    for item in &file.items {
        match item {
            ast::Item::Solver(solver) => {
                items.push(ir::Item::Solver(
                    solver::check_solver(solver, cx).unwrap_or_else(|| solver::fallback_solver(solver)),
                ));
            }
            ast::Item::Scheduler(scheduler) => {
                items.push(ir::Item::Scheduler(
                    scheduler::check_scheduler(scheduler, cx)
                        .unwrap_or_else(|| scheduler::fallback_scheduler(&scheduler.head)),
                ));
            }
            _ => {}
        }
    }
    ir::Module { krate: file.krate.clone(), items }
}
