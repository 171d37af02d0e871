//! A proven tableau and its derived properties.

use crate::ast::Header;

#[derive(Clone)]
pub(crate) struct Solver {
    pub(crate) head: Header,
    pub(crate) tableau: Tableau,
    /// The coefficients as a person reads them: `c`, then the row; `c` is empty for weights.
    pub(crate) drawing: Vec<(String, Vec<String>)>,
}

/// As `flow_runtime::tableau::Tableau`, each number rounded once from its exact value.
#[derive(Clone, Debug)]
pub(crate) struct Tableau {
    pub(crate) a: Vec<Vec<f64>>,
    pub(crate) b: Vec<f64>,
    pub(crate) c: Vec<f64>,
    pub(crate) order: usize,
    pub(crate) exactness: Exactness,
    pub(crate) kind: Kind,
    pub(crate) fsal: bool,
    pub(crate) stage_order: usize,
    pub(crate) stiffly_accurate: bool,
    pub(crate) error_norm: f64,
    pub(crate) embedded: Option<EmbeddedWeights>,
    pub(crate) stability: Stability,
}

impl Tableau {
    pub(crate) fn stages(&self) -> usize {
        self.b.len()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct EmbeddedWeights {
    pub(crate) b_hat: Vec<f64>,
    /// `b − b_hat`, exactly, then rounded.
    pub(crate) b_err: Vec<f64>,
    pub(crate) order: usize,
    pub(crate) error_norm: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Exactness {
    Rational,
    Quadratic { radicand: u64 },
    Rounded { tolerance: f64, residual: f64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Explicit,
    DiagonallyImplicit,
    FullyImplicit,
}

#[derive(Clone, Debug)]
pub(crate) struct Stability {
    pub(crate) numerator: Vec<f64>,
    pub(crate) denominator: Vec<f64>,
    pub(crate) real: f64,
    pub(crate) imaginary: f64,
    pub(crate) a_stable: bool,
    pub(crate) l_stable: bool,
}
