//! A plan's steps, told apart by how a GPU does them: products, kernels over elements, over lines, and over the batch.

use super::place::{Place, Spaces};
use crate::{
    engine::plan::{Binary, Frequencies, Norm, Plan, Step, View},
    program::Activation,
};

/// A function of elements at one place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Function {
    Map(Activation),
    /// Of the source and the cotangent.
    Pullback(Activation),
    Binary(Binary),
    Affine {
        factor: f64,
        term: f64,
    },
    Copy,
    Dropout {
        p: f64,
        ordinal: u64,
    },
    /// A row of a table, by the label.
    Lookup {
        condition: usize,
        table: usize,
    },
    /// `x + Σ c k` of a point and slopes, with the present step's coefficients from `first` on; `checked` if a sum that is not
    /// finite is an error.
    Combine {
        first: usize,
        checked: bool,
    },
}

/// `out = function(operands)`, element by element.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pointwise {
    pub(super) function: Function,
    pub(super) operands: Vec<Place>,
    pub(super) out: Place,
}

/// A function of a line, for which a warp is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum LineFunction {
    Softmax,
    /// Of the result and the cotangent.
    SoftmaxPullback,
    Norm {
        norm: Norm,
        weight: Option<usize>,
        bias: Option<usize>,
    },
    /// Of the argument and the cotangent.
    NormPullback {
        norm: Norm,
        weight: usize,
    },
    Embedding(Frequencies),
}

/// What is done one after the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// `out = x · pack`, or `out += x · pack` if `keep`.
    Multiply {
        x: Place,
        pack: usize,
        out: Place,
        keep: bool,
    },
    Pointwise(Pointwise),
    Lines {
        function: LineFunction,
        operands: Vec<Place>,
        out: Place,
    },
    /// `gradient[to..] = dyᵀ x`, added if it is not `first`.
    Outer {
        dy: Place,
        x: Place,
        to: usize,
        first: bool,
    },
    Sum {
        x: Place,
        to: usize,
        first: bool,
    },
    Scatter {
        condition: usize,
        dy: Place,
        to: usize,
        classes: usize,
        first: bool,
    },
    /// The loss of the velocity, and its cotangent.
    Compare {
        velocity: Place,
        cotangent: Place,
    },
}

impl Item {
    pub(super) fn copy(x: Place, out: Place) -> Self {
        Item::Pointwise(Pointwise { function: Function::Copy, operands: vec![x], out })
    }

    /// What products read, in whatever precision they have.
    pub(super) fn factors(&self) -> Vec<Place> {
        match self {
            Item::Multiply { x, .. } => vec![*x],
            Item::Outer { dy, x, .. } => vec![*dy, *x],
            _ => Vec::new(),
        }
    }

    /// What is read in `f32` always.
    pub(super) fn reads(&self) -> Vec<Place> {
        match self {
            Item::Multiply { out, keep: true, .. } => vec![*out],
            Item::Multiply { .. } | Item::Outer { .. } => Vec::new(),
            Item::Pointwise(Pointwise { operands, .. }) | Item::Lines { operands, .. } => operands.clone(),
            Item::Sum { x, .. } => vec![*x],
            Item::Scatter { dy, .. } => vec![*dy],
            Item::Compare { velocity, .. } => vec![*velocity],
        }
    }

    pub(super) fn writes(&self) -> Option<Place> {
        match self {
            Item::Multiply { out, .. } | Item::Lines { out, .. } => Some(*out),
            Item::Pointwise(Pointwise { out, .. }) => Some(*out),
            Item::Compare { cotangent, .. } => Some(*cotangent),
            Item::Outer { .. } | Item::Sum { .. } | Item::Scatter { .. } => None,
        }
    }
}

