use super::*;
use crate::program::{Wanted, builder::Builder};

/// 2 → 64 → 128 → 64 → 2, with activations between.
fn perceptron() -> &'static Program {
    let mut b = Builder::new("Perceptron", &[2]);
    let mut h = b.state();
    for (name, width) in [("h", 64), ("h2", 128), ("h3", 64)] {
        h = b.linear(name, h, width, true);
        h = b.apply(crate::program::Op::Elu { alpha: 1.0 }, h);
    }
    let v = b.linear("out", h, 2, true);
    b.finish(v).unwrap()
}

fn training(usage: Use) -> Plan {
    let gradient = perceptron().gradient(Wanted { parameters: true, state: false }).unwrap();
    Plan::of(&gradient.program, gradient.parameters, usage)
}

#[test]
fn a_product_that_a_pullback_alone_reads_has_no_memory() {
    let (plain, fused) = (training(Use::Training), training(Use::TrainingFused));
    // Three derivatives of activations, each in place of the activation itself.
    let pairs: Vec<_> = fused.body.windows(2).filter(|pair| fused.is_fused(&pair[0])).collect();
    assert_eq!(pairs.len(), 3);
    for pair in pairs {
        let (Step::Product { out, .. }, Step::Pullback { source, dy, out: to, .. }) = (&pair[0], &pair[1]) else {
            panic!("{pair:?}")
        };
        assert_eq!(out, dy);
        let place = |view: &View| match view.base {
            Base::Buffer(b) => fused.buffers[b].place,
            base => panic!("{base:?}"),
        };
        assert_eq!(place(source), place(to));
    }
    // The activations, and nothing else; before, also the widest derivative.
    assert_eq!((fused.arena_row(), plain.arena_row()), (64 + 128 + 64, 64 + 128 + 64 + 128));
    assert!(plain.body.iter().all(|step| !plain.is_fused(step)));
}

#[test]
fn what_reads_an_activation_comes_before_it_is_overwritten() {
    let plan = training(Use::TrainingFused);
    let place = |view: View| match view.base {
        Base::Buffer(b) => Some((plan.buffers[b].place, plan.buffers[b].place + view.size())),
        _ => None,
    };
    for (i, step) in plan.body.iter().enumerate() {
        let Step::Pullback { source, out, .. } = step else { continue };
        let mut later = plan.body[i + 1..].iter().flat_map(Step::operands);
        assert!(later.all(|view| view.base != source.base), "step {i} ends {source:?}");
        // What the product reads is not where the pullback writes.
        let Step::Product { x, .. } = plan.body[i - 1] else { panic!("{:?}", plan.body[i - 1]) };
        if let (Some(x), Some(out)) = (place(x), place(*out)) {
            assert!(x.1 <= out.0 || out.1 <= x.0, "step {i}: {x:?} and {out:?}");
        }
    }
}
