//! Sums over the batch, tile by tile: the gradient of each weight, in registers from the first tile to the last where there is room
//! for them, else added to what memory has.

use super::{
    function::outer_tile,
    layout::{Layout, SPARE_REGISTERS},
    packs::{outer_on_tensor_cores, parts},
};
use crate::engine::{
    CudaPrecision,
    cuda::source::Writer,
    plan::{Plan, Step, View},
};

/// How the threads of a team share out a sum.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shares {
    /// Of `[out, inputs]`, in tiles of so many rows and columns.
    Outer { out: usize, inputs: usize, tile: (usize, usize) },
    /// The same on tensor cores.
    OuterMma { out: usize, inputs: usize },
    /// Of a row, of which so many threads share a column.
    Sum { width: usize, spread: usize },
}

impl Shares {
    /// Shares there are, workers of a team that take them in turn, and numbers of each share.
    fn counts(&self, team: usize) -> (usize, usize, usize) {
        match *self {
            Self::Outer { out, inputs, tile: (a, b) } => (out.div_ceil(a) * inputs.div_ceil(b), team, a * b),
            // As `fm_outer_shares` has it.
            Self::OuterMma { out, inputs } => {
                let (tall, wide, warps) = (out.div_ceil(16), inputs.div_ceil(8), team / 32);
                let side = if warps <= tall { 1 } else { (warps / tall).min(wide) };
                let own = wide.div_ceil(side).min(8);
                (tall * wide.div_ceil(own), warps, 4 * own)
            }
            // As `fm_sum` has it.
            Self::Sum { width, spread } => (width * spread, team, 1),
        }
    }

    /// Neighbours that are written at once, where the sum begins at place `to`.
    fn neighbours(&self, to: usize) -> usize {
        match self {
            Self::OuterMma { inputs, .. } if inputs.is_multiple_of(2) && to.is_multiple_of(2) => 2,
            _ => 1,
        }
    }

    /// Passes of a team.
    fn passes(&self, team: usize) -> usize {
        let (shares, workers, _) = self.counts(team);
        shares.div_ceil(workers)
    }

    /// Numbers that a thread has.
    fn numbers(&self, team: usize) -> usize {
        self.passes(team) * self.counts(team).2
    }
}

/// Which sums a kernel holds in registers.
pub(super) struct Sums {
    precision: CudaPrecision,
    team: usize,
    rows: usize,
    /// Whether a block has several tiles in a step, and adds up what they give.
    several: bool,
    held: Vec<(usize, Shares)>,
}

impl Sums {
    /// Those of a plan. If a block has several tiles in a step, as many are held as its threads have registers to spare.
    pub(super) fn of(plan: &Plan, precision: CudaPrecision, layout: &Layout, several: bool) -> Self {
        let team = layout.team;
        let mut sums = Self { precision, team, rows: layout.rows, several, held: Vec::new() };
        if !several {
            return sums;
        }
        let mut all: Vec<(usize, Option<Shares>)> = Vec::new();
        for step in &plan.body {
            let Some(to) = step.target() else { continue };
            let shares = sums.shares(step);
            match all.iter_mut().find(|(own, _)| *own == to) {
                // What is added to one place in two ways is nobody's.
                Some((_, own)) if *own != shares => *own = None,
                Some(_) => {}
                None => all.push((to, shares)),
            }
        }
        let mut left = SPARE_REGISTERS;
        let mut able: Vec<_> = all.into_iter().filter_map(|(to, shares)| Some((to, shares?))).collect();
        able.sort_by_key(|(_, shares)| std::cmp::Reverse(shares.numbers(team)));
        for (to, shares) in able {
            if shares.numbers(team) <= left {
                left -= shares.numbers(team);
                sums.held.push((to, shares));
            }
        }
        sums
    }

    /// Whether what is added to that place of the gradient stays in registers.
    pub(super) fn holds(&self, to: usize) -> bool {
        self.held.iter().any(|(own, _)| *own == to)
    }

    fn shares(&self, step: &Step) -> Option<Shares> {
        match *step {
            Step::Outer { dy, x, .. } if outer_on_tensor_cores(self.precision, dy.width, x.width) => {
                Some(Shares::OuterMma { out: dy.width, inputs: x.width })
            }
            Step::Outer { dy, x, .. } => {
                let (out, inputs) = (dy.width, x.width);
                Some(Shares::Outer { out, inputs, tile: outer_tile(out, inputs, self.team) })
            }
            Step::Sum { x, .. } => Some(Shares::Sum { width: x.width, spread: spread(self.team, x.width, self.rows) }),
            _ => None,
        }
    }

