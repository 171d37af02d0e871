//! A scheduler with its derivatives and its interval.

use crate::{ast::Header, math::expression::Expression};
use syn::Ident;

#[derive(Clone)]
pub(crate) struct Scheduler {
    pub(crate) head: Header,
    pub(crate) parameters: Vec<SchedulerParameter>,
    pub(crate) alpha: Expression,
    pub(crate) sigma: Expression,
    pub(crate) d_alpha: Expression,
    pub(crate) d_sigma: Expression,
    /// How nearly the ends are met, if not to rounding.
    pub(crate) boundary: Option<f64>,
    /// A derivative has a pole at `t = 0`, or at `t = 1`.
    pub(crate) open_start: bool,
    pub(crate) open_end: bool,
}

#[derive(Clone)]
pub(crate) struct SchedulerParameter {
    pub(crate) name: Ident,
    pub(crate) default: f64,
}
