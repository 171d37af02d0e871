use flow_runtime::flow_model;

const SEED: u32 = 1;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, t), 2)
    }

    train Training for Field {
        optimizer: adam(lr = 1e-3),
        batch: 64,
        steps: 100,
        seed: SEED,
    }
}

fn main() {}
