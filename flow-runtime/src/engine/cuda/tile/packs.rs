//! Weights as the product of a tile reads them: for each product `[depth][columns]`, rows padded, and the frequencies before them.

use crate::engine::plan::{Frequencies, Pack, Plan, Step};

/// Numbers that a row of a pack is a multiple of: a thread reads up to eight columns at once.
fn padded(columns: usize) -> usize {
    if columns <= 4 { 4 } else { columns.next_multiple_of(8) }
}

/// Where each pack of a plan lies among the packed weights.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Packs {
    packs: Vec<Pack>,
    places: Vec<usize>,
    /// Frequencies of time embeddings, which come first.
    constants: Vec<f32>,
    /// Numbers that the steps of a tile read, of all.
    pub(super) body: usize,
    pub(super) len: usize,
}

impl Packs {
    pub(super) fn of(plan: &Plan) -> Self {
        let in_body = |pack: usize| {
            let mut steps = plan.prologue.iter().chain(&plan.body);
            steps.any(|step| matches!(step, Step::Product { pack: own, .. } if *own == pack))
        };
        let constants: Vec<f32> = plan.constants.iter().map(|w| *w as f32).collect();
        let mut packs = Self {
            packs: plan.packs.clone(),
            places: vec![0; plan.packs.len()],
            len: constants.len().next_multiple_of(4),
            constants,
            body: 0,
        };
        let (first, last): (Vec<usize>, Vec<usize>) = (0..plan.packs.len()).partition(|pack| in_body(*pack));
        for (group, is_body) in [(first, true), (last, false)] {
            for pack in group {
                packs.places[pack] = packs.len;
                packs.len += plan.packs[pack].depth * padded(plan.packs[pack].columns);
            }
            if is_body {
                packs.body = packs.len;
            }
        }
        packs
    }

    /// Where a pack begins, and the length of its rows.
    pub(super) fn place(&self, pack: usize) -> (usize, usize) {
        (self.places[pack], padded(self.packs[pack].columns))
    }

    pub(super) fn pack(&self, pack: usize) -> &Pack {
        &self.packs[pack]
    }

    /// The packs, with their places and the length of their rows.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Pack, usize, usize)> {
        self.packs.iter().zip(&self.places).map(|(pack, place)| (pack, *place, padded(pack.columns)))
    }

    /// The packed weights.
    pub(super) fn pack_all(&self, weights: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; self.len];
        out[..self.constants.len()].copy_from_slice(&self.constants);
        for (pack, place, row) in self.iter() {
            for k in 0..pack.depth {
                for j in 0..pack.columns {
                    out[place + k * row + j] = weights[pack.offset + k * pack.depth_stride + j * pack.column_stride];
                }
            }
        }
        out
    }
}

/// Whether a step reads frequencies out of the constants.
pub(super) fn reads_constants(step: &Step) -> bool {
    matches!(step, Step::Embedding { frequencies: Frequencies::Constants(_), .. })
}
