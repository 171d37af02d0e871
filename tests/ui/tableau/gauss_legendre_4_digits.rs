//! As differential-equations shipped `gauss_legendre_4`: `sqrt(3)` with ten digits.

use flow_runtime::flow_model;

flow_model! {
    /// Gauss and Legendre's fourth-order method.
    pub solver GaussLegendre4 {
        order: 4,
        tableau: {
            1/2 - 1.732050808/6 | 1/4,                 1/4 - 1.732050808/6;
            1/2 + 1.732050808/6 | 1/4 + 1.732050808/6, 1/4;
                                | 1/2,                 1/2;
        }
    }
}

fn main() {}
