use flow_runtime::flow_model;

mod mine {
    flow_runtime::flow_model! {
        pub scheduler Mine(n = 2.0) { alpha: pow(t, n), sigma: 1 - pow(t, n) }
    }
}

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, t), 2)
    }

    train Training for Field {
        path: Affine(mine::Mine(m = 3)),
        optimizer: adam(lr = 1e-3),
        batch: 64,
        steps: 100,
    }
}

fn main() {}
