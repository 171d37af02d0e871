//! Rooted trees, which number the order conditions of a Runge–Kutta method.
//!
//! A method has order `p` if `Σ b_i φ_i(τ) = 1/γ(τ)` for every tree `τ` with at most `p` nodes, where `φ` of a single
//! node is 1 and `φ_i([τ_1 … τ_m]) = Π_k Σ_j a_ij φ_j(τ_k)` (Butcher 1963; Hairer, Nørsett and Wanner, *Solving
//! Ordinary Differential Equations I*, II.2).

use std::ops::Range;

/// One rooted tree as the Butcher product `rest ∘ child`: `child` is hung on the root of `rest`, as its last subtree.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// The two factors, as indices of smaller trees; `None` for the single node.
    pub(crate) product: Option<(usize, usize)>,
    /// Number of nodes.
    pub(crate) order: usize,
    /// Density `γ`.
    pub(crate) density: u64,
    /// Symmetry `σ`.
    pub(crate) symmetry: u64,
    /// How many subtrees equal to `child` the root has.
    multiplicity: u64,
}

/// All rooted trees up to some order, smaller ones first.
pub(crate) struct Trees {
    pub(crate) all: Vec<Tree>,
    /// Index of the first tree of each order, from order 1; one more at the end.
    starts: Vec<usize>,
}

impl Trees {
    /// Each tree once: subtrees are hung on in the order of their indices.
    pub(crate) fn up_to(order: usize) -> Self {
        let mut trees = Self {
            all: vec![Tree { product: None, order: 1, density: 1, symmetry: 1, multiplicity: 0 }],
            starts: vec![0, 1],
        };
        for size in 2..=order {
            for child in 0..trees.starts[size - 1] {
                for rest in trees.of_order(size - trees.all[child].order) {
                    let last = trees.all[rest].product.map(|(_, last)| last);
                    if last.is_none_or(|last| last <= child) {
                        trees.push(rest, child, last == Some(child));
                    }
                }
            }
            trees.starts.push(trees.all.len());
        }
        trees
    }

    fn push(&mut self, rest: usize, child: usize, again: bool) {
        let (r, c) = (&self.all[rest], &self.all[child]);
        let order = r.order + c.order;
        let multiplicity = if again { r.multiplicity + 1 } else { 1 };
        self.all.push(Tree {
            product: Some((rest, child)),
            order,
            density: order as u64 * (r.density / r.order as u64) * c.density,
            symmetry: r.symmetry * c.symmetry * multiplicity,
            multiplicity,
        });
    }

    /// Indices of the trees with that many nodes, which must have been made.
    pub(crate) fn of_order(&self, order: usize) -> Range<usize> {
        self.starts[order - 1]..self.starts[order]
    }

    /// The highest order there is.
    pub(crate) fn max_order(&self) -> usize {
        self.starts.len() - 1
    }

    fn children(&self, tree: usize) -> Vec<usize> {
        let mut children = Vec::new();
        let mut at = tree;
        while let Some((rest, child)) = self.all[at].product {
            children.push(child);
            at = rest;
        }
        children.reverse();
        children
    }

    /// The condition as it is written: `Σ b·c² = 1/3`, `Σ b·c·(a·c²) = 1/15`.
    pub(crate) fn condition(&self, tree: usize, weights: &str) -> String {
        let factors = self.factors(tree);
        let value = match self.all[tree].density {
            1 => "1".to_owned(),
            density => format!("1/{density}"),
        };
        if factors.is_empty() {
            format!("Σ {weights} = {value}")
        } else {
            format!("Σ {weights}·{factors} = {value}")
        }
    }

    /// The condition of the highest order that does not read `a`: `Σ b·c² = 1/3`.
    pub(crate) fn bushy(&self, weights: &str) -> String {
        self.condition(self.of_order(self.max_order()).start, weights)
    }

    /// `c²·(a·c)·…`
    fn factors(&self, tree: usize) -> String {
        let children = self.children(tree);
        let mut parts = Vec::new();
        for run in children.chunk_by(|a, b| a == b) {
            let power = superscript(run.len());
            parts.push(match run[0] {
                0 => format!("c{power}"),
                child if children.len() == 1 => format!("a·{}", self.factors(child)),
                child => format!("(a·{}){power}", self.factors(child)),
            });
        }
        parts.join("·")
    }
}

/// The digits of a power, nothing for 1.
fn superscript(n: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    if n == 1 { String::new() } else { n.to_string().bytes().map(|b| DIGITS[usize::from(b - b'0')]).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_trees() {
        let trees = Trees::up_to(10);
        let counts: Vec<_> = (1..=10).map(|order| trees.of_order(order).len()).collect();
        assert_eq!(counts, [1, 1, 2, 4, 9, 20, 48, 115, 286, 719]);
        assert_eq!(trees.max_order(), 10);
    }

    #[test]
    fn conditions_of_order_four() {
        let trees = Trees::up_to(5);
        let conditions: Vec<_> = (0..8).map(|tree| trees.condition(tree, "b")).collect();
        assert_eq!(
            conditions,
            [
                "Σ b = 1",
                "Σ b·c = 1/2",
                "Σ b·c² = 1/3",
                "Σ b·a·c = 1/6",
                "Σ b·c³ = 1/4",
                "Σ b·c·(a·c) = 1/8",
                "Σ b·a·c² = 1/12",
                "Σ b·a·a·c = 1/24",
            ]
        );
        let fifth: Vec<_> = trees.of_order(5).map(|tree| trees.condition(tree, "b_hat")).collect();
        assert!(fifth.contains(&"Σ b_hat·c·(a·c²) = 1/15".to_owned()), "{fifth:?}");
        assert!(fifth.contains(&"Σ b_hat·(a·c)² = 1/20".to_owned()), "{fifth:?}");
        assert_eq!(trees.bushy("b"), "Σ b·c⁴ = 1/5");
    }

    /// The trees of order `n`, counted with labels that grow from the root, are `n!/(σ γ)` and `(n − 1)!` in all.
    #[test]
    fn densities_and_symmetries_count_labelled_trees() {
        let trees = Trees::up_to(8);
        for order in 1..=8_u64 {
            let factorial: u64 = (1..=order).product();
            let labelled: u64 = trees
                .of_order(order as usize)
                .map(|tree| factorial / (trees.all[tree].density * trees.all[tree].symmetry))
                .sum();
            assert_eq!(labelled, factorial / order);
        }
    }
}
