//! From items to launches: what runs in one kernel, what is kept, and what is rounded for products.

use super::{
    TEXTS,
    fuse::{Printed, Setting, fits, print},
    item::{Function, Item, Pointwise},
    kernel::{Parameter, Work},
    lines,
    place::{Place, Space},
    record::FIXED,
};
use crate::{
    engine::{
        cuda::{backend::Number, source::Source},
        plan::Plan,
    },
    program::Program,
};

/// How numbers are rounded for products; without it they are taken as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Format {
    pub(super) number: Number,
    /// One: the rounded number. Three: that, what was lost, and that again, so that one product of thrice the depth has almost
    /// the precision of `f32`.
    pub(super) parts: usize,
}

/// A rounded copy of a value, of lines without gaps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Operand {
    pub(super) place: Place,
    /// Numbers of 16 bits from one line to the next: whole registers of 16 bytes.
    pub(super) stride: usize,
}

/// What becomes of a value: it is written, and rounded for products into the operands, each from a column on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Store {
    pub(super) single: bool,
    pub(super) operands: Vec<(usize, usize)>,
}

impl Store {
    pub(super) fn any(&self) -> bool {
        self.single || !self.operands.is_empty()
    }
}

/// One launch, or one of the sequences that are the same for every model.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Launchable {
    Multiply { x: Place, operand: Option<usize>, pack: usize, out: Place, keep: bool },
    Outer { dy: (Place, Option<usize>), x: (Place, Option<usize>), to: usize, first: bool },
    Kernel { kernel: usize, parameters: Vec<Parameter>, work: Work },
    Sum { x: Place, to: usize, first: bool },
    Scatter { condition: usize, dy: Place, to: usize, classes: usize, first: bool },
    Compare { velocity: Place, cotangent: Place },
}