/// The items of some steps.
pub(super) fn items(steps: &[Step], plan: &Plan, spaces: &Spaces) -> Vec<Item> {
    let place = |view: View| spaces.place(view, plan);
    let mut items = Vec::new();
    for step in steps {
        match *step {
            Step::Product { x, pack, start, out } => {
                product(&mut items, plan, (place(x), pack), start.map(place), place(out))
            }
            Step::Outer { dy, x, to, first } => outer(&mut items, place(dy), place(x), to, first),
            Step::Sum { x, to, first } => items.push(Item::Sum { x: place(x), to, first }),
            Step::Scatter { condition, dy, to, classes, first } => {
                items.push(Item::Scatter { condition, dy: place(dy), to, classes, first });
            }
            Step::Softmax { x, out } => items.push(lines(LineFunction::Softmax, &[place(x)], place(out))),
            Step::SoftmaxPullback { y, dy, out } => {
                items.push(lines(LineFunction::SoftmaxPullback, &[place(y), place(dy)], place(out)));
            }
            Step::Norm { norm, x, weight, bias, out } => {
                items.push(lines(LineFunction::Norm { norm, weight, bias }, &[place(x)], place(out)));
            }
            Step::NormPullback { norm, x, dy, weight, out } => {
                items.push(lines(LineFunction::NormPullback { norm, weight }, &[place(x), place(dy)], place(out)));
            }
            Step::Embedding { frequencies, t, out } => {
                items.push(lines(LineFunction::Embedding(frequencies), &[place(t)], place(out)));
            }
            Step::Map { f, x, out } => items.push(pointwise(Function::Map(f), &[place(x)], place(out))),
            Step::Pullback { f, source, dy, out } => {
                items.push(pointwise(Function::Pullback(f), &[place(source), place(dy)], place(out)));
            }
            Step::Binary { f, a, b, out } => {
                items.push(pointwise(Function::Binary(f), &[place(a), place(b)], place(out)));
            }
            Step::Affine { factor, term, x, out } => {
                items.push(pointwise(Function::Affine { factor, term }, &[place(x)], place(out)));
            }
            Step::Copy { x, out } => items.push(pointwise(Function::Copy, &[place(x)], place(out))),
            Step::Dropout { p, ordinal, x, out } => {
                items.push(pointwise(Function::Dropout { p, ordinal }, &[place(x)], place(out)));
            }
            Step::Lookup { condition, table, out } => {
                items.push(pointwise(Function::Lookup { condition, table }, &[], place(out)));
            }
        }
    }
    items
}

fn pointwise(function: Function, operands: &[Place], out: Place) -> Item {
    Item::Pointwise(Pointwise { function, operands: operands.to_vec(), out })
}

fn lines(function: LineFunction, operands: &[Place], out: Place) -> Item {
    Item::Lines { function, operands: operands.to_vec(), out }
}

/// A product, and after it the addition of what it starts from, which so can be one kernel with what follows. Where the
/// start is an earlier product's sum, this product is brought before that one's addition.
fn product(items: &mut Vec<Item>, plan: &Plan, (x, pack): (Place, usize), start: Option<Place>, out: Place) {
    match start {
        Some(start) if start.is(&out, plan) => {
            let added = |item: &Item| match item {
                Item::Pointwise(Pointwise { function: Function::Binary(Binary::Add), operands, out: sum }) => {
                    sum.is(&out, plan) && operands[0].is(&out, plan)
                }
                _ => false,
            };
            // What a sum of two earlier values begins is a product, to which both are added.
            if let Some(Item::Pointwise(Pointwise { function: Function::Binary(Binary::Add), operands, out: sum })) =
                items.last()
                && sum.is(&out, plan)
                && !operands.iter().any(|operand| operand.meets(&out, plan))
            {
                let [a, b] = [operands[0], operands[1]];
                items.pop();
                items.push(Item::Multiply { x, pack, out, keep: false });
                items.push(pointwise(Function::Binary(Binary::Add), &[out, a], out));
                items.push(pointwise(Function::Binary(Binary::Add), &[out, b], out));
                return;
            }
            let at = items.len() - items.iter().rev().take_while(|item| added(item)).count();
            items.insert(at, Item::Multiply { x, pack, out, keep: true });
        }
        _ => {
            items.push(Item::Multiply { x, pack, out, keep: false });
            if let Some(start) = start {
                items.push(pointwise(Function::Binary(Binary::Add), &[out, start], out));
            }
        }
    }
}

/// Pieces of one sum that CPU threads share out are put together again.
fn outer(items: &mut Vec<Item>, dy: Place, x: Place, to: usize, first: bool) {
    for item in items.iter_mut() {
        let Item::Outer { dy: whole, x: other, to: start, first: also } = item else { continue };
        let next = Place { offset: whole.offset + whole.width, width: dy.width, ..*whole };
        if next == dy && *other == x && *also == first && *start + whole.width * x.width == to {
            whole.width += dy.width;
            return;
        }
    }
    items.push(Item::Outer { dy, x, to, first });
}
