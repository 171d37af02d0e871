use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, t), 2)
    }

    train Training for Field {
        path: Affine(CondOt(n = 3)),
        optimizer: adam(lr = 1e-3),
        batch: 64,
        steps: 100,
    }
}

fn main() {}
