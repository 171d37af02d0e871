//! Kernels for any plan, in single precision: a team of threads carries a tile of rows through all steps.
//!
//! Values lie in shared memory, or in global memory where there is not enough of it, one column of a tile after the other;
//! every step is a call of `text/tile.cuh`. These kernels run every op of the language, whatever its width, and they are the
//! `strict` precision: every product is one chain of fused multiply-adds in `f32`, in the order in which the CPU engine has it.

mod draw;
mod function;
mod hazard;
mod integrate;
mod layout;
mod packs;
mod rows;
mod spec;
mod steps;
mod sums;
mod table;
mod train;
mod trainer;
mod update;

pub(super) use draw::of_device;
pub(super) use integrate::{Integrator, Timetable};
pub(super) use rows::Pointwise;
pub(super) use spec::{STREAMS, Spec, loss_text};
pub(super) use table::Table;
pub(super) use train::Text;
pub(super) use trainer::{Batches, Data, Given, Rates, State, Steps, Trainer};
pub(super) use update::update_text;

const FUNCTIONS: &str = include_str!("text/functions.cuh");
pub(super) const RANDOM: &str = include_str!("text/random.cuh");
const TILE_MMA: &str = include_str!("text/tile_mma.cuh");
pub(super) const TRAIN: &str = include_str!("text/train.cuh");
const TILE: &str = include_str!("text/tile.cuh");