/// Kernels of a model, each text once, and the operands that they round for.
pub(super) struct Compiler<'a> {
    pub(super) program: &'a Program,
    pub(super) plan: &'a Plan,
    pub(super) format: Option<Format>,
    pub(super) fast: bool,
    pub(super) operands: Vec<Operand>,
    /// The value that the steps carry, whose operands are always up to date.
    pub(super) carried: Option<Place>,
    kernels: Vec<(String, Vec<String>)>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(program: &'a Program, plan: &'a Plan, format: Option<Format>, fast: bool) -> Self {
        Self { program, plan, format, fast, operands: Vec::new(), carried: None, kernels: Vec::new() }
    }

    /// Makes operands for the factors of all products of a list.
    pub(super) fn register(&mut self, items: &[Item]) {
        let Some(format) = self.format else { return };
        for place in items.iter().flat_map(Item::factors) {
            if !self.operands.iter().any(|operand| operand.place == place) {
                let stride = (format.parts * place.width).next_multiple_of(8);
                self.operands.push(Operand { place, stride });
            }
        }
    }

    fn operand(&self, place: &Place) -> Option<usize> {
        self.operands.iter().position(|operand| operand.place == *place)
    }

    /// Whether a list reads a space other than by operands that are always up to date.
    pub(super) fn reads_single(&self, items: &[Item], space: Space) -> bool {
        let rounded = |place: &Place| self.operand(place).is_some_and(|o| self.is_fused(&self.operands[o], items));
        items.iter().any(|item| {
            let products = item.factors().into_iter().filter(|place| !rounded(place));
            item.reads().into_iter().chain(products).any(|place| place.space == space)
        })
    }

    /// The launches of a list; a value outside of it for which `kept` holds is read by others. Products are rounded if
    /// operands are made for them.
    pub(super) fn list(&mut self, items: Vec<Item>, kept: &dyn Fn(Space) -> bool) -> Vec<Launchable> {
        let fused: Vec<bool> = self.operands.iter().map(|operand| self.is_fused(operand, &items)).collect();
        let items = self.with_roundings(items, &fused);
        let mut list = Vec::new();
        let mut at = 0;
        while at < items.len() {
            let Item::Pointwise(_) = &items[at] else {
                list.push(self.launch(&items, at, kept, &fused));
                at += 1;
                continue;
            };
            let mut group: Vec<Pointwise> = Vec::new();
            while let Some(Item::Pointwise(next)) = items.get(at + group.len())
                && fits(&group, next, self.plan)
            {
                group.push(next.clone());
            }
            let end = at + group.len();
            let mut stores: Vec<Store> =
                (0..group.len()).map(|i| self.store(&items, at..end, at + i, kept, &fused)).collect();
            // Functions of which nothing is left are left out.
            let mut needed: Vec<bool> = stores.iter().map(Store::any).collect();
            for i in (0..group.len()).rev() {
                if needed[i] || matches!(group[i].function, Function::Combine { .. }) {
                    needed[i] = true;
                    for place in &group[i].operands {
                        if let Some(j) = (0..i).rev().find(|j| group[*j].out.is(place, self.plan)) {
                            needed[j] = true;
                        }
                    }
                }
            }
            let mut keep = needed.iter();
            group.retain(|_| keep.next() == Some(&true));
            let mut keep = needed.iter();
            stores.retain(|_| keep.next() == Some(&true));
            if !group.is_empty() {
                let printed = print(&group, &stores, &self.setting());
                list.push(self.kernel(printed));
            }
            at = end;
        }
        list
    }

    /// The text of all kernels, those that are the same for every model first, and the copies for products.
    pub(super) fn finish(self) -> (Source, Vec<Operand>) {
        let mut text = TEXTS.concat();
        let mut kernels: Vec<String> = FIXED.iter().map(|name| (*name).to_owned()).collect();
        for (i, (code, comments)) in self.kernels.iter().enumerate() {
            let name = format!("flow_wide_{i}");
            text.push_str(&format!("\n// {}\n", comments.join("; ")));
            text.push_str(&code.replacen("NAME", &name, 1));
            kernels.push(name);
        }
        (Source { name: self.program.name.to_owned(), text, kernels }, self.operands)
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            program: self.program,
            plan: self.plan,
            operands: &self.operands,
            format: self.format,
            fast: self.fast,
        }
    }

    fn kernel(&mut self, printed: Printed) -> Launchable {
        let Printed { text, parameters, work, comment } = printed;
        Launchable::Kernel { kernel: self.add(text, comment), parameters, work }
    }

    /// The place of a kernel among the list's own, each text once.
    pub(super) fn add(&mut self, text: String, comment: String) -> usize {
        let kernel = match self.kernels.iter().position(|(known, _)| *known == text) {
            Some(known) => known,
            None => {
                self.kernels.push((text, Vec::new()));
                self.kernels.len() - 1
            }
        };
        let comments = &mut self.kernels[kernel].1;
        if !comments.contains(&comment) {
            comments.push(comment);
        }
        kernel
    }

    fn launch(&mut self, items: &[Item], at: usize, kept: &dyn Fn(Space) -> bool, fused: &[bool]) -> Launchable {
        match &items[at] {
            &Item::Multiply { x, pack, out, keep } => {
                Launchable::Multiply { x, operand: self.operand(&x), pack, out, keep }
            }
            &Item::Outer { dy, x, to, first } => {
                Launchable::Outer { dy: (dy, self.operand(&dy)), x: (x, self.operand(&x)), to, first }
            }
            &Item::Sum { x, to, first } => Launchable::Sum { x, to, first },
            &Item::Scatter { condition, dy, to, classes, first } => {
                Launchable::Scatter { condition, dy, to, classes, first }
            }
            &Item::Compare { velocity, cotangent } => Launchable::Compare { velocity, cotangent },
            Item::Lines { function, operands, out } => {
                let store = self.store(items, at..at + 1, at, kept, fused);
                let printed = lines::print(function, operands, out, &store, &self.setting());
                self.kernel(printed)
            }
            // A run of these is one launch; see `list`.
            Item::Pointwise(pointwise) => {
                let store = self.store(items, at..at + 1, at, kept, fused);
                let printed = print(std::slice::from_ref(pointwise), &[store], &self.setting());
                self.kernel(printed)
            }
        }
    }

    /// What becomes of the value of item `at`, in a kernel of the items `group`.
    fn store(
        &self,
        items: &[Item],
        group: std::ops::Range<usize>,
        at: usize,
        kept: &dyn Fn(Space) -> bool,
        fused: &[bool],
    ) -> Store {
        let plan = self.plan;
        let Some(value) = items[at].writes() else { return Store::default() };
        let again = |other: &Item| other.writes().is_some_and(|out| out.is(&value, plan) && out.space == value.space);
        if items[at + 1..group.end].iter().any(again) {
            return Store::default();
        }
        let copied = is_rounding(&items[at], plan);
        let written = !copied || items[group.start..at].iter().any(again);
        let read = |item: &Item| {
            let products = item.factors().into_iter().filter(|place| self.operand(place).is_none());
            item.reads().iter().copied().chain(products).any(|x| x.space == value.space && x.meets(&value, plan))
        };
        let single = written && (kept(value.space) || items[group.end..].iter().any(read));
        let operands = (0..self.operands.len())
            .filter(|o| copied && self.operands[*o].place == value || fused[*o])
            .filter_map(|o| Some((o, self.operands[o].place.column_of(&value)?)))
            .collect();
        Store { single, operands }
    }

    /// Whether all that is in an operand comes from kernels that can round it as they compute it.
    fn is_fused(&self, operand: &Operand, items: &[Item]) -> bool {
        let place = &operand.place;
        if let Some(carried) = self.carried
            && matches!(place.space, Space::Point | Space::Stage)
        {
            return Place { space: place.space, ..carried } == *place;
        }
        let mut any = false;
        for (i, item) in items.iter().enumerate() {
            let Some(out) = item.writes() else { continue };
            if out.space != place.space || !out.meets(place, self.plan) {
                continue;
            }
            any = true;
            let finished = match item {
                Item::Pointwise(_) | Item::Lines { .. } => true,
                // The product is added to by the kernel that follows.
                Item::Multiply { .. } => items[i + 1..]
                    .iter()
                    .find(|next| !matches!(next, Item::Multiply { .. }))
                    .is_some_and(|next| next.writes() == Some(out) && next.reads().contains(&out)),
                _ => false,
            };
            if !finished || place.column_of(&out).is_none() {
                return false;
            }
        }
        any
    }

    /// Puts a kernel that rounds before each product whose operand nothing else rounds.
    fn with_roundings(&self, items: Vec<Item>, fused: &[bool]) -> Vec<Item> {
        let mut valid = fused.to_vec();
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            for place in item.factors() {
                if let Some(operand) = self.operand(&place)
                    && !valid[operand]
                {
                    all.push(Item::copy(place, place));
                    valid[operand] = true;
                }
            }
            if let Some(out) = item.writes() {
                for (i, operand) in self.operands.iter().enumerate() {
                    let touched = operand.place.space == out.space && operand.place.meets(&out, self.plan);
                    valid[i] &= !touched || fused[i];
                }
            }
            all.push(item);
        }
        all
    }
}

/// A copy of a value onto itself, which only makes its operand.
fn is_rounding(item: &Item, plan: &Plan) -> bool {
    match item {
        Item::Pointwise(Pointwise { function: Function::Copy, operands, out }) => operands[0].is(out, plan),
        _ => false,
    }
}
