use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        liner(concat(x, t), 2)
    }

    train Training for Field {
        optimizer: adam(lr = 1e-3),
        batch: 256,
        steps: 1000,
    }

    sampler FieldSampler for Field {
        solver: Rk4,
        grid: uniform(100),
    }
}

fn main() {
    let model = Field::new(0);
    println!("{}", Field::PARAMETERS);
    let _ = FieldSampler::new(&model).sample(10);
    let _ = Training::trainer();
}
