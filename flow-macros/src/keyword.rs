//! Every key and name of the language, once: the parser, the checks and the suggestions read these tables.

/// Words that start an item.
pub(crate) const ITEMS: &[&str] = &["model", "block", "solver", "scheduler", "train", "sampler"];

/// Keys of a `solver`.
pub(crate) const SOLVER: &[&str] = &["order", "embedded", "tolerance", "tableau"];

/// Keys of a `scheduler`.
pub(crate) const SCHEDULER: &[&str] = &["alpha", "sigma", "boundary"];

/// Keys of a `train` recipe.
pub(crate) const TRAIN: &[&str] =
    &["path", "loss", "optimizer", "schedule", "batch", "accumulate", "steps", "ema", "clip", "time", "source", "seed"];

/// Keys of a `sampler`.
pub(crate) const SAMPLER: &[&str] = &["solver", "grid", "source"];

/// Solvers that flow-runtime declares.
pub(crate) const SOLVERS: &[&str] = &[
    "Euler",
    "Midpoint",
    "Heun2",
    "Ralston2",
    "Heun3",
    "Kutta3",
    "SspRk33",
    "BogackiShampine32",
    "Rk4",
    "Rk4ThreeEighths",
    "Fehlberg45",
    "CashKarp54",
    "DormandPrince54",
    "Tsit5",
    "DormandPrince87",
    "CooperVerner8",
    "ImplicitEuler",
    "ImplicitMidpoint",
    "Trapezoid",
    "Sdirk2",
    "GaussLegendre4",
    "GaussLegendre6",
    "RadauIIA3",
    "RadauIIA5",
];

/// Schedulers that flow-runtime declares.
pub(crate) const SCHEDULERS: &[&str] = &["CondOt", "Polynomial", "Cosine", "LinearVp", "Vp"];
