use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, t), 2)
    }

    train Training for Field {
        optimizer: adam(lr = 0),
        batch: 256,
        steps: 1000,
    }

    sampler FieldSampler for Field {
        solver: Rk5,
        grid: uniform(100),
    }
}

fn main() {
    let _ = Training::trainer();
    let _ = FieldSampler::new(&Field::new(0)).sample(10);
}
