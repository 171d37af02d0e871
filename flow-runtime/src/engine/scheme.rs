//! An explicit method as engines run it: the stages that the propagated solution needs, zero entries dropped.

use crate::tableau::Tableau;

/// One stage of a step: its place in time, and what it is made of.
pub(super) struct Stage {
    pub(super) c: f64,
    /// Index among the distinct times of a step.
    pub(super) time: usize,
    /// (stage, coefficient), zero entries dropped.
    pub(super) terms: Vec<(usize, f64)>,
}

/// An explicit method, as far as the propagated solution needs it.
pub(super) struct Scheme {
    pub(super) stages: Vec<Stage>,
    /// Distinct `c`.
    pub(super) times: Vec<f64>,
    /// (stage, coefficient) of the step.
    pub(super) weights: Vec<(usize, f64)>,
}

impl Scheme {
    /// Stages on which the solution does not depend (that only an error estimate reads) are left out. This is also what makes
    /// the last stage of a "first same as last" method free: the next step computes it, as its first.
    pub(super) fn of(tableau: &Tableau) -> Self {
        let count = tableau.stages();
        let mut used: Vec<bool> = tableau.b.iter().map(|b| *b != 0.0).collect();
        for i in (0..count).rev() {
            if used[i] {
                (0..i).filter(|&j| tableau.a[i][j] != 0.0).for_each(|j| used[j] = true);
            }
        }
        let kept: Vec<usize> = (0..count).filter(|&i| used[i]).collect();
        let place = |stage: usize| kept.iter().position(|&i| i == stage).unwrap_or(0);
        let terms = |row: &[f64], until: usize| -> Vec<(usize, f64)> {
            (0..until).filter(|&j| row[j] != 0.0).map(|j| (place(j), row[j])).collect()
        };
        let mut times: Vec<f64> = Vec::new();
        let stages = kept
            .iter()
            .map(|&i| {
                let c = tableau.c[i];
                let time = times.iter().position(|other| *other == c).unwrap_or_else(|| {
                    times.push(c);
                    times.len() - 1
                });
                Stage { c, time, terms: terms(tableau.a[i], i) }
            })
            .collect();
        Self { stages, times, weights: terms(tableau.b, count) }
    }

    pub(super) fn evaluations(&self) -> usize {
        self.stages.len()
    }

    /// Coefficients of a step: those of each stage, then the weights.
    pub(super) fn terms(&self) -> usize {
        self.stages.iter().map(|stage| stage.terms.len()).sum::<usize>() + self.weights.len()
    }

    /// `h a` of every step and term, rounded once: `[steps, terms]`.
    pub(super) fn coefficients_of(&self, nodes: &[f64]) -> Vec<f32> {
        let steps = nodes.windows(2).map(|ends| ends[1] - ends[0]);
        let terms = || self.stages.iter().flat_map(|stage| &stage.terms).chain(&self.weights);
        steps.flat_map(|h| terms().map(move |(_, a)| (h * a) as f32)).collect()
    }

    /// The distinct times of every step, rounded once: `[steps, times]`.
    pub(super) fn times_of(&self, nodes: &[f64]) -> Vec<f32> {
        let time = |ends: &[f64]| self.times.iter().map(|c| stage_time(ends, *c) as f32).collect::<Vec<_>>();
        nodes.windows(2).flat_map(time).collect()
    }
}

/// The time of a stage, exact at both ends of the step.
pub(super) fn stage_time(ends: &[f64], c: f64) -> f64 {
    if c == 0.0 {
        ends[0]
    } else if c == 1.0 {
        ends[1]
    } else {
        ends[0] + c * (ends[1] - ends[0])
    }
}
