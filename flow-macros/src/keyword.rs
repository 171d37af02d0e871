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

/// Their parameters.
pub(crate) fn scheduler_parameters(scheduler: &str) -> &'static [&'static str] {
    match scheduler {
        "Polynomial" => &["n"],
        "Vp" => &["beta_min", "beta_max"],
        _ => &[],
    }
}

/// What an argument of a layer is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Kind {
    /// A tensor computed before.
    Value,
    /// One or more of them.
    Values,
    /// A positive size: a literal, a constant or a const expression.
    Size,
    /// `[1, 28, 28]`.
    Shape,
    /// The time input.
    Time,
    /// A `Class<N>` input.
    Class,
    /// A number within the bounds, both of which are excluded unless they are infinite.
    Number { above: f64, below: f64 },
    /// A whole number, or a const expression of one.
    Count,
    /// `true` or `false`.
    Flag,
    /// A Rust type.
    Type,
}

/// One argument of a layer.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What stands for it when it is left out, as it would be written; `None` if it must be given.
    pub(crate) default: Option<&'static str>,
}

/// A layer: its name, its arguments in order, and how it is called.
pub(crate) struct Layer {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) usage: &'static str,
}

const fn needed(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, default: None }
}

const fn optional(name: &'static str, kind: Kind, default: &'static str) -> Parameter {
    Parameter { name, kind, default: Some(default) }
}

const fn layer(name: &'static str, parameters: &'static [Parameter], usage: &'static str) -> Layer {
    Layer { name, parameters, usage }
}

const ANY: f64 = f64::INFINITY;
const X: Parameter = needed("x", Kind::Value);

/// Every layer of the language.
pub(crate) const LAYERS: &[Layer] = &[
    layer(
        "linear",
        &[X, needed("out", Kind::Size), optional("bias", Kind::Flag, "true")],
        "linear(x, out, bias = true)",
    ),
    layer("concat", &[needed("x", Kind::Values)], "concat(a, b, …)"),
    layer("relu", &[X], "relu(x)"),
    layer("elu", &[X, optional("alpha", Kind::Number { above: 0.0, below: ANY }, "1.0")], "elu(x, alpha = 1.0)"),
    layer("gelu", &[X], "gelu(x)"),
    layer("silu", &[X], "silu(x)"),
    layer("tanh", &[X], "tanh(x)"),
    layer("sigmoid", &[X], "sigmoid(x)"),
    layer("softplus", &[X], "softplus(x)"),
    layer(
        "leaky_relu",
        &[X, optional("slope", Kind::Number { above: -ANY, below: ANY }, "0.01")],
        "leaky_relu(x, slope = 0.01)",
    ),
    layer("sin", &[X], "sin(x)"),
    layer("softmax", &[X], "softmax(x)"),
    layer(
        "layer_norm",
        &[X, optional("eps", Kind::Number { above: 0.0, below: 1.0 }, "1e-5")],
        "layer_norm(x, eps = 1e-5)",
    ),
    layer(
        "rms_norm",
        &[X, optional("eps", Kind::Number { above: 0.0, below: 1.0 }, "1e-6")],
        "rms_norm(x, eps = 1e-6)",
    ),
    layer("dropout", &[X, needed("p", Kind::Number { above: 0.0, below: 1.0 })], "dropout(x, p)"),
    layer(
        "sinusoidal",
        &[
            needed("t", Kind::Time),
            needed("dim", Kind::Size),
            optional("max", Kind::Number { above: 1.0, below: ANY }, "64.0"),
        ],
        "sinusoidal(t, dim, max = 64.0)",
    ),
    layer(
        "fourier",
        &[needed("t", Kind::Time), needed("dim", Kind::Size), needed("scale", Kind::Number { above: 0.0, below: ANY })],
        "fourier(t, dim, scale)",
    ),
    layer("embedding", &[needed("y", Kind::Class), needed("dim", Kind::Size)], "embedding(y, dim)"),
    layer("reshape", &[X, needed("shape", Kind::Shape)], "reshape(x, [dims])"),
    layer("flatten", &[X], "flatten(x)"),
    layer(
        "custom",
        &[X, needed("module", Kind::Type), optional("shape", Kind::Shape, "")],
        "custom(x, Module) or custom(x, Module, [dims])",
    ),
];

/// The layer of that name.
pub(crate) fn layer_named(name: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| layer.name == name)
}