    /// The registers, all zero.
    pub(super) fn print_clear(&self, out: &mut Writer) {
        for (to, shares) in &self.held {
            let (team, passes, (count, _, each)) = (self.team, shares.passes(self.team), shares.counts(self.team));
            out.line(format_args!("float sum_{to}[{passes}][{each}] = {{}};"));
            // What the text makes of the same sizes is to be what was counted here.
            match *shares {
                Shares::Outer { .. } => {}
                Shares::OuterMma { out: o, inputs: i } => {
                    let own = format!("fm_outer_shares<{team}, {o}, {i}>");
                    out.line(format_args!(
                        "static_assert({own}::COUNT == {count} && 4 * {own}::OWN == {each}, \"shares\");"
                    ));
                }
                Shares::Sum { width, spread } => out.line(format_args!(
                    "static_assert(fm_spread<{team}, {width}, {}>() == {spread}, \"shares\");",
                    self.rows
                )),
            }
        }
    }

    /// What the registers have, to the block's gradient.
    pub(super) fn print_give(&self, out: &mut Writer) {
        let team = self.team;
        for (to, shares) in &self.held {
            let together = shares.neighbours(*to);
            let store = format!("[&](int k, int at) {{ fm_put_held<{together}>(g + {to} + at, sum_{to}[p], k); }}");
            let (me, give) = match *shares {
                Shares::Outer { out, inputs, tile: (a, b) } => {
                    ("me", format!("fm_outer_places<{out}, {inputs}, {a}, {b}>(share, {store});"))
                }
                Shares::OuterMma { out, inputs } => (
                    "me / 32",
                    format!("fm_outer_mma_places<{team}, {out}, {inputs}, {together}>(share, me % 32, {store});"),
                ),
                Shares::Sum { spread, .. } => {
                    ("me", format!("if (share % {spread} == 0) g[{to} + share / {spread}] = sum_{to}[p][0];"))
                }
            };
            let (count, workers, _) = shares.counts(team);
            out.line(format_args!("fm_passes<{workers}, {count}, true>({me}, [&](int p, int share) {{ {give} }});"));
        }
    }

    /// One sum of the rows of a tile, whose values are at `pointer(view)`.
    pub(super) fn print(&self, out: &mut Writer, step: &Step, stride: usize, pointer: impl Fn(View) -> String) {
        let (Some(to), Some(shares)) = (step.target(), self.shares(step)) else { return };
        let held = self.holds(to);
        let first = matches!(step, Step::Outer { first: true, .. } | Step::Sum { first: true, .. });
        let put = if held {
            format!("fm_hold(sum_{to}[p], k, sums);")
        } else if first && !self.several {
            format!("fm_put(g + {to} + at, sums);")
        } else {
            format!("fm_put_more(g + {to} + at, sums, {});", if first { "fresh" } else { "false" })
        };
        let together = shares.neighbours(to);
        let put = format!("[&](int p, int k, int at, const float (&sums)[{together}]) {{ {put} }}");
        let Self { team, rows, .. } = *self;
        match (*step, shares) {
            (Step::Outer { dy, x, .. }, Shares::Outer { out: o, inputs: i, tile: (a, b) }) => out.line(format_args!(
                "fm_outer<{team}, {rows}, {stride}, {}, {o}, {i}, {a}, {b}, {}, {}, {held}>(me, {}, {}, {put});",
                dy.lines,
                dy.line,
                x.line,
                pointer(dy),
                pointer(x)
            )),
            (Step::Outer { dy, x, .. }, Shares::OuterMma { out: o, inputs: i }) => out.line(format_args!(
                "fm_outer_mma<{team}, {rows}, {stride}, {}, {o}, {i}, {}, {}, {}, {together}, {held}>(me, {}, {}, {put});",
                dy.lines,
                parts(self.precision, x.base),
                dy.line,
                x.line,
                pointer(dy),
                pointer(x)
            )),
            (Step::Sum { x, .. }, _) => out.line(format_args!(
                "fm_sum<{team}, {rows}, {stride}, {}, {}, {}, {held}>(me, {}, {put});",
                x.lines,
                x.width,
                x.line,
                pointer(x)
            )),
            _ => {}
        }
    }
}

/// As `fm_spread`.
fn spread(team: usize, width: usize, rows: usize) -> usize {
    let mut spread = 1;
    while spread < 32 && 2 * spread * width <= team && 8 * spread <= rows {
        spread *= 2;
    }
    spread
}
