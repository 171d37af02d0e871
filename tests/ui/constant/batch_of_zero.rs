use flow_runtime::flow_model;

const BATCH: usize = 0;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, t), 2)
    }

    train Training for Field {
        optimizer: adam(lr = 1e-3),
        batch: BATCH,
        steps: 100,
    }
}

fn main() {}
