//! Implicit methods, for the engines that have them.

use crate::{
    engines::Engine,
    integration::{agrees, methods},
    models::{Added, Everything, Joined, Steered},
};
use flow_runtime::prelude::*;

methods! {
    // The equations of a step are solved until they move by a few units of the last place of the state's type.
    implicit_midpoint: ImplicitMidpoint, |engine: Engine| 10.0 * engine.tolerance();
    sdirk: Sdirk2, |engine: Engine| 10.0 * engine.tolerance();
}
