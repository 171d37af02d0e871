//! Expressions in `t` and named parameters: read, printed, evaluated, differentiated.

mod derivative;
mod evaluate;
mod number;
mod pole;
mod print;
mod read;
mod simplify;

pub(crate) use number::show;
pub(crate) use pole::has_pole;
pub(crate) use read::{RESERVED, Scope};

/// An expression. Trees are as deep as the input was written, which [`Expression::read`] bounds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Number(f64),
    Pi,
    Time,
    /// Index into the scheduler's parameters.
    Parameter(usize),
    Negate(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    Call(Function, Box<Self>),
    /// `pow(base, exponent)`
    Power(Box<Self>, Box<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// Functions of one argument; `pow` stands by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Sin,
    Cos,
    Tan,
    Tanh,
    Exp,
    Ln,
    Sqrt,
}

impl Function {
    const ALL: [Self; 7] = [Self::Sin, Self::Cos, Self::Tan, Self::Tanh, Self::Exp, Self::Ln, Self::Sqrt];

    /// As it is written, and as the runtime's function is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tan => "tan",
            Self::Tanh => "tanh",
            Self::Exp => "exp",
            Self::Ln => "ln",
            Self::Sqrt => "sqrt",
        }
    }

    fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }
}

impl Expression {
    /// Whether `wanted` holds for a leaf.
    fn any_leaf(&self, wanted: &impl Fn(&Self) -> bool) -> bool {
        match self {
            Self::Number(_) | Self::Pi | Self::Time | Self::Parameter(_) => wanted(self),
            Self::Negate(x) | Self::Call(_, x) => x.any_leaf(wanted),
            Self::Binary(_, x, y) | Self::Power(x, y) => x.any_leaf(wanted) || y.any_leaf(wanted),
        }
    }

    pub(crate) fn depends_on_time(&self) -> bool {
        self.any_leaf(&|leaf| *leaf == Self::Time)
    }

    pub(crate) fn depends_on_parameter(&self, index: usize) -> bool {
        self.any_leaf(&|leaf| *leaf == Self::Parameter(index))
    }
}

#[cfg(test)]
mod tests;
