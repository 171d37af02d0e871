use flow_runtime::flow_model;

const RATE: f64 = 1e-3;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, t), 2)
    }

    train Training for Field {
        optimizer: adam(lr = RATE),
        batch: 64,
        steps: 100,
    }
}

fn main() {}
