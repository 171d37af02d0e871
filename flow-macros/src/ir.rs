//! What was meant, complete: every default filled in, every shape known. Expansion is a total function of it.

mod model;
mod recipe;
mod scheduler;
mod solver;

pub(crate) use model::*;
pub(crate) use recipe::*;
pub(crate) use scheduler::{Scheduler, SchedulerParameter};
pub(crate) use solver::*;

/// Everything in one `flow_model!` call that can be expanded.
pub(crate) struct Module {
    pub(crate) krate: syn::Path,
    pub(crate) items: Vec<Item>,
}

pub(crate) enum Item {
    Model(Model),
    Solver(Solver),
    Scheduler(Scheduler),
    Train(Train),
    Sampler(Sampler),
}