/// One alternative of a recipe's key: `adam(lr = 1e-3)`.
pub(crate) struct Choice {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) usage: &'static str,
}

const fn choice(name: &'static str, parameters: &'static [Parameter], usage: &'static str) -> Choice {
    Choice { name, parameters, usage }
}

/// A number above zero, however small.
const POSITIVE: Kind = Kind::Number { above: 0.0, below: ANY };
/// A number of at least zero (`-f64::MIN_POSITIVE` is the first that is excluded).
const NOT_NEGATIVE: Kind = Kind::Number { above: -f64::MIN_POSITIVE, below: ANY };
/// A decay: from zero up to, and without, one.
const DECAY: Kind = Kind::Number { above: -f64::MIN_POSITIVE, below: 1.0 };
const FINITE: Kind = Kind::Number { above: -ANY, below: ANY };

/// `loss:`
pub(crate) const LOSSES: &[Choice] = &[
    choice("mse", &[], "mse"),
    choice("l1", &[], "l1"),
    choice("huber", &[optional("delta", POSITIVE, "1.0")], "huber(delta = 1.0)"),
];

/// `optimizer:`
pub(crate) const OPTIMIZERS: &[Choice] = &[
    choice(
        "adam",
        &[
            needed("lr", POSITIVE),
            optional("beta1", DECAY, "0.9"),
            optional("beta2", DECAY, "0.999"),
            optional("eps", POSITIVE, "1e-8"),
            optional("weight_decay", NOT_NEGATIVE, "0.0"),
        ],
        "adam(lr = 1e-3)",
    ),
    choice(
        "adamw",
        &[
            needed("lr", POSITIVE),
            optional("beta1", DECAY, "0.9"),
            optional("beta2", DECAY, "0.999"),
            optional("eps", POSITIVE, "1e-8"),
            optional("weight_decay", NOT_NEGATIVE, "0.01"),
        ],
        "adamw(lr = 1e-3, weight_decay = 0.01)",
    ),
    choice(
        "sgd",
        &[
            needed("lr", POSITIVE),
            optional("momentum", DECAY, "0.0"),
            optional("nesterov", Kind::Flag, "false"),
            optional("weight_decay", NOT_NEGATIVE, "0.0"),
        ],
        "sgd(lr = 0.1, momentum = 0.9)",
    ),
];

/// `schedule:`
pub(crate) const SCHEDULES: &[Choice] = &[
    choice("constant", &[optional("warmup", Kind::Count, "0")], "constant(warmup = 100)"),
    choice(
        "cosine",
        &[
            optional("floor", Kind::Number { above: -f64::MIN_POSITIVE, below: 1.0 }, "0.0"),
            optional("warmup", Kind::Count, "0"),
        ],
        "cosine(floor = 0.0, warmup = 100)",
    ),
    choice(
        "step",
        &[needed("every", Kind::Count), needed("gamma", POSITIVE), optional("warmup", Kind::Count, "0")],
        "step(every = 1000, gamma = 0.5)",
    ),
];

/// `time:`
pub(crate) const TIMES: &[Choice] = &[
    choice("uniform", &[], "uniform"),
    choice(
        "logit_normal",
        &[optional("mean", FINITE, "0.0"), optional("std", POSITIVE, "1.0")],
        "logit_normal(mean = 0.0, std = 1.0)",
    ),
];

/// `source:`
pub(crate) const SOURCES: &[Choice] = &[
    choice("gaussian", &[], "gaussian"),
    choice(
        "uniform",
        &[optional("low", FINITE, "-1.0"), optional("high", FINITE, "1.0")],
        "uniform(low = -1.0, high = 1.0)",
    ),
];

/// `grid:`
pub(crate) const GRIDS: &[Choice] = &[
    choice("uniform", &[needed("steps", Kind::Count)], "uniform(100)"),
    choice("given", &[needed("nodes", Kind::Shape)], "given([0.0, 0.5, 1.0])"),
    choice("reversed", &[needed("grid", Kind::Value)], "reversed(uniform(100))"),
];

/// `path:`, besides a path of the user's own, which is written with `::`.
pub(crate) const PATHS: &[Choice] = &[
    choice("Affine", &[needed("scheduler", Kind::Type)], "Affine(CondOt)"),
    choice("OptimalTransport", &[optional("sigma_min", DECAY, "0.0")], "OptimalTransport(sigma_min = 1e-4)"),
];
