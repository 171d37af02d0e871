//! As torchdiffeq shipped `gl4`: both nodes are `1/2 - sqrt(3)/6`.

use flow_runtime::flow_model;

flow_model! {
    /// Gauss and Legendre's fourth-order method.
    pub solver GaussLegendre4 {
        order: 4,
        tableau: {
            1/2 - sqrt(3)/6 | 1/4,             1/4 - sqrt(3)/6;
            1/2 - sqrt(3)/6 | 1/4 + sqrt(3)/6, 1/4;
                            | 1/2,             1/2;
        }
    }
}

fn main() {}
